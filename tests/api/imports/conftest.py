"""A fresh book to import into."""

import gc
from collections.abc import Iterator

import pytest

from api.cli import GC_THRESHOLDS
from api.imports.loading import load_mapping
from api.imports.snapshot_mapping import SnapshotMapping
from ledger.database import Database
from ledger.ledger import Ledger
from tests import conftest
from tests.api.imports.written import opened


@pytest.fixture
def ledger(database: conftest.Database) -> Iterator[Ledger]:
    """A simulated book, opened with its genesis at position 1."""
    with Database(database.writer_url) as connected:
        yield opened(connected)


@pytest.fixture(scope="session")
def servicenow() -> SnapshotMapping:
    mapping = load_mapping("servicenow")
    assert isinstance(mapping, SnapshotMapping)
    return mapping


@pytest.fixture(scope="module")
def collecting_as_the_command_line_does() -> Iterator[None]:
    """Python's own thresholds would have these millions of small objects searched for circles all the time."""
    thresholds = gc.get_threshold()
    gc.set_threshold(*GC_THRESHOLDS)
    yield
    gc.set_threshold(*thresholds)
