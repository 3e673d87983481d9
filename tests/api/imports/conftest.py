"""A fresh book to import into."""

from collections.abc import Iterator

import pytest

from api.imports.mapping import Mapping, load_mapping
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
def servicenow() -> Mapping:
    return load_mapping("servicenow")
