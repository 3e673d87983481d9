"""Replays: on one core and on two, of cases of any length, and of whole books, whose memory stays what it is."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import date, timedelta
from functools import partial
from multiprocessing import get_context
from typing import Any, NamedTuple

import psycopg
import pytest
from eventsourcing.projection import ProjectionRunner

from api.case_history import case_history, everything
from api.differences import case_difference
from api.past_case import past_cases
from domain.stream import Category, stream_of
from ledger.decision import tip_of
from ledger.embedded import Embedded
from ledger.ledger import Ledger
from ledger.outcome import Accepted
from ledger.recorder import LedgerMapper
from projections.as_known import clocks_at
from projections.before_and_after import changes
from projections.case_file import CASE_FILE
from replay.as_of import AsOf
from replay.fresh import fresh
from replay.reader import Reader
from tests.benchmarks import filling, replaying
from tests.benchmarks.day import Day
from tests.benchmarks.durable import AT, a_ledger, fresh_database
from tests.benchmarks.growth import ask, neighbours, verdict
from tests.benchmarks.library_case import CASES, Cases, LibraryProjection, LibraryView
from tests.benchmarks.long_case import APART, LEAST, a_long_library_case, case_of, write_long_case
from tests.benchmarks.replaying import opened, to_states, to_views
from tests.benchmarks.side_by_side import Work, compare
from tests.benchmarks.test_folds import EVENTS_A_CASE, GENESIS, book_of_cases, library_replayed
from tests.conftest import Database as Clone
from tests.ledger.published import publish

SEED = 9
DAYS, CASES_A_DAY = 5, 300
"""Of each of the two books that are replayed beside each other."""
SUBMISSIONS_A_TRANSACTION = 1_000
LENGTHS = [LEAST, 100, 1_000, 10_000]
MOST_GROWTH_BYTES = 128 << 20
"""What ten times the events may take more: of each million of them a replay remembers which rows they touch."""


# One core and two -----------------------------------------------------------------------------------------------------


@pytest.fixture
def books(database: Clone) -> list[str]:
    """Two books of an invented company with its promises, of as many events."""
    names = ["main", "other"]
    for name in names:
        ledger = a_ledger(database.writer_url, name)
        publish(ledger, "group-service", "china", date(2026, 1, 1), AT)
        for number in range(DAYS):
            submissions = Day(SEED, number, CASES_A_DAY).submissions()
            for first in range(0, len(submissions), SUBMISSIONS_A_TRANSACTION):
                answers = ledger.carry_out_all(submissions[first : first + SUBMISSIONS_A_TRANSACTION])
                assert all(isinstance(answer, Accepted) for answer in answers)
        ledger.close()
        ledger.database.close()
    return names


@pytest.mark.parametrize("work", [to_states, to_views], ids=["states", "views"])
def test_one_core_and_two(rounds: int, database: Clone, books: list[str], work: Callable[[], int]) -> None:
    with ExitStack() as stack:
        processes = [
            stack.enter_context(ProcessPoolExecutor(1, get_context("spawn"), opened, (database.writer_url, book)))
            for book in books
        ]

        def one_after_the_other(_: None) -> int:
            return sum(process.submit(work).result() for process in processes)

        def both_at_once(_: None) -> int:
            return sum(done.result() for done in [process.submit(work) for process in processes])

        compare(
            f"Replay from bytes, {work.__name__.replace('_', ' ')}: a book a process; events",
            rounds,
            Work("two processes at once", both_at_once),
            (Work("one after the other", one_after_the_other), "2 on two cores"),
        )


# One case of any length -----------------------------------------------------------------------------------------------


@pytest.fixture
def promising(database: Clone) -> Iterator[Ledger]:
    """A book of a company with its promises, and no case yet."""
    ledger = a_ledger(database.writer_url)
    publish(ledger, "group-service", "china", date(2026, 1, 1), AT)
    yield ledger
    ledger.close()
    ledger.database.close()


class Case(NamedTuple):
    """A case of some length, to be asked about: each question goes through all of it."""

    ledger: Ledger
    events: int

    @property
    def stream(self) -> str:
        """Its stream."""
        return stream_of(Category.CASE, case_of(self.events))

    def middle(self) -> AsOf:
        """As of its middle, on both axes."""
        history = self.ledger.history(self.stream)
        recorded = history[len(history) // 2]
        return AsOf(recorded.position, recorded.recorded_at, recorded.occurred_at - APART)

    def read(self) -> None:
        """Its state by now."""
        assert self.ledger.tips([self.stream])[self.stream].version == self.events

    def as_of(self) -> None:
        """It as of its middle; the whole of it is read for that."""
        told = self.middle()
        (past,) = past_cases(self.ledger, [case_of(self.events)], told._replace(position=self.ledger.head())).values()
        assert past.file.version <= self.events

    def changed(self) -> None:
        """What each event changed."""
        history = self.ledger.history(self.stream, opened=True)
        assert len(changes(history, range(1, self.events + 1))) == self.events

    def differs(self) -> None:
        """What is otherwise in the end than in the middle, and by which events."""
        found = case_difference(self.ledger, case_of(self.events), self.middle(), everything(self.ledger))
        assert found is not None
        assert found.fields

    def clocks(self) -> None:
        """The clocks as they stand in the end."""
        found = clocks_at(self.ledger, [self.stream], self.ledger.head(), AT + timedelta(days=90))
        assert found[self.stream]

    def told(self) -> None:
        """The whole history with the clocks at each step."""
        found = case_history(self.ledger, case_of(self.events), everything(self.ledger))
        assert found.clocks_at_each
        assert len(found.told) >= self.events * 9 // 10


QUESTIONS: list[tuple[str, Callable[[Case], None], int]] = [
    ("its state", Case.read, LENGTHS[-1]),
    ("as of its middle", Case.as_of, LENGTHS[-1]),
    ("what each event changed", Case.changed, LENGTHS[-1]),
    ("the difference of middle and end", Case.differs, LENGTHS[-1]),
    ("its clocks", Case.clocks, LENGTHS[-1]),
    ("its history, clocks at each step", Case.told, 1_000),
]
"""Each with the longest case that is asked. The clocks of a step are worked out by themselves, so that those of all
steps cost the more, the more there are, and are told only while the events gone through stay within a bound."""


def test_a_case_of_any_length(rounds: int, promising: Ledger) -> None:
    for events in LENGTHS:
        write_long_case(promising, events)
    print(f"\nOne case of {', '.join(map(str, LENGTHS))} events ({rounds} rounds)")
    for name, question, longest in QUESTIONS:
        lengths = [events for events in LENGTHS if events <= longest]
        cases = {events: Case(promising, events) for events in lengths}
        works = {events: Work(name, partial(_asked, question, case, longest)) for events, case in cases.items()}
        asked = ask(name, "event", rounds, works)
        costs = ", ".join(f"{asked.median(events) * 1e6:,.1f}" for events in lengths)
        print(f"  {name:<34} us an event: {costs}")
        for more, less in neighbours(lengths):
            ratio = asked.ratio(more, less)
            print(f"      {more:>6,} : {less:<6,} {ratio}  {verdict(ratio, more, less)}")


def _asked(question: Callable[[Case], None], case: Case, events: int, _: Any) -> int:
    """Asks so often that it comes to so many events."""
    for _ in range(events // case.events):
        question(case)
    return events


@pytest.mark.parametrize("events", LENGTHS)
def test_a_case_beside_the_librarys_aggregate(
    rounds: int, promising: Ledger, library: dict[str, str], events: int
) -> None:
    """From bytes in memory to the state, by each side's own fold."""
    stream, times = write_long_case(promising, events), LENGTHS[-1] // events
    rows = promising.rows.rows_of([stream])
    mapper = LedgerMapper(promising.codec, promising.book)
    with Cases(library) as cases:
        written = list(map(cases.mapper.to_stored_event, a_long_library_case(events).collect_events()))
        assert len(rows) == len(written) == events

        def ours(_: None) -> int:
            return sum(tip_of(stream, map(mapper.recorded, rows)).version for _ in range(times))

        def theirs(_: None) -> int:
            return sum(library_replayed(cases, written) for _ in range(times))

        compare(
            f"A case of {events:,} events, from bytes to state",
            rounds,
            Work("daybook: decode, read corrections, evolve", ours),
            (Work("library's Aggregate as shipped", theirs), "more than 1"),
        )


