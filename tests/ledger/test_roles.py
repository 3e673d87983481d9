from datetime import UTC, datetime
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from ledger.append import Batch, Draft, Write
from ledger.ledger import Ledger
from tests.conftest import Database
from tests.ledger.submissions import receive, submission

TABLES = (
    "migration", "book", "head", "register", "event", "outcome", "personal_value", "subject_key", "content",
    "content_chunk", "attachment",
)  # fmt: skip
APPEND_ONLY = ("event", "outcome")
CHANGES: tuple[LiteralString, ...] = (
    "INSERT INTO ledger.{table} SELECT * FROM ledger.{table} LIMIT 0",
    "UPDATE ledger.{table} SET {column} = {column} WHERE false",
    "DELETE FROM ledger.{table} WHERE false",
    "TRUNCATE ledger.{table} CASCADE",
    "SELECT 1 FROM ledger.{table} FOR UPDATE",
    "ALTER TABLE ledger.{table} ADD COLUMN more text",
    "DROP TABLE ledger.{table}",
)


def statements(table: str) -> list[sql.Composed]:
    column = "number" if table == "migration" else "book"
    return [sql.SQL(text).format(table=sql.Identifier(table), column=sql.Identifier(column)) for text in CHANGES]


def refused(url: str, statement: sql.Composed | str) -> bool:
    with psycopg.connect(url) as connection:
        try:
            connection.execute(statement.encode() if isinstance(statement, str) else statement)
        except psycopg.errors.InsufficientPrivilege:
            return True
        return False


@pytest.mark.parametrize("table", TABLES)
def test_the_writer_changes_no_table_by_its_own_hand(database: Database, table: str) -> None:
    allowed = [str(s.as_string()) for s in statements(table) if not refused(database.writer_url, s)]
    assert allowed == []


@pytest.mark.parametrize("table", TABLES)
def test_the_projector_changes_no_table_of_the_ledger(database: Database, table: str) -> None:
    allowed = [str(s.as_string()) for s in statements(table) if not refused(database.projector_url, s)]
    assert allowed == []


def test_the_projector_sees_events_and_neither_personal_values_nor_keys(database: Database) -> None:
    readable = [table for table in TABLES if not refused(database.projector_url, f"SELECT FROM ledger.{table} LIMIT 1")]
    assert readable == ["migration", "book", "head", "register", "event"]


def test_the_projector_cannot_append_open_a_book_or_keep_a_key(database: Database, ledger: Ledger) -> None:
    draft = Draft("case-1", 1, "t.1", datetime.now(UTC), "UTC", "instant", None, None, b"{}", b"{}")
    write = Write(uuid4(), b"", datetime.now(UTC), (draft,), (), (("case-1", 0),))
    with psycopg.connect(database.projector_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        Batch([write]).run(connection, "main", datetime.now(UTC))
    assert refused(database.projector_url, "SELECT ledger.open_book('other', 'live', 'UTC', now())")
    assert refused(database.projector_url, "SELECT ledger.keep_keys('main', '{}', '{}')")
    assert refused(database.projector_url, "SELECT ledger.drop_attachments('main', '{}')")
    assert refused(database.projector_url, "SELECT ledger.keep_chunk('main', gen_random_uuid(), 0, '')")
    assert ledger.head() == 1


def test_neither_role_makes_objects_in_the_ledgers_schema_or_in_public(database: Database) -> None:
    for url in (database.writer_url, database.projector_url):
        assert refused(url, "CREATE TABLE ledger.mine (a text)")
        assert refused(url, "CREATE TABLE public.mine (a text)")
    assert refused(database.writer_url, "CREATE TABLE views.mine (a text)")


def test_the_projector_owns_its_views_and_shows_them_to_the_writer(database: Database) -> None:
    with psycopg.connect(database.projector_url) as connection:
        connection.execute("CREATE TABLE views.seen (book text)")
        connection.execute("GRANT SELECT ON views.seen TO daybook_writer")
    assert not refused(database.writer_url, "SELECT * FROM views.seen")
    assert refused(database.writer_url, "DELETE FROM views.seen")


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET book = book", "DELETE FROM {}", "TRUNCATE {}"])
def test_even_the_owner_is_kept_from_changing_what_was_written(
    database: Database, ledger: Ledger, table: str, change: str
) -> None:
    ledger.carry_out(submission(receive(uuid4())))
    statement = change.format(f"ledger.{table}")
    with psycopg.connect(database.owner_url) as connection, pytest.raises(psycopg.Error) as raised:
        connection.execute(statement.encode())
    assert raised.value.sqlstate == "LB009"
    assert str(raised.value).startswith(f"ledger.{table} is append-only")
    assert ledger.head() == len(ledger.since(0)) == 2


def test_the_owners_truncate_of_all_books_stops_at_the_events(database: Database, ledger: Ledger) -> None:
    with psycopg.connect(database.owner_url) as connection, pytest.raises(psycopg.Error) as raised:
        connection.execute("TRUNCATE ledger.book CASCADE")
    assert raised.value.sqlstate == "LB009"
    assert ledger.head() == len(ledger.since(0)) == 1
