"""The calendars of a book (工作日历): one person proposes a version, another publishes it.

One stream holds all calendars of a book: which version of two counts, and when each became known, is a property of the
whole set. What was published is not amended: a wrong calendar is mended by another version, so that what was known on
any day stays known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, ClassVar, TypeAlias, assert_never, get_args
from uuid import UUID, uuid5

from pydantic import AfterValidator
from typing_extensions import override

from domain.book import id_of_book, may_approve_own, stream_of_book
from domain.decider import Decided, Decider
from domain.envelope import Context, Recorded
from domain.event import Command, Event, Label, Refused, StaffName, Version
from domain.refusal import Refusal
from domain.sla.calendar import CalendarDocument, Day
from domain.sla.calendars import Calendars, CalendarVersion, UnknownCalendar
from domain.sla.document import Slug
from domain.sla.zones import zone
from domain.stream import Category, stream_of

CALENDARS_NAMESPACE = UUID("3f1c6a52-8f0e-5d0b-a3c1-64b6f5f0d9e7")


def _stream_of(book_id: UUID) -> str:
    return stream_of(Category.CALENDAR, uuid5(CALENDARS_NAMESPACE, str(book_id)))


def stream_of_calendars(book: str) -> str:
    """The stream in which a book keeps all its calendars."""
    return _stream_of(id_of_book(book))


# Events ---------------------------------------------------------------------------------------------------------------


class CalendarProposed(Event):
    """Somebody asked that a calendar hold from a date on. Nothing counts by it before somebody else publishes it."""

    TOPIC: ClassVar = "calendar-proposed.1"

    document: CalendarDocument
    effective_from: Day
    """The first local date for which it is to hold, until another version does; it may lie in the past."""
    reason: Label
    requested_by: StaffName


class CalendarPublished(Event):
    """The proposal was approved: from its recording on the calendar is known, and holds for the dates it names."""

    TOPIC: ClassVar = "calendar-published.1"

    proposal: Version
    """Of the proposal, which holds the document."""
    name: Slug
    version: Version
    """Of the calendar, from 1 for each name."""
    approved_by: StaffName


class CalendarDeclined(Event):
    """The proposal was turned down, or taken back by who asked."""

    TOPIC: ClassVar = "calendar-declined.1"

    proposal: Version
    reason: Label
    declined_by: StaffName


CalendarEvent: TypeAlias = CalendarProposed | CalendarPublished | CalendarDeclined

# Commands -------------------------------------------------------------------------------------------------------------


class AboutCalendars(Command):
    """Something asked for about the calendars of a book."""

    book_id: UUID

    @property
    @override
    def stream(self) -> str:
        return _stream_of(self.book_id)


def _in_a_known_zone(document: CalendarDocument) -> CalendarDocument:
    zone(document.zone)  # raises: UnknownZone, which is a ValueError
    return document


class ProposeCalendar(AboutCalendars):
    """Ask that a calendar hold from a date on."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.CALENDAR_ZONE_DIFFERS,)

    document: Annotated[CalendarDocument, AfterValidator(_in_a_known_zone)]
    effective_from: Day
    reason: Label
    requested_by: StaffName


class PublishCalendar(AboutCalendars):
    """Approve a proposal, as somebody else than who asked."""

    REFUSALS: ClassVar[tuple[str, ...]] = (
        Refusal.UNKNOWN_PROPOSAL,
        Refusal.ALREADY_DECIDED,
        Refusal.SAME_PERSON,
        Refusal.CALENDAR_ZONE_DIFFERS,
    )

    proposal: Version
    approved_by: StaffName


class DeclineCalendar(AboutCalendars):
    """Turn a proposal down. Who asked may do so too: that takes the proposal back."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_PROPOSAL, Refusal.ALREADY_DECIDED)

    proposal: Version
    reason: Label
    declined_by: StaffName


CalendarCommand: TypeAlias = ProposeCalendar | PublishCalendar | DeclineCalendar

# Life -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BookCalendars:
    """All that was published, and what waits for a decision."""

    versions: tuple[CalendarVersion, ...] = ()
    """In order of publication."""
    pending: Mapping[int, CalendarProposed] = field(default_factory=dict)
    """The proposals that nobody has decided, by their version in the stream."""
    decided: Mapping[int, CalendarPublished | CalendarDeclined] = field(default_factory=dict)
    """What became of the others."""

    @cached_property
    def calendars(self) -> Calendars:
        """What was published, to count by; it keeps what it has worked out."""
        return Calendars(self.versions)


def needs(command: CalendarCommand, context: Context) -> Iterable[str]:
    """The book's own stream, for an approval: it says whether one may approve what one asked for."""
    return (stream_of_book(context.book),) if isinstance(command, PublishCalendar) else ()


