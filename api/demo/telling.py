"""Telling one case: a clock that runs forward through working hours, and the steps as they get written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from api.demo.group import ZONE
from domain.case.commands import AboutCase
from domain.case.events import CaseReopened
from domain.envelope import Actor, Recorded
from domain.event import Command, Event
from domain.stream import Category, stream_of

HERE = ZoneInfo(ZONE)
OPENS, CLOSES = time(8, 30), time(17, 30)
SUNDAY = 6


History: TypeAlias = Sequence[Recorded[Any]]


class Later(NamedTuple):
    """What can be said only by what stands in a stream by then: which version is meant, or what an alarm has noted."""

    stream: str
    said: Callable[[History], Sequence[Command]]
    """Nothing when there is no occasion for it."""


class Step(NamedTuple):
    """Commands that are carried out together, and when that is written down; it may be days after it occurred."""

    said_at: datetime
    actor: Actor
    commands: tuple[Command, ...]
    later: Later | None = None
    """Says the commands, where they cannot be said beforehand."""


class Telling:
    """One case as it goes on. `now` is when the next thing occurs; what is written down comes in that order."""

    def __init__(self, case_id: UUID, now: datetime, random: Random) -> None:
        self.case_id = case_id
        self.begun_at = now
        self.now = now
        self.random = random
        self.steps: list[Step] = []
        self.touchpoints = 0
        self._said_at = now

    @property
    def said_at(self) -> datetime:
        """When something was last written down."""
        return self._said_at

    def about(self, command: type[AboutCase], /, **fields: Any) -> AboutCase:
        """A command about this case, now unless `at` says otherwise."""
        said: dict[str, Any] = {"at": self.now, "zone": ZONE, "case_id": self.case_id, **fields}
        return command(**said)

    def as_of_now(self, command: type[AboutCase]) -> Callable[..., AboutCase]:
        """Makes such a command about this case later, with what is known then; it occurs now."""
        return partial(self.about, command, at=self.now)

    def next_touchpoint(self) -> UUID:
        """An id for one more touchpoint of this case."""
        self.touchpoints += 1
        return uuid5(self.case_id, f"touchpoint {self.touchpoints}")

    def tell(self, actor: Actor, *commands: Command, late: timedelta = timedelta()) -> None:
        """Writes down what occurs now: a moment later, or `late`; never before what was written down already."""
        moment = timedelta(seconds=self.random.randrange(5, 150))
        self._said_at = max(self._said_at, self.now + moment + late)
        self.steps.append(Step(self._said_at, actor, commands))

    def tell_later(self, actor: Actor, said: Callable[[History], Sequence[Command]]) -> None:
        """Writes down what occurs now, once it is seen what stands in the case's stream by then."""
        self.tell(actor)
        stream = stream_of(Category.CASE, self.case_id)
        self.steps[-1] = self.steps[-1]._replace(later=Later(stream, said))

    def has_told(self, command: type[Command]) -> bool:
        """Whether such a command was told."""
        return any(isinstance(one, command) for step in self.steps for one in step.commands)

    def after(self, low_hours: float, high_hours: float) -> None:
        """Lets time pass, and then waits for somebody to be at work."""
        hours = self.random.triangular(low_hours, high_hours, low_hours + (high_hours - low_hours) / 4)
        self.now = at_work(self.now + timedelta(hours=hours))

    def chance(self, share: float) -> bool:
        """Whether something happens that does so in this share of cases."""
        return self.random.random() < share

    def one_of(self, choices: Sequence[str]) -> str:
        """One of these."""
        return self.random.choice(choices)


def latest(history: History, *kinds: type[Event]) -> Recorded[Any] | None:
    """The latest event of one of some kinds."""
    return next((one for one in reversed(history) if isinstance(one.event, kinds)), None)


def this_cycle(history: History) -> History:
    """What stands in a case's history since it was reopened last, or at all."""
    reopened = latest(history, CaseReopened)
    return history if reopened is None else [one for one in history if one.version > reopened.version]


def at_work(instant: datetime) -> datetime:
    """The instant, or the next one at which the group works: Monday to Saturday, 08:30 to 17:30."""
    here = instant.astimezone(HERE)
    if here.weekday() != SUNDAY and OPENS <= here.time() < CLOSES:
        return instant
    day = here.date() if here.time() < OPENS else here.date() + timedelta(days=1)
    if day.weekday() == SUNDAY:
        day += timedelta(days=1)
    # Everybody does not begin at the same second; the minute of the old instant is as good as any.
    return midnight(day) + timedelta(hours=8, minutes=30 + here.minute % 20, seconds=here.second)


def midnight(day: date) -> datetime:
    """The beginning of a day where the group is."""
    return datetime.combine(day, time(), HERE)
