"""The commands of `daybook sla`; each has a module of its own."""

from __future__ import annotations

import typer

from api.cli.options import example
from api.cli.sla_what_if import what_if

app = typer.Typer(no_args_is_help=True, help="Look at deadlines (时限), and at what would become of them.")

app.command(
    "what-if",
    epilog=example("daybook sla what-if --policy tighter.toml --received-from 2026-01-01 --received-to 2026-03-31"),
)(what_if)
