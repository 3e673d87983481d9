"""Benchmarks run one after the other with --bench; each is marked, so that `-m bench` finds them too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.embedded import Embedded
from tests.benchmarks.durable import fresh_database
from tests.benchmarks.library_case import CASES, with_library_cases
from tests.conftest import Database


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("bench")


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How many rounds are timed; an interval of 95 % takes six or more."""
    asked: int = request.config.getoption("--bench-rounds")
    return asked


@pytest.fixture(scope="session")
def durable(open_folder: Path) -> Iterator[Embedded]:
    """A server that flushes what it acknowledges, as servers do."""
    with Embedded(open_folder / "durable", settings={"max_connections": "150", "shared_buffers": "512MB"}) as server:
        yield server


@pytest.fixture
def database(durable: Embedded) -> Iterator[Database]:
    """A fresh migrated database: no benchmark writes into tables or indexes that another has filled."""
    with fresh_database(durable) as fresh:
        yield fresh


@pytest.fixture
def library(database: Database) -> dict[str, str]:
    """The library's environment, with as many cases of its own saved in the same database."""
    return with_library_cases(database, CASES)
