from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Barrier
from uuid import uuid4

import pytest
from typing_extensions import override

from domain.case import commands as before
from domain.case.commands import RecordAttributes
from domain.case.events import Attribute, CaseReceived, CaseRegistered
from domain.customer import ContactKind, ContactRecorded
from domain.envelope import RegisterNumber, Submission
from domain.event import Refused
from ledger.append import LeftOut, Write, Written
from ledger.book import books
from ledger.database import Database
from ledger.decision import digest_of
from ledger.errors import CommandIdReused, LedgerError, StreamMoved, TooLarge, UnknownBook
from ledger.ledger import MOST_TRIES, BookKind, Ledger
from ledger.outcome import Accepted, Placed
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
    """A database in which something else happens just before each of this program's own writes."""

    interruptions: int = 0
    happens: Callable[[], object] | None = None

    @override
    def write(self, book: str, write: Write) -> Written | LeftOut:
        if self.happens is not None:
            self.interruptions += 1
            self.happens()
        return super().write(book, write)


@contextmanager
def interrupted(url: str, happens: Callable[[], object]) -> Iterator[tuple[Ledger, Interrupted]]:
    with Interrupted(url) as database:
        database.happens = happens
        yield Ledger(database, MASTER, "main"), database


def at_once(count: int, work: Callable[[int], Accepted]) -> list[Accepted]:
    """What as many threads get that start together."""
    together = Barrier(count)

    def start(nth: int) -> Accepted:
        together.wait()
        return work(nth)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(start, range(count)))


def insist(ledger: Ledger, asked: Submission) -> Accepted:
    """Asks again, under the same id, while the other writer is five times faster."""
    while True:
        with suppress(StreamMoved):
            return ledger.carry_out(asked)


def outcomes(database: Database) -> int:
    ((count,),) = database.rows("SELECT count(*) FROM ledger.outcome")
    return int(count)


# One submission -------------------------------------------------------------------------------------------------------


def test_an_accepted_submission_says_where_its_events_lie(ledger: Ledger) -> None:
    case = uuid4()
    stream = case_stream(case)
    asked = submission(receive(case), register(case))
    accepted = ledger.carry_out(asked)
    number = RegisterNumber("C2026", 1)
    assert accepted == Accepted(
        asked.command_id,
        3,
        (Placed(stream, 1, 2, "case-received.1", None), Placed(stream, 2, 3, "case-registered.1", number)),
        OPENED,
    )
    assert (accepted.repeated, accepted.version(stream), accepted.version("case-0"), accepted.register()) == (
        (False, 2, None, number)
    )
    assert [type(recorded.event) for recorded in ledger.history(stream)] == [CaseReceived, CaseRegistered]
    assert ledger.stream_of_number(number) == stream
    assert ledger.stream_of_number(RegisterNumber("C2026", 2)) is None


def test_asked_again_it_gives_the_same_answer_and_writes_nothing(ledger: Ledger) -> None:
    case = uuid4()
    asked = submission(receive(case), register(case))
    first = ledger.carry_out(asked)
    ledger.carry_out(submission(classify(case, "Billing")))
    for asking in (ledger, Ledger(ledger.database, MASTER, "main")):
        again = asking.carry_out(asked)
        assert again == first
        assert again.repeated
    assert ledger.head() == 4


def test_what_changes_nothing_is_accepted_stored_and_says_which_position_shows_it(ledger: Ledger) -> None:
    case = uuid4()
    ledger.carry_out(submission(receive(case)))
    asked = submission(receive(case))
    accepted = ledger.carry_out(asked)
    assert accepted == Accepted(asked.command_id, 2, (), None)
    ledger.carry_out(submission(register(case)))
    again = ledger.carry_out(asked)
    assert (again, again.repeated) == (accepted, True)


def test_a_refusal_is_not_stored_and_the_same_id_may_succeed_later(ledger: Ledger) -> None:
    case = uuid4()
    asked = submission(register(case))
    for _ in range(2):
        with pytest.raises(Refused) as raised:
            ledger.carry_out(asked)
        assert raised.value.code == "UNKNOWN_CASE"
    assert outcomes(ledger.database) == 1  # the genesis
    ledger.carry_out(submission(receive(case)))
    assert ledger.carry_out(asked).version(case_stream(case)) == 2


def test_what_was_carried_out_stays_so_when_it_would_be_refused_today(ledger: Ledger) -> None:
    case = uuid4()
    ledger.carry_out(submission(receive(case)))
    registered = submission(register(case))
    first = ledger.carry_out(registered)
    otherwise = register(case).model_copy(update={"unit": "North"})
    with pytest.raises(Refused, match="registered already"):
        ledger.carry_out(submission(otherwise))
    stale = submission(classify(case, "Billing"), expected=((case_stream(case), 2),))
    second = ledger.carry_out(stale)
    assert (ledger.carry_out(registered), ledger.carry_out(stale)) == (first, second)


