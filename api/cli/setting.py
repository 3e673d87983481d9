"""`daybook settings`: what the surroundings have decided, and where each value came from."""

from __future__ import annotations

from api.cli.options import Json
from api.cli.terminal import Terminal, add_row, answering, table


def settings(json: Json = False) -> None:
    """Show every setting, its value and where that came from; secrets are hidden."""
    terminal = Terminal(json=json)
    with answering(terminal):
        run(terminal)


def run(terminal: Terminal) -> None:
    """Answers. Raises: WrongSetting."""
    from api.setting_page import shown
    from api.settings import Settings

    found = list(shown(Settings.from_environment()))
    terminal.answer({one.variable: {"value": one.value, "source": one.source} for one in found})
    rows = table("variable", "value", "from", "what it is")
    for one in found:
        add_row(rows, one.variable, one.value, one.source, one.about)
    terminal.show(rows)
