"""The books on which the examples of the guides are run."""

from collections.abc import Iterator

import pytest

from api.app import create_app
from api.settings import Settings
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from ledger.embedded import Embedded
from tests.api.cli.conftest import CommandLine, environment
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.graphql.following import Follower, beside
from tests.api.guides.month import LI, OPENED, ZONE, Month
from tests.conftest import Database, _database


@pytest.fixture(scope="module")
def module_database(server: Embedded, template: str) -> Iterator[Database]:
    """A fresh migrated database."""
    yield from _database(server, template)


@pytest.fixture(scope="module")
def daybook(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """The command line on a book that holds the month, all of it read into the views."""
    command_line = CommandLine(environment(module_database))
    settings = Settings.from_environment(command_line.environment)
    with Workspace(settings, new_book=NewBook(BookTime.SIMULATED, ZONE, OPENED)) as workspace:
        Month(workspace.ledger, tmp_path_factory.mktemp("month")).whole()
    command_line.json("project")
    return command_line


@pytest.fixture(scope="module")
def screen(daybook: CommandLine) -> Iterator[FrontEnd]:
    """Somebody's screen on that book."""
    with (
        Workspace(Settings.from_environment(daybook.environment)) as workspace,
        asking(create_app(workspace, development_actor=LI)) as running,
    ):
        yield running


@pytest.fixture
def book(database: Database) -> Iterator[Workspace]:
    """An empty live book."""
    with opened(database) as workspace:
        yield workspace


@pytest.fixture
def front_end(book: Workspace) -> Iterator[FrontEnd]:
    """Somebody's screen on that book."""
    with asking(create_app(book, development_actor=ACTOR)) as running:
        yield running


@pytest.fixture
def follower(front_end: FrontEnd, book: Workspace) -> Iterator[Follower]:
    """The same screen, as far as it stays and is told of what changes."""
    with beside(front_end, book) as follower:
        yield follower
