"""A book: a partition of the ledger with its own gapless positions, which begins with its genesis."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from typing_extensions import override

from domain.decider import Decided, Decider
from domain.envelope import Context, Recorded
from domain.event import Command, Event, Label, Refused, ZoneName
from domain.refusal import Refusal
from domain.stream import Category, stream_of


class BookTime(StrEnum):
    """Whose clock says when an event of the book was recorded."""

    LIVE = "live"
    SIMULATED = "simulated"
    """The writer's; such a book is for trying things out, is marked everywhere, and is never anchored."""


class BookOpened(Event):
    """The book's genesis: position 1, before anything else."""

    TOPIC: ClassVar = "book-opened.1"

    origin: Label
    """The name under which the book signs; once other parties keep its checkpoints, it cannot change."""
    zone: ZoneName
    """Where the book's years begin, for its registers."""
    time: BookTime
    formats: tuple[Label, ...]
    """The formats in which its envelopes and personal values are written, for readers in later years."""


class OpenBook(Command):
    """Open a book."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.BOOK_ALREADY_OPEN,)

    book_id: UUID
    origin: Label
    book_zone: ZoneName
    time: BookTime
    formats: tuple[Label, ...]

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.BOOK, self.book_id)


@dataclass(frozen=True, slots=True)
class Book:
    """What later decisions about a book depend on."""

    genesis: BookOpened


def decide(book: Book | None, command: OpenBook, context: Context) -> Decided:
    """The genesis, or nothing when the book was opened just so. Raises: Refused."""
    del context
    opened = BookOpened(origin=command.origin, zone=command.book_zone, time=command.time, formats=command.formats)
    if book is None:
        return [opened]
    if book.genesis == opened:
        return []
    raise Refused(
        Refusal.BOOK_ALREADY_OPEN,
        f"This book is open already, under the name {book.genesis.origin}; give the new one another id.",
        params={"origin": book.genesis.origin},
    )


def evolve(book: Book | None, recorded: Recorded[BookOpened]) -> Book | None:
    """The book after an event; its first genesis stays."""
    return book or Book(recorded.event)


BOOK: Decider[Book | None] = Decider(Category.BOOK, None, decide, evolve)
