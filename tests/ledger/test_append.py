from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from typing_extensions import override

from domain.book import BookTime
from domain.envelope import RegisterNumber
from domain.event import Precision, Refused
from domain.imports import StartImport
from ledger.append import Batch, Draft, LeftOut, Write, Written
from ledger.database import Database
from ledger.errors import ClocksDisagree, LedgerError
from ledger.ledger import Ledger
from ledger.outcome import Accepted
from tests import conftest
from tests.ledger.submissions import MASTER, OPENED, case_stream, opened, receive, register, submission

HOUR = timedelta(hours=1)
NEW_YEAR_IN_SHANGHAI = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)


class ClockOff(Database):
    """An application whose clock is wrong."""

    wrong_by = timedelta()

    @override
    def now(self) -> datetime:
        return super().now() + self.wrong_by


@pytest.fixture
def live(written: Database) -> Ledger:
    """A book with the time of the clock."""
    return opened(written, "live", BookTime.LIVE)


@pytest.fixture
def off(database: conftest.Database, live: Ledger) -> Iterator[ClockOff]:
    """The live book's database, as an application with a wrong clock sees it."""
    with ClockOff(database.writer_url) as connected:
        yield connected


def move_the_head(database: conftest.Database, book: str, by: timedelta) -> datetime:
    """Sets when the book's last event was recorded; only its owner can."""
    with psycopg.connect(database.owner_url, options="-c TimeZone=UTC") as connection:
        ((recorded_at,),) = connection.execute(
            "UPDATE ledger.head SET recorded_at = now() + %s WHERE book = %s RETURNING recorded_at", (by, book)
        ).fetchall()
    assert isinstance(recorded_at, datetime)
    return recorded_at


def registered(ledger: Ledger, at: datetime) -> RegisterNumber | None:
    case = uuid4()
    return ledger.carry_out(submission(receive(case, at=at), register(case, at=at), at=at)).register()


def recorded_at(ledger: Ledger, at: datetime) -> datetime | None:
    return ledger.carry_out(submission(receive(uuid4(), at=min(at, OPENED)), at=at)).recorded_at


# Register numbers -----------------------------------------------------------------------------------------------------


def test_numbers_count_from_one_in_each_year_of_the_books_own_zone(ledger: Ledger) -> None:
    last, first = NEW_YEAR_IN_SHANGHAI - timedelta(microseconds=1), NEW_YEAR_IN_SHANGHAI
    assert [str(registered(ledger, at)) for at in (OPENED, last, last, first, first + HOUR)] == [
        "C2026-000001",
        "C2026-000002",
        "C2026-000003",
        "C2027-000001",
        "C2027-000002",
    ]


def test_the_year_of_a_number_is_the_year_of_recording_and_not_of_occurrence(ledger: Ledger) -> None:
    case = uuid4()
    asked = submission(receive(case), register(case), at=NEW_YEAR_IN_SHANGHAI)
    assert ledger.carry_out(asked).register() == RegisterNumber("C2027", 1)


def test_a_batch_over_new_year_counts_in_both_years(ledger: Ledger) -> None:
    instants = [NEW_YEAR_IN_SHANGHAI + timedelta(hours=hours) for hours in (-2, -1, 0, 1)]
    outcomes = ledger.carry_out_all(
        [submission(receive(case, at=at), register(case, at=at), at=at) for at in instants for case in [uuid4()]]
    )
    given = [str(outcome.register()) for outcome in outcomes if isinstance(outcome, Accepted)]
    assert given == ["C2026-000001", "C2026-000002", "C2027-000001", "C2027-000002"]


def test_each_series_and_each_book_counts_for_itself(ledger: Ledger) -> None:
    elsewhere = opened(ledger.database, "elsewhere", zone="UTC")
    digest = "ab" * 32
    start = StartImport(
        at=OPENED, import_id=uuid4(), file_name="a.csv", file_digest=digest, mapping="m", mapping_digest=digest,
        file_zone="UTC", zone_assumed=False,
    )  # fmt: skip
    assert registered(ledger, OPENED) == RegisterNumber("C2026", 1)
    assert ledger.carry_out(submission(start)).register() == RegisterNumber("I2026", 1)
    assert registered(ledger, OPENED) == RegisterNumber("C2026", 2)
    assert registered(elsewhere, NEW_YEAR_IN_SHANGHAI) == RegisterNumber("C2026", 1)


