"""Which alarms of a case or an obligation are due at an instant, and the commands that record them: pure, out of its
clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import orjson

from domain.book import id_of_book
from domain.case.deadline import NoteMiss, NoteWarning
from domain.case.escalation import EscalateCase, EscalatedBy
from domain.event import Command
from domain.obligation_deadlines import EscalateObligation, NoteObligationMiss, NoteObligationWarning
from domain.sla.clock import Alarm, Clock, ClockKey, Due
from domain.sla.standards import Standards
from domain.sla.working_time import NOTHING
from domain.sla.zones import zone
from domain.stream import Category, category_of, subject_of
from projections.sla_timer import SECOND, Asked

ORDER = {"warning": 0, "miss": 1, "escalation": 2}
"""Those of one instant: nobody is told of a rung for a miss before the miss."""
LONGEST_TEXT, LONGEST_LABEL = 500, 200


class Notice(NamedTuple):
    """An alarm that is due, and the command that records it."""

    clock: Clock
    alarm: Alarm
    command: Command

    @property
    def key(self) -> ClockKey:
        """Whose it is."""
        return self.clock.key

    def command_id(self, book: str) -> UUID:
        """The same whoever asks, and whenever: the ledger carries one of them out."""
        told = ["alarm", *self.key, self.alarm.kind, self.alarm.number]
        return uuid5(id_of_book(book), orjson.dumps(told).decode())


class Told(NamedTuple):
    """What is to be said of a case or an obligation by now."""

    due: tuple[Notice, ...]
    """In the order in which they became due."""
    next_at: datetime | None
    """When the next becomes due, by the present course of things."""


class Pending(NamedTuple):
    """An alarm that nobody has recorded."""

    clock: Clock
    due: Due
    alarm: Alarm

    def order(self) -> tuple[datetime, int, int, str]:
        """In which they are recorded: as they became due."""
        return (self.alarm.at, ORDER[self.alarm.kind], self.alarm.level or 0, self.clock.key.target)


def told(asked: Asked, now: datetime, basis: int) -> Told:
    """The alarms of a case or an obligation that are due before an instant, not recorded by the position `basis`."""
    found = [
        Pending(clock, clock.due, alarm)
        for clock in asked.clocks(now)
        if clock.due is not None
        for alarm in clock.alarms
        if alarm.kind in ORDER
    ]
    later = [each.alarm.at for each in found if each.alarm.at >= now]
    due = sorted((each for each in found if each.alarm.at < now), key=Pending.order)
    notices = (Notice(each.clock, each.alarm, _command(asked, each, basis)) for each in _rising(due))
    return Told(tuple(notices), min(later, default=None))


def _rising(due: Iterable[Pending]) -> Iterator[Pending]:
    """Without the rungs that another one has overtaken, of the same clock or of another."""
    reached = 0
    for each in due:
        level = each.alarm.level
        if level is not None:
            if level <= reached:
                continue
            reached = level
        yield each


class Commands(NamedTuple):
    """By what the alarms of a kind of subject are recorded."""

    subject: str
    """The field that names it."""
    warning: Callable[..., Command]
    miss: Callable[..., Command]
    escalation: Callable[..., Command]


COMMANDS: Mapping[str, Commands] = MappingProxyType({
    Category.CASE: Commands("case_id", NoteWarning, NoteMiss, EscalateCase),
    Category.OBLIGATION: Commands(
        "obligation_id", NoteObligationWarning, NoteObligationMiss, EscalateObligation
    ),
})  # fmt: skip


def _command(asked: Asked, pending: Pending, basis: int) -> Command:
    clock, due, alarm = pending
    key = clock.key
    # A share of a target may lie before the event that began its clock, and nothing is due of what has not begun.
    at = max(alarm.at, clock.started_at or alarm.at)
    of_subject = COMMANDS[category_of(key.subject)]
    about: dict[str, Any] = {"at": at, "zone": clock.basis.zone, of_subject.subject: subject_of(key.subject)}
    if alarm.kind == "escalation":
        to_unit, to_staff = _called(asked.standards, clock, alarm)
        reason = _cut(f"{clock.title.en}: {_by_when(due, clock.basis.zone)}", LONGEST_LABEL)
        about |= {"level": alarm.level, "to_unit": to_unit, "to_staff": to_staff, "reason": reason}
        return of_subject.escalation(**about, by=EscalatedBy.ALARM)
    about |= {"policy": key.policy, "target": key.target, "part": key.part, "cycle": key.cycle,
              "instance": key.instance, "due_at": due.at, "due_on": due.on}  # fmt: skip
    if alarm.kind == "warning":
        return of_subject.warning(**about, number=alarm.number, explanation=_explained(clock, due))
    return of_subject.miss(
        **about,
        policy_version=clock.basis.policy_version or None,
        calendar=clock.basis.calendar or None,
        calendar_version=clock.basis.calendar_version or None,
        zone_data=clock.basis.zone_data,
        engine=clock.basis.engine,
        basis=basis,
        counted=_counted(asked, clock, alarm.at),
        explanation=_explained(clock, due),
    )


def _called(standards: Standards, clock: Clock, alarm: Alarm) -> tuple[str | None, str | None]:
    """To which unit and whom the policy's ladder leads."""
    version = standards.policies.version(clock.basis.policy, clock.basis.policy_version)
    target = None if version is None else version.document.target(clock.key.target)
    if target is None:
        return None, None
    rung = target.escalations[alarm.number]
    return rung.to_unit, rung.to_staff


def _counted(asked: Asked, clock: Clock, at: datetime) -> int:
    """The seconds of the target's own time that were used up when it was missed."""
    then = next((each for each in asked.clocks(at) if each.key == clock.key), clock)
    return max(then.counted, NOTHING) // SECOND


# Words ----------------------------------------------------------------------------------------------------------------


def _explained(clock: Clock, due: Due) -> str:
    """How a due came about, in one sentence."""
    basis = clock.basis
    parts = [f"{clock.title.en}: {_by_when(due, basis.zone)}"]
    if clock.measured_from is not None:
        parts.append(f"measured from {_local(clock.measured_from, basis.zone)}")
    if basis.policy_version:
        parts.append(f"by rule {basis.rule} of the policy {basis.policy}, version {basis.policy_version}")
    if basis.calendar:
        parts.append(f"on the calendar {basis.calendar}, version {basis.calendar_version}")
    counting = [each for each in clock.extensions if not (each.late or each.ignored)]
    if counting:
        parts.append(f"with {len(counting)} extension{'s' if len(counting) > 1 else ''}")
    return _cut(", ".join(parts) + ".", LONGEST_TEXT)


def _by_when(due: Due, place: str) -> str:
    return f"due by the end of {due.on.isoformat()} ({place})" if due.on else f"due by {_local(due.at, place)}"


def _local(at: datetime, place: str) -> str:
    return f"{at.astimezone(zone(place)):%Y-%m-%d %H:%M:%S} ({place})"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
