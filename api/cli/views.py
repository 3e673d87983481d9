"""What a command that answers from a view has to say about the view: that it is missing, or behind the book."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import psycopg

from api.cli.exits import NotFound
from api.cli.terminal import Terminal
from ledger.ledger import Ledger
from projections.cursor import standings
from projections.view import View

T = TypeVar("T")


def read(ledger: Ledger, terminal: Terminal, projection: View[Any], answer: Callable[[], T]) -> T:
    """What the view answers; says how far it has read when that is not the book's end.

    Raises: NotFound when it was not made yet; LedgerError when its table is another version's.
    """
    (view,) = standings(ledger.database, ledger.book, [projection])
    if view.held is not None:
        raise view.held
    try:
        found = answer()
    except psycopg.errors.UndefinedTable as error:
        message = f"The view {projection.name} of book {ledger.book!r} was not made yet; `daybook project` makes it."
        raise NotFound(message) from error
    head = ledger.head()
    if view.position < head:
        terminal.say(
            f"The view {projection.name} shows position {view.position} of {head}; `daybook project` reads on."
        )
    return found


def looked_at(ledger: Ledger, terminal: Terminal, *views: View[Any]) -> int:
    """The position that several views show together, told when it is not the book's end.

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
