"""Waiting until a process waits for a lock that a test holds."""

from time import monotonic

import psycopg

from tests.conftest import Database


def wait_until_held_up(database: Database) -> None:
    """Returns as soon as somebody waits for the lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    deadline = monotonic() + 30
    with psycopg.connect(database.owner_url, autocommit=True) as watching:
        while watching.execute(waiting).fetchone() == (0,):
            assert monotonic() < deadline
