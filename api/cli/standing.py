"""How far the views have read that a command is about to answer from."""

from __future__ import annotations

from typing import Any

from api.cli.exits import NotFound
from api.cli.terminal import Terminal
from ledger.ledger import Ledger
from projections.cursor import standings
from projections.view import View


def looked_at(ledger: Ledger, terminal: Terminal, *views: View[Any]) -> int:
    """The position that the views show, told when it is not the book's last.

    Raises: NotFound before anything was read into them; LedgerError when they are kept by another version.
    """
    found = standings(ledger.database, ledger.book, views)
    for standing in found:
        if standing.held is not None:
            raise standing.held
    position, head = min(standing.position for standing in found), ledger.head()
    if position == 0:
        raise NotFound(f"Book {ledger.book!r} has not been read into its views; `daybook project` does that.")
    if position < head:
        terminal.say(f"This shows the book up to position {position} of {head}; `daybook project` reads on.")
    return position
