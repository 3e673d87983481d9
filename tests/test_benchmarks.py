"""What the benchmarks stand on, held without timing anything."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from domain.amendment import EventCorrected
from domain.envelope import Recorded
from ledger.database import Database
from ledger.embedded import Embedded
from ledger.ledger import Ledger
from ledger.outcome import Accepted
from projections import case_file
from projections.case_file import RECEIVED, CaseFilter
from projections.paging import Window
from tests.benchmarks import replaying
from tests.benchmarks.curves import BEGIN, END, curves, found, with_found
from tests.benchmarks.day import Day
from tests.benchmarks.durable import MASTER, a_ledger
from tests.benchmarks.filling import (
    RARE,
    RARE_CATEGORY,
    DiskTooSmall,
    ProcessFailed,
    check_disk,
    fill,
    fold,
    in_process,
)
from tests.benchmarks.growth import Asked, Filled, Results, Storage, ask, load, save, shown, spoken_size, verdict
from tests.benchmarks.long_case import a_long_library_case, write_long_case
from tests.benchmarks.side_by_side import Ratio, Work, ratio_of
from tests.benchmarks.stamp import Stamp
from tests.conftest import Database as Place
from tests.conftest import _database

SEED, CASES = 3, 20

RESULTS = Results(
    machine={
        "date": "2026-11-21", "processor": "a <fast> one", "cores": "2", "load": "0.1", "python": "3.11.7",
        "postgresql": "18.1", "shared_buffers": "512MB", "max_wal_size": "1GB",
    },
    rounds=6,
    filled=(
        Filled(100_000, 2.0, 10**8, 10**9, 90_000, 4.0, 10**8, 10**9, 1.0, (
            Storage("ledger.event", 50_000_000, {"event_pkey": 5_000_000}),)),
        Filled(1_000_000, 25.0, 10**8, 10**10, 990_000, 50.0, 10**8, 10**10, 9.0, (
            Storage("ledger.event", 500_000_000, {"event_pkey": 70_000_000}),)),
    ),
    asked=(
        Asked("a stream & its values", "stream", 100, {
            100_000: [1e-4, 1.1e-4, 1.2e-4, 1e-4, 1.1e-4, 1.2e-4],
            1_000_000: [2e-4, 2.2e-4, 2.4e-4, 2e-4, 2.2e-4, 2.4e-4],
        }),
    ),
)  # fmt: skip


@pytest.fixture
def ledgers(server: Embedded, template: str) -> Iterator[tuple[Place, Ledger, Ledger]]:
    """Two empty books in databases of their own, and the place of the first."""
    with ExitStack() as stack:
        places = [stack.enter_context(contextmanager(_database)(server, template)) for _ in range(2)]
        both = [a_ledger(place.writer_url) for place in places]
        yield places[0], both[0], both[1]
        for ledger in both:
            ledger.close()
            ledger.database.close()


def test_a_stamped_day_is_what_the_program_would_have_written(ledgers: tuple[Place, Ledger, Ledger]) -> None:
    _, stamped, carried_out = ledgers
    day = Day(SEED, 5, CASES)
    stamp = Stamp(carried_out, Day(SEED, 0, CASES))
    stamped.database.write_together("main", list(stamp.writes(5, stamped, MASTER)))
    after = carried_out.head()
    outcomes = carried_out.carry_out_all(day.submissions())
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    numbers = len({recorded.register for recorded in stamped.since(1) if recorded.register})
    assert [as_told(one, 1, 0) for one in stamped.since(1, opened=True)] == [
        as_told(one, after, numbers) for one in carried_out.since(after, opened=True)
    ]


def as_told(recorded: Recorded[Any], after: int, numbers: int) -> Recorded[Any]:
    """The event with place and number counted from the day's beginning, not from the book's, and without the place at
    which its decision read the book's standards: a stamp has that of the day it was made of."""
    register = recorded.register and recorded.register._replace(number=recorded.register.number - numbers)
    metadata = replace(recorded.metadata, basis=None)
    return recorded._replace(position=recorded.position - after, register=register, metadata=metadata)


