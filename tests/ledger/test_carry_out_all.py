from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from typing_extensions import override

from domain.case.commands import RecordAttributes
from domain.case.events import Attribute
from domain.case.relations import MergeCase
from domain.customer import ContactKind
from domain.envelope import Recorded, RegisterNumber, Submission
from domain.event import Refused
from domain.obligation import ObligationKind, OpenObligation
from domain.unit.commands import MoveUnit, OpenUnit
from domain.unit.events import UnitKind, id_of_unit, stream_of_unit
from ledger.append import LeftOut, Write, Written
from ledger.database import Database
from ledger.errors import BatchMoved, CommandIdReused, LedgerError, StreamMoved, TooLarge
from ledger.ledger import MOST_TRIES, OUTCOMES, Ledger
from ledger.outcome import Accepted, Outcome
from tests import conftest
from tests.ledger.submissions import (
    MASTER,
    OPENED,
    case_stream,
    classify,
    contact,
    customer_stream,
    opened,
    receive,
    register,
    register_customer,
    rename,
    submission,
)


class Interrupted(Database):
    """A database in which something else happens just before each of this program's own batches."""

    interruptions: int = 0
    happens: Callable[[], object] | None = None

    @override
    def write_together(self, book: str, writes: Sequence[Write]) -> list[Written | LeftOut]:
        if self.happens is not None:
            self.interruptions += 1
            self.happens()
        return super().write_together(book, writes)