def test_what_is_refused_stale_or_repeated_takes_no_number(ledger: Ledger) -> None:
    case = uuid4()
    first = submission(receive(case), register(case))
    ledger.carry_out(first)
    ledger.carry_out(first)
    with pytest.raises(Refused):
        ledger.carry_out(submission(register(uuid4())))
    stale, fresh = write(case_stream(case), 1, "C"), write(f"case-{uuid4()}", 0, "C")
    assert appended(ledger, stale, fresh) == [
        LeftOut(repeated=False),
        Written(3, OPENED, (RegisterNumber("C2026", 2),)),
    ]
    assert registered(ledger, OPENED) == RegisterNumber("C2026", 3)
    assert [r.register for r in ledger.since(0) if r.register] == [RegisterNumber("C2026", n) for n in (1, 2, 3)]


# A simulated book's time ----------------------------------------------------------------------------------------------


def test_a_simulated_book_takes_the_callers_time_and_never_runs_backwards(ledger: Ledger) -> None:
    said = [OPENED + HOUR, OPENED, OPENED + 2 * HOUR, OPENED - HOUR]
    assert [recorded_at(ledger, at) for at in said] == [OPENED + hours * HOUR for hours in (1, 1, 2, 2)]


def test_within_a_batch_each_submission_keeps_its_own_time(ledger: Ledger) -> None:
    said = [OPENED + hours * HOUR for hours in (3, 1, 4, 4, 2)]
    outcomes = ledger.carry_out_all([submission(receive(uuid4()), at=at) for at in said])
    kept = [outcome.recorded_at for outcome in outcomes if isinstance(outcome, Accepted)]
    assert kept == [OPENED + hours * HOUR for hours in (3, 3, 4, 4, 4)]
    assert recorded_at(ledger, OPENED) == OPENED + 4 * HOUR


def test_a_submission_that_says_no_time_is_recorded_now_or_with_the_last(
    ledger: Ledger, database: conftest.Database
) -> None:
    before = ledger.database.now()
    now = ledger.carry_out(submission(receive(uuid4()), said_at=None)).recorded_at
    assert now is not None
    assert before <= now <= ledger.database.now()
    last = move_the_head(database, "main", timedelta(days=400))
    assert ledger.carry_out(submission(receive(uuid4()), said_at=None)).recorded_at == last


def test_what_was_left_out_does_not_move_the_books_time(ledger: Ledger) -> None:
    case = uuid4()
    ledger.carry_out(submission(receive(case)))
    stale = write(case_stream(case), 0)._replace(said_at=OPENED + 5 * HOUR)
    fresh = write(f"case-{uuid4()}", 0)
    assert appended(ledger, stale, fresh) == [LeftOut(repeated=False), Written(2, OPENED, (None,))]
    assert recorded_at(ledger, OPENED) == OPENED


def test_nothing_can_occur_after_it_is_said(ledger: Ledger) -> None:
    soon, later = OPENED + timedelta(minutes=1), OPENED + timedelta(minutes=1, microseconds=1)
    ledger.carry_out(submission(receive(uuid4(), at=soon)))
    for ask in (submission(receive(uuid4(), at=later)), submission(receive(case := uuid4()), register(case, at=later))):
        with pytest.raises(Refused) as raised:
            ledger.carry_out(ask)
        assert (raised.value.code, raised.value.field) == ("OCCURS_IN_THE_FUTURE", "at")
        assert raised.value.message == "2026-01-05T01:01:00.000001+00:00 has not come yet; say when it happened."
    assert ledger.head() == 2


def test_a_day_may_be_a_day_ahead_since_it_begins_earlier_elsewhere(ledger: Ledger) -> None:
    def received_on(at: datetime) -> Accepted:
        command = receive(uuid4(), at=at).model_copy(update={"precision": Precision.DAY})
        return ledger.carry_out(submission(command))

    received_on(OPENED + timedelta(days=1))
    with pytest.raises(Refused, match="has not come yet"):
        received_on(OPENED + timedelta(days=1, microseconds=1))


