"""What one view reads of a batch, and where it stops when it cannot take an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from domain.amendment import AMENDMENTS, Amendment
from domain.envelope import Recorded
from domain.stream import category_of
from projections.cursor import ProjectionStopped
from projections.reading import Batch
from projections.view import View


class CannotTake(Exception):
    """An event at which a view stops, and why."""

    def __init__(self, recorded: Recorded[Any], cause: Exception) -> None:
        super().__init__(str(cause))
        self.recorded = recorded
        self.cause = cause


class Part(NamedTuple):
    """The events of a view's categories after `start` and up to `end`, as they were written, and what it cannot take
    after that, if anything."""

    start: int
    end: int
    events: Sequence[Recorded[Any]]
    stopped: ProjectionStopped | None = None
    told: bool = True
    """Whether all of the events say something about a subject, and none speaks of other events."""

    def amended(self) -> dict[str, Recorded[Any]]:
        """The streams whose events are read otherwise after this part, each with the last event that has it so."""
        if self.told:
            return {}
        return {recorded.stream: recorded for recorded in self.events if isinstance(recorded.event, Amendment)}

    def culprit(self, recorded: Recorded[Any], otherwise: Recorded[Any]) -> Recorded[Any]:
        """Which event of the part a view stops before, when one cannot be taken as it is read after the part.

        The last amendment of its stream, since without that it may be read as it can be taken; itself, when it is new
        and none came after it; else whatever had it looked at again. A part without that one is tried next.
        """
        amendment = self.amended().get(recorded.stream)
        if amendment is not None and amendment.position > recorded.position:
            return amendment
        return recorded if recorded.position > self.start else otherwise

    def before(self, position: int) -> Part:
        """The part up to the event before a position."""
        events = [recorded for recorded in self.events if recorded.position < position]
        return self._replace(end=position - 1, events=events, stopped=None)

    def since(self, position: int) -> Part:
        """The part from a position on."""
        events = [recorded for recorded in self.events if recorded.position >= position]
        return self._replace(start=position - 1, events=events)

    def until(self, stopped: ProjectionStopped) -> Part:
        """The part before the event that stopped its view."""
        return self.before(stopped.position)._replace(stopped=stopped)


def part_of(view: View[Any], start: int, batch: Batch) -> Part:
    """What a view reads of a batch: the events of its categories, up to the first that cannot be read."""
    reads = view.reads
    events = [recorded for recorded in batch.events if category_of(recorded.stream) in reads]
    told = {type(recorded.event) for recorded in events}.isdisjoint(AMENDMENTS)  # a tenth of what asking each takes
    part = Part(start, batch.end, events, None, told)
    missing = next((one for one in batch.unreadable if category_of(one.stream) in reads), None)
    if missing is None:
        return part
    return part.until(_stopped(view, missing.position, missing.topic, missing.cause))


def stopped_at(view: View[Any], recorded: Recorded[Any], error: Exception) -> ProjectionStopped:
    """Why a view stays before an event."""
    return _stopped(view, recorded.position, recorded.event.TOPIC, error)


def _stopped(view: View[Any], position: int, topic: str, error: Exception) -> ProjectionStopped:
    said = str(error).strip()
    cause = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return ProjectionStopped(view.name, view.version, position, topic, _as_text(cause))


def _as_text(message: str) -> str:
    """A message as the cursor can keep it: what it quotes may be the very characters that stopped the view."""
    return message.replace("\0", "\\0").encode(errors="backslashreplace").decode()
