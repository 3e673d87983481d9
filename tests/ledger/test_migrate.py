from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest

from ledger.errors import LedgerAway, SchemaMismatch
from ledger.migrate import applied, check_schema, migrate, migrations
from tests.conftest import Database
from tests.ledger.catalogue import WRITTEN_DOWN, catalogue

INSTALLATION = ("ledger.migration",)
"""Tables of the installation, not of a book."""


def mismatch(url: str) -> str:
    with psycopg.connect(url) as connection, pytest.raises(SchemaMismatch) as raised:
        check_schema(connection)
    return str(raised.value)


def change(database: Database, statement: bytes) -> None:
    with psycopg.connect(database.owner_url) as connection:
        connection.execute(statement)


def test_the_schema_is_the_one_that_is_written_down(database: Database) -> None:
    """After a meant change: python -m tests.ledger.catalogue > tests/ledger/schema.txt"""
    assert catalogue(database.owner_url) == WRITTEN_DOWN.read_text()


def test_migrations_one_by_one_make_the_same_schema_as_all_at_once(
    empty_database: Database, database: Database
) -> None:
    ran = [migrate(empty_database.owner_url, upto=migration.number) for migration in migrations()]
    assert ran == [[migration] for migration in migrations()]
    assert catalogue(empty_database.owner_url) == catalogue(database.owner_url)


def test_migrations_are_numbered_from_one_without_a_gap() -> None:
    assert [migration.number for migration in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_second_migration_has_nothing_to_do(database: Database) -> None:
    assert migrate(database.owner_url) == []


def test_migrations_at_the_same_moment_run_each_file_once(empty_database: Database, database: Database) -> None:
    together = Barrier(4)

    def run(_: int) -> list[int]:
        together.wait()
        return [migration.number for migration in migrate(empty_database.owner_url)]

    with ThreadPoolExecutor(4) as threads:
        ran = list(threads.map(run, range(4)))
    assert sorted(number for numbers in ran for number in numbers) == [m.number for m in migrations()]
    assert catalogue(empty_database.owner_url) == catalogue(database.owner_url)


def test_a_migration_that_this_program_does_not_know_is_refused_before_anything_runs(database: Database) -> None:
    change(database, b"INSERT INTO ledger.migration (number, name, digest) VALUES (9999, '9999_later.sql', '00')")
    said = "The database has migration 9999_later.sql, which this program does not know. Update it."
    assert mismatch(database.writer_url) == said
    with pytest.raises(SchemaMismatch, match=said):
        migrate(database.owner_url)


def test_a_migration_that_was_run_from_another_text_is_refused(database: Database) -> None:
    change(database, b"UPDATE ledger.migration SET digest = 'another' WHERE number = 2")
    said = (
        "Migration 0002_books.sql was run from another text than this program's. "
        "Use the program that ran it, or begin a new database."
    )
    assert mismatch(database.writer_url) == said
    with pytest.raises(SchemaMismatch, match=said):
        migrate(database.owner_url)


def test_a_complete_schema_passes_the_check(database: Database) -> None:
    with psycopg.connect(database.writer_url) as connection:
        check_schema(connection)
        assert applied(connection) == {migration.number: migration.digest for migration in migrations()}


def test_a_database_without_a_ledger_is_told_from_one_that_lacks_migrations(empty_database: Database) -> None:
    assert mismatch(empty_database.owner_url) == (
        "The database holds no ledger yet. Run `daybook migrate` as its owner."
    )
    migrate(empty_database.owner_url, upto=2)
    lacking = ", ".join(migration.name for migration in migrations()[2:])
    assert mismatch(empty_database.owner_url) == f"The database lacks {lacking}. Run `daybook migrate` as its owner."


def test_a_migration_that_fails_leaves_nothing_of_itself_behind(empty_database: Database) -> None:
    migrate(empty_database.owner_url, upto=2)
    change(empty_database, b"CREATE TABLE ledger.outcome (in_the_way text)")
    with pytest.raises(psycopg.errors.DuplicateTable):
        migrate(empty_database.owner_url)
    with psycopg.connect(empty_database.owner_url) as connection:
        assert sorted(applied(connection)) == [1, 2]
        assert connection.execute("SELECT to_regclass('ledger.event')").fetchone() == (None,)


def test_a_server_that_is_not_there_is_named_as_away() -> None:
    with pytest.raises(LedgerAway, match="does not answer"):
        migrate("postgresql://postgres@/postgres?host=%2Fno%2Fsuch%2Ffolder&connect_timeout=2")


def test_the_book_comes_first_in_every_key_and_index(rolled_back: psycopg.Connection) -> None:
    """So that the ledger can be divided by book; see the decision about outgrowing one machine."""
    led_by = rolled_back.execute(
        """
        SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, a.attname
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE c.relnamespace = 'ledger'::regnamespace
        UNION ALL
        SELECT conrelid::regclass::text, conname, a.attname || ' -> ' || b.attname
        FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
        WHERE c.connamespace = 'ledger'::regnamespace AND c.contype = 'f'
        """
    ).fetchall()
    assert len(led_by) > 10
    assert [row for row in led_by if row[0] not in INSTALLATION and row[2] not in ("book", "book -> book")] == []


def test_no_order_comes_from_a_sequence(rolled_back: psycopg.Connection) -> None:
    made_up = rolled_back.execute(
        """
        SELECT c.relname, a.attname FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace IN ('ledger'::regnamespace, 'views'::regnamespace)
          AND (c.relkind = 'S' OR a.attidentity <> '')
        """
    ).fetchall()
    assert made_up == []


def test_what_runs_with_the_owners_rights_is_pinned_to_its_path_and_closed_to_the_public(
    rolled_back: psycopg.Connection,
) -> None:
    found = rolled_back.execute(
        """
        SELECT proname, proconfig[1], has_function_privilege('public', oid, 'EXECUTE')
        FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace AND prosecdef ORDER BY proname
        """
    ).fetchall()
    pinned = "search_path=pg_catalog, pg_temp"
    assert found == [
        (name, pinned, False)
        for name in (
            "announce_attachment", "append", "begin_content", "drop_all_unfinished", "drop_attachments",
            "drop_unfinished", "finish_content", "keep_chunk", "keep_keys", "open_book", "settle_attachments",
        )
    ]  # fmt: skip
