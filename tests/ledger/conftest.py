"""A book in a fresh database, ready to write in."""

from collections.abc import Iterator

import pytest

from ledger.database import Database
from ledger.ledger import Ledger
from tests import conftest
from tests.ledger.submissions import opened


@pytest.fixture
def written(database: conftest.Database) -> Iterator[Database]:
    """The fresh database, as the server's role uses it."""
    with Database(database.writer_url) as connected:
        yield connected


@pytest.fixture
def ledger(written: Database) -> Ledger:
    """A simulated book in the zone of Shanghai, opened with its genesis at position 1."""
    return opened(written, "main")
