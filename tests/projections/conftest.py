"""A book to write in, and the runner that keeps its views, on a fresh database."""

from collections.abc import Iterator

import pytest

from ledger.database import Database
from ledger.ledger import Ledger
from projections.audit_trail import AUDIT_TRAIL
from projections.runner import Runner
from projections.sla_timer import SLA_TIMER
from tests import conftest
from tests.ledger.submissions import opened


@pytest.fixture
def written(database: conftest.Database) -> Iterator[Database]:
    """The fresh database, as the server's role uses it."""
    with Database(database.writer_url) as connected:
        yield connected


@pytest.fixture
def projected(database: conftest.Database) -> Iterator[Database]:
    """The fresh database, as the role that owns the views uses it."""
    with Database(database.projector_url) as connected:
        yield connected


@pytest.fixture
def ledger(written: Database) -> Ledger:
    """A simulated book, opened with its genesis at position 1."""
    return opened(written, "main")


@pytest.fixture
def runner(ledger: Ledger, projected: Database) -> Runner:
    """The runner of that book, its tables made."""
    made = Runner(ledger, projected)
    made.prepare()
    return made


@pytest.fixture
def auditor(ledger: Ledger, projected: Database) -> Runner:
    """What keeps the audit trail, and nothing else; the clocks, at which it looks for late approvals, have a table."""
    Runner(ledger, projected, [SLA_TIMER]).prepare()
    made = Runner(ledger, projected, [AUDIT_TRAIL])
    made.prepare()
    return made