@pytest.mark.parametrize("kept_as", ["events", "nothing"])
def test_an_id_that_comes_back_with_other_content_is_refused(ledger: Ledger, kept_as: str) -> None:
    case, customer = uuid4(), uuid4()
    ledger.carry_out(submission(receive(case), register_customer(customer, "Wang")))
    asked = submission(classify(case, "Billing") if kept_as == "events" else receive(case))
    first = ledger.carry_out(asked)
    for other in (
        (classify(case, "Delivery"),),
        (*asked.commands, register(case)),
        (rename(customer, "Li"),),
        (register(uuid4()),),
        (receive(case), receive(case)),
    ):
        with pytest.raises(CommandIdReused) as raised:
            ledger.carry_out(submission(*other, command_id=asked.command_id))
        assert str(raised.value) == (
            f"Command id {asked.command_id} was used for something else before; send this with an id of its own."
        )
    assert ledger.carry_out(asked) == first


def test_a_personal_value_is_part_of_what_an_id_stands_for(ledger: Ledger) -> None:
    customer = uuid4()
    ledger.carry_out(submission(register_customer(customer, "Wang")))
    asked = submission(rename(customer, "Li"))
    ledger.carry_out(asked)
    with pytest.raises(CommandIdReused):
        ledger.carry_out(submission(rename(customer, "Zhao"), command_id=asked.command_id))
    assert ledger.carry_out(submission(rename(customer, "Li"), command_id=asked.command_id)).repeated


def test_times_count_as_content_only_when_the_caller_said_them(ledger: Ledger) -> None:
    case, later = uuid4(), OPENED.replace(minute=30)
    taken = submission(receive(case), times_stated=False)
    first = ledger.carry_out(taken)
    again = submission(receive(case, at=later), command_id=taken.command_id, at=later, times_stated=False)
    assert ledger.carry_out(again) == first
    stated = submission(classify(case, "Billing"))
    ledger.carry_out(stated)
    with pytest.raises(CommandIdReused):
        ledger.carry_out(submission(classify(case, "Billing", at=later), command_id=stated.command_id, at=later))


def test_a_field_that_a_command_gets_later_makes_no_other_request_of_the_same_content() -> None:
    class ClassifyCase(before.ClassifyCase):
        severity: str | None = None

    asked = classify(uuid4(), "Billing")
    later = ClassifyCase.model_validate(asked.model_dump())
    severe = later.model_copy(update={"severity": "high"})
    first, again, other = (digest_of(submission(command), b"key") for command in (asked, later, severe))
    assert first == again != other


def test_where_it_was_read_and_through_which_door_is_no_part_of_what_an_id_stands_for(ledger: Ledger) -> None:
    asked = submission(receive(uuid4()))
    first = ledger.carry_out(asked)
    again = submission(*asked.commands, command_id=asked.command_id, channel="other", correlation=uuid4())
    assert ledger.carry_out(again) == first


def test_ids_of_two_books_do_not_know_each_other(ledger: Ledger) -> None:
    other, case, command_id = opened(ledger.database, "other"), uuid4(), uuid4()
    ledger.carry_out(submission(receive(case), command_id=command_id))
    accepted = other.carry_out(submission(receive(uuid4()), command_id=command_id))
    assert (accepted.position, accepted.repeated) == (2, False)


# Several streams ------------------------------------------------------------------------------------------------------


def test_a_submission_writes_its_streams_together_or_not_at_all(ledger: Ledger) -> None:
    customer, case = uuid4(), uuid4()
    whole = submission(register_customer(customer, "Wang"), receive(case, customer_id=customer), register(case))
    accepted = ledger.carry_out(whole)
    assert [(placed.stream, placed.version, placed.position) for placed in accepted.placed] == [
        (customer_stream(customer), 1, 2),
        (case_stream(case), 1, 3),
        (case_stream(case), 2, 4),
    ]
    with pytest.raises(Refused):
        ledger.carry_out(submission(rename(customer, "Li"), receive(uuid4()), register(uuid4())))
    assert ledger.head() == len(ledger.since(0)) == 4


def test_a_later_command_of_a_submission_sees_what_an_earlier_one_did(ledger: Ledger) -> None:
    case = uuid4()
    accepted = ledger.carry_out(
        submission(receive(case), classify(case, "A"), classify(case, "B"), classify(case, "B"), classify(case, "A"))
    )
    assert accepted.version(case_stream(case)) == 4