def test_imported_history_may_say_what_it_likes_about_time(ledger: Ledger) -> None:
    future = receive(uuid4(), at=OPENED.replace(year=2199))
    assert ledger.carry_out(submission(future, imported=True)).recorded_at == OPENED


# A live book's time ---------------------------------------------------------------------------------------------------


def test_a_live_book_takes_the_databases_clock_whatever_the_caller_says(live: Ledger) -> None:
    before = live.database.now()
    found = recorded_at(live, OPENED)
    assert found is not None
    assert before - timedelta(seconds=60) < found < live.database.now() + timedelta(seconds=60)


def test_a_clock_a_little_behind_the_last_record_repeats_its_time(live: Ledger, database: conftest.Database) -> None:
    last = move_the_head(database, "live", timedelta(minutes=9))
    assert recorded_at(live, OPENED) == last
    assert [recorded_at(live, OPENED) for _ in range(2)] == [last, last]


@pytest.mark.parametrize("together", [False, True])
def test_a_clock_far_behind_the_last_record_stops_the_book(
    live: Ledger, database: conftest.Database, together: bool
) -> None:
    move_the_head(database, "live", timedelta(minutes=11))
    asked = submission(receive(uuid4()))
    with pytest.raises(ClocksDisagree, match=r"more than 10 minutes behind the last record .* Set the clocks right"):
        live.carry_out_all([asked]) if together else live.carry_out(asked)
    move_the_head(database, "live", timedelta())
    assert live.carry_out(asked).position == 2


def test_a_long_silence_is_no_disagreement(live: Ledger, database: conftest.Database) -> None:
    move_the_head(database, "live", timedelta(days=-4000))
    assert live.carry_out(submission(receive(uuid4()))).position == 2


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("wrong_by", [timedelta(seconds=65), timedelta(seconds=-65)])
def test_clocks_of_application_and_database_that_disagree_stop_a_live_book(
    off: ClockOff, wrong_by: timedelta, together: bool
) -> None:
    off.wrong_by = wrong_by
    ledger = Ledger(off, MASTER, "live")
    asked = submission(receive(uuid4(), at=datetime(2026, 1, 1, tzinfo=UTC)))
    with pytest.raises(ClocksDisagree, match=r"the clocks of database \(.*\) and application \(.*\) disagree"):
        ledger.carry_out_all([asked]) if together else ledger.carry_out(asked)
    assert ledger.head() == 1
    off.wrong_by = timedelta(seconds=30)
    assert ledger.carry_out(asked).position == 2


def test_a_simulated_book_does_not_ask_the_clocks(off: ClockOff) -> None:
    off.wrong_by = timedelta(days=1000)
    assert recorded_at(opened(off, "main"), OPENED) == OPENED


def test_the_future_of_a_live_book_is_measured_by_the_clock(live: Ledger) -> None:
    now = live.database.now()
    live.carry_out(submission(receive(uuid4(), at=now)))
    with pytest.raises(Refused, match="has not come yet"):
        live.carry_out(submission(receive(uuid4(), at=now + timedelta(minutes=3))))


# What the function itself refuses -------------------------------------------------------------------------------------


def write(
    stream: str, version: int, series: str | None = None, events: int = 1, command_id: UUID | None = None
) -> Write:
    """A write of arbitrary bytes onto a version of a stream."""
    drafts = tuple(
        Draft(
            stream,
            version + nth,
            "case-closed.1",
            OPENED,
            "UTC",
            Precision.INSTANT.value,
            None,
            series,
            b'{"code":null}',
            b"{}",
        )
        for nth in range(1, events + 1)
    )
    return Write(command_id or uuid4(), b"digest", OPENED, drafts, (), ((stream, version),))


def appended(ledger: Ledger, *writes: Write, together: bool = False) -> list[Written | LeftOut]:
    with ledger.database.connection() as connection:
        return Batch(writes, together=together).run(connection, ledger.book, ledger.database.now())


