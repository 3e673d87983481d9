"""The command line on a database of the test's own, with or without a small book in it."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from typer.testing import CliRunner, Result

from api.cli.commands import app
from api.settings import Settings
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import ClassifyCase, ReceiveCase, RegisterCase, ResolveCase
from domain.case.events import CaseKind, Outcome
from domain.channel import Channel
from domain.customer import CustomerKind, RegisterCustomer
from domain.envelope import Actor, ActorKind, Submission
from domain.event import Command
from domain.money import Money
from domain.personal import Personal
from ledger.outcome import Accepted
from tests.conftest import Database

KEY = base64.b64encode(b"k" * 32).decode()
OPENED = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
NAMESPACE = UUID("00000000-0000-4000-8000-000000000001")
CUSTOMER = uuid5(NAMESPACE, "customer")
AGENT = Actor("王芳", ActorKind.PERSON, unit="北京分部", role="agent")


def environment(database: Database, **more: str) -> dict[str, str]:
    """What the environment says about a database, and nothing else about Daybook."""
    given = {
        "DATABASE_URL": database.writer_url,
        "DAYBOOK_OWNER_URL": database.owner_url,
        "DAYBOOK_PROJECTOR_URL": database.projector_url,
        "DAYBOOK_MASTER_KEY": KEY,
        "DAYBOOK_PATIENCE_SECONDS": "5",
    }
    return given | more


@dataclass
class CommandLine:
    """`daybook`, as somebody types it."""

    environment: dict[str, str]

    def __call__(self, *words: str, **more: str) -> Result:
        return CliRunner().invoke(app, list(words), env=self.environment | more, prog_name="daybook")

    def json(self, *words: str) -> Any:
        """The answer of a command that succeeds, as JSON."""
        result = self(*words, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    @contextmanager
    def process(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """The same in a process of its own, which is ended at the latest with the block."""
        program = Path(sys.executable).parent / "daybook"
        running = subprocess.Popen(
            [program, *words],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield running
        finally:
            running.kill()
            running.communicate()


@pytest.fixture
def daybook(database: Database) -> CommandLine:
    """The command line on a migrated database without a book."""
    return CommandLine(environment(database))


@pytest.fixture
def workspace(daybook: CommandLine) -> Iterator[Workspace]:
    """A simulated book `main` in that database."""
    settings = Settings.from_environment(daybook.environment)
    with Workspace(settings, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", OPENED)) as opened:
        yield opened


@dataclass
class Teller:
    """Writes down what happened in a book, minute by minute."""

    workspace: Workspace
    now: datetime = OPENED

    def tell(self, *commands: Command, late: timedelta = timedelta()) -> Accepted:
        """Carries commands out."""
        self.now += timedelta(minutes=1)
        submission = Submission(
            uuid5(NAMESPACE, f"{self.now}"),
            commands,
            AGENT,
            "test",
            said_at=max(command.at for command in commands) + late,
        )
        return self.workspace.ledger.carry_out(submission)

    def another(self, key: str) -> UUID:
        """One more case with a key that another has."""
        return self.case(key, identity=f"{key} again")

    def case(self, key: str, words: str = "宽带一直断线。", identity: str | None = None) -> UUID:
        """A received and registered case of the one customer."""
        case_id = uuid5(NAMESPACE, identity or key)
        at = self.now
        self.tell(
            RegisterCustomer(
                at=OPENED, customer_id=CUSTOMER, kind=CustomerKind.PERSON, name=Personal.open(CUSTOMER, "冯小明")
            ),
            ReceiveCase(
                at=at,
                zone="Asia/Shanghai",
                case_id=case_id,
                kind=CaseKind.COMPLAINT,
                channel=Channel.HOTLINE,
                customer_id=CUSTOMER,
                source_key=key,
                words=Personal.open(CUSTOMER, words),
            ),
            RegisterCase(at=at, case_id=case_id, registered_by="王芳"),
        )
        return case_id

    def tell_and_wait(self, key: str) -> bool:
        """Writes a case down, and says whether somebody else brings the views up to it."""
        self.case(key)
        return self.workspace.runner.wait_for(self.workspace.ledger.head(), timeout=20)

    def resolve(self, case_id: UUID) -> None:
        """Resolves it with redress, which is written down three days later."""
        at = self.now
        self.tell(
            ClassifyCase(at=at, case_id=case_id, category="broadband"),
            ResolveCase(
                at=at,
                case_id=case_id,
                outcome=Outcome.UPHELD,
                redress=Money(minor_units=12_550, currency="CNY"),
            ),
            late=timedelta(days=3),
        )


@pytest.fixture
def teller(workspace: Workspace) -> Teller:
    """Somebody who writes into the book."""
    return Teller(workspace)
