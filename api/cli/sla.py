"""The commands of `daybook sla`; each has a module of its own."""

from __future__ import annotations

import typer

from api.cli.options import example
from api.cli.sla_due import due
from api.cli.sla_explain import explain

app = typer.Typer(no_args_is_help=True, help="Look at deadlines (时限): what is due, and why.")

app.command("due", epilog=example("daybook sla due --within 3d --unit '北京分部'"))(due)
app.command("explain", epilog=example("daybook sla explain C2026-000123 --target resolution"))(explain)