def test_a_stale_or_repeated_write_is_left_out_and_the_others_follow_without_a_gap(ledger: Ledger) -> None:
    done, moved, second, third = (f"case-{uuid4()}" for _ in range(4))
    before = [write(done, 0), write(moved, 0)]
    assert appended(ledger, *before) == [Written(1, OPENED, (None,)), Written(2, OPENED, (None,))]
    assert appended(ledger, write(second, 0, events=2), write(moved, 0), before[0], write(third, 0, events=3)) == [
        Written(3, OPENED, (None, None)),
        LeftOut(repeated=False),
        LeftOut(repeated=True),
        Written(5, OPENED, (None, None, None)),
    ]
    placed = ledger.database.rows("SELECT stream, version, position FROM ledger.event WHERE position > 1 ORDER BY 3")
    assert placed == [
        (done, 1, 2), (moved, 1, 3), (second, 1, 4), (second, 2, 5), (third, 1, 6), (third, 2, 7), (third, 3, 8),
    ]  # fmt: skip


def test_together_a_stale_or_repeated_write_leaves_all_out(ledger: Ledger) -> None:
    stream, other = f"case-{uuid4()}", f"case-{uuid4()}"
    done = write(stream, 0)
    appended(ledger, done)
    for bad in (write(stream, 0), done):
        results = appended(ledger, write(other, 0), bad, together=True)
        assert all(isinstance(result, LeftOut) for result in results)
    assert ledger.head() == 2
    assert len(ledger.database.rows("SELECT 1 FROM ledger.outcome")) == 2


def test_together_writes_may_follow_one_another_on_a_stream(ledger: Ledger) -> None:
    stream = f"case-{uuid4()}"
    assert appended(ledger, write(stream, 0, events=2), write(stream, 2), together=True) == [
        Written(1, OPENED, (None, None)),
        Written(3, OPENED, (None,)),
    ]


@pytest.mark.parametrize(("expected", "versions"), [(0, (2,)), (0, (1, 3)), (0, (2, 1)), (0, (1, 1)), (0, (0,))])
def test_versions_that_leave_a_gap_are_refused(ledger: Ledger, expected: int, versions: tuple[int, ...]) -> None:
    whole = write(stream := f"case-{uuid4()}", expected)
    drafts = tuple(whole.drafts[0]._replace(version=version) for version in versions)
    with pytest.raises(LedgerError, match="the versions of a batch for book main do not follow one another"):
        appended(ledger, whole._replace(drafts=drafts))
    with pytest.raises(LedgerError, match="do not follow one another"):
        appended(ledger, write(stream, 0)._replace(expected=()))
    assert ledger.head() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"data": b"x" * 57_345},
        {"metadata": b"x" * 4_097},
        {"occurred_precision": "year"},
    ],
)
def test_a_row_that_no_event_can_have_is_refused_by_the_table_itself(ledger: Ledger, change: dict[str, object]) -> None:
    whole = write(f"case-{uuid4()}", 0)
    broken = whole._replace(drafts=(whole.drafts[0]._replace(**change),))  # type: ignore[arg-type]
    with pytest.raises(psycopg.IntegrityError):
        appended(ledger, broken)
    assert ledger.head() == 1
    assert len(ledger.database.rows("SELECT 1 FROM ledger.outcome")) == 1


OUTCOMES_READ = """
SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'outcome'
"""


def test_an_append_reads_no_outcome_but_those_of_its_own_commands(ledger: Ledger, database: conftest.Database) -> None:
    """Also on a connection whose plan was made while the book was empty."""
    with psycopg.connect(database.owner_url) as connection:
        for _ in range(20):
            Batch([write(f"case-{uuid4()}", 0)]).run(connection, ledger.book, OPENED)
        assert connection.execute(OUTCOMES_READ).fetchone() == (0,)


def test_a_command_without_events_is_kept_and_moves_nothing(ledger: Ledger) -> None:
    nothing = Write(uuid4(), b"digest", OPENED + HOUR, (), (), ())
    assert appended(ledger, nothing, write(f"case-{uuid4()}", 0)) == [
        Written(1, OPENED + HOUR, ()),
        Written(1, OPENED + HOUR, (None,)),
    ]
    assert appended(ledger, nothing) == [LeftOut(repeated=True)]