def test_the_ledger_takes_the_commands_of_a_stamped_day_for_carried_out(ledgers: tuple[Place, Ledger, Ledger]) -> None:
    _, stamped, scratch = ledgers
    stamp = Stamp(scratch, Day(SEED, 0, CASES))
    stamped.database.write_together("main", list(stamp.writes(2, stamped, MASTER)))
    answers = stamped.answered(Day(SEED, 2, CASES).submissions())
    assert all(isinstance(answer, Accepted) and answer.repeated for answer in answers)


def test_days_of_one_seed_are_the_same_commands_under_other_ids_and_dates() -> None:
    one, again, other = (Day(SEED, number, CASES).submissions() for number in (1, 1, 2))
    assert [submission.commands for submission in one] == [submission.commands for submission in again]
    assert [list(map(type, submission.commands)) for submission in one] == [
        list(map(type, submission.commands)) for submission in other
    ]
    assert not {submission.command_id for submission in one} & {submission.command_id for submission in other}


def test_a_filled_book_holds_its_events_its_views_and_its_rare_cases(ledgers: tuple[Place, Ledger, Ledger]) -> None:
    place, book, scratch = ledgers
    told: list[int] = []
    head = fill(book, Stamp(scratch, Day(SEED, 0, CASES)), 2_000, told.append)
    assert 1_990 < head <= 2_000
    assert sorted(told) == told
    with Database(place.projector_url) as views:
        assert fold(book, views, head, lambda _: None) == head
    window = Window(RECEIVED, limit=RARE + 1)
    page = case_file.page(book.database, "main", window, CaseFilter(categories=(RARE_CATEGORY,)))
    assert len(page.rows) == RARE


def test_folding_in_a_process_of_its_own_tells_what_it_took(ledgers: tuple[Place, Ledger, Ledger]) -> None:
    place, book, scratch = ledgers
    head = fill(book, Stamp(scratch, Day(SEED, 0, CASES)), 500, lambda _: None)
    told: list[int] = []
    done = in_process("fold", place.writer_url, place.projector_url, head, on_progress=told.append)
    assert (done.events, told[-1]) == (head, head)
    assert min(done.seconds, done.peak_bytes, done.wal_bytes) > 0


def test_an_interrupted_benchmark_leaves_no_process_behind(ledgers: tuple[Place, Ledger, Ledger]) -> None:
    place, book, scratch = ledgers
    head = fill(book, Stamp(scratch, Day(SEED, 0, CASES)), 500, lambda _: None)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_process("fold", place.writer_url, place.projector_url, head, on_progress=interrupt)
    assert still_running(place.name) == []


def still_running(word: str) -> list[str]:
    """The programs that were started with a word among their arguments, and have not ended."""
    started = []
    for arguments in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended while we looked
            started.append(arguments.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [program for program in started if word in program and "tests.benchmarks" in program]


def test_a_process_that_fails_is_no_result(ledgers: tuple[Place, Ledger, Ledger]) -> None:
    place, *_ = ledgers
    with pytest.raises(ProcessFailed, match="was to fold a book ended with 1"):
        in_process("fold", place.writer_url, place.projector_url, "no number", on_progress=lambda _: None)


def test_books_that_do_not_fit_on_the_disk_are_not_begun(tmp_path: Path) -> None:
    with pytest.raises(DiskTooSmall, match=r"--bench-events"):
        check_disk(tmp_path, [10**15])
    check_disk(tmp_path, [])


def test_each_book_is_asked_as_often_as_the_others() -> None:
    asked: list[int] = []

    def of(size: int) -> Work:
        def run(_: None) -> int:
            asked.append(size)
            return 5

        return Work("asked", run)

    found = ask("a question", "unit", 6, {1: of(1), 2: of(2)})
    assert (asked.count(1), asked.count(2), found.units) == (7, 7, 5)
    assert asked[:4] == [1, 2, 2, 1]
    assert {size: len(seconds) for size, seconds in found.seconds.items()} == {1: 6, 2: 6}


def test_books_with_unequal_work_are_not_compared() -> None:
    with pytest.raises(AssertionError, match="not the same work"):
        ask("a question", "unit", 1, {1: Work("one", lambda _: 1), 2: Work("two", lambda _: 2)})


def test_a_ratio_is_the_median_of_the_rounds_between_two_of_them() -> None:
    assert ratio_of([float(n) for n in range(1, 16)]) == Ratio(8.0, 4.0, 12.0)


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (Ratio(0.8, 0.7, 0.9), "less"),
        (Ratio(1.1, 0.9, 1.3), "none shown"),
        (Ratio(1.2, 1.1, 1.3), "as the logarithm"),
        (Ratio(2.0, 1.8, 2.2), "grows"),
    ],
)
def test_an_interval_says_whether_the_cost_grows(ratio: Ratio, said: str) -> None:
    assert verdict(ratio, 10_000_000, 1_000_000) == said


