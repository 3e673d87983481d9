"""The one seam through which every history passes before it is folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, cast

from domain.amendment import AMENDMENTS, Amendment, CorrectionRequested, EventCorrected, EventVoided
from domain.envelope import Recorded
from domain.event import Event

E = TypeVar("E", bound=Event)
Place = tuple[str, int]
"""A stream and a version in it."""


def applied(history: Iterable[Recorded[E]]) -> Iterator[Recorded[E]]:
    """The history as it is to be folded: in the order given, corrected events as they are read by now, void ones and
    whatever only speaks of other events left out.

    Whoever folds a stream or a book (the ledger before a decision, a projection, a replay) folds what comes out of
    here and nothing else, so that a corrected event means the same to all of them. A correction changes an event
    before it in its stream, so the history must hold its streams from their beginning.

    It never raises, whatever a history holds: an amendment of something that is not before it in its stream, or that
    rests on no request, changes nothing.
    """
    events = list(history)
    if not any(isinstance(recorded.event, AMENDMENTS) for recorded in events):
        yield from events
        return
    reading = Reading(events)
    for recorded in events:
        read = reading.of(recorded)
        if read is not None:
            yield read


class Reading:
    """How each event of some whole streams is read, after all amendments in them."""

    def __init__(self, history: Iterable[Recorded[Any]]) -> None:
        self._events = {(recorded.stream, recorded.version): recorded for recorded in history}
        self._deciding: dict[Place, Recorded[Any]] = {}
        """The amendment by which the event in a place is read as it is."""
        self._instead: dict[Place, Recorded[CorrectionRequested] | None] = {}
        """The request that says what the amendment in a place has read; None for a void."""
        amending = [one for one in self._events.values() if isinstance(one.event, Amendment)]
        # An amendment is of something before it, so that whatever becomes of it is known once those after it are.
        for amendment in sorted(amending, key=lambda one: one.version, reverse=True):
            self._decide(amendment)

    def _decide(self, amendment: Recorded[Any]) -> None:
        """Lets an amendment decide how its event is read, unless it was taken back or a later one does."""
        place, request = (amendment.stream, amendment.version), self._request(amendment)
        later = self._deciding.get(place)
        instead = request if later is None else self._instead[later.stream, later.version]
        self._instead[place] = instead
        founded = isinstance(amendment.event, EventVoided) or request is not None
        taken_back = later is not None and instead is None
        if founded and not taken_back and amendment.event.version < amendment.version:
            self._deciding.setdefault((amendment.stream, amendment.event.version), amendment)

    def of(self, recorded: Recorded[E]) -> Recorded[E] | None:
        """The event as it is to be folded; None when it is void, or only speaks of other events."""
        if isinstance(recorded.event, AMENDMENTS):
            return None
        amendment = self.amended_by(recorded)
        if amendment is None:
            return recorded
        request = self._instead[amendment.stream, amendment.version]
        if request is None:
            return None
        read: Recorded[E] = recorded._replace(event=cast(E, request.event.replacement.data))
        if (occurrence := request.event.occurrence) is None:
            return read
        at, zone, precision = occurrence.at, occurrence.zone, occurrence.precision
        return read._replace(occurred_at=at, occurred_zone=zone, occurred_precision=precision)

    def amended_by(self, recorded: Recorded[Any]) -> Recorded[Any] | None:
        """The correction or void by which an event is read as it is; None when it is read as it was written.

        The latest one decides, of those that were not taken back themselves.
        """
        return self.deciding(recorded.stream, recorded.version)

    def deciding(self, stream: str, version: int) -> Recorded[Any] | None:
        """The same of whatever stands in a place."""
        return self._deciding.get((stream, version))

    def request_of(self, recorded: Recorded[Any]) -> Recorded[CorrectionRequested] | None:
        """The request in which stands how an event is read; None when it is read as it was written, or is void."""
        amendment = self.amended_by(recorded)
        return None if amendment is None else self._instead[amendment.stream, amendment.version]

    def _request(self, amendment: Recorded[Any]) -> Recorded[CorrectionRequested] | None:
        if not isinstance(amendment.event, EventCorrected):
            return None
        place = (amendment.stream, amendment.event.request)
        request = self._events.get(place)
        return request if request is not None and isinstance(request.event, CorrectionRequested) else None


def amended(history: Iterable[Recorded[Any]]) -> bool:
    """Whether a history holds a correction or a void, so that some event in it is read otherwise than written."""
    return any(isinstance(recorded.event, Amendment) for recorded in history)


def events_of(history: Sequence[Recorded[Any]]) -> list[Event]:
    """The bare events of a history as it is to be folded."""
    return [recorded.event for recorded in applied(history)]
