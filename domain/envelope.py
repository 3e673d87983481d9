"""Around an event: when it occurred, when it was recorded, where it lies, and who did it, in which role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from typing_extensions import override

from domain.event import Command, Event, Precision

E_co = TypeVar("E_co", bound=Event, covariant=True)


class ActorKind(StrEnum):
    """What kind of actor brought an event about."""

    PERSON = "person"
    SYSTEM = "system"
    ALARM = "alarm"
    IMPORT = "import"


class Actor(NamedTuple):
    """Who acts: a work identity, never a customer's personal data."""

    name: str
    kind: ActorKind
    unit: str | None = None
    """The unit the actor worked for at the time."""
    role: str | None = None
    claim: str | None = None
    """What the role rests on, such as a token's claim; None when it was not proved."""
    on_behalf_of: str | None = None


class Source(NamedTuple):
    """Where an imported event was read: which file (SHA-256, hex) and which line, counted from 1.

    Of a body that came by HTTP it is a keyed digest, which tells nothing of what was in it.
    """

    digest: str
    line: int


class RegisterNumber(NamedTuple):
    """A gapless number in a series of a book and a year: C2026-000123."""

    series: str
    number: int

    @override
    def __str__(self) -> str:
        return f"{self.series}-{self.number:06d}"


class _Kept:
    """The place for the bytes of metadata that nobody has read yet."""

    __slots__ = ("_kept",)


@dataclass(frozen=True, slots=True)
class Metadata(_Kept):
    """The part of an envelope that says who did it, how, and because of what.

    Out of the ledger it is read when a field is first asked for: most folds ask for none, and reading it took as long
    as reading the event.
    """

    actor: Actor
    channel: str
    """The door it came through: graphql, ingest, command-line, import, demo, ledger."""
    correlation: UUID
    causation: UUID | None
    command: UUID
    """The id under which the caller may ask again."""
    digest: str
    """Keyed digest of the commands (hex), so that one id never stands for two contents."""
    basis: int | None
    """The book position at which the decision's context was read, when it needed one."""
    program: str
    """The program's version."""
    source: Source | None
    departures: tuple[str, ...]
    """Codes of the steps in which this event left the declared life; only imported history has any."""
    client: str | None = None
    """The program that asked, as a token named it."""
    address: str | None = None
    """Where the asker's request came from; never a customer's, which would be about them."""

    @classmethod
    def kept(cls, data: bytes, read: Callable[[bytes], Metadata], *, departed: bool = True) -> Metadata:
        """Metadata that `read` will make out of its stored bytes.

        When it is known to hold no departures, asking for them reads nothing: folds that note them ask at every event.
        """
        unread = object.__new__(cls)
        object.__setattr__(unread, "_kept", (data, read))
        if not departed:
            object.__setattr__(unread, "departures", ())
        return unread

    def __getattr__(self, name: str) -> Any:
        """Fills the fields; Python asks here only while they are empty."""
        if name not in Metadata.__dataclass_fields__:
            raise AttributeError(name)
        data, read = self._kept
        told = read(data)
        for each in Metadata.__dataclass_fields__:
            object.__setattr__(self, each, getattr(told, each))
        return getattr(told, name)


class When(NamedTuple):
    """An occurrence: an aware instant, the IANA zone it was written down in, and how exactly it is known."""

    at: datetime
    zone: str = "UTC"
    precision: Precision = Precision.INSTANT


@dataclass(frozen=True, slots=True)
class Occurred(Generic[E_co]):
    """An event out of `decide`, before the ledger has recorded it.

    `when` is None when the event occurred as its command did; `stream` is None when it belongs to the stream that its
    command is about, and otherwise names another one of those that the command writes.
    """

    event: E_co
    when: When | None = None
    departures: tuple[str, ...] = ()
    stream: str | None = None


class Recorded(NamedTuple, Generic[E_co]):
    """An event inside its whole envelope, out of the ledger. All instants are UTC."""

    book: str
    stream: str
    version: int
    """Place in the stream, from 1 without gaps."""
    position: int
    """Place in the book, from 1 without gaps."""
    recorded_at: datetime
    occurred_at: datetime
    occurred_zone: str
    occurred_precision: Precision
    source_recorded_at: datetime | None
    register: RegisterNumber | None
    event: E_co
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class Submission:
    """What a door hands to the ledger: commands to be carried out together or not at all, and who asks.

    `command_id` is the id under which the caller may ask again and get the same answer. `expected` maps a stream
    to the version the caller has seen; a stream it does not name may have moved. `said_at` is the writer's time in a
    simulated book (None: the book's last, or now, whichever is later) and is ignored by a live one.
    """

    command_id: UUID
    commands: tuple[Command, ...]
    actor: Actor
    channel: str
    correlation: UUID | None = None
    causation: UUID | None = None
    expected: tuple[tuple[str, int], ...] = ()
    said_at: datetime | None = None
    source: Source | None = None
    source_recorded_at: datetime | None = None
    imported: bool = False
    """Whether `decide` records departures from the declared life instead of refusing them."""
    times_stated: bool = True
    """Whether the caller said when it happened. Otherwise the door took its clock's time, and asking again with the
    same id a moment later is still the same request."""
    client: str | None = None
    """The program that asks, as a token named it."""
    address: str | None = None
    """Where the request came from."""

    def __post_init__(self) -> None:
        """Keeps its instants in UTC: elsewhere two of them look equal, an hour apart, when clocks go back.

        Raises: ValueError for a time without a zone.
        """
        for name in ("said_at", "source_recorded_at"):
            at = getattr(self, name)
            if at is not None:
                if at.utcoffset() is None:
                    raise ValueError(f"{name} is {at.isoformat()}, which names no zone; say of which zone it is.")
                object.__setattr__(self, name, at.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision needs from outside its own stream, frozen."""

    imported: bool = False
    basis: int | None = None
    """The position at which `others` was read; None when nothing had to be read."""
    book: str = ""
    others: Mapping[str, Any] = field(default_factory=dict)
    """The folded states of other streams, by name: those that the decision's `needs` named, as of `basis`, and those
    that commands of the same submission are about, as they are by now."""