def decide(book: BookCalendars, command: CalendarCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    match command:
        case ProposeCalendar():
            return _propose(book, command)
        case PublishCalendar():
            return _publish(book, command, context)
        case DeclineCalendar():
            declined = CalendarDeclined(
                proposal=command.proposal, reason=command.reason, declined_by=command.declined_by
            )
            if book.decided.get(command.proposal) == declined:
                return []
            _pending(book, command.proposal)
            return [declined]
        case _:
            assert_never(command)


def _propose(book: BookCalendars, command: ProposeCalendar) -> Decided:
    proposal = CalendarProposed(
        document=command.document,
        effective_from=command.effective_from,
        reason=command.reason,
        requested_by=command.requested_by,
    )
    if proposal in book.pending.values() or _holds_already(book, proposal):
        return []
    _same_zone(book, proposal)
    return [proposal]


def _holds_already(book: BookCalendars, proposal: CalendarProposed) -> bool:
    """Whether the dates for which the proposal would hold are counted by this very document."""
    try:
        in_force = book.calendars.in_force(proposal.document.name, proposal.effective_from, None)
    except UnknownCalendar:
        return False
    return in_force.document == proposal.document


def _same_zone(book: BookCalendars, proposal: CalendarProposed) -> None:
    """Raises: Refused when the calendar has another zone: its dates would be others."""
    document = proposal.document
    earlier = next((version.document for version in book.versions if version.name == document.name), document)
    if earlier.zone != document.zone:
        raise Refused(
            Refusal.CALENDAR_ZONE_DIFFERS,
            f"The calendar {document.name} is in {earlier.zone}, and this version in {document.zone}; "
            "give a calendar of another zone another name.",
            field="document",
            params={"name": document.name, "zone": earlier.zone},
        )


def _publish(book: BookCalendars, command: PublishCalendar, context: Context) -> Decided:
    before = book.decided.get(command.proposal)
    if isinstance(before, CalendarPublished) and before.approved_by == command.approved_by:
        return []
    proposal = _pending(book, command.proposal)
    if proposal.requested_by == command.approved_by and not may_approve_own(context):
        raise Refused(
            Refusal.SAME_PERSON,
            f"{command.approved_by} asked for this and cannot approve it as well; let somebody else decide.",
            field="approved_by",
            params={"requested_by": proposal.requested_by},
        )
    _same_zone(book, proposal)
    name = proposal.document.name
    return [
        CalendarPublished(
            proposal=command.proposal,
            name=name,
            version=1 + sum(version.name == name for version in book.versions),
            approved_by=command.approved_by,
        )
    ]


def _pending(book: BookCalendars, version: int) -> CalendarProposed:
    """The proposal that waits for a decision. Raises: Refused."""
    if version in book.pending:
        return book.pending[version]
    if version in book.decided:
        raise Refused(
            Refusal.ALREADY_DECIDED,
            f"The proposal in version {version} was decided before; propose the calendar anew.",
            field="proposal",
            params={"version": version},
        )
    raise Refused(
        Refusal.UNKNOWN_PROPOSAL,
        f"Version {version} of the book's calendars is no proposal; {_open_ones(book)}.",
        field="proposal",
        params={"version": version},
    )


def _open_ones(book: BookCalendars) -> str:
    waiting = ", ".join(f"{version} ({proposal.document.name})" for version, proposal in book.pending.items())
    return f"those that wait are {waiting}" if waiting else "none waits for a decision"


def evolve(book: BookCalendars, recorded: Recorded[CalendarEvent]) -> BookCalendars:
    """The calendars after an event; a decision on what nobody proposed leaves nothing."""
    event = recorded.event
    match event:
        case CalendarProposed():
            return replace(book, pending={**book.pending, recorded.version: event})
        case CalendarPublished() | CalendarDeclined():
            proposal = book.pending.get(event.proposal)
            if proposal is None:
                return book
            pending = {version: other for version, other in book.pending.items() if version != event.proposal}
            after = replace(book, pending=pending, decided={**book.decided, event.proposal: event})
            if isinstance(event, CalendarDeclined):
                return after
            published = CalendarVersion(
                event.name, event.version, proposal.effective_from, recorded.recorded_at, proposal.document
            )
            return replace(after, versions=(*book.versions, published))
        case _:
            assert_never(event)


CALENDAR: Decider[BookCalendars] = Decider(
    Category.CALENDAR,
    BookCalendars(),
    decide,
    evolve,
    events=get_args(CalendarEvent),
    begins=CalendarProposed,
    amendable=False,
    needs=needs,
)