def test_sizes_are_spoken_as_people_say_them() -> None:
    assert [spoken_size(size) for size in (100_000, 1_000_000, 2_500_000, 123_456)] == [
        "100 k", "1 M", "2.5 M", "123,456",
    ]  # fmt: skip


def test_results_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    save(RESULTS, tmp_path / "a folder" / "growth.json")
    assert load(tmp_path / "a folder" / "growth.json") == RESULTS


def test_results_are_shown_with_their_ratios() -> None:
    assert "2.00 [2.00, 2.00]" in shown(RESULTS)
    assert "2.00 [2.00, 2.00]" in found(RESULTS)
    assert "| `ledger.event` | 500 | 500 |" in found(RESULTS)
    assert "| **all** | **550** | **570** |" in found(RESULTS)


def test_the_page_keeps_what_stands_around_its_figures() -> None:
    page = f"# Before\n\n{BEGIN}\n\nold figures\n\n{END}\n\nAfter.\n"
    written = with_found(page, RESULTS)
    assert written.startswith(f"# Before\n\n{BEGIN}\n")
    assert written.endswith(f"{END}\n\nAfter.\n")
    assert "old figures" not in written
    assert with_found(written, RESULTS) == written


def test_a_page_without_a_place_for_figures_is_left_alone() -> None:
    with pytest.raises(ValueError, match="no <!-- found: begin -->"):
        with_found("# A page\n", RESULTS)


def test_the_curves_are_a_picture_with_a_line_and_a_mark_for_each_size() -> None:
    picture = ElementTree.fromstring(curves(RESULTS))
    svg = "{http://www.w3.org/2000/svg}"
    assert len(picture.findall(f"{svg}g")) == len(RESULTS.asked)
    assert len(list(picture.iter(f"{svg}circle"))) == 2
    assert "a stream & its values" in [text.text for text in picture.iter(f"{svg}text")]


@pytest.mark.parametrize("events", [10, 100, 620])
def test_a_long_case_has_as_many_events_as_were_asked_for_on_both_sides(
    ledgers: tuple[Place, Ledger, Ledger], events: int
) -> None:
    _, book, _ = ledgers
    history = book.history(write_long_case(book, events))
    assert len(history) == events
    assert any(isinstance(one.event, EventCorrected) for one in history) == (events > 500)
    assert a_long_library_case(events).version == events


@pytest.mark.parametrize("work", ["events", "views"])
def test_a_book_is_replayed_in_a_process_of_its_own(ledgers: tuple[Place, Ledger, Ledger], work: str) -> None:
    place, book, scratch = ledgers
    head = fill(book, Stamp(scratch, Day(SEED, 0, CASES)), 500, lambda _: None)
    done = replaying.in_process(work, place.writer_url, "main")
    assert done.events == head
    assert done.peak_bytes > 0
    replaying.opened(place.writer_url, "main")
    assert (replaying.to_states(), replaying.to_views()) == (head, head)