class Overtaken(Database):
    """A database in which something else happens just before this program first reads a stream."""

    happens: Callable[[], object] | None = None

    @override
    def rows(self, query: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        if self.happens is not None and "stream" in parameters:
            happens, self.happens = self.happens, None
            happens()
        return super().rows(query, parameters)


def brief(outcome: Outcome) -> str:
    """An outcome in one word."""
    match outcome:
        case Accepted():
            return "repeated" if outcome.repeated else f"to {outcome.position}"
        case Refused():
            return outcome.code
        case LedgerError():
            return type(outcome).__name__


def in_the_end(ledger: Ledger, asked: Submission) -> Accepted:
    """The answer to a submission that is asked for again while other writers keep moving its stream."""
    while True:
        with suppress(StreamMoved):
            return ledger.carry_out(asked)


def until_it_holds_still(ledger: Ledger, batch: Sequence[Submission]) -> list[Outcome]:
    """The answers to a batch that is asked for again while other writers keep moving its streams."""
    while True:
        with suppress(BatchMoved):
            return ledger.carry_out_all(batch)


def test_many_submissions_are_answered_as_if_they_were_carried_out_one_by_one(
    ledger: Ledger, written: Database
) -> None:
    other, customer = opened(written, "other"), uuid4()
    cases = [uuid4() for _ in range(5)]
    asked = [
        submission(register_customer(customer, "王小明")),
        *(submission(receive(case, "三月份收了两次费", customer_id=customer), register(case)) for case in cases),
        submission(rename(customer, "Li")),
        submission(classify(cases[0], "A")),
        submission(classify(cases[0], "A")),
        submission(classify(uuid4(), "A")),
        submission(classify(cases[0], "B"), expected=((case_stream(cases[0]), 3),)),
    ]
    together = ledger.carry_out_all(asked)
    apart: list[Outcome] = []
    for one in asked:
        try:
            apart.append(other.carry_out(one))
        except Refused as refused:
            apart.append(refused)
    assert [brief(outcome) for outcome in together] == [brief(outcome) for outcome in apart]
    assert [o for o in together if isinstance(o, Accepted)] == [o for o in apart if isinstance(o, Accepted)]
    assert [as_told(recorded) for recorded in ledger.since(1, opened=True)] == [
        as_told(recorded) for recorded in other.since(1, opened=True)
    ]


def as_told(recorded: Recorded[Any]) -> Recorded[Any]:
    """An event without its book, and without the place at which its decision read the book's standards: a batch reads
    them once."""
    return recorded._replace(book="", metadata=replace(recorded.metadata, basis=None))


def test_a_submission_knows_what_those_before_it_in_the_batch_did_to_other_streams(ledger: Ledger) -> None:
    one, two, three = (id_of_unit(name) for name in ("North", "South", "东部"))
    opening = [OpenUnit(at=OPENED, name=name, kind=UnitKind.BRANCH) for name in ("North", "South", "东部")]
    moves = [
        MoveUnit(at=OPENED, unit_id=unit, parent=parent) for unit, parent in ((one, two), (two, three), (three, one))
    ]
    task = OpenObligation(
        at=OPENED, obligation_id=uuid4(), kind=ObligationKind.TASK, title="call back", case_id=(case := uuid4())
    )
    asked = [submission(command) for command in (*opening, *moves, receive(case), task)]
    *answers, last = ledger.carry_out_all(asked)
    assert [brief(answer) for answer in answers if isinstance(answer, Refused)] == ["UNIT_IN_A_CIRCLE"]
    assert isinstance(last, Accepted)
    assert ledger.tips([stream_of_unit(three)])[stream_of_unit(three)].state.parent is None


def test_history_that_goes_round_is_refused_in_one_batch_as_one_by_one(ledger: Ledger) -> None:
    one, two, three = uuid4(), uuid4(), uuid4()
    merges = [MergeCase(at=OPENED, case_id=case, into=into) for case, into in ((one, two), (two, three), (three, one))]
    asked = [submission(command, imported=True) for command in (receive(one), receive(two), receive(three), *merges)]
    *_, last = ledger.carry_out_all(asked)
    assert brief(last) == "MERGES_IN_A_CIRCLE"


def test_no_submissions_have_no_answers(ledger: Ledger) -> None:
    assert ledger.carry_out_all([]) == []


def test_one_that_fails_takes_no_other_with_it(ledger: Ledger) -> None:
    case, customer = uuid4(), uuid4()
    stream = case_stream(case)
    many = RecordAttributes(
        at=OPENED, case_id=case, attributes=tuple(Attribute(name=f"a{n}", value="密" * 200) for n in range(100))
    )
    asked = [
        submission(receive(case), register_customer(customer, "Wang")),
        submission(classify(case, "A"), many),
        submission(contact(customer, ContactKind.OTHER, "\x01" * 11_000)),
        submission(classify(case, "B"), expected=((stream, 7),)),
        submission(register(uuid4())),
        submission(classify(case, "C", at=OPENED.replace(year=2027))),
        submission(register(case)),
    ]
    assert [brief(outcome) for outcome in ledger.carry_out_all(asked)] == [
        "to 3",
        "TooLarge",
        "TooLarge",
        "StreamMoved",
        "UNKNOWN_CASE",
        "OCCURS_IN_THE_FUTURE",
        "to 4",
    ]
    assert [recorded.version for recorded in ledger.history(stream)] == [1, 2]
    assert {TooLarge, StreamMoved} <= {type(outcome) for outcome in ledger.carry_out_all(asked)}


def test_all_that_fail_together_write_nothing(ledger: Ledger) -> None:
    outcomes = ledger.carry_out_all([submission(register(uuid4())) for _ in range(3)])
    assert [brief(outcome) for outcome in outcomes] == ["UNKNOWN_CASE"] * 3
    assert ledger.head() == 1


def test_asked_again_all_give_the_same_answers(ledger: Ledger) -> None:
    asked = [submission(receive(case := uuid4(), "words"), register(case)) for _ in range(20)]
    asked += [submission(*asked[0].commands)]
    first = ledger.carry_out_all(asked)
    assert ledger.carry_out_all(asked) == first
    assert [ledger.carry_out(one) for one in asked] == first
    assert ledger.carry_out_all([*asked[10:], (new := submission(receive(uuid4())))])[-1] == ledger.carry_out(new)
    assert ledger.head() == 42


def test_the_same_submission_twice_in_a_batch_is_carried_out_once(ledger: Ledger) -> None:
    case, command_id = uuid4(), uuid4()
    asked = submission(receive(case), command_id=command_id)
    other = submission(receive(uuid4()), command_id=command_id)
    first, again, reused = ledger.carry_out_all([asked, asked, other])
    assert isinstance(first, Accepted)
    assert (first.repeated, brief(again), brief(reused)) == (False, "repeated", "CommandIdReused")
    assert first == again
    assert isinstance(reused, CommandIdReused)
    assert ledger.head() == 2


def test_an_id_whose_first_use_was_refused_may_be_used_again_in_the_same_batch(ledger: Ledger) -> None:
    case = uuid4()
    late = submission(register(case))
    outcomes = ledger.carry_out_all([late, submission(receive(case)), late, late])
    assert [brief(outcome) for outcome in outcomes] == ["UNKNOWN_CASE", "to 2", "to 3", "repeated"]


def test_register_numbers_follow_the_order_of_the_batch(ledger: Ledger) -> None:
    cases = [uuid4() for _ in range(50)]
    outcomes = ledger.carry_out_all(
        [submission(receive(case), *([register(case)] if nth % 3 else [])) for nth, case in enumerate(cases)]
    )
    given = [outcome.register() for outcome in outcomes if isinstance(outcome, Accepted)]
    assert [number for number in given if number] == [RegisterNumber("C2026", nth) for nth in range(1, 34)]
    assert [number is None for number in given] == [nth % 3 == 0 for nth in range(50)]


def test_a_batch_is_decided_anew_when_another_writer_moves_its_streams(
    ledger: Ledger, database: conftest.Database
) -> None:
    cases = [uuid4() for _ in range(3)]
    for case in cases:
        ledger.carry_out(submission(receive(case)))
    with Interrupted(database.writer_url) as interrupted:
        late = Ledger(interrupted, MASTER, "main")

        def once() -> None:
            interrupted.happens = None
            ledger.carry_out(submission(register(cases[1])))

        interrupted.happens = once
        otherwise = register(cases[1]).model_copy(update={"unit": "North"})
        asked = [submission(register(cases[0])), submission(otherwise), submission(register(cases[2]))]
        assert [brief(outcome) for outcome in late.carry_out_all(asked)] == ["to 6", "ALREADY_REGISTERED", "to 7"]
        assert interrupted.interruptions == 1


def test_a_batch_whose_streams_keep_moving_is_given_up_with_nothing_written(
    ledger: Ledger, database: conftest.Database
) -> None:
    case = uuid4()
    ledger.carry_out(submission(receive(case)))
    fresh = uuid4()
    with Interrupted(database.writer_url) as interrupted:
        late = Ledger(interrupted, MASTER, "main")
        interrupted.happens = lambda: ledger.carry_out(submission(classify(case, str(uuid4()))))
        with pytest.raises(BatchMoved):
            late.carry_out_all([submission(receive(fresh)), submission(register(case))])
        assert interrupted.interruptions == MOST_TRIES
    assert ledger.history(case_stream(fresh)) == []
    assert ledger.head() == 2 + MOST_TRIES


def test_another_try_that_was_faster_answers_for_what_would_now_be_refused(
    ledger: Ledger, database: conftest.Database
) -> None:
    case = uuid4()
    ledger.carry_out(submission(receive(case)))
    asked = submission(register(case), expected=((case_stream(case), 1),))
    with Overtaken(database.writer_url) as connected:
        late = Ledger(connected, MASTER)
        connected.happens = lambda: ledger.carry_out(asked)
        assert late.carry_out_all([asked]) == [ledger.carry_out(asked)]
    assert ledger.head() == 3


def test_bulk_and_single_writers_of_the_same_streams_lose_nothing(ledger: Ledger, database: conftest.Database) -> None:
    customer = uuid4()
    ledger.carry_out(submission(register_customer(customer, "Wang")))
    singly = [submission(contact(customer, ContactKind.QQ, f"single {nth}")) for nth in range(20)]
    batches = [
        [submission(contact(customer, ContactKind.QQ, f"batch {nth}-{k}")) for k in range(20)] for nth in range(10)
    ]
    with Database(database.writer_url) as elsewhere, ThreadPoolExecutor(2) as threads:
        bulk = Ledger(elsewhere, MASTER, "main")
        one_by_one = threads.submit(lambda: [in_the_end(ledger, asked) for asked in singly])
        outcomes = [outcome for batch in batches for outcome in until_it_holds_still(bulk, batch)]
        assert len(one_by_one.result()) == 20
    assert [outcome for outcome in outcomes if not isinstance(outcome, Accepted)] == []
    assert [r.version for r in ledger.history(customer_stream(customer))] == list(range(1, 222))
    assert [r.position for r in ledger.since(0)] == list(range(1, 223))


def test_a_thousand_submissions_go_in_with_one_transaction(ledger: Ledger, written: Database) -> None:
    ledger.carry_out_all([submission(receive(case := uuid4(), "words"), register(case)) for _ in range(1000)])
    (counted,) = written.rows(
        "SELECT count(DISTINCT xmin::text), count(*), max(position) FROM ledger.event WHERE position > 1"
    )
    assert counted == (1, 2000, 2001)


def test_a_version_expected_of_a_stream_that_nothing_is_asked_of_is_named(ledger: Ledger) -> None:
    other = case_stream(uuid4())
    (answer,) = ledger.carry_out_all([submission(receive(uuid4()), expected=((other, 1),))])
    assert str(answer) == f"A version is expected of {other}, which none of the commands is about."


def test_outcomes_are_looked_up_one_by_one_even_by_a_plan_made_while_the_book_was_empty(ledger: Ledger) -> None:
    ids = [uuid4() for _ in range(2_000)]
    with ledger.database.connection() as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        parameters = {"book": ledger.book, "ids": ids}
        plan = connection.execute(f"EXPLAIN {OUTCOMES}", parameters, prepare=True).fetchall()
    lines = "\n".join(line for (line,) in plan)
    assert "Index Scan using outcome_pkey on outcome" in lines
    assert "Index Scan using event_pkey on event" in lines