# Whole books ----------------------------------------------------------------------------------------------------------


def test_a_view_made_anew_beside_the_librarys_runner(rounds: int, database: Clone, library: dict[str, str]) -> None:
    with (
        book_of_cases(database, CASES) as ledger,
        ExitStack() as running,
        psycopg.connect(database.owner_url, autocommit=True) as owner,
    ):
        head = ledger.head()

        def library_begins_anew() -> None:
            running.close()
            owner.execute("DROP TABLE IF EXISTS library_case_file_tracking, library_case_file")

        def made_anew(_: None) -> int:
            rows = [row for some in fresh(Reader(ledger), CASE_FILE, head) for row in some]
            assert len(rows) == CASES
            return head - GENESIS

        def library_runner(_: None) -> int:
            of_library = running.enter_context(
                ProjectionRunner(
                    application_class=Cases, projection_class=LibraryProjection, view_class=LibraryView, env=library
                )
            )
            of_library.wait(CASES * EVENTS_A_CASE, timeout=60)
            return of_library.view.max_tracking_id(Cases.name) or 0

        compare(
            "A view made anew: the case file against the library, which writes its rows as well",
            rounds,
            Work("daybook: a fresh fold", made_anew),
            (Work("library's ProjectionRunner", library_runner, None, library_begins_anew), "60 or more"),
        )


def test_memory_does_not_grow_with_the_book(request: pytest.FixtureRequest, durable: Embedded) -> None:
    sizes = sorted(int(size) for size in request.config.getoption("--bench-events").split(","))
    peaks: dict[str, list[int]] = {"events": [], "views": []}
    for size in sizes:
        with fresh_database(durable) as place, fresh_database(durable) as scratch:
            filled = filling.in_process("fill", place.writer_url, scratch.writer_url, size, on_progress=_nobody)
            for work, found in peaks.items():
                done = replaying.in_process(work, place.writer_url, "main")
                assert done.events == filled.events
                found.append(done.peak_bytes)
                print(
                    f"replay of {done.events:,} events to {work}: {done.seconds:.0f} s, "
                    f"{done.events / done.seconds:,.0f} events/s, peak {done.peak_bytes / (1 << 20):.0f} MiB"
                )
    for found in peaks.values():
        assert max(found) - found[0] < MOST_GROWTH_BYTES


def _nobody(events: int) -> None:
    del events
