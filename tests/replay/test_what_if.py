import gc
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.amending import ApproveAmendment, RequestCorrection
from domain.amendment import Occurrence, Replacement
from domain.case.commands import ChangeCaseCustomer, ReceiveCase, RegisterCase, ResolveCase, TransferCase
from domain.case.relations import MergeCase
from domain.case.vocabulary import CaseKind, Outcome
from domain.channel import Channel
from domain.customer import AssignTier, Tier
from domain.envelope import Submission
from domain.event import Refused
from domain.sla.calendar import document_of
from domain.sla.policy import PolicyDocument
from domain.unit.commands import OpenUnit, SetUnitHours
from domain.unit.events import UnitKind, id_of_unit
from ledger.ledger import Ledger
from ledger.outcome import Accepted
from replay.flip_reasons import ReasonKind
from replay.flips import Flip, FlipKind, Totals
from replay.hypothesis import Hypothesis
from replay.reader import Reader
from replay.what_if import Question, Selection, question
from tests.ledger.submissions import OPENED, case_stream, register_customer, submission
from tests.ledger.test_terms import DESK, POLICY, publish_calendar, publish_policy, tell
from tests.projections.books import fill

LATER = datetime(2026, 6, 1, tzinfo=UTC)
MONDAY = datetime.fromisoformat("2026-01-12T09:00:00+08:00")
TIGHTER = PolicyDocument.model_validate(
    {**POLICY, "targets": [{**each, "clock": {"type": "business_days", "amount": 1}} if each["id"] == "days" else each
                           for each in POLICY["targets"]]}
)  # fmt: skip
"""The same with one business day instead of three."""


def life(case_id: UUID, at: datetime = MONDAY, days: int = 2, unit: str = "East", **rest: Any) -> Iterator[Submission]:
    """A case that is received and registered, and resolved so many days later."""
    kind = rest.pop("kind", CaseKind.COMPLAINT)
    received = ReceiveCase(at=at, case_id=case_id, kind=kind, channel=Channel.HOTLINE, **rest)
    yield submission(received, at=at)
    yield submission(RegisterCase(at=at, case_id=case_id, unit=unit), at=at)
    resolved = at + timedelta(days=days)
    yield submission(ResolveCase(at=resolved, case_id=case_id, outcome=Outcome.SOLVED, redress=None), at=resolved)


def write(ledger: Ledger, *lives: Iterator[Submission]) -> None:
    asked = sorted((each for one in lives for each in one), key=lambda each: each.said_at or OPENED)
    for outcome in ledger.carry_out_all(asked):
        assert isinstance(outcome, Accepted), outcome


def answered(asked: Question) -> tuple[list[Flip], Totals]:
    totals, flips = Totals(), list[Flip]()
    for part in asked.parts():
        totals.add(part.totals)
        flips += part.flips
    return flips, totals


def flipped(reader: Reader, selection: Selection | None = None, policy: PolicyDocument = TIGHTER) -> list[str]:
    """The streams of the cases with a clock that would be otherwise, in order."""
    flips, _ = answered(question(reader, Hypothesis(policy), LATER, selection))
    return list(dict.fromkeys(flip.stream for flip in flips))


def test_a_book_is_asked_and_nothing_is_written(ledger: Ledger, reader: Reader) -> None:
    prompt, slow, late = uuid4(), uuid4(), uuid4()
    write(ledger, life(prompt, days=1), life(slow, days=2), life(late, days=9))
    before = ledger.head(), ledger.database.rows("SELECT count(*), max(position) FROM ledger.outcome")
    flips, totals = answered(question(reader, Hypothesis(TIGHTER), LATER))
    assert [(flip.stream, flip.kind) for flip in flips] == [
        (case_stream(prompt), FlipKind.DUE_MOVES),
        (case_stream(slow), FlipKind.KEPT_TO_MISSED),
        (case_stream(late), FlipKind.DUE_MOVES),
    ]
    assert {reason.kind for flip in flips for reason in flip.reasons} == {ReasonKind.AMOUNT}
    assert [str(flip.number) for flip in flips] == ["C2026-000001", "C2026-000002", "C2026-000003"]
    told = {name.target: (total.actual.kept, total.hypothetical.kept) for name, total in totals.in_order()}
    assert told == {"days": (2, 1), "dispatched": (0, 0)}
    assert (totals.cases, totals.cases_with_flips) == (3, 3)
    assert (ledger.head(), ledger.database.rows("SELECT count(*), max(position) FROM ledger.outcome")) == before


