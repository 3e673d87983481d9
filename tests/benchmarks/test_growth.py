import gc
import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from domain.personal import personal_values
from ledger.database import Database
from ledger.embedded import Embedded
from ledger.outcome import Accepted
from tests.benchmarks.day import Day
from tests.benchmarks.durable import a_ledger, fresh_database
from tests.benchmarks.filling import FEWEST_EVENTS, SEED, check_disk, in_process
from tests.benchmarks.growth import Asked, Filled, Results, Storage, ask, save, shown, spoken_size
from tests.benchmarks.questions import READING, WRITING, Book, Question, catching_up
from tests.conftest import Database as Place

PART_EVENTS = 5_000
"""What is folded at a time at the end of a book: as much as the runner takes at once."""
SAMPLE = 500
"""Commands of a day that are asked again once a book is filled."""

TABLES = """
SELECT c.oid::regclass::text, pg_table_size(c.oid)
FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text IN ('ledger', 'views')
  AND pg_total_relation_size(c.oid) > 100000
ORDER BY 2 DESC
"""
INDEXES = """
SELECT i.indexrelid::regclass::text, pg_relation_size(i.indexrelid)
FROM pg_index i
WHERE i.indrelid = %s::regclass
ORDER BY 1
"""


@pytest.fixture
def sizes(request: pytest.FixtureRequest) -> list[int]:
    """How many events the books have, the fewest first."""
    asked: str = request.config.getoption("--bench-events")
    found = sorted({int(size) for size in asked.split(",")})
    if found[0] < FEWEST_EVENTS:
        raise pytest.UsageError(f"--bench-events: a book has at least {FEWEST_EVENTS} events, not {found[0]}.")
    return found


@pytest.fixture
def bar() -> Iterator[Progress]:
    """Shows what is under way and how long it will take."""
    columns = (TextColumn("{task.description:<42}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        yield bar


def test_growth(
    sizes: list[int], rounds: int, durable: Embedded, open_folder: Path, bar: Progress, request: pytest.FixtureRequest
) -> None:
    check_disk(open_folder, sizes)
    part = min(PART_EVENTS, sizes[0] * 8 // 10 // (rounds + 1))
    with ExitStack() as stack:
        places = {size: stack.enter_context(fresh_database(durable)) for size in sizes}
        filled: dict[int, Filled] = {}
        for size, place in places.items():
            filled[size] = _filled(durable, place, size, (rounds + 1) * part, bar)
            _estimate(filled[size], sum(sizes) - sum(filled), bar)
        books = {size: stack.enter_context(_opened(place, filled[size].events)) for size, place in places.items()}
        for book in books.values():
            _ask_again(book)
        gc.freeze()  # the ids that are picked from, or each collection before a round goes through them all
        stack.callback(gc.unfreeze)
        asked = _ask_all([catching_up(part)], rounds, books, bar)
        for size, place in places.items():
            _tidy(place)
            filled[size] = filled[size]._replace(storage=_storage(place))
        asked += _ask_all([*READING, *WRITING], rounds, books, bar)
    results = Results(_machine(durable), rounds, tuple(filled.values()), tuple(asked))
    print(shown(results))
    path: str | None = request.config.getoption("--bench-json")
    if path:
        save(results, Path(path))


def _filled(server: Embedded, place: Place, events: int, left: int, bar: Progress) -> Filled:
    """Fills a book, and folds its views up to its last part."""
    task = bar.add_task(f"{spoken_size(events)} events: filling", total=events)
    with fresh_database(server) as scratch:
        filled = in_process(
            "fill", place.writer_url, scratch.writer_url, events,
            on_progress=lambda done: bar.update(task, completed=done),
        )  # fmt: skip
    bar.update(task, completed=events)
    upto = filled.events - left
    task = bar.add_task(f"{spoken_size(events)} events: folding", total=upto)
    folded = in_process(
        "fold", place.writer_url, place.projector_url, upto, on_progress=lambda done: bar.update(task, completed=done)
    )
    assert folded.events == upto, f"the views stopped at {folded.events} of {upto}"
    started = time.perf_counter()
    _tidy(place)
    return Filled(
        filled.events, filled.seconds, filled.peak_bytes, filled.wal_bytes, folded.events, folded.seconds,
        folded.peak_bytes, folded.wal_bytes, time.perf_counter() - started, (),
    )  # fmt: skip


def _estimate(last: Filled, events: int, bar: Progress) -> None:
    """Says how long the other books will take, by the pace of the last one."""
    if events:
        seconds = events * (last.fill_seconds / last.events + last.fold_seconds / last.folded)
        bar.console.print(f"At this pace the other books are there in {seconds / 60:.0f} min; then they are asked.")


def _tidy(place: Place) -> None:
    """What the server would do by itself in its own time, so that it does not do it while something is timed."""
    with psycopg.connect(place.owner_url, autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")
        owner.execute("CHECKPOINT")


@contextmanager
def _opened(place: Place, events: int) -> Iterator[Book]:
    ledger = a_ledger(place.writer_url)
    with Database(place.projector_url) as views:
        yield Book(events, ledger, views)
        ledger.close()
        ledger.database.close()


def _ask_again(book: Book) -> None:
    """The rows are those that the program itself would have written: it takes the commands for carried out."""
    day = Day(SEED, book.days - 1)
    submissions = day.submissions()[:SAMPLE]
    answers = book.ledger.answered(submissions)
    assert all(isinstance(answer, Accepted) and answer.repeated for answer in answers)
    streams = {command.stream for submission in submissions for command in submission.commands}
    opened = book.ledger.histories(streams, opened=True)
    said = {personal.value for submission in submissions for command in submission.commands
            for _, personal in personal_values(command)}  # fmt: skip
    kept = {personal.value for history in opened.values() for recorded in history
            for _, personal in personal_values(recorded.event)}  # fmt: skip
    assert said <= kept, "personal values do not open to what was said"


def _storage(place: Place) -> tuple[Storage, ...]:
    with psycopg.connect(place.owner_url) as owner:
        tables = owner.execute(TABLES).fetchall()
        return tuple(Storage(table, size, dict(owner.execute(INDEXES, (table,)).fetchall())) for table, size in tables)


def _ask_all(questions: Iterable[Question], rounds: int, books: Mapping[int, Book], bar: Progress) -> list[Asked]:
    """Asks one question after the other, of all books turn about."""
    waiting = list(questions)
    task = bar.add_task("", total=len(waiting))
    found = []
    for question in waiting:
        bar.update(task, description=question.name)
        works = {size: question.of(book) for size, book in books.items()}
        found.append(ask(question.name, question.unit, rounds, works))
        bar.advance(task)
    return found


def _machine(server: Embedded) -> dict[str, str]:
    with psycopg.connect(server.url()) as connection:
        told = {
            name: str(connection.execute("SELECT current_setting(%s)", (name,)).fetchone()[0])  # type: ignore[index]
            for name in ("server_version", "shared_buffers", "max_wal_size")
        }
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[1]:.1f}",
        "python": platform.python_version(),
        "postgresql": told["server_version"].split()[0],
        "shared_buffers": told["shared_buffers"],
        "max_wal_size": told["max_wal_size"],
    }


def _processor() -> str:
    """The processor's name, where the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
