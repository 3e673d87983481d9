"""Brings a database's schema forward: numbered SQL files, each run once, in order, in a transaction of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

import psycopg
from psycopg import sql

from ledger.connection import away
from ledger.errors import SchemaMismatch

# Another migration of the same database waits here; the lock is on a table, so it ends with the transaction.
PREPARE = """
CREATE SCHEMA IF NOT EXISTS ledger;
CREATE TABLE IF NOT EXISTS ledger.migration (
  number integer PRIMARY KEY,
  name text NOT NULL,
  digest text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
"""


class Migration(NamedTuple):
    """One SQL file."""

    number: int
    name: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text, hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> list[Migration]:
    """The program's migrations, in order."""
    found = (entry for entry in files("ledger").joinpath("migrations").iterdir() if entry.name.endswith(".sql"))
    return sorted(Migration(int(entry.name[:4]), entry.name, entry.read_text("utf-8")) for entry in found)


def migrate(owner_url: str, upto: int | None = None) -> list[Migration]:
    """Runs what has not been run yet, as the schema's owner, and gives it back.

    `upto` stops after that number. Running it twice, or in two processes at once, is harmless.
    Raises: SchemaMismatch when the database has a migration that this program does not know, or knows otherwise;
    LedgerAway, DiskFull.
    """
    try:
        with psycopg.connect(owner_url) as connection:
            return list(_run(connection, upto))
    except psycopg.OperationalError as error:
        raise away(error, owner_url) from error


def _run(connection: psycopg.Connection, upto: int | None) -> Iterator[Migration]:
    try:
        with connection.transaction():
            connection.execute(PREPARE)
    except (
        psycopg.errors.UniqueViolation,
        psycopg.errors.DuplicateTable,
        psycopg.errors.DuplicateObject,  # the type of the table's rows
        psycopg.errors.DuplicateSchema,
    ):
        pass  # two first migrations met: the other has made the table (IF NOT EXISTS does not see uncommitted rows)
    for migration in migrations():
        if upto is not None and migration.number > upto:
            return
        with connection.transaction():
            connection.execute("LOCK TABLE ledger.migration IN EXCLUSIVE MODE")
            if migration.number in applied(connection):
                continue
            connection.execute(sql.SQL(migration.text))
            connection.execute(
                "INSERT INTO ledger.migration (number, name, digest) VALUES (%s, %s, %s)",
                (migration.number, migration.name, migration.digest),
            )
        yield migration


def applied(connection: psycopg.Connection) -> dict[int, str]:
    """The digests of the migrations that a database has, by number. Raises: SchemaMismatch for a foreign one."""
    rows = connection.execute("SELECT number, name, digest FROM ledger.migration ORDER BY number").fetchall()
    known = {migration.number: migration.digest for migration in migrations()}
    for number, name, digest in rows:
        if number not in known:
            raise SchemaMismatch(f"The database has migration {name}, which this program does not know. Update it.")
        if known[number] != digest:
            raise SchemaMismatch(
                f"Migration {name} was run from another text than this program's. "
                "Use the program that ran it, or begin a new database."
            )
    return {number: digest for number, _, digest in rows}


def check_schema(connection: psycopg.Connection) -> None:
    """Raises: SchemaMismatch when the database has not all of this program's migrations, or more."""
    if connection.execute("SELECT to_regclass('ledger.migration')").fetchone() == (None,):
        raise SchemaMismatch("The database holds no ledger yet. Run `daybook migrate` as its owner.")
    done = applied(connection)
    missing = [m.name for m in migrations() if m.number not in done]
    if missing:
        raise SchemaMismatch(f"The database lacks {', '.join(missing)}. Run `daybook migrate` as its owner.")
