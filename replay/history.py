"""The history of one subject, step by step: each event as it was written, as it is read, and what was done about that.

It is made of a stream as of two instants, and of nothing else: what an event changed in a view is for others to add.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from domain.amendment import (
    AMENDMENTS,
    AmendmentDeclined,
    CorrectionRequested,
    EventCorrected,
    EventVoided,
    VoidRequested,
)
from domain.correction import Reading
from domain.envelope import Recorded
from replay.as_of import PastStream

REQUESTS = (CorrectionRequested, VoidRequested)
DECISIONS = (EventCorrected, EventVoided, AmendmentDeclined)


class Effect(StrEnum):
    """What a request to amend an event means for how that is read."""

    OPEN = "open"
    """Nobody has decided."""
    DECLINED = "declined"
    DECIDES = "decides"
    """By it what it is about is read as it is."""
    REPLACED = "replaced"
    """It was approved, and a later amendment of the same event decides."""
    TAKEN_BACK = "taken-back"
    """It was approved, and its approval was made void."""
    UNFOUNDED = "unfounded"
    """It was approved, but what was asked for is not there, or cannot be read; so it changes nothing."""


class Link(NamedTuple):
    """Somebody asked that an event be read otherwise or count no longer, and what became of that."""

    version: int
    """Of the event that it is about: that of the step, or an amendment of it."""
    request: Recorded[Any] | None
    """None where only the decision is known."""
    decision: Recorded[Any] | None
    """The correction, the void or the refusal; None while there is none."""
    effect: Effect


class Step(NamedTuple):
    """An event in its place, with all that was done about how it is read."""

    recorded: Recorded[Any]
    """As it was written."""
    read: Recorded[Any] | None
    """As it is read; None when it is void, or only speaks of other events."""
    amended_by: Recorded[Any] | None
    """The correction or void that decides on that; None when it is read as it was written."""
    request: Recorded[CorrectionRequested] | None
    """The request in which stands how it is read."""
    chain: tuple[Link, ...]
    """What was asked about it, or about an amendment of it, in the order in which that was asked."""

    @property
    def is_void(self) -> bool:
        """Whether it counts no longer; of a correction or a void, whether it was taken back."""
        return self.amended_by is not None and self.request is None

    @property
    def occurred_at(self) -> datetime:
        """When it occurred, as it is read; of what is void as it was written."""
        return (self.read or self.recorded).occurred_at

    @property
    def topics(self) -> frozenset[str]:
        """What it was written as, and what it is read as."""
        return frozenset(each.event.TOPIC for each in (self.recorded, self.read) if each is not None)


@dataclass(frozen=True, slots=True)
class StepFilter:
    """Which steps: those for which all of it holds; what is left empty or None asks nothing."""

    topics: tuple[str, ...] = ()
    """Written as one of these, or read so."""
    actor: str | None = None
    occurred_from: datetime | None = None
    """Occurred then or later, as it is read."""
    occurred_before: datetime | None = None
    recorded_from: datetime | None = None
    recorded_before: datetime | None = None
    amended: bool = False
    """Only what somebody asked to amend, whatever became of that."""
    departed: bool = False
    """Only what left the declared life."""

    def takes(self, step: Step) -> bool:
        """Whether a step is one of them."""
        recorded = step.recorded
        return (
            (not self.topics or not step.topics.isdisjoint(self.topics))
            and (self.actor is None or recorded.metadata.actor.name == self.actor)
            and within(step.occurred_at, self.occurred_from, self.occurred_before)
            and within(recorded.recorded_at, self.recorded_from, self.recorded_before)
            and (not self.amended or bool(step.chain))
            and (not self.departed or bool(recorded.metadata.departures))
        )


EVERY_STEP = StepFilter()


def within(at: datetime, begin: datetime | None, end: datetime | None) -> bool:
    """Whether an instant lies in a stretch of time, the end not included; None is without a bound."""
    return (begin is None or at >= begin) and (end is None or at < end)


def steps(past: PastStream) -> list[Step]:
    """The events of a stream as of two instants, in order of version, each with what was known to be done about it.

    Requests and decisions are steps as well, in their own places. It never raises, whatever a history holds.
    """
    told = Steps(past.reading, past.amending)
    return [told.of(recorded) for recorded in past.written]


class Steps:
    """The steps of one stream, worked out as they are asked for."""

    def __init__(self, reading: Reading, amending: Iterable[Recorded[Any]]) -> None:
        self.reading = reading
        """How its events are read."""
        self._amending = amending

    @classmethod
    def by_now(cls, history: Sequence[Recorded[Any]]) -> Steps:
        """Those of a whole stream, as it was written."""
        return cls(Reading(history), history)

    @cached_property
    def _chains(self) -> Mapping[int, Sequence[Link]]:
        amending = [recorded for recorded in self._amending if isinstance(recorded.event, AMENDMENTS)]
        return chains_of(amending, self.reading)

    def of(self, recorded: Recorded[Any]) -> Step:
        """The step of one of its events."""
        return Step(
            recorded,
            self.reading.of(recorded),
            self.reading.amended_by(recorded),
            self.reading.request_of(recorded),
            tuple(self._chains.get(recorded.version, ())),
        )


def chains_of(amending: Iterable[Recorded[Any]], reading: Reading) -> dict[int, list[Link]]:
    """What was asked about the events of a stream, by their versions; out of all that is known of its amendments.

    What is about an amendment stands with the event that it amends as well, be that over several.
    """
    known = {recorded.version: recorded for recorded in amending}
    found: dict[int, list[Link]] = {}
    for link in links_of(known, reading):
        for version in _amended_through(link.version, known):
            found.setdefault(version, []).append(link)
    return found


def links_of(known: Mapping[int, Recorded[Any]], reading: Reading) -> Iterator[Link]:
    """Every request among what is known of amendments, by version, in order, with what became of it."""
    decided: dict[int, Recorded[Any]] = {}
    for _, recorded in sorted(known.items()):
        if (asked := _decided_on(recorded, known)) is not None:
            decided.setdefault(asked, recorded)
    for version, recorded in sorted(known.items()):
        match recorded.event:
            case CorrectionRequested() | VoidRequested() as request:
                decision = decided.get(version)
                yield Link(request.version, recorded, decision, _effect(request.version, decision, reading))
            case EventCorrected() | EventVoided() as amendment if decided.get(amendment.request) is not recorded:
                yield Link(amendment.version, None, recorded, _effect(amendment.version, recorded, reading))
            case _:
                pass


def _decided_on(recorded: Recorded[Any], known: Mapping[int, Recorded[Any]]) -> int | None:
    """The request that an event decides on; None for an amendment of something else than was asked."""
    event = recorded.event
    if not isinstance(event, DECISIONS):
        return None
    request = known.get(event.request)
    if request is None or not isinstance(request.event, REQUESTS):
        return None
    same = isinstance(event, AmendmentDeclined) or event.version == request.event.version
    return event.request if same else None


def _effect(about: int, decision: Recorded[Any] | None, reading: Reading) -> Effect:
    if decision is None:
        return Effect.OPEN
    if isinstance(decision.event, AmendmentDeclined):
        return Effect.DECLINED
    if reading.amended_by(decision) is not None and reading.request_of(decision) is None:
        return Effect.TAKEN_BACK
    deciding = reading.deciding(decision.stream, about)
    if deciding is None:
        return Effect.UNFOUNDED
    return Effect.DECIDES if deciding.version == decision.version else Effect.REPLACED


def _amended_through(version: int, known: Mapping[int, Recorded[Any]]) -> Iterator[int]:
    """A version, and those that it amends in turn."""
    yield version
    while (recorded := known.get(version)) is not None and isinstance(recorded.event, EventCorrected | EventVoided):
        if recorded.event.version >= version:  # of something that is not before it, which changes nothing
            return
        version = recorded.event.version
        yield version
