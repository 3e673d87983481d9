"""`daybook migrate`: brings the schema forward as its owner, and opens a book when told to."""

from __future__ import annotations

from api.cli.terminal import Terminal
from api.settings import Settings, WrongSetting
from api.workspace import NewBook, Workspace, migrated
from api.zones import zones
from domain.book import BookTime
from ledger.book import NAME
from ledger.errors import BookExists


def run(settings: Settings, terminal: Terminal, *, opened: str | None, zone: str | None, time: BookTime) -> None:
    """Answers with what was run. Raises: BookExists when the book is there and of another kind."""
    if opened is not None:
        check(opened, zone)
    done = migrated(settings, terminal.say)
    book = None
    if opened is not None:
        wanted = (time, zone or settings.zone)
        with Workspace(settings, book=opened, new_book=NewBook(*wanted), told=terminal.say) as workspace:
            found = (workspace.ledger.time, workspace.ledger.zone)
        if found != wanted:
            raise BookExists(f"Book {opened!r} is there already, with {found[0]} time and in zone {found[1]}.")
        book = {"book": opened, "time": time, "zone": wanted[1]}
    terminal.answer({"applied": [migration.name for migration in done], "opened": book})
    terminal.show(*(f"applied {migration.name}" for migration in done))
    if not done:
        terminal.show("The schema is that of this program already.")
    if book is not None:
        terminal.show(f"Book {opened} is open: {book['time']} time, years of {book['zone']}.")


def check(book: str, zone: str | None) -> None:
    """Raises: WrongSetting for a name or a zone that no book can have, before anything is done."""
    if not NAME.fullmatch(book):
        raise WrongSetting(f"{book!r} is no name for a book: up to 40 of a-z, 0-9 and dash, the first a letter.")
    if zone is not None and zone not in zones():
        raise WrongSetting(f"{zone!r} is no IANA zone; give one such as Asia/Shanghai.")
