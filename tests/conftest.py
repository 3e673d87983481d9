"""What tests stand on: one fast PostgreSQL a run, its schema made once, and a clone for each test that commits."""

import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from ledger.embedded import FAST, Embedded

PROJECT = Path(__file__).resolve().parent.parent
TEMPLATE = "daybook_template"
WRITER = "daybook_writer"
PROJECTOR = "daybook_projector"


# A shell without job control has what it starts in the background ignore Ctrl-C, and so would every program that the
# tests start, and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# No test asserts a time: several run at once, on machines of any speed.
settings.register_profile("daybook", deadline=None)
settings.load_profile("daybook")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bench", action="store_true", help="run the benchmarks in tests/benchmarks, which are off otherwise"
    )
    parser.addoption(
        "--interop",
        action="store_true",
        help="run tests/interop, in whose environment, made by `make interop`, pm4py is",
    )
    parser.addoption("--long", action="store_true", help="run the tests that take minutes as well")
    parser.addoption("--kills", type=int, default=4, help="how many kills the servers under load get over (default 4)")
    parser.addoption("--kill-seed", type=int, help="what is killed when; otherwise drawn, and told when a test fails")
    parser.addoption("--bench-rounds", type=int, default=15, help="interleaved rounds of a benchmark (default 15)")
    parser.addoption(
        "--bench-events", default="100000,1000000", help="the sizes of the books whose growth is measured, in events"
    )
    parser.addoption("--bench-timers", type=int, default=100_000, help="clocks that are looked at, or counted")
    parser.addoption(
        "--bench-cases", type=int, default=100_000, help="cases whose clocks are worked out in a round (default 100000)"
    )
    parser.addoption("--bench-json", help="a file for what the growth benchmark finds")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Benchmarks, and what needs an environment of its own, are not even imported unless asked for."""
    asked_for = {"benchmarks": "--bench", "interop": "--interop"}.get(collection_path.name)
    return True if asked_for is not None and not config.getoption(asked_for) else None


LONGEST = ("api/imports/test_judged_history.py", "api/imports/", "replay/")
"""Files that take long with few tests. They go first, so that no process is alone with one of them in the end."""

OF_VOLUME = (
    "api/access/test_any_change.py",
    "api/access/test_any_document.py",
    "api/access/test_rules.py",
    "api/demo/test_amended_history.py",
    "api/graphql/test_allowed_actions.py",
    "api/graphql/test_cut_streams.py",
    "api/graphql/test_followed_clocks.py",
    "api/graphql/test_followed_histories.py",
    "api/http/test_any_message.py",
    "api/http/test_socket_resuming.py",
    "api/imports/test_event_log.py",
    "api/imports/test_judged_history.py",
    "api/imports/test_real_history.py",
    "api/imports/test_requests.py",
    "domain/sla/test_engine_laws.py",
    "domain/sla/test_explain.py",
    "domain/test_laws.py",
    "domain/ways/test_trying.py",
    "faults/",
    "projections/test_amendments.py",
    "projections/test_as_known.py",
    "projections/test_clock_moments.py",
    "projections/test_customer_timeline.py",
    "replay/test_every_position.py",
    "replay/test_flips.py",
    "replay/test_golden.py",
    "replay/test_what_if.py",
)
"""Files that do again and again what the tests of each part do once. They are run without measuring coverage, which
takes two thirds of the time of what is computed in Python (2026-11-22)."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that take minutes are left out unless asked for; those of one story follow each other as it is told."""
    told: dict[Path, list[int]] = {}
    for place, item in enumerate(items):
        if item.get_closest_marker("story"):
            told.setdefault(item.path, []).append(place)
    for places in told.values():
        in_order = sorted((items[place] for place in places), key=lambda item: (item.location[1] or 0, item.nodeid))
        for place, item in zip(places, in_order, strict=True):
            items[place] = item
    for item in items:
        if item.path.relative_to(PROJECT / "tests").as_posix().startswith(OF_VOLUME):
            item.add_marker(pytest.mark.no_cover)
    items.sort(key=lambda item: _rank(item.path.relative_to(PROJECT / "tests").as_posix()))
    if not config.getoption("--long"):
        left_out = pytest.mark.skip(reason="takes minutes; runs with --long")
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(left_out)


def _rank(path: str) -> int:
    return next((rank for rank, start in enumerate(LONGEST) if path.startswith(start)), len(LONGEST))


@dataclass(frozen=True)
class Database:
    """A database of one test's own, and how each role reaches it."""

    name: str
    owner_url: str
    writer_url: str
    projector_url: str

    @staticmethod
    def on(server: Embedded, name: str) -> "Database":
        return Database(
            name=name,
            owner_url=server.url(name),
            writer_url=server.url(name, user=WRITER),
            projector_url=server.url(name, user=PROJECTOR),
        )


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder for data directories: pytest's own are private, and under root the server runs as somebody else."""
    folder = Path(tempfile.mkdtemp(prefix="daybook-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server(open_folder: Path) -> Iterator[Embedded]:
    """The run's PostgreSQL, which may forget everything."""
    with Embedded(open_folder / "pg", settings=FAST) as running:
        yield running


def _administer(server: Embedded, statement: LiteralString, **names: str) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(**{key: sql.Identifier(name) for key, name in names.items()}))


@pytest.fixture(scope="session")
def template(server: Embedded) -> str:
    """The name of a migrated database to clone; nobody may stay connected to it."""
    from ledger.migrate import migrate

    _administer(server, "CREATE DATABASE {template}", template=TEMPLATE)
    migrate(server.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def empty_database(server: Embedded) -> Iterator[Database]:
    """A database without a schema, for what makes one."""
    yield from _database(server, "template0")


@pytest.fixture
def database(server: Embedded, template: str) -> Iterator[Database]:
    """A fresh migrated database that this test may commit to."""
    yield from _database(server, template)


@pytest.fixture(scope="session")
def shared_database(server: Embedded, template: str) -> Callable[[], AbstractContextManager[Database]]:
    """Opens a fresh migrated database for a fixture that writes once what several tests read."""
    return lambda: contextmanager(_database)(server, template)


def _database(server: Embedded, template: str) -> Iterator[Database]:
    name = f"test_{uuid.uuid4().hex}"
    _administer(server, "CREATE DATABASE {name} TEMPLATE {template}", name=name, template=template)
    yield Database.on(server, name)
    _administer(server, "DROP DATABASE {name} WITH (FORCE)", name=name)


@pytest.fixture(scope="session")
def rolled_back_database(server: Embedded, template: str) -> Database:
    _administer(server, "CREATE DATABASE rolled_back TEMPLATE {template}", template=template)
    return Database.on(server, "rolled_back")


@pytest.fixture
def rolled_back(rolled_back_database: Database) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The owner's connection, in a transaction that the test's end undoes."""
    with psycopg.connect(rolled_back_database.owner_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real histories beside the checkout, found through DAYBOOK_SHARED."""
    folder = Path(os.environ.get("DAYBOOK_SHARED") or PROJECT.parent / "shared") / "data"
    if not folder.is_dir():
        pytest.skip(f"no real histories: {folder} is not there (DAYBOOK_SHARED names its parent)")
    return folder
