"""`daybook settings`: what the surroundings have decided, and where each value came from."""

from __future__ import annotations

from api.cli.terminal import Terminal, add_row, table
from api.setting_page import shown
from api.settings import Settings


def run(settings: Settings, terminal: Terminal) -> None:
    """Answers; what is secret is not shown."""
    found = list(shown(settings))
    terminal.answer({one.variable: {"value": one.value, "source": one.source} for one in found})
    rows = table("variable", "value", "from", "what it is")
    for one in found:
        add_row(rows, one.variable, one.value, one.source, one.about)
    terminal.show(rows)
