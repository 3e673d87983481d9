"""Real clients of npm, installed once from their lock, and a server that they reach by HTTP."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.workspace import NewBook, Workspace
from domain.case.commands import ReceiveCase, RegisterCase
from domain.case.events import CaseKind
from domain.channel import Channel
from domain.customer import CustomerKind, RegisterCustomer
from domain.envelope import Actor, ActorKind, Submission
from domain.personal import Personal
from ledger.embedded import Embedded
from tests.api.cli.conftest import CommandLine, environment
from tests.api.graphql.conftest import opened
from tests.conftest import PROJECT, _database

HERE = Path(__file__).resolve().parent
INSTALLED = HERE / "node_modules"
STAMP = INSTALLED / ".daybook-lock"
CUSTOMERS = 30
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
INSTALL_SECONDS, CHECK_SECONDS = 300, 60


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The clients, as their lock has them. They are installed anew only when the lock changes."""
    if os.environ.get("DAYBOOK_NO_NODE") == "1":
        pytest.skip("DAYBOOK_NO_NODE=1: no client of npm is tried")
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.fail("The clients are tried with Node 20 or newer and its npm; set DAYBOOK_NO_NODE=1 to do without.")
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    with (HERE / "package.json").open() as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)  # one at a time: `npm ci` begins by taking away what is there
        if not STAMP.exists() or STAMP.read_text() != lock:
            installed = subprocess.run(
                ["npm", "ci", "--no-progress"],
                cwd=HERE,
                capture_output=True,
                text=True,
                timeout=INSTALL_SECONDS,
                check=False,
            )
            assert installed.returncode == 0, installed.stdout + installed.stderr
            STAMP.write_text(lock)
    return INSTALLED


@dataclass(frozen=True)
class Workshop:
    """A folder with copies of the clients' sources and of the example, laid out as in the project."""

    folder: Path

    @property
    def clients(self) -> Path:
        return self.folder / "tests" / "clients"

    @property
    def example(self) -> Path:
        return self.folder / "examples" / "front-end"

    def run(self, *words: str, within: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """What came of a command of npm's packages, or of Node."""
        program = words[0] if words[0] == "node" else str(self.folder / "node_modules" / ".bin" / words[0])
        return subprocess.run(
            [program, *words[1:]],
            cwd=within or self.clients,
            env=os.environ | {"NO_COLOR": "1"} | more,
            capture_output=True,
            text=True,
            timeout=CHECK_SECONDS,
            check=False,
        )

    def passes(self, *words: str, within: Path | None = None, **more: str) -> str:
        """What a command that succeeds prints."""
        came = self.run(*words, within=within, **more)
        assert came.returncode == 0, f"{' '.join(words)}\n{came.stdout}\n{came.stderr}"
        return came.stdout


@pytest.fixture(scope="session")
def workshop(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Sources that were not compiled yet; what is generated from them goes with the folder."""
    folder = tmp_path_factory.mktemp("workshop")
    made = Workshop(folder)
    shutil.copytree(HERE, made.clients, ignore=shutil.ignore_patterns("node_modules", "*.py", "__pycache__"))
    shutil.copytree(PROJECT / "examples" / "front-end", made.example, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(PROJECT / "api" / "graphql", folder / "api" / "graphql", ignore=shutil.ignore_patterns("*.py*"))
    (folder / "node_modules").symlink_to(node_modules)
    return made


@pytest.fixture(scope="session")
def compiled(workshop: Workshop) -> Workshop:
    """The same with their types generated from the schema, checked, and compiled."""
    workshop.passes("graphql-codegen", "--config", "codegen.ts")
    workshop.passes("relay-compiler", "relay.config.json")
    workshop.passes("tsc", "--project", "tsconfig.json")
    workshop.passes("graphql-codegen", "--config", "codegen.ts", within=workshop.example)
    workshop.passes("tsc", "--project", "tsconfig.json", within=workshop.example)
    return workshop


@pytest.fixture(scope="module")
def url(server: Embedded, template: str) -> Iterator[str]:
    """Where a server of the program answers, on a book with thirty customers and a case of each."""
    for database in _database(server, template):
        with opened(database, new_book=NewBook(zone="Asia/Shanghai")) as workspace:
            fill(workspace)
        with CommandLine(environment(database)).process("serve", "--port", "0", "--json") as running:
            assert running.stdout is not None
            yield json.loads(announced(running))["url"]


def announced(running: subprocess.Popen[str]) -> str:
    """The JSON document that a server prints as soon as it serves."""
    text = ""
    for line in running.stdout or ():
        text += line
        if line == "}\n":
            return text
    raise AssertionError(running.communicate()[1])


def fill(workspace: Workspace) -> None:
    """Thirty customers, each with a complaint that is registered."""
    actor = Actor("filler", ActorKind.SYSTEM)
    written = workspace.ledger.carry_out_all(
        [Submission(uuid4(), tuple(file), actor, "demo") for file in map(customer_file, range(CUSTOMERS))]
    )
    assert not [outcome for outcome in written if isinstance(outcome, Exception)]


def customer_file(nth: int) -> list[Any]:
    """The commands of one customer's file."""
    customer_id, case_id, at = uuid4(), uuid4(), AT + timedelta(hours=nth)
    words = Personal.open(customer_id, "三天没有人回复")
    about: dict[str, Any] = {"kind": CaseKind.COMPLAINT, "channel": Channel.WECHAT, "words": words}
    return [
        RegisterCustomer(
            at=at,
            customer_id=customer_id,
            kind=CustomerKind.PERSON,
            name=Personal.open(customer_id, f"冯小明 {nth}"),
            source_key=f"K-{nth}",
        ),
        ReceiveCase(at=at, case_id=case_id, customer_id=customer_id, source_key=f"S-{nth}", **about),
        RegisterCase(at=at, case_id=case_id, unit="北京分部"),
    ]
