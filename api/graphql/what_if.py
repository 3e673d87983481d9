"""What another policy or calendar would have made of deadlines, as a front end sees it: in types of its own.

A normalising cache must never take what is hypothetical for what is so.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.utils.str_converters import to_camel_case

from api.graphql import calendar_mutations, policy_mutations
from api.graphql.calendar_inputs import CalendarDocumentInput
from api.graphql.carrying_out import Objected
from api.graphql.clock_enums import State
from api.graphql.enums import CaseKind, Verdict, shown
from api.graphql.identity import global_id, identity_of
from api.graphql.policy_inputs import PolicyDocumentInput
from api.graphql.problem import Code, Problem, speakable
from api.graphql.request import Info
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from api.present import present
from api.what_if_words import hours_words, reason_words, sides_of
from domain.event import EARLIEST, LATEST, Refused
from domain.refusal import Refusal
from domain.sla.calendar import CalendarDocument
from domain.sla.clock import Clock
from domain.sla.days import ToldDay
from domain.sla.policy import PolicyDocument
from domain.stream import Category, subject_of
from ledger.ledger import Ledger
from replay.flip_reasons import Reason, ReasonKind
from replay.flips import Count, Flip, FlipKind, TargetName, TargetTotal, Totals
from replay.hypothesis import Hypothesis
from replay.reader import Reader
from replay.what_if import Question, Selection, question

MOST_CASES = 1_000
"""So many cases one request looks at; `daybook sla what-if` looks at any number."""
MOST_FLIPS = 100

shown(
    FlipKind,
    "HypotheticalFlipKind",
    "What would become of a clock.",
    {
        "VERDICT_CHANGES": "One of the two is not decided: the clock still runs, lapsed, or was cancelled.",
        "DUE_MOVES": "The verdict stays.",
    },
)
shown(ReasonKind, "HypotheticalReasonKind", "What would make the difference.")


@strawberry.input(description="What to suppose, and which cases to look at. A policy, a calendar, or both.")
class WhatIfInput:
    policy: PolicyDocumentInput | None = strawberry.field(default=None, description="The policy to suppose.")
    policy_effective_from: date | None = strawberry.field(
        default=None, description="The first local day of receipt for which it holds. Null is every receipt."
    )
    instead_of: str | None = strawberry.field(
        default=None,
        description="The policy in whose place it stands. Null is the one of its own name; without such it stands "
        "beside the others.",
    )
    calendar: CalendarDocumentInput | None = strawberry.field(default=None, description="The calendar to suppose.")
    calendar_effective_from: date | None = strawberry.field(
        default=None, description="The first local date for which it holds. Null is every date."
    )
    received_from: datetime | None = strawberry.field(
        default=None, description="Looks at cases that were received then or later."
    )
    received_before: datetime | None = strawberry.field(
        default=None, description="Looks at cases that were received earlier than then."
    )
    kinds: list[CaseKind] = strawberry.field(default_factory=list, description="Looks at these kinds; none is all.")
    unit: str | None = strawberry.field(default=None, description="Looks at cases that this unit has by now.")
    case_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Looks at these cases; none is all."
    )
    at: datetime | None = strawberry.field(default=None, description="Up to when the clocks run. Null is now.")


@strawberry.type(description="A clock as one of the two standards has it.")
class HypotheticalClock:
    policy: str = strawberry.field(description="Its policy; empty for a date that was stated.")
    rule: str = strawberry.field(description="The rule of the policy.")
    target: str = strawberry.field(description="The target.")
    title: str = strawberry.field(description="What people read, in English.")
    title_zh: str | None = strawberry.field(description="The same in Chinese.")
    statutory: bool = strawberry.field(description="Whether a law demands it.")
    part: str | None = strawberry.field(description="The part of the case that it is for.")
    cycle: int = strawberry.field(description="From 1; a reopening begins another.")
    instance: int = strawberry.field(description="From 1 within a cycle.")
    state: State = strawberry.field(description="How it stands at that instant.")
    verdict: Verdict | None = strawberry.field(description="Whether it is kept, as known now; null while undecided.")
    started_at: datetime | None = strawberry.field(description="When it started.")
    due_at: datetime | None = strawberry.field(description="By when it is due.")
    due_on: date | None = strawberry.field(description="The local day, of a due that counts days.")
    zone: str = strawberry.field(description="The IANA zone of its days.")
    stopped_at: datetime | None = strawberry.field(description="When it was stopped.")


@strawberry.type(description="A local day that would count otherwise.")
class HypotheticalDay:
    day: date = strawberry.field(description="The day.")
    was: str = strawberry.field(description="Its hours, such as `09:00-17:30`, or `closed`.")
    now: str = strawberry.field(description="The hours that it would have.")


@strawberry.type(description="One of the reasons for which a clock would be otherwise.")
class HypotheticalReason:
    kind: ReasonKind = strawberry.field(description="What would make the difference.")
    was: str | None = strawberry.field(description="What is so, in short.")
    now: str | None = strawberry.field(description="What would be so, in short.")
    en: str = strawberry.field(description="The reason as a sentence, in English.")
    zh: str = strawberry.field(description="The same in Chinese.")
    days: list[HypotheticalDay] = strawberry.field(description="The days that would count otherwise.")


@strawberry.type(description="A clock that would be otherwise.")
class HypotheticalFlip:
    kind: FlipKind = strawberry.field(description="What would become of it.")
    case_id: strawberry.ID = strawberry.field(description="The id of its case, as `case` takes it.")
    number: str | None = strawberry.field(description="The register number of the case.")
    source_key: str | None = strawberry.field(description="The key of the case in its source.")
    actual: HypotheticalClock | None = strawberry.field(description="The clock that is; null for one that appears.")
    hypothetical: HypotheticalClock | None = strawberry.field(
        description="The clock that would be; null for one that vanishes."
    )
    reasons: list[HypotheticalReason] = strawberry.field(description="Why; never empty.")


@strawberry.type(description="How many clocks there are by one of the two standards.")
class HypotheticalCount:
    clocks: int = strawberry.field(description="All of them.")
    kept: int = strawberry.field(description="Those kept.")
    missed: int = strawberry.field(description="Those missed.")
    undecided: int = strawberry.field(description="Those without a verdict.")


@strawberry.type(description="How many clocks would be otherwise, of one sort.")
class HypotheticalFlipCount:
    kind: FlipKind = strawberry.field(description="What would become of them.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="What would become of the clocks of one target.")
class HypotheticalTotal:
    policy: str = strawberry.field(description="The policy.")
    target: str = strawberry.field(description="The target.")
    statutory: bool = strawberry.field(description="Whether a law demands it.")
    actual: HypotheticalCount = strawberry.field(description="As it is.")
    hypothetical: HypotheticalCount = strawberry.field(description="As it would be.")
    flips: list[HypotheticalFlipCount] = strawberry.field(description="The clocks that would be otherwise.")


@strawberry.type(description="What would have come of a hypothesis. Nothing of it has happened, and nothing is kept.")
class HypotheticalOutcome:
    hypothetical: bool = strawberry.field(description="True, always: it is to be shown with whatever is shown of this.")
    position: SafeInt = strawberry.field(description="The position of the book up to which it was read.")
    at: datetime = strawberry.field(description="The instant up to which the clocks ran.")
    in_the_place_of: str | None = strawberry.field(
        description="The published policy in whose place the supposed one stood; null when it stood beside them."
    )
    cases: int = strawberry.field(description="How many cases were looked at.")
    cases_with_flips: int = strawberry.field(description="How many of them have a clock that would be otherwise.")
    totals: list[HypotheticalTotal] = strawberry.field(description="By policy and target.")
    found: strawberry.Private[list[HypotheticalFlip]]

    @resolved("The clocks that would be otherwise, in the order in which their cases were received.")
    def flips(
        self,
        kinds: Annotated[
            list[FlipKind] | None, strawberry.argument(description="Of these sorts; of every sort when left out.")
        ] = None,
        first: Annotated[int, strawberry.argument(description="How many; at most 100.")] = 20,
    ) -> list[HypotheticalFlip]:
        if not 0 <= first <= MOST_FLIPS:
            message = f"first is {first}; ask for 0 to {MOST_FLIPS} flips."
            raise Problem(Code.PAGE_TOO_LARGE, message, limit=MOST_FLIPS, found=first)
        return self._of(kinds)[:first]

    @resolved("How many clocks would be otherwise.")
    def flip_count(
        self,
        kinds: Annotated[
            list[FlipKind] | None, strawberry.argument(description="Of these sorts; of every sort when left out.")
        ] = None,
    ) -> int:
        return len(self._of(kinds))

    def _of(self, kinds: list[FlipKind] | None) -> list[HypotheticalFlip]:
        return [flip for flip in self.found if kinds is None or flip.kind in kinds]


@strawberry.type
class WhatIfQuery:
    @resolved(
        "The same events under another policy or calendar: which deadlines would be kept or missed otherwise, and why. "
        f"Nothing is written. It looks at {MOST_CASES:,} cases at most."
    )
    async def what_if(
        self,
        info: Info,
        input: Annotated[WhatIfInput, strawberry.argument(description="What to suppose.")],  # noqa: A002
    ) -> HypotheticalOutcome:
        door = info.context.door
        hypothesis, selection = _hypothesis(input), _selection(input, door.book)
        return await door.off_loop(_answer, door.ledger, hypothesis, selection, input.at)


# Asked ----------------------------------------------------------------------------------------------------------------


def _hypothesis(asked: WhatIfInput) -> Hypothesis:
    """What is supposed. Raises: Problem, with all the mistakes of the documents."""
    if asked.policy is None and asked.calendar is None:
        raise Problem(Code.BAD_ARGUMENTS, "Say what to suppose: a policy, a calendar, or both.")
    if asked.policy is None and (asked.policy_effective_from or asked.instead_of):
        raise Problem(Code.BAD_ARGUMENTS, "policyEffectiveFrom and insteadOf are about a policy; give one.")
    if asked.calendar is None and asked.calendar_effective_from:
        raise Problem(Code.BAD_ARGUMENTS, "calendarEffectiveFrom is about a calendar; give one.")
    _within_the_ledger(asked)
    policy: PolicyDocument | None = None
    calendar: CalendarDocument | None = None
    try:
        if asked.policy is not None:
            policy = policy_mutations.document_in(asked.policy)
        if asked.calendar is not None:
            calendar = calendar_mutations.document_in(asked.calendar)
    except Objected as objected:
        field = "calendar" if asked.policy is None or policy is not None else "policy"
        mistakes = [
            {"field": [field, *(each.field or ())[1:]], "message": each.message} for each in objected.objections
        ]
        message = f"The {field} has mistakes: {' '.join(each.message for each in objected.objections)}"
        raise Problem(Code.BAD_HYPOTHESIS, message, mistakes=mistakes) from None
    return Hypothesis(policy, asked.policy_effective_from, asked.instead_of, calendar, asked.calendar_effective_from)


def _within_the_ledger(asked: WhatIfInput) -> None:
    """Raises: Problem for days and instants by which nothing can be worked out."""
    for name, day in (
        ("policyEffectiveFrom", asked.policy_effective_from),
        ("calendarEffectiveFrom", asked.calendar_effective_from),
        ("at", asked.at),
    ):
        if day is not None and not EARLIEST.year <= day.year < LATEST.year:
            raise Problem(Code.BAD_ARGUMENTS, f"{name} is no time of this ledger; give one from 1900 to 2199.")


def _selection(asked: WhatIfInput, book: str) -> Selection:
    """Which cases are looked at. Raises: Problem."""
    if len(asked.case_ids) > MOST_CASES:
        raise _too_many(len(asked.case_ids))
    return Selection(
        received_from=asked.received_from,
        received_before=asked.received_before,
        kinds=tuple(asked.kinds),
        unit=None if asked.unit is None else speakable(asked.unit),
        cases=tuple(identity_of(each, book, Category.CASE).stream for each in asked.case_ids),
    )


def _too_many(cases: int) -> Problem:
    return Problem(
        Code.TOO_MANY_CASES,
        f"{cases:,} cases or more would have to be looked at, and one request looks at {MOST_CASES:,} at most. Ask for "
        "a shorter time of receipt, or ask `daybook sla what-if`, which looks at any number.",
        limit=MOST_CASES,
    )


# Answered -------------------------------------------------------------------------------------------------------------


def _answer(ledger: Ledger, hypothesis: Hypothesis, selection: Selection, at: datetime | None) -> HypotheticalOutcome:
    """Works it out. Raises: Problem."""
    try:
        asked = question(Reader(ledger), hypothesis, at or present(ledger), selection)
    except Refused as refused:
        params = {"refusal": str(refused.code), "field": _field(refused), **refused.params}
        raise Problem(Code.BAD_HYPOTHESIS, refused.message, **params) from None
    if not selection.cases and len(found := asked.receipts(0, MOST_CASES + 1)) > MOST_CASES:
        raise _too_many(len(found))
    totals, flips = Totals(), list[Flip]()
    for part in asked.parts():
        totals.add(part.totals)
        flips += part.flips
    return _outcome(asked, totals, flips)


def _field(refused: Refused) -> str | None:
    """The field of the input at fault; a proposal of either would have its document at fault."""
    if refused.field != "document":
        return None if refused.field is None else to_camel_case(refused.field)
    return "calendar" if refused.code == Refusal.CALENDAR_ZONE_DIFFERS else "policy"


def _outcome(asked: Question, totals: Totals, flips: list[Flip]) -> HypotheticalOutcome:
    return HypotheticalOutcome(
        hypothetical=True,
        position=SafeInt(asked.upto),
        at=asked.at,
        in_the_place_of=asked.supposed.replaced,
        cases=totals.cases,
        cases_with_flips=totals.cases_with_flips,
        totals=[_total(name, total) for name, total in totals.in_order()],
        found=[_flip(flip, asked.book.book) for flip in flips],
    )


def _total(name: TargetName, total: TargetTotal) -> HypotheticalTotal:
    return HypotheticalTotal(
        policy=name.policy,
        target=name.target,
        statutory=total.statutory,
        actual=_count(total.actual),
        hypothetical=_count(total.hypothetical),
        flips=_counts(total.flips),
    )


def _counts(counted: Counter[FlipKind]) -> list[HypotheticalFlipCount]:
    return [HypotheticalFlipCount(kind=kind, count=counted[kind]) for kind in FlipKind if counted[kind]]


def _count(count: Count) -> HypotheticalCount:
    return HypotheticalCount(clocks=count.clocks, kept=count.kept, missed=count.missed, undecided=count.undecided)


def _flip(flip: Flip, book: str) -> HypotheticalFlip:
    case_id: UUID = subject_of(flip.stream)
    return HypotheticalFlip(
        kind=flip.kind,
        case_id=strawberry.ID(global_id(Category.CASE, book, case_id)),
        number=None if flip.number is None else str(flip.number),
        source_key=flip.source_key,
        actual=None if flip.actual is None else _clock(flip.actual),
        hypothetical=None if flip.hypothetical is None else _clock(flip.hypothetical),
        reasons=[_reason(reason) for reason in flip.reasons],
    )


def _clock(clock: Clock) -> HypotheticalClock:
    key, due = clock.key, clock.due
    return HypotheticalClock(
        policy=key.policy,
        rule=clock.basis.rule,
        target=key.target,
        title=clock.title.en,
        title_zh=clock.title.zh,
        statutory=clock.statute is not None,
        part=key.part,
        cycle=key.cycle,
        instance=key.instance,
        state=clock.state,
        verdict=clock.now,
        started_at=clock.started_at,
        due_at=None if due is None else due.at,
        due_on=None if due is None else due.on,
        zone=clock.basis.zone,
        stopped_at=None if clock.stop is None else clock.stop.at,
    )


def _reason(reason: Reason) -> HypotheticalReason:
    was, now = sides_of(reason)
    english, chinese = reason_words(reason)
    return HypotheticalReason(
        kind=reason.kind,
        was=was,
        now=now,
        en=english,
        zh=chinese,
        days=[HypotheticalDay(day=each.day, was=_hours(each.was), now=_hours(each.now)) for each in reason.days],
    )


def _hours(told: ToldDay | None) -> str:
    return hours_words(told)[0]