def test_cases_are_chosen_by_when_they_were_received(ledger: Ledger, reader: Reader) -> None:
    cases = [uuid4() for _ in range(3)]
    write(ledger, *(life(case, MONDAY + timedelta(days=7 * week)) for week, case in enumerate(cases)))
    second = MONDAY + timedelta(days=7)
    assert flipped(reader, Selection(received_from=second)) == [case_stream(each) for each in cases[1:]]
    assert flipped(reader, Selection(received_before=second)) == [case_stream(cases[0])]
    assert flipped(reader, Selection(received_from=second, received_before=second)) == []


def test_a_receipt_that_was_corrected_counts_when_it_is_read_to_be(ledger: Ledger, reader: Reader) -> None:
    case, other = uuid4(), uuid4()
    write(ledger, life(case), life(other))
    earlier = MONDAY - timedelta(days=3)
    (receipt, *_) = ledger.history(case_stream(case))
    tell(ledger, RequestCorrection(
        at=LATER, about=case_stream(case), version=1, replacement=Replacement.of(receipt.event),
        occurrence=Occurrence(at=earlier, zone="UTC", precision=receipt.occurred_precision),
        reason="the letter is dated", requested_by="王芳"), at=LATER)  # fmt: skip
    request = len(ledger.history(case_stream(case)))
    tell(ledger, ApproveAmendment(at=LATER, about=case_stream(case), request=request, approved_by="Director Li"),
         at=LATER)  # fmt: skip
    assert flipped(reader, Selection(received_before=MONDAY)) == [case_stream(case)]
    assert flipped(reader, Selection(received_from=MONDAY)) == [case_stream(other)]


def test_cases_are_chosen_by_kind_by_unit_and_one_by_one(ledger: Ledger, reader: Reader) -> None:
    complaint, request, moved = uuid4(), uuid4(), uuid4()
    *begun, resolved = life(moved)
    write(ledger, life(complaint), life(request, kind=CaseKind.REQUEST), iter(begun))
    tell(ledger, TransferCase(at=MONDAY, case_id=moved, to_unit="West", reason="theirs"), at=MONDAY)
    write(ledger, iter([resolved]))
    assert flipped(reader, Selection(kinds=("request",))) == [case_stream(request)]
    assert flipped(reader, Selection(unit="West")) == [case_stream(moved)]
    assert flipped(reader, Selection(unit="East")) == [case_stream(complaint), case_stream(request)]
    assert flipped(reader, Selection(cases=(case_stream(moved), case_stream(complaint)))) == [
        case_stream(moved),
        case_stream(complaint),
    ]
    assert flipped(reader, Selection(cases=("case-of-nobody",))) == []


def test_a_case_that_is_named_several_times_is_looked_at_once(ledger: Ledger, reader: Reader) -> None:
    case, other = uuid4(), uuid4()
    write(ledger, life(case), life(other))
    selection = Selection(cases=tuple(map(case_stream, (case, other, case))))
    whole = question(reader, Hypothesis(TIGHTER), LATER, selection)
    cut = Question(whole.book, selection, whole.at, whole.upto, whole.actual, whole.supposed, batch=1)
    assert [answered(asked)[1].cases for asked in (whole, cut)] == [2, 2]


def test_the_answer_is_the_same_however_the_book_is_cut(ledger: Ledger, reader: Reader) -> None:
    write(ledger, *(life(uuid4(), MONDAY + timedelta(hours=number), days=number % 4) for number in range(12)))
    asked = question(reader, Hypothesis(TIGHTER), LATER)
    whole = answered(asked)
    for batch in (1, 5):
        cut = Question(asked.book, asked.selection, asked.at, asked.upto, asked.actual, asked.supposed, batch)
        assert answered(cut) == whole
        assert [part.position for part in cut.parts()] == sorted({part.position for part in cut.parts()})


def test_what_is_recorded_after_the_position_does_not_matter(ledger: Ledger, reader: Reader) -> None:
    case = uuid4()
    *begun, resolved = life(case)
    write(ledger, iter(begun))
    head = ledger.head()
    before = answered(question(reader, Hypothesis(TIGHTER), MONDAY, upto=head))
    write(ledger, iter([resolved]), life(uuid4(), LATER))
    publish_policy(ledger, {**POLICY, "rank": 1}, since=date(2026, 1, 1), at=LATER)
    assert answered(question(reader, Hypothesis(TIGHTER), MONDAY, upto=head)) == before
    assert before[1].cases == 1


