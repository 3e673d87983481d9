"""The staff: where each works and worked, and what they were certified, graded and trained for when; one row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple, assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.envelope import Recorded
from domain.staff import (
    CertificateExpired,
    CertificateGranted,
    CertificateRevoked,
    GradeAssigned,
    StaffEvent,
    StaffLeft,
    StaffMoved,
    StaffRegistered,
    StaffReturned,
    TrainingAttended,
    id_of_staff,
)
from domain.stream import Category, stream_of
from ledger.database import Database
from projections.paging import Order, Page, Window, cut, narrowed
from projections.projection import FoldContext, Projection, key_of
from projections.reach import EVERYTHING, Reach
from projections.spell import held_at, instant, maybe_instant


class Posting(NamedTuple):
    """Since when somebody worked in a unit, on a post."""

    since: datetime
    unit: str | None
    post: str | None


class Presence(NamedTuple):
    """Since when somebody worked here, or did no longer."""

    since: datetime
    is_here: bool


class Grade(NamedTuple):
    """Since when somebody was in a grade, by which version of the rules."""

    since: datetime
    grade: str
    rules_version: str | None


class Certificate(NamedTuple):
    """A certificate as it was granted: since when, until when it was to count, and when and why it ended before."""

    name: str
    since: datetime
    until: datetime | None
    ended_at: datetime | None = None
    revoked_because: str | None = None

    def counts_at(self, at: datetime) -> bool:
        """Whether it counted at an instant."""
        ends = [end for end in (self.until, self.ended_at) if end is not None]
        return self.since <= at and all(at < end for end in ends)


class Training(NamedTuple):
    """A training that somebody attended."""

    at: datetime
    course: str
    score: int | None


class StaffView(NamedTuple):
    """Where somebody works, and what they were certified for when. Instants are when things occurred, in UTC."""

    staff_id: UUID
    version: int
    position: int
    name: str
    unit: str | None
    post: str | None
    is_here: bool
    grade: str | None
    grade_rules_version: str | None
    postings: tuple[Posting, ...]
    presences: tuple[Presence, ...]
    certificates: tuple[Certificate, ...]
    """Each time that one was granted, in the order of the stream."""
    grades: tuple[Grade, ...]
    trainings: tuple[Training, ...]
    registered_at: datetime
    last_occurred_at: datetime
    last_recorded_at: datetime

    @property
    def stream(self) -> str:
        """Their stream."""
        return stream_of(Category.STAFF, self.staff_id)

    def posting_at(self, at: datetime) -> Posting | None:
        """Where they worked at an instant; None before they were registered, and while they had left."""
        presence = held_at(self.presences, at)
        return held_at(self.postings, at) if presence is not None and presence.is_here else None

    def grade_at(self, at: datetime) -> Grade | None:
        """The grade in which they were at an instant."""
        return held_at(self.grades, at)

    def certificates_at(self, at: datetime) -> tuple[Certificate, ...]:
        """What they were certified for at an instant, by name. Of a certificate granted anew the new terms count."""
        latest = {one.name: one for one in self.certificates if one.since <= at}
        return tuple(latest[name] for name in sorted(latest) if latest[name].counts_at(at))

    def certified_at(self, certificate: str, at: datetime) -> bool:
        """Whether they held a certificate at an instant."""
        return any(one.name == certificate for one in self.certificates_at(at))

    def certified_on(self, certificate: str, day: date, zone: ZoneInfo) -> bool:
        """Whether they held a certificate at some moment of a day of a zone."""
        first, end = (
            datetime.combine(each, time(), tzinfo=zone).astimezone(UTC) for each in (day, day + timedelta(days=1))
        )
        moments = (first, *(one.since for one in self.certificates if first <= one.since < end))
        return any(self.certified_at(certificate, moment) for moment in moments)

    def trained_at(self, course: str, at: datetime) -> Training | None:
        """The latest training in a course that they had attended by an instant."""
        attended = [one for one in self.trainings if one.course == course and one.at <= at]
        return max(attended, key=lambda one: one.at, default=None)


def keys(recorded: Recorded[StaffEvent]) -> tuple[UUID, ...]:
    """The member of staff."""
    return (key_of(recorded.stream),)


def fold(view: StaffView | None, recorded: Recorded[StaffEvent], context: FoldContext) -> StaffView | None:
    """The member of staff after an event; before their registration there is none."""
    event, at = recorded.event, recorded.occurred_at
    if view is None:
        return _registered(event, recorded, context.key) if isinstance(event, StaffRegistered) else None
    seen = view._replace(
        version=recorded.version,
        position=recorded.position,
        last_occurred_at=max(view.last_occurred_at, at),
        last_recorded_at=recorded.recorded_at,
    )
    match event:
        case StaffRegistered():
            return seen
        case StaffMoved():
            return _posted(seen, event, at)
        case StaffLeft():
            return seen._replace(is_here=False, presences=(*seen.presences, Presence(at, is_here=False)))
        case StaffReturned():
            here = seen._replace(is_here=True, presences=(*seen.presences, Presence(at, is_here=True)))
            return _posted(here, event, at)
        case CertificateGranted():
            granted = Certificate(event.certificate, at, event.until)
            return seen._replace(certificates=(*seen.certificates, granted))
        case CertificateExpired():
            return seen._replace(certificates=tuple(_ended(seen.certificates, event.certificate, at, None)))
        case CertificateRevoked():
            return seen._replace(certificates=tuple(_ended(seen.certificates, event.certificate, at, event.reason)))
        case GradeAssigned(grade=grade, rules_version=version):
            grades = (*seen.grades, Grade(at, grade, version))
            return seen._replace(grade=grade, grade_rules_version=version, grades=grades)
        case TrainingAttended():
            return seen._replace(trainings=(*seen.trainings, Training(at, event.course, event.score)))
        case _:
            assert_never(event)


def _registered(event: StaffRegistered, recorded: Recorded[StaffEvent], staff_id: UUID) -> StaffView:
    at = recorded.occurred_at
    return StaffView(
        staff_id=staff_id,
        version=recorded.version,
        position=recorded.position,
        name=event.name,
        unit=event.unit,
        post=event.post,
        is_here=True,
        grade=None,
        grade_rules_version=None,
        postings=(Posting(at, event.unit, event.post),),
        presences=(Presence(at, is_here=True),),
        certificates=(),
        grades=(),
        trainings=(),
        registered_at=at,
        last_occurred_at=at,
        last_recorded_at=recorded.recorded_at,
    )


def _posted(view: StaffView, event: StaffMoved | StaffReturned, at: datetime) -> StaffView:
    postings = (*view.postings, Posting(at, event.unit, event.post))
    return view._replace(unit=event.unit, post=event.post, postings=postings)


def _ended(held: Iterable[Certificate], name: str, at: datetime, because: str | None) -> Iterator[Certificate]:
    """Every grant of the certificate before it in the stream ends, if it did not end earlier."""
    for one in held:
        ends = one.name == name and (one.ended_at is None or at < one.ended_at)
        yield one._replace(ended_at=at, revoked_because=because) if ends else one


def of_row(row: Sequence[Any]) -> StaffView:
    """The member of staff in a row of the table."""
    told = dict(zip(StaffView._fields, row, strict=True))
    told["postings"] = tuple(Posting(instant(since), *rest) for since, *rest in told["postings"])
    told["presences"] = tuple(Presence(instant(since), is_here) for since, is_here in told["presences"])
    told["certificates"] = tuple(
        Certificate(name, instant(since), maybe_instant(until), maybe_instant(ended), because)
        for name, since, until, ended, because in told["certificates"]
    )
    told["grades"] = tuple(Grade(instant(since), *rest) for since, *rest in told["grades"])
    told["trainings"] = tuple(Training(instant(at), *rest) for at, *rest in told["trainings"])
    return StaffView(**told)


STAFF: Projection[StaffView] = Projection(
    name="staff",
    version=1,
    reads=frozenset({Category.STAFF}),
    key="staff_id",
    columns=StaffView._fields,
    keys=keys,
    fold=fold,
    of_row=of_row,
)

# Questions ------------------------------------------------------------------------------------------------------------

NAME = Order("name", ("name", "staff_id"), ("text", "uuid"))
"""By name; leans on the index `name`, or on that of the filter."""
REGISTERED = Order("registered", ("registered_at", "staff_id"), ("timestamptz", "uuid"))
"""By when they were registered; leans on the index `registered`."""
ORDERS: Mapping[str, Order] = MappingProxyType({order.name: order for order in (NAME, REGISTERED)})


@dataclass(frozen=True, slots=True)
class StaffFilter:
    """Which members of staff: of a unit, of a grade, here or gone, called so; what is None asks nothing."""

    unit: str | None = None
    grade: str | None = None
    is_here: bool | None = None
    name_starts_with: str | None = None
    """In whatever case of letters."""


# Leans on the primary key.
BY_IDS = STAFF.query("SELECT {columns} FROM {table} WHERE book = %(book)s AND staff_id = ANY(%(ids)s)")


def by_ids(database: Database, book: str, staff_ids: Iterable[UUID]) -> dict[UUID, StaffView]:
    """Those of some members of staff that there are, by id."""
    rows = database.rows(BY_IDS, {"book": book, "ids": list(staff_ids)})
    return {view.staff_id: view for view in map(of_row, rows)}


def by_id(database: Database, book: str, staff_id: UUID) -> StaffView | None:
    """A member of staff, if registered."""
    return by_ids(database, book, [staff_id]).get(staff_id)


def by_name(database: Database, book: str, name: str) -> StaffView | None:
    """Who works under a name, as a case names its handler."""
    return by_id(database, book, id_of_staff(name))


ALL_STAFF = StaffFilter()


def page(
    database: Database, book: str, window: Window, where: StaffFilter = ALL_STAFF, reach: Reach = EVERYTHING
) -> Page[StaffView]:
    """The part of the members of staff within reach that a window cuts. Raises: BadPlace."""
    conditions, parameters = reach.by_unit()
    # the unit leans on the index unit
    for column, wanted in (("unit", where.unit), ("grade", where.grade), ("is_here", where.is_here)):
        condition, parameter = narrowed(column, () if wanted is None else (wanted,))
        conditions += condition
        parameters |= parameter
    if where.name_starts_with is not None:
        conditions.append("starts_with(lower(name), lower(%(name_starts_with)s))")
        parameters["name_starts_with"] = where.name_starts_with
    return cut(database, STAFF, book, window, conditions, parameters)
