"""Cases as of two instants, beside the live view as it stood when the book had come there."""

import random
from collections.abc import Iterator, Mapping
from datetime import timedelta
from uuid import UUID

import pytest

from api.past_case import past_cases
from domain.case.commands import ClassifyCase, RegisterCase, ResolveCase
from domain.case.events import CaseReceived, Outcome
from domain.case.state import Status
from domain.correction import applied
from domain.personal import Personal
from domain.stream import Category, stream_of
from ledger.database import Database
from ledger.ledger import Ledger, PersonalPlace
from projections import case_file
from projections.case_row import CaseFile
from projections.runner import Runner
from replay.as_of import AsOf, streams_as_of
from replay.reader import Reader
from tests import conftest
from tests.ledger.submissions import OPENED, opened, receive
from tests.projections.amended import Writers
from tests.projections.books import case_id, received
from tests.projections.regulated import tell
from tests.projections.righted import corrected, voided

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = OPENED + 4_000 * DAY
CASES = 20


@pytest.fixture
def ledger(database: conftest.Database) -> Iterator[Ledger]:
    """A simulated book."""
    with Database(database.writer_url) as connected:
        yield opened(connected, "main")


@pytest.fixture
def runner(ledger: Ledger, database: conftest.Database) -> Iterator[Runner]:
    """The runner of that book, its tables made."""
    with Database(database.projector_url) as connected:
        made = Runner(ledger, connected)
        made.prepare()
        yield made


def files(ledger: Ledger, as_of: AsOf) -> Mapping[UUID, CaseFile]:
    found = past_cases(ledger, [case_id(number) for number in range(CASES)], as_of)
    return {case: past.file for case, past in found.items()}


def live(ledger: Ledger) -> Mapping[UUID, CaseFile]:
    return case_file.by_ids(ledger.database, ledger.book, [case_id(number) for number in range(CASES)])


@pytest.mark.parametrize("seed", range(3))
def test_what_was_known_at_any_position_is_what_the_view_showed_there_whatever_is_written_afterwards(
    ledger: Ledger, runner: Runner, seed: int
) -> None:
    chance, writers = random.Random(seed), Writers(ledger, seed, customers=5, cases=CASES)
    shown: dict[int, Mapping[UUID, CaseFile]] = {}
    for _ in range(5):
        writers.write(chance.randrange(20, 120))
        assert runner.catch_up() == ledger.head()
        shown[ledger.head()] = live(ledger)
    for position, before in shown.items():
        assert files(ledger, AsOf(position, LATER, LATER)) == before
    first, *_, last = shown.values()
    assert first != last
    assert files(ledger, AsOf(0, LATER, LATER)) == {}