def test_the_tier_of_the_customer_chooses_among_the_supposed_rules(ledger: Ledger, reader: Reader) -> None:
    gold, standard, customer, nobody = uuid4(), uuid4(), uuid4(), uuid4()
    tell(ledger, register_customer(customer), AssignTier(at=OPENED, customer_id=customer, tier=Tier.GOLD))
    write(ledger, life(gold, customer_id=customer), life(standard))
    tell(
        ledger, register_customer(nobody), ChangeCaseCustomer(at=LATER, case_id=standard, customer_id=nobody), at=LATER
    )
    for_gold = PolicyDocument.model_validate(
        {**POLICY, "rules": [{"id": "gold", "when": {"tier": ["gold"]}, "targets": ["days"]}, *POLICY["rules"][1:]]}
    )
    assert flipped(reader, policy=for_gold) == [case_stream(gold)]


def test_a_survivor_is_looked_at_with_the_cases_that_it_took_over(ledger: Ledger, reader: Reader) -> None:
    statute = {"clause": "s. 1", "source": "read in 2026"}
    law = {**POLICY, "name": "law", "regime": "law", "rules": [{"id": "all", "targets": ["days"]}],
           "targets": [{**POLICY["targets"][1], "statute": statute}]}  # fmt: skip
    publish_policy(ledger, law)
    older, survivor = uuid4(), uuid4()
    *first, _ = life(older, MONDAY)
    *second, resolved = life(survivor, MONDAY + timedelta(days=2), days=1)
    write(ledger, iter(first), iter(second))
    merged = MONDAY + timedelta(days=2, hours=1)
    tell(ledger, MergeCase(at=merged, case_id=older, into=survivor), at=merged)
    write(ledger, iter([resolved]))
    four = {**law, "targets": [{**law["targets"][0], "clock": {"type": "business_days", "amount": 2}}]}
    asked = question(reader, Hypothesis(PolicyDocument.model_validate(four)), LATER)
    told = {flip.stream: flip for flip in answered(asked)[0] if flip.kind is FlipKind.KEPT_TO_MISSED}
    assert list(told) == [case_stream(survivor)]
    clock = told[case_stream(survivor)].hypothetical
    assert clock is not None
    assert clock.measured_from == MONDAY


