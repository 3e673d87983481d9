"""Clocks that are followed: each time one comes to stand otherwise, by what is recorded or because time has passed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import strawberry

from api.access.reaching import names_below
from api.graphql.clock import CLOCK, SlaClock, clock_of
from api.graphql.clock_enums import State
from api.graphql.consistency import Place, token_of
from api.graphql.door import Door
from api.graphql.enums import shown
from api.graphql.identity import opaque
from api.graphql.passing import lasting, marks_between, shown_by, word_beyond
from api.graphql.problem import Code, Problem
from api.graphql.request import Request
from api.graphql.scalars import ConsistencyToken, SafeInt
from api.live.clocks import Bearing, Followed, Seen, seen, turns
from api.live.feed import Word
from api.live.turns import Because, Moment, Order, Turn
from domain.stream import Category, category_of, subject_of
from ledger.book import recorded_at
from ledger.marks import Mark
from projections.sla_row import SlaTimer
from projections.sla_timer import TICK

MOST_BEHIND = 50_000
"""Of what bears on clocks: how much can be told of at once to somebody who comes back."""
T = TypeVar("T")

shown(
    Because,
    "SlaChangeCause",
    "Why a clock stands otherwise.",
    {
        "TIME": "Time has passed, and nothing was recorded.",
        "EVENT": "Something was recorded.",
    },
)


@strawberry.type(description="A clock stands otherwise than it did.")
class SlaChange:
    because: Because = strawberry.field(description="Why.")
    at: datetime = strawberry.field(description="When: what is recorded counts from when it is.")
    before: State | None = strawberry.field(description="How it stood; null when it was not there.")
    after: State | None = strawberry.field(
        description="How it stands; null when it is gone, or another unit has it. The same as before when something "
        "else about it changed: its due, a verdict, who has it."
    )
    warns: bool = strawberry.field(description="Whether this is its warning: it should turn amber.")
    clock_id: strawberry.ID = strawberry.field(description="The clock's id, also when it is not shown any more.")
    clock: SlaClock | None = strawberry.field(
        description="The clock as it stands when this is told, which may show later changes already; null when it is "
        "gone, or beyond what the asker is told of."
    )
    position: SafeInt | None = strawberry.field(
        description="The place in the book of what was recorded; null when only time has passed."
    )
    consistency_token: ConsistencyToken = strawberry.field(
        description="Stands for this change: after it, the next one follows."
    )


class Start(NamedTuple):
    """Where a follower of clocks begins."""

    moment: Moment
    told: Order | None = None
    """The turn that was told last, of those at that moment."""


@dataclass
class FollowedClocks:
    """One asker who follows the clocks of a unit, or of a case."""

    request: Request
    unit: str | None
    case_id: UUID | None

    async def changes(self, place: Place, *, from_now: bool) -> AsyncGenerator[SlaChange, None]:
        """What becomes of the clocks after a place."""
        door = self.request.door
        if not await shown_by(door, place.position):
            return
        moment, told = await self._in_turn(_start, door, place, from_now)
        followed, near, told_units = await self._in_turn(self._followed), None, moment.position
        while True:
            if near is None:
                near = await self._in_turn(seen, door.ledger, followed, moment.at, moment.at)
            # When it is worked out once: the follower asks everybody who waits, and holds all of them up meanwhile.
            until = partial(_turns, moment.position, near.position, near.next_turn(moment.at))
            word = await word_beyond(door, moment.position, until)
            if word is None:
                return
            marks = await self._marks(followed, moment.position, word.shown)
            now = max(
                moment.at, word.at if word.shown == word.head else moment.at, *(each.recorded_at for each in marks)
            )
            moved = any(mark.kind == Category.UNIT and mark.position > told_units for mark in marks)
            if moved or now > near.until:
                followed = await self._in_turn(self._followed) if moved else followed
                told_units = word.shown
                near = await self._in_turn(seen, door.ledger, followed, moment.at, now)
                if near.position > word.shown:
                    continue
            subjects = await self._in_turn(self._bearing(followed).subjects, marks) if marks else {}
            found = await self._in_turn(turns, door.reckonings, subjects, near.clocks, moment, now)
            if found:
                self.request.forget()
            for turn, position in _placed(found, subjects, moment):
                change = None if told and turn.order <= told else await self._change(followed, turn, position)
                if change is not None:
                    yield change
            told = told if told is not None and now < told.at else None  # what turned beside it is still to come
            moment = Moment(word.shown, now, None if told is None else told.at)
            near = None if _is_stale(near, followed, subjects, found) else near

    async def _in_turn(self, work: Callable[..., T], *arguments: Any) -> T:
        door = self.request.door
        return await lasting(door, partial(door.in_turn, work, *arguments))

    def _bearing(self, followed: Followed) -> Bearing:
        return Bearing(self.request.door.ledger, self.request.door.reckonings, followed)

    def _followed(self) -> Followed:
        """The clocks that are followed, as the units stand now."""
        if self.unit is None:
            return Followed(case_id=self.case_id)
        return Followed(names_below(self.request.door.ledger, self.unit))

    async def _marks(self, followed: Followed, after: int, upto: int) -> list[Mark]:
        """What may bear on clocks. Raises: Problem when it is too much for once."""
        door, bearing = self.request.door, self._bearing(followed)
        found: list[Mark] = []
        while after < upto:
            page = await marks_between(door, after, upto)
            after = page[-1].position
            found += filter(bearing.matters, page)
            if len(found) > MOST_BEHIND:
                message = (
                    f"More than {MOST_BEHIND} things that bear on clocks were recorded since this token. Ask for the "
                    "clocks anew, and follow them from there."
                )
                raise Problem(Code.TOO_FAR_BEHIND, message, limit=MOST_BEHIND)
        return found

    async def _change(self, followed: Followed, turn: Turn, position: int) -> SlaChange | None:
        """What is told of a turn; None when it is of no clock that is followed and within reach."""
        before = turn.was if followed.holds(turn.before) else None
        after = turn.is_now if followed.holds(turn.after) else None
        if before is None and after is None:
            return None
        shown_now = await lasting(self.request.door, partial(self._shown, turn.clock))
        if shown_now is None:  # it is beyond reach by now: that it left is told to those who had it, and nothing else
            reach = await self.request.reach()
            had, has = (
                clock is not None and followed.holds(clock) and reach.holds_unit(clock.holder_unit)
                for clock in (turn.before, turn.after)
            )
            if not had or has:
                return None
            after = None
        book = self.request.door.book
        return SlaChange(
            because=Because.EVENT if turn.order.because_of_event else Because.TIME,
            at=turn.at,
            before=before,
            after=after,
            warns=turn.warns,
            clock_id=strawberry.ID(opaque(CLOCK, book, turn.order.clock_id)),
            clock=shown_now.clock if shown_now else None,
            position=SafeInt(turn.order.position) if turn.order.because_of_event else None,
            consistency_token=token_of(book, position, _beside(turn.order)),
        )

    async def _shown(self, timer: SlaTimer) -> Shown | None:
        """The clock as the view has it by now; None when its subject is beyond reach."""
        self.request.read_again()
        loaders, subject = self.request.loaders, subject_of(timer.stream)
        of_case = category_of(timer.stream) == Category.CASE
        if await (loaders.cases if of_case else loaders.obligations).load(subject) is None:
            return None
        timers = await loaders.timers.load(timer.stream) or ()
        found = next((each for each in timers if each.clock_id == timer.clock_id), None)
        now = await self.request.now()
        return Shown(None if found is None else clock_of(found, self.request.door.book, now))


class Shown(NamedTuple):
    """What is shown of a clock whose subject lies within reach."""

    clock: SlaClock | None


def _placed(
    found: Sequence[Turn], subjects: Mapping[str, Sequence[Mark]], moment: Moment
) -> Iterator[tuple[Turn, int]]:
    """Turns in order, each with the position by which everything before it was told."""
    marks = iter(sorted({mark for told in subjects.values() for mark in told}))
    following, position = next(marks, None), moment.position
    for turn in found:
        if turn.order.because_of_event:
            yield turn, turn.order.position
            continue
        while following is not None and moment.heard(following) < turn.order.at:
            position, following = following.position, next(marks, None)
        yield turn, position


def _is_stale(near: Seen, followed: Followed, subjects: Collection[str], found: Sequence[Turn]) -> bool:
    """Whether what was seen of the clocks that turn soon may be otherwise by now."""
    return any(clock.stream in subjects for clock in near.clocks) or any(
        followed.holds(turn.before) or followed.holds(turn.after) for turn in found if turn.order.because_of_event
    )


def _turns(position: int, seen_at: int, turning: datetime, word: Word) -> bool:
    """Whether by a word something was recorded after a position, or a clock may have turned by itself, which the first
    does at `turning`. Time goes on to where nothing can have been recorded any more that is not known."""
    if word.shown < seen_at:
        return False
    return word.shown > position or (word.shown == word.head and word.at >= turning)


def _start(door: Door, place: Place, from_now: bool) -> Start:
    """Where somebody begins. A token of another stream stands for a position alone, and time goes on from when that was
    recorded. Raises: LedgerAway."""
    if from_now:
        return Start(Moment(place.position, door.now()))
    told = _order(place.beside)
    if told is None:
        at = recorded_at(door.ledger.database, door.book, place.position)
        return Start(Moment(place.position, at or datetime.min.replace(tzinfo=UTC)))
    if told.because_of_event:
        return Start(Moment(place.position - 1, told.at), told._replace(position=place.position))
    return Start(Moment(place.position, told.at - TICK, told.at), told)


def _beside(order: Order) -> str:
    """A turn, as a token has it beside the position."""
    return f"{'event' if order.because_of_event else 'time'} {order.at.isoformat()} {order.clock_id}"


def _order(beside: str) -> Order | None:
    """The turn in what stands beside a position; None when none does."""
    kind, _, rest = beside.partition(" ")
    instant, _, clock_id = rest.partition(" ")
    try:
        told_at = datetime.fromisoformat(instant)
        at = told_at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    # Some time before it and after it is reckoned with, which the first and the last year do not have.
    if told_at.tzinfo is None or kind not in {"event", "time"} or not MINYEAR < at.year < MAXYEAR:
        return None
    return Order(at, kind == "event", 0, clock_id)
