import base64
import stat
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr

from api.settings import Settings, WrongSetting
from api.workspace import NewBook, TooMuchAllowed, Workspace
from domain.book import BookTime
from domain.customer import CustomerKind, RegisterCustomer
from domain.envelope import Actor, ActorKind, Submission
from domain.personal import Personal
from ledger.book import books
from ledger.errors import LedgerAway, SchemaMismatch, UnknownBook, WrongKey
from tests.api.cli.conftest import Teller
from tests.conftest import Database


def settings(database: Database, *, url: str | None = None) -> Settings:
    return Settings(
        database_url=url or database.writer_url,
        projector_url=database.projector_url,
        master_key=SecretStr(base64.b64encode(b"k" * 32).decode()),
        patience_seconds=2,
    )


@pytest.fixture
def folder(open_folder: Path, request: pytest.FixtureRequest) -> Path:
    """A folder for the data of one test's own embedded PostgreSQL."""
    return open_folder / f"workspace-{abs(hash(request.node.name))}"


def test_a_book_is_opened_when_told_to_and_found_again(database: Database) -> None:
    with Workspace(settings(database), new_book=NewBook(zone="Asia/Shanghai")) as workspace:
        assert (workspace.ledger.time, workspace.ledger.zone, workspace.ledger.head()) == (
            BookTime.LIVE,
            "Asia/Shanghai",
            1,
        )
    with Workspace(settings(database)) as again:
        assert (again.ledger.zone, again.ledger.head()) == ("Asia/Shanghai", 1)


def test_a_book_that_nobody_opened_is_unknown(database: Database) -> None:
    with Workspace(settings(database), writes=True) as workspace, pytest.raises(UnknownBook, match="There is none yet"):
        workspace.ledger  # noqa: B018 - opening it is what fails


def test_views_are_written_by_the_projector_and_read_by_the_writer(database: Database) -> None:
    with Workspace(settings(database), new_book=NewBook(BookTime.SIMULATED)) as workspace:
        teller = Teller(workspace, now=workspace.database.now())
        assert workspace.runner.catch_up() == 1
        owners = workspace.database.rows("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'views'")
        assert owners == [("daybook_projector",)]
        assert teller.workspace.database.rows("SELECT count(*) FROM views.case_file_1") == [(0,)]


def test_an_owner_may_not_write_for_it_could_rewrite_the_ledger(database: Database) -> None:
    with pytest.raises(TooMuchAllowed, match="could rewrite the ledger"):
        Workspace(settings(database, url=database.owner_url), writes=True)
    with Workspace(settings(database, url=database.owner_url), writes=True, single_role=True) as workspace:
        assert books(workspace.database) == []


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT UPDATE ON ledger.event TO daybook_writer",
        "GRANT pg_write_all_data TO clerk",
        "GRANT daybook_owner TO clerk; GRANT ALL ON ledger.event TO daybook_owner",
    ],
)
def test_a_writer_with_one_grant_too_many_may_not_write(database: Database, statement: str) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("CREATE ROLE daybook_owner; CREATE ROLE clerk LOGIN NOINHERIT; GRANT daybook_writer TO clerk")
        try:
            owner.execute("GRANT USAGE ON SCHEMA ledger TO clerk; GRANT SELECT ON ledger.migration TO clerk")
            clerk = database.writer_url.replace("daybook_writer", "clerk")
            Workspace(settings(database, url=clerk), writes=True).close()
            owner.execute(statement)
            with pytest.raises(TooMuchAllowed):
                Workspace(settings(database, url=clerk), writes=True)
        finally:
            owner.execute("DROP OWNED BY daybook_owner, clerk; DROP ROLE daybook_owner; DROP ROLE clerk")
            owner.execute("REVOKE UPDATE ON ledger.event FROM daybook_writer")