def test_streams_can_be_read_several_at_once_and_one_that_is_not_there_is_empty(ledger: Ledger) -> None:
    first, second, missing = uuid4(), uuid4(), uuid4()
    ledger.carry_out(submission(receive(first), receive(second), register(first)))
    histories = ledger.histories(map(case_stream, (second, missing, first)))
    assert {stream: [r.version for r in history] for stream, history in histories.items()} == {
        case_stream(second): [1],
        case_stream(missing): [],
        case_stream(first): [1, 2],
    }
    assert ledger.history(case_stream(missing)) == []


def test_a_book_is_read_in_parts_that_together_are_the_whole(ledger: Ledger) -> None:
    for _ in range(4):
        ledger.carry_out(submission(receive(case := uuid4()), register(case)))
    whole = ledger.since(0)
    assert [recorded.position for recorded in whole] == list(range(1, 10))
    assert ledger.since(2, upto=6) == whole[2:6]
    assert ledger.since(2, limit=3) == whole[2:5]
    assert ledger.since(2, upto=3, limit=3) == whole[2:3]
    assert ledger.since(9) == ledger.since(10) == ledger.since(4, upto=4) == []


# Who else is writing --------------------------------------------------------------------------------------------------


def test_a_caller_who_names_a_stale_version_is_told_so(ledger: Ledger) -> None:
    case = uuid4()
    stream = case_stream(case)
    ledger.carry_out(submission(receive(case), register(case)))
    for version in (0, 1, 3):
        with pytest.raises(StreamMoved) as raised:
            ledger.carry_out(submission(classify(case, "Billing"), expected=((stream, version),)))
        assert str(raised.value) == f"Stream {stream} has moved past version {version}. Read it again and decide anew."
        assert (raised.value.stream, raised.value.version) == (stream, version)
    assert ledger.carry_out(submission(classify(case, "Billing"), expected=((stream, 2),))).version(stream) == 3
    assert ledger.head() == 4


def test_the_same_id_from_many_threads_is_carried_out_once(ledger: Ledger) -> None:
    case = uuid4()
    asked = submission(receive(case, "三月份收了两次费"), register(case))
    answers = at_once(16, lambda _: ledger.carry_out(asked))
    assert set(answers) == {answers[0]}
    assert [answer.repeated for answer in answers].count(False) == 1
    assert (ledger.head(), outcomes(ledger.database)) == (3, 2)


def test_the_same_id_from_two_processes_is_carried_out_once(ledger: Ledger, database: conftest.Database) -> None:
    asked = submission(receive(uuid4(), "三月份收了两次费"))
    with Database(database.writer_url) as elsewhere:
        ledgers = [ledger, Ledger(elsewhere, MASTER, "main")]
        answers = at_once(8, lambda nth: ledgers[nth % 2].carry_out(asked))
    assert set(answers) == {answers[0]}
    assert ledger.head() == 2


def test_one_of_two_contents_under_one_id_wins_and_the_other_is_told(ledger: Ledger) -> None:
    command_id = uuid4()
    asked = [submission(receive(uuid4()), command_id=command_id) for _ in range(2)]

    def carried_out(nth: int) -> Accepted | CommandIdReused:
        together.wait()
        try:
            return ledger.carry_out(asked[nth])
        except CommandIdReused as error:
            return error

    together = Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(carried_out, range(2)))
    assert sorted(type(answer).__name__ for answer in answers) == ["Accepted", "CommandIdReused"]
    assert ledger.head() == 2


def test_two_writers_of_one_stream_decide_again_and_lose_nothing(ledger: Ledger, database: conftest.Database) -> None:
    customer = uuid4()
    ledger.carry_out(submission(register_customer(customer, "Wang")))
    with Database(database.writer_url) as elsewhere:
        ledgers = [ledger, Ledger(elsewhere, MASTER, "main")]
        said: dict[int, list[str]] = {nth: [f"{nth}-{k}" for k in range(20)] for nth in range(2)}

        def record(nth: int) -> Accepted:
            return [insist(ledgers[nth], submission(contact(customer, ContactKind.QQ, v))) for v in said[nth]][-1]

        at_once(2, record)
    history = ledger.history(customer_stream(customer), opened=True)
    recorded = [r.event.value.value for r in history if isinstance(r.event, ContactRecorded)]
    assert [r.version for r in history] == list(range(1, 42))
    assert sorted(recorded) == sorted(said[0] + said[1])
    for mine in said.values():
        assert [value for value in recorded if value in mine] == mine


