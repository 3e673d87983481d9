"""The commands of `daybook sla`; each has a module of its own."""

from __future__ import annotations

import typer

from api.cli.options import example
from api.cli.sla_due import due
from api.cli.sla_explain import explain
from api.cli.sla_report import report
from api.cli.sla_what_if import what_if

app = typer.Typer(no_args_is_help=True, help="Look at deadlines (时限): what is due and why, and what else might be.")

app.command("due", epilog=example("daybook sla due --within 3d --unit '北京分部'"))(due)
app.command("explain", epilog=example("daybook sla explain C2026-000123 --target resolution"))(explain)
app.command("report", epilog=example("daybook sla report --from 2026-01-01 --to 2026-03-31 --group branch,month"))(
    report
)
app.command(
    "what-if",
    epilog=example("daybook sla what-if --policy tighter.toml --received-from 2026-01-01 --received-to 2026-03-31"),
)(what_if)
