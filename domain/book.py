"""A book: a partition of the ledger with its own gapless positions, which begins with its genesis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar, TypeAlias, assert_never, get_args
from uuid import UUID, uuid5

from typing_extensions import override

from domain.decider import Decided, Decider
from domain.envelope import Context, Recorded
from domain.event import Command, Count, Event, Label, Refused, Sha256, StaffName, Version, ZoneName
from domain.refusal import Refusal
from domain.stream import Category, stream_of

BOOKS_NAMESPACE = UUID("5d0a5f2e-3b4e-5c56-9b0e-6f2a8a1f4c11")
MOST_BOOKS = 1_000
"""So many ids of books are kept, for they are asked for with every case."""


@lru_cache(maxsize=MOST_BOOKS)
def id_of_book(book: str) -> UUID:
    """The id of the book of that name, in every installation."""
    return uuid5(BOOKS_NAMESPACE, book)


def stream_of_book(book: str) -> str:
    """The stream in which a book keeps what concerns itself."""
    return stream_of(Category.BOOK, id_of_book(book))


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


class SelfApprovalAllowed(Event):
    """From here on the person who asks for a correction, a void or the like may approve it as well."""

    TOPIC: ClassVar = "self-approval-allowed.1"

    reason: Label
    decided_by: StaffName


class SelfApprovalForbidden(Event):
    """From here on somebody else than who asks must approve, as in a book where nothing was ever said of it."""

    TOPIC: ClassVar = "self-approval-forbidden.1"

    reason: Label
    decided_by: StaffName


class ComparedScope(StrEnum):
    """Which rows of a view were compared."""

    ALL = "all"
    """Those of the whole book."""
    KEY = "key"
    """Those about one subject."""
    SAMPLE = "sample"
    """Those about some subjects, drawn by a seed."""


class ViewFinding(StrEnum):
    """What is not as it ought to be with a whole view, beside single rows."""

    MISSING = "missing"
    """Its table is not there."""
    STALE = "stale"
    """Its table is of an older version than the program makes."""
    NEWER = "newer"
    """Its table is of a newer version than the program knows."""
    BEYOND_THE_BOOK = "beyond-the-book"
    """Its cursor stands where the book has not come to."""
    BEYOND_ITS_CURSOR = "beyond-its-cursor"
    """Rows show events that its cursor has not come to."""
    SHORT_OF_ITS_CURSOR = "short-of-its-cursor"
    """No row shows any of the last events that its cursor has come to, though there ought to be some."""


class ViewCompared(Event):
    """A view's live table was compared with a fresh fold of the events at the position where it stood."""

    TOPIC: ClassVar = "view-compared.1"

    comparison_id: UUID
    view: Label
    version: Version
    """That the program makes which compared."""
    position: Count
    """The last position of the book whose events the table was to show."""
    scope: ComparedScope
    key: UUID | None
    """The subject, where it was one."""
    subjects: Count | None
    """How many subjects were drawn, where it was a sample."""
    seed: Count | None
    """By which they were drawn."""
    rows: Count | None
    """How many rows there were to be; None where nothing was compared, as when the table is of another version."""
    live_digest: Sha256 | None
    """Of the rows in the table."""
    fresh_digest: Sha256 | None
    """Of the rows that there were to be."""
    differing: Count
    """How many rows were edited, deleted or inserted."""
    findings: tuple[ViewFinding, ...]

    @property
    def anomalous(self) -> bool:
        """Whether anything was other than the events make of it."""
        return bool(self.findings) or self.live_digest != self.fresh_digest


BookEvent: TypeAlias = BookOpened | SelfApprovalAllowed | SelfApprovalForbidden | ViewCompared


class AboutBook(Command):
    """Something asked for about a book itself."""

    book_id: UUID

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.BOOK, self.book_id)


class OpenBook(AboutBook):
    """Open a book."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.BOOK_ALREADY_OPEN,)

    origin: Label
    book_zone: ZoneName
    time: BookTime
    formats: tuple[Label, ...]


class AllowSelfApproval(AboutBook):
    """Let people approve what they asked for themselves; a small office may have no choice."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_BOOK,)

    reason: Label
    decided_by: StaffName


class ForbidSelfApproval(AboutBook):
    """Let nobody approve what they asked for themselves."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_BOOK,)

    reason: Label
    decided_by: StaffName


class RecordComparison(AboutBook):
    """Keep what came of comparing a view with its events; each comparison is an event of its own."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_BOOK, Refusal.RECORDED_OTHERWISE)

    compared: ViewCompared


BookCommand: TypeAlias = OpenBook | AllowSelfApproval | ForbidSelfApproval | RecordComparison


@dataclass(frozen=True, slots=True)
class Book:
    """What later decisions about a book depend on, and decisions in it."""

    genesis: BookOpened
    self_approval: bool = False
    """Whether who asks may approve."""
    last_comparison: ViewCompared | None = None
    """That of a view with its events; who asks again asks at once."""


def decide(book: Book | None, command: BookCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    del context
    match command:
        case OpenBook():
            return _open(book, command)
        case AllowSelfApproval():
            allowed = SelfApprovalAllowed(reason=command.reason, decided_by=command.decided_by)
            return [] if _known(book).self_approval else [allowed]
        case ForbidSelfApproval():
            forbidden = SelfApprovalForbidden(reason=command.reason, decided_by=command.decided_by)
            return [forbidden] if _known(book).self_approval else []
        case RecordComparison():
            return _compared(_known(book), command.compared)
        case _:
            assert_never(command)


def _known(book: Book | None) -> Book:
    if book is None:
        raise Refused(Refusal.UNKNOWN_BOOK, "There is no such book; open it first.", field="book_id")
    return book


def _open(book: Book | None, command: OpenBook) -> Decided:
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


def _compared(book: Book, compared: ViewCompared) -> Decided:
    last = book.last_comparison
    if last is None or last.comparison_id != compared.comparison_id:
        return [compared]
    if last == compared:
        return []
    message = "Something else is recorded of a comparison with this id; record this one under a new id."
    raise Refused(Refusal.RECORDED_OTHERWISE, message, field="compared")


def may_approve_own(context: Context) -> bool:
    """Whether who asks for something may approve it, in a decision whose `needs` named the book's own stream."""
    book = context.others.get(stream_of_book(context.book))
    return isinstance(book, Book) and book.self_approval


def evolve(book: Book | None, recorded: Recorded[BookEvent]) -> Book | None:
    """The book after an event; its first genesis stays, and what comes before it leaves nothing."""
    event = recorded.event
    if book is None:
        return Book(event) if isinstance(event, BookOpened) else None
    match event:
        case BookOpened():
            return book
        case SelfApprovalAllowed():
            return replace(book, self_approval=True)
        case SelfApprovalForbidden():
            return replace(book, self_approval=False)
        case ViewCompared():
            return replace(book, last_comparison=event)
        case _:
            assert_never(event)


BOOK: Decider[Book | None] = Decider(
    Category.BOOK, None, decide, evolve, events=get_args(BookEvent), begins=BookOpened, amendable=False
)