def test_a_database_without_the_schema_is_told_apart_from_one_that_is_away(empty_database: Database) -> None:
    with pytest.raises(SchemaMismatch, match="daybook migrate"):
        Workspace(settings(empty_database, url=empty_database.owner_url))
    told: list[str] = []
    with pytest.raises(LedgerAway, match=r"127\.0\.0\.1:1/ledger"):
        Workspace(settings(empty_database, url="postgresql://127.0.0.1:1/ledger"), told=told.append)
    assert told == ["The database at 127.0.0.1:1/ledger does not answer yet; trying for 2 seconds."]


def test_an_embedded_ledger_needs_nothing_and_keeps_its_key_to_itself(folder: Path) -> None:
    own = Settings(data=folder)
    with Workspace(own) as reading:
        with pytest.raises(UnknownBook):
            reading.ledger  # noqa: B018 - whoever only reads opens no book
        assert not (folder / "master.key").exists()
    with Workspace(own, writes=True) as workspace:
        assert (workspace.ledger.book, workspace.ledger.time) == ("main", BookTime.LIVE)
        Teller(workspace, now=workspace.database.now()).case("INC0000102")
        assert stat.S_IMODE((folder / "master.key").stat().st_mode) == 0o600
    with Workspace(own) as again:
        received = again.ledger.since(0, opened=True)[2].event
        assert isinstance(words := getattr(received, "words", None), Personal)
        assert words.value == "宽带一直断线。"


def test_data_whose_key_is_gone_get_no_other_key(folder: Path) -> None:
    own = Settings(data=folder)
    with Workspace(own, writes=True) as workspace:
        assert workspace.ledger.head() == 1
    (folder / "master.key").rename(folder / "elsewhere")
    with Workspace(own, writes=True) as workspace, pytest.raises(WrongSetting, match="a master key that is gone"):
        workspace.ledger  # noqa: B018 - opening it is what fails
    assert not (folder / "master.key").exists()
    (folder / "master.key").mkdir()
    with Workspace(own, writes=True) as workspace, pytest.raises(WrongSetting, match="cannot be read"):
        workspace.ledger  # noqa: B018 - the same


def test_another_master_key_is_told_before_anything_is_read_or_written(database: Database) -> None:
    customer = uuid4()
    with Workspace(settings(database), new_book=NewBook()) as workspace:
        at = workspace.database.now()
        name = Personal.open(customer, "王小明")
        asked = RegisterCustomer(at=at, customer_id=customer, kind=CustomerKind.PERSON, name=name)
        workspace.ledger.carry_out(Submission(uuid4(), (asked,), Actor("clerk", ActorKind.PERSON), "test"))
    other = settings(database).model_copy(update={"master_key": SecretStr(base64.b64encode(b"j" * 32).decode())})
    with Workspace(other) as workspace, pytest.raises(WrongKey, match="does not open with the key at hand"):
        workspace.ledger  # noqa: B018 - opening it is what fails


# What only reads cannot write -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT ledger.open_book('other', 'live', 'UTC', now())",
        "INSERT INTO ledger.event DEFAULT VALUES",
        "CREATE TABLE public.mine (x integer)",
        "SELECT * FROM ledger.book FOR UPDATE",
    ],
)
def test_what_is_asked_of_a_book_goes_over_connections_that_cannot_write(database: Database, statement: str) -> None:
    with Workspace(settings(database), new_book=NewBook()) as workspace:
        assert workspace.ledger.head() == 1
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            workspace.database.rows(statement)


def test_one_command_and_many_together_are_written_all_the_same(database: Database) -> None:
    def asked() -> Submission:
        customer = uuid4()
        command = RegisterCustomer(
            at=workspace.database.now(), customer_id=customer, kind=CustomerKind.PERSON, name=None, source_key="K"
        )
        return Submission(uuid4(), (command,), Actor("x", ActorKind.SYSTEM), "test")

    with Workspace(settings(database), new_book=NewBook()) as workspace:
        workspace.ledger.carry_out(asked())
        workspace.ledger.carry_out_all([asked(), asked()])
        assert workspace.ledger.head() == 4