@pytest.mark.parametrize("seed", range(3))
def test_the_valid_axis_takes_what_had_occurred_and_leaves_the_order_of_the_stream(ledger: Ledger, seed: int) -> None:
    writers = Writers(ledger, seed, customers=5, cases=CASES)
    writers.write(200)
    position, streams = ledger.head(), [stream_of(Category.CASE, case_id(number)) for number in range(CASES)]
    occurred = sorted(each.occurred_at for stream in streams for each in applied(ledger.history(stream)))
    taken = 0
    for at in (occurred[0] - DAY, *occurred[:: len(occurred) // 6], LATER):
        for stream, past in streams_as_of(Reader(ledger), streams, AsOf(position, LATER, at)).items():
            whole = list(applied(ledger.history(stream)))
            assert list(past.read()) == [each for each in whole if each.occurred_at <= at]
            taken += 0 < len(list(past.read())) < len(whole)
    assert taken > 5


def test_a_case_was_not_there_before_it_was_known_nor_before_it_had_come(ledger: Ledger) -> None:
    tell(ledger, received(1, at=OPENED - DAY), at=OPENED)
    begun, received_at = ledger.head(), OPENED - DAY
    tell(ledger, RegisterCase(at=OPENED + DAY, case_id=case_id(1)), at=OPENED + DAY)
    assert files(ledger, AsOf(begun - 1, LATER, LATER)) == {}
    assert files(ledger, AsOf(begun, LATER, received_at - HOUR)) == {}
    assert files(ledger, AsOf(begun, LATER, received_at))[case_id(1)].status is Status.RECEIVED
    assert files(ledger, AsOf(ledger.head(), LATER, received_at))[case_id(1)].number is None
    assert files(ledger, AsOf(ledger.head(), LATER, OPENED + DAY))[case_id(1)].number == 1


def test_what_was_written_down_late_was_so_before_it_was_known(ledger: Ledger) -> None:
    tell(ledger, received(1), at=OPENED)
    tell(ledger, RegisterCase(at=OPENED, case_id=case_id(1)), at=OPENED)
    tell(ledger, ClassifyCase(at=OPENED + 4 * DAY, case_id=case_id(1), category="billing"), at=OPENED + 4 * DAY)
    in_time = ledger.head()
    tell(ledger, ResolveCase(at=OPENED + DAY, case_id=case_id(1), outcome=Outcome.UPHELD), at=OPENED + 9 * DAY)
    assert files(ledger, AsOf(in_time, LATER, OPENED + 2 * DAY))[case_id(1)].status is Status.REGISTERED
    late = files(ledger, AsOf(ledger.head(), LATER, OPENED + 2 * DAY))[case_id(1)]
    assert (late.status, late.category, late.last_recorded_at) == (Status.RESOLVED, None, OPENED + 9 * DAY)


def test_a_correction_is_read_by_whoever_knew_of_it_and_by_nobody_before(ledger: Ledger) -> None:
    stream = stream_of(Category.CASE, case_id(1))
    tell(ledger, received(1), at=OPENED)
    tell(ledger, ClassifyCase(at=OPENED, case_id=case_id(1), category="billing"), at=OPENED)
    before = ledger.head()
    really = ledger.history(stream)[1].event.model_copy(update={"category": "broadband"})
    after = corrected(ledger, stream, 2, really, at=OPENED + DAY, asked=OPENED + 2 * DAY)
    gone = voided(ledger, stream, 4, asked=OPENED + 3 * DAY)
    seen = {
        (position, at): files(ledger, AsOf(position, LATER, at))[case_id(1)].category
        for position in (before, after, gone)
        for at in (OPENED, OPENED + DAY)
    }
    assert seen == {
        (before, OPENED): "billing", (before, OPENED + DAY): "billing",
        (after, OPENED): None, (after, OPENED + DAY): "broadband",
        (gone, OPENED): "billing", (gone, OPENED + DAY): "billing",
    }  # fmt: skip


def test_words_lie_where_they_were_read_then(ledger: Ledger) -> None:
    stream = stream_of(Category.CASE, case_id(1))
    tell(ledger, receive(case_id(1), "the line is dead", at=OPENED), at=OPENED)
    before = ledger.head()
    receipt = ledger.history(stream, opened=True)[0].event
    assert isinstance(receipt, CaseReceived)
    assert receipt.words is not None
    words = Personal.open(receipt.words.subject, "the line is slow")
    after = corrected(ledger, stream, 1, receipt.model_copy(update={"words": words}), asked=OPENED + DAY)

    def said(position: int) -> object:
        place = past_cases(ledger, [case_id(1)], AsOf(position, LATER, LATER))[case_id(1)].words_place
        assert isinstance(place, PersonalPlace)
        return ledger.disclose([place])[place].value

    assert (said(before), said(after)) == ("the line is dead", "the line is slow")
    voided(ledger, stream, 3, asked=OPENED + 2 * DAY)
    assert said(ledger.head()) == "the line is dead"


def test_a_case_whose_receipt_is_void_by_now_was_one_before(ledger: Ledger) -> None:
    tell(ledger, received(1), at=OPENED)
    before = ledger.head()
    gone = voided(ledger, stream_of(Category.CASE, case_id(1)), 1, asked=OPENED + DAY)
    assert list(files(ledger, AsOf(before, LATER, LATER))) == [case_id(1)]
    assert files(ledger, AsOf(gone, LATER, LATER)) == {}
