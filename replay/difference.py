"""The difference of two points of a subject's past: which fields are otherwise, and which events made them so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from domain.amendment import AMENDMENTS, EventCorrected, EventVoided
from domain.envelope import Recorded
from replay.as_of import AsOf, PastStream

Place: TypeAlias = tuple[str, int]
"""A stream and a version in it."""
PLACES = frozenset({"version", "position"})
"""Fields that are figures and do not add up: they say which event came last."""


class Seen(NamedTuple):
    """An event of the subject, as it was seen from a point."""

    written: Recorded[Any]
    read: Recorded[Any] | None
    """As it was read then; None when it counted no longer, or only speaks of other events."""
    by: Recorded[Any] | None
    """The correction or void by which it was read otherwise than it was written, or taken back."""

    @property
    def is_void(self) -> bool:
        """Whether it counted no longer; of an amendment, whether it was taken back."""
        if isinstance(self.written.event, AMENDMENTS):
            return self.by is not None and isinstance(self.by.event, EventVoided)
        return self.read is None


def seen_in(past: PastStream) -> Iterator[Seen]:
    """The events of a stream as of two instants, as they were seen from there."""
    reading = past.reading
    approvals = {one.event.request: one for one in past.amending if isinstance(one.event, EventCorrected)}
    for written in past.written:
        by, request = reading.amended_by(written), reading.request_of(written)
        # Of a correction that was corrected itself, the later one says how the event is read.
        yield Seen(written, reading.of(written), by if request is None else approvals.get(request.version, by))


class Point(NamedTuple):
    """A subject as of two instants, by whichever fold: the fields are handed in."""

    as_of: AsOf
    events: Mapping[Place, Seen]
    """All that it is folded out of, in the order of the book; amendments, and events that counted no longer, too."""
    elsewhere: Mapping[Place, Seen]
    """Events that had occurred and were not about the subject as they were read then, though they are by other
    readings."""
    fields: Mapping[str, Any]
    """What was known of it, by path; what was not known has none. Two values are the same when they are equal."""
    touched: Mapping[str, Sequence[Place]]
    """Which of the events changed each field, in their order, also of fields that were gone in the end."""


class Standing(StrEnum):
    """How an event stood at a point."""

    UNKNOWN = "unknown"
    """It was not known yet."""
    TO_COME = "to-come"
    """It was known, and had not occurred yet, as it was read then."""
    ELSEWHERE = "elsewhere"
    """It was read as being about somebody else."""
    VOID = "void"
    """It counted no longer."""
    COUNTED = "counted"
    """It was read as it was written."""
    CORRECTED = "corrected"
    """It was read otherwise than it was written."""


class Stood(NamedTuple):
    """How an event stood at a point, and by what."""

    standing: Standing
    by: Recorded[Any] | None = None
    """The correction or void that made it so, as far as one did."""


class EventDifference(NamedTuple):
    """An event that one of two points has and the other has not, or reads otherwise."""

    event: Recorded[Any]
    """As it was written."""
    before: Stood
    after: Stood


class FieldDifference(NamedTuple):
    """A field that is otherwise at one point than at the other; None is nothing known."""

    path: str
    before: Any
    after: Any
    because: tuple[EventDifference, ...]
    """What made it so, in the order of the book: never empty."""


class Difference(NamedTuple):
    """What is otherwise at one point than at another one."""

    before: AsOf
    after: AsOf
    fields: tuple[FieldDifference, ...]
    events: tuple[EventDifference, ...]
    """All that one of them has and the other has not, or reads otherwise, in the order of the book."""

    @property
    def is_nothing(self) -> bool:
        """Whether there is none."""
        return not (self.fields or self.events)


def difference(before: Point, after: Point) -> Difference:
    """What has to be changed in what was known at one point to come to what was known at another."""
    events = dict(_events(before, after))
    paths = dict.fromkeys((*after.fields, *before.fields))
    fields = (
        FieldDifference(path, was, becomes, _because(path, before, after, events))
        for path in paths
        if (was := before.fields.get(path)) != (becomes := after.fields.get(path))
    )
    return Difference(before.as_of, after.as_of, tuple(fields), tuple(events.values()))


def applied(fields: Mapping[str, Any], found: Difference) -> dict[str, Any]:
    """The fields of the one point, changed into those of the other."""
    changed = {each.path: each.after for each in found.fields}
    return {path: value for path, value in {**fields, **changed}.items() if value is not None}


def inverse(found: Difference) -> Difference:
    """The way back."""

    def turned(event: EventDifference) -> EventDifference:
        return EventDifference(event.event, event.after, event.before)

    fields = (
        FieldDifference(each.path, each.after, each.before, tuple(map(turned, each.because))) for each in found.fields
    )
    return Difference(found.after, found.before, tuple(fields), tuple(map(turned, found.events)))


# Which events ---------------------------------------------------------------------------------------------------------


def _events(before: Point, after: Point) -> Iterator[tuple[Place, EventDifference]]:
    together = {**before.events, **after.events}
    for place in sorted(together, key=lambda place: together[place].written.position):
        written, was, becomes = together[place].written, before.events.get(place), after.events.get(place)
        if was is None or becomes is None or _read(was) != _read(becomes):
            yield place, EventDifference(written, _stood(before, place, written), _stood(after, place, written))


def _read(seen: Seen) -> Any:
    """What came of an event, be it by one correction or by another that says the same; of an amendment, which nobody
    reads, what became of it."""
    read = seen.read
    if read is not None:
        return read.event, read.occurred_at, read.occurred_zone, read.occurred_precision
    if isinstance(seen.written.event, AMENDMENTS) and seen.by is not None:
        return seen.by.version
    return None


def _stood(point: Point, place: Place, written: Recorded[Any]) -> Stood:
    seen = point.events.get(place) or point.elsewhere.get(place)
    if seen is None:
        return Stood(Standing.TO_COME if point.as_of.knows(written) else Standing.UNKNOWN)
    if seen.is_void:
        return Stood(Standing.VOID, seen.by)
    if place in point.elsewhere:
        return Stood(Standing.ELSEWHERE, seen.by)
    return Stood(Standing.COUNTED if seen.by is None else Standing.CORRECTED, seen.by)


def _because(
    path: str, before: Point, after: Point, events: Mapping[Place, EventDifference]
) -> tuple[EventDifference, ...]:
    """Which of the events that differ made a field so.

    The one that changed it last, on either side, where that is one of them. Where a value adds up out of several
    events, as counts and lists do, or where both sides changed it last by the same event, all of them that changed it.
    Where none did, it is the earlier ones that had a later event, which is the same on both sides, change it otherwise.
    """
    was, becomes = before.touched.get(path, ()), after.touched.get(path, ())
    touching, latest_of_each = {*was, *becomes}, {*was[-1:], *becomes[-1:]}
    changing = [place for place in events if place in touching]
    last = [place for place in changing if place in latest_of_each]
    adds_up = path not in PLACES and (_adds_up(before.fields.get(path)) or _adds_up(after.fields.get(path)))
    if last and not adds_up:
        return tuple(events[place] for place in last)
    if changing:
        return tuple(events[place] for place in changing)
    latest = max(_position(point, places) for point, places in ((before, was), (after, becomes)))
    return tuple(each for each in events.values() if each.event.position <= latest)


def _adds_up(value: Any) -> bool:
    """Whether a value may come of more events than the last: a figure, or a list."""
    return isinstance(value, (int, list)) and not isinstance(value, bool)


def _position(point: Point, places: Sequence[Place]) -> int:
    """That of the last of some events in the book; 0 without any."""
    return point.events[places[-1]].written.position if places else 0