def test_a_decision_is_made_anew_on_what_the_other_writer_wrote(ledger: Ledger, database: conftest.Database) -> None:
    case = uuid4()
    ledger.carry_out(submission(receive(case)))
    with interrupted(database.writer_url, lambda: ledger.carry_out(submission(register(case)))) as (late, _):
        accepted = late.carry_out(submission(register(case)))
        assert accepted.placed == ()
        with pytest.raises(Refused, match="registered already"):
            late.carry_out(submission(register(case).model_copy(update={"unit": "North"})))
    assert ledger.head() == 3


def test_a_version_the_caller_named_is_not_decided_anew(ledger: Ledger, database: conftest.Database) -> None:
    case = uuid4()
    stream = case_stream(case)
    ledger.carry_out(submission(receive(case)))
    with (
        interrupted(database.writer_url, lambda: ledger.carry_out(submission(register(case)))) as (late, seen),
        pytest.raises(StreamMoved, match="has moved past version 1"),
    ):
        late.carry_out(submission(classify(case, "Billing"), expected=((stream, 1),)))
    assert (seen.interruptions, len(ledger.history(stream))) == (1, 2)


def test_a_stream_that_keeps_moving_is_given_up_after_five_tries(ledger: Ledger, database: conftest.Database) -> None:
    case = uuid4()
    ledger.carry_out(submission(receive(case)))

    def meanwhile() -> None:
        ledger.carry_out(submission(classify(case, str(uuid4()))))

    with interrupted(database.writer_url, meanwhile) as (late, seen):
        with pytest.raises(StreamMoved, match=rf"Stream {case_stream(case)} has moved past version 5\."):
            late.carry_out(submission(register(case)))
        assert seen.interruptions == MOST_TRIES == 5
        seen.happens = None
        assert late.carry_out(submission(register(case))).version(case_stream(case)) == 7


def test_another_try_of_the_same_request_that_was_faster_answers_for_both(
    ledger: Ledger, database: conftest.Database
) -> None:
    case = uuid4()
    asked = submission(receive(case), register(case), expected=((case_stream(case), 0),))
    with interrupted(database.writer_url, lambda: ledger.carry_out(asked)) as (late, _):
        assert late.carry_out(asked) == ledger.carry_out(asked)
    assert ledger.head() == 3


# What cannot be -------------------------------------------------------------------------------------------------------


def test_a_book_that_is_not_there_is_named(written: Database, ledger: Ledger) -> None:
    with pytest.raises(UnknownBook, match=r"There is no book 'elsewhere' in this ledger\."):
        Ledger(written, MASTER, "elsewhere")
    unopened = Ledger(written, MASTER, "elsewhere", kind=BookKind(ledger.time, ledger.zone))
    for carry_out in (unopened.carry_out, lambda s: unopened.carry_out_all([s])):
        with pytest.raises(UnknownBook, match=r"There is no book 'elsewhere' in this ledger\."):
            carry_out(submission(receive(uuid4())))
    assert [state.book for state in books(written)] == ["main"]


def test_a_stream_of_no_known_kind_is_refused_by_its_name(ledger: Ledger) -> None:
    class Elsewhere(RecordAttributes):
        @property
        @override
        def stream(self) -> str:
            return "parcel-1"

    asked = Elsewhere(at=OPENED, case_id=uuid4(), attributes=(Attribute(name="a", value="1"),))
    with pytest.raises(Refused) as raised:
        ledger.carry_out(submission(asked))
    assert raised.value.code == "UNKNOWN_STREAM"


def test_data_over_56_kib_is_refused_with_nothing_written(ledger: Ledger) -> None:
    case = uuid4()
    ledger.carry_out(submission(receive(case)))
    many = tuple(Attribute(name=f"a{nth}", value="密" * 200) for nth in range(100))
    with pytest.raises(TooLarge, match=r"case-attributes-recorded\.1 has \d+ bytes of data; the ledger keeps 57344"):
        ledger.carry_out(submission(RecordAttributes(at=OPENED, case_id=case, attributes=many), classify(case, "A")))
    assert (ledger.head(), outcomes(ledger.database)) == (2, 2)
    accepted = ledger.carry_out(submission(RecordAttributes(at=OPENED, case_id=case, attributes=many[:90])))
    assert accepted.version(case_stream(case)) == 2


def test_a_closed_database_says_so_at_once(database: conftest.Database, ledger: Ledger) -> None:
    with Database(database.writer_url) as connected:
        late = Ledger(connected, MASTER, "main")
        late.carry_out(submission(receive(uuid4())))
    for use in (lambda: late.carry_out(submission(receive(uuid4()))), late.head):
        with pytest.raises(LedgerError, match="has been closed"):
            use()
