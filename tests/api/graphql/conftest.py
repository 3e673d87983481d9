"""The application on a database of each test module's own, and a front end that asks it."""

import asyncio
import base64
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from api.app import create_app
from api.settings import Settings
from api.workspace import NewBook, Workspace
from domain.envelope import Actor, ActorKind
from ledger.database import Database as LedgerDatabase
from ledger.embedded import Embedded
from tests.api.graphql.asking import FrontEnd, asking
from tests.conftest import Database, _database

ACTOR = Actor("developer", ActorKind.PERSON, unit="Head office")
LIVE = NewBook(zone="Asia/Shanghai")


@pytest.fixture(scope="module")
def module_database(server: Embedded, template: str) -> Iterator[Database]:
    """A fresh migrated database."""
    yield from _database(server, template)


@contextmanager
def opened(
    database: Database, *, new_book: NewBook = LIVE, patience_seconds: float = 5, **settings: Any
) -> Iterator[Workspace]:
    """A workspace on a database, whose book is opened; with other settings besides."""
    found = Settings(
        database_url=database.writer_url,
        projector_url=database.projector_url,
        master_key=SecretStr(base64.b64encode(b"k" * 32).decode()),
        patience_seconds=patience_seconds,
        **settings,
    )
    with Workspace(found, new_book=new_book, longest=found.longest) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def workspace(module_database: Database) -> Iterator[Workspace]:
    """A live book."""
    with opened(module_database) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def front_end(workspace: Workspace) -> Iterator[FrontEnd]:
    """A front end of the running application over that book, which the tests of a module share."""
    with asking(create_app(workspace, development_actor=ACTOR)) as running:
        yield running


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements of everybody but the runner's own thread, none of which may run on an event loop."""
    seen: list[str] = []
    rows = LedgerDatabase.rows

    def watched(
        self: LedgerDatabase, query: str, parameters: Sequence[Any] | dict[str, Any] = ()
    ) -> list[tuple[Any, ...]]:
        if threading.current_thread().name != "views":
            with pytest.raises(RuntimeError):
                asyncio.get_running_loop()
            seen.append(query)
        return rows(self, query, parameters)

    monkeypatch.setattr(LedgerDatabase, "rows", watched)
    return seen