def test_a_larger_book_takes_no_more_memory(ledger: Ledger, reader: Reader) -> None:
    asked = question(reader, Hypothesis(TIGHTER), LATER)

    def held() -> int:
        """The most bytes that are held after any part, with the part; what waits to be collected is not counted."""
        cut = Question(asked.book, asked.selection, asked.at, ledger.head(), asked.actual, asked.supposed, 20)
        totals, most = Totals(), 0
        tracemalloc.start()
        for part in cut.parts():
            totals.add(part.totals)
            gc.collect()
            most = max(most, tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert totals.cases_with_flips == totals.cases
        return most

    write(ledger, *(life(uuid4()) for _ in range(60)))
    held()  # what is made ready once, such as the years of a calendar
    small = held()
    write(ledger, *(life(uuid4()) for _ in range(180)))
    assert held() < 2 * small


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("hypothesis", [Hypothesis(PolicyDocument.model_validate(POLICY)), Hypothesis(calendar=DESK)])
def test_what_is_so_already_flips_nothing_in_any_history(
    ledger: Ledger, reader: Reader, hypothesis: Hypothesis, seed: int
) -> None:
    fill(ledger, cases=60, seed=seed)
    flips, totals = answered(question(reader, hypothesis, LATER))
    assert flips == []
    assert totals.cases == 60
    assert any(total.actual.missed for _, total in totals.in_order())


OTHERWISE = {
    "name": "promises",
    "title": {"en": "Otherwise"},
    "regime": "internal",
    "zone": "UTC",
    "calendar": "desk",
    "rules": [
        {"id": "received", "when": {"channel": ["web"], "tier": ["gold", "key"]}, "targets": ["days", "reply"]},
        {"id": "east", "when": {"unit": ["East"]}, "targets": ["soon", "reply"]},
        {"id": "others", "targets": ["soon", "days", "dispatched"]},
    ],
    "targets": [
        {**POLICY["targets"][0], "pauses": {"grounds": ["customer"]}, "on_expiry": "opens", "opens": "days"},
        {**POLICY["targets"][1], "clock": {"type": "calendar_days", "amount": 2, "roll": "next_working_day"},
         "reopen": "resume", "on_change": "keep"},
        {**POLICY["targets"][3], "clock": {"type": "elapsed", "amount": "PT2H"}, "instances": "start"},
        {"id": "reply", "title": {"en": "Reply"}, "kind": "next_response", "subject": "part",
         "clock": {"type": "working_time", "amount": "PT1H"}, "stop": "any(response-sent, case-part-resolved)"},
    ],
}  # fmt: skip
"""As much otherwise as a policy can be."""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_flip_of_any_history_has_a_reason_and_every_clock_is_counted(
    ledger: Ledger, reader: Reader, seed: int
) -> None:
    fill(ledger, cases=60, seed=seed)
    other = PolicyDocument.model_validate(OTHERWISE)
    flips, totals = answered(question(reader, Hypothesis(other), LATER))
    assert {flip.kind for flip in flips} >= {FlipKind.APPEARS, FlipKind.VANISHES}
    assert all(flip.reasons for flip in flips)
    for _, total in totals.in_order():
        assert total.actual.undecided >= 0
        assert total.hypothetical.undecided >= 0
    counted = sum(totals.flips.values())
    assert (counted, totals.cases) == (len(flips), 60)
    came = sum(flip.kind is FlipKind.APPEARS for flip in flips) - sum(flip.kind is FlipKind.VANISHES for flip in flips)
    clocks = [sum(side.clocks for side in sides) for sides in zip(
        *((total.actual, total.hypothetical) for _, total in totals.in_order()), strict=True)]  # fmt: skip
    assert clocks[1] - clocks[0] == came


def test_the_hours_of_a_unit_count_where_a_case_would_go_by_those_of_whom_it_was_passed_on_to(
    ledger: Ledger, reader: Reader
) -> None:
    weekends = {"name": "weekends", "title": {"en": "Weekends"}, "zone": "Asia/Shanghai", "source": "notice",
                "week": {"sat": ["09:00-17:00"], "sun": ["09:00-17:00"]}}  # fmt: skip
    publish_calendar(ledger, document_of(weekends))
    group, shift = id_of_unit("集团"), id_of_unit("Shift")
    tell(ledger, OpenUnit(at=OPENED, name="集团", kind=UnitKind.GROUP))
    tell(ledger, OpenUnit(at=OPENED, name="Shift", kind=UnitKind.TEAM, parent=group))
    tell(ledger, SetUnitHours(at=OPENED, unit_id=group, calendar="weekends"))
    passed_on, stays = uuid4(), uuid4()
    tuesday = MONDAY + timedelta(days=1)
    transfer = submission(TransferCase(at=tuesday, case_id=passed_on, to_unit="Shift"), at=tuesday)
    write(ledger, life(passed_on, days=5), life(stays, days=5), iter([transfer]))
    moving = {**POLICY, "targets": [{**each, "on_transfer": "move"} for each in POLICY["targets"]]}
    asked = question(reader, Hypothesis(PolicyDocument.model_validate(moving)), LATER)
    (flip,), totals = answered(asked)
    assert (flip.stream, flip.kind, totals.cases) == (case_stream(passed_on), FlipKind.MISSED_TO_KEPT, 2)
    assert flip.actual is not None
    assert flip.hypothetical is not None
    assert flip.actual.due is not None
    assert flip.hypothetical.due is not None
    assert (flip.actual.due.on, flip.hypothetical.due.on) == (date(2026, 1, 15), date(2026, 1, 24))
    tell(ledger, SetUnitHours(at=OPENED, unit_id=shift, calendar="desk"))
    assert answered(asked)[0] == [flip]  # up to the position that was asked about


def test_a_policy_for_obligations_alone_makes_no_difference_to_any_case_and_is_not_supposed(reader: Reader) -> None:
    done = {**POLICY["targets"][1], "subject": "obligation", "start": "obligation-opened", "stop": "obligation-met",
            "cancel": "obligation-cancelled"}  # fmt: skip
    rules = [{"id": "owed", "when": {"obligation": ["task"]}, "targets": [done["id"]]}]
    owed = PolicyDocument.model_validate({**POLICY, "rules": rules, "targets": [done]})
    with pytest.raises(Refused, match="Every rule of the policy promises is for obligations") as answer:
        question(reader, Hypothesis(owed), LATER)
    assert answer.value.code == "NO_RULE_FITS"
