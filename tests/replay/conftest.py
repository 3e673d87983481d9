"""A book in a fresh database, whose desk has hours and makes promises."""

from collections.abc import Iterator

import pytest

from ledger.database import Database
from ledger.ledger import Ledger
from replay.reader import Reader
from tests import conftest
from tests.ledger.submissions import opened
from tests.ledger.test_terms import DESK, POLICY, publish_calendar, publish_policy


@pytest.fixture
def written(database: conftest.Database) -> Iterator[Database]:
    """The fresh database, as the server's role uses it."""
    with Database(database.writer_url) as connected:
        yield connected


@pytest.fixture
def ledger(written: Database) -> Ledger:
    """A simulated book whose desk has hours, and makes promises."""
    book = opened(written, "main")
    publish_calendar(book, DESK)
    publish_policy(book, POLICY)
    return book


@pytest.fixture
def reader(ledger: Ledger) -> Reader:
    """The same, to be read."""
    return Reader(ledger)
