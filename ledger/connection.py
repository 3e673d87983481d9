"""A connection as the ledger wants it: no longer in the making than its patience, and speaking UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.json import set_json_loads

from ledger.errors import DiskFull, LedgerAway, out_of_room

Awaken = Callable[[], None]
"""Sees to it that a server is there to connect to. Raises: LedgerAway when that cannot be done."""


WRITING = "SET TRANSACTION READ WRITE"
"""How a transaction begins that writes over a connection which otherwise only reads."""


def connected(url: str, awaken: Awaken | None = None) -> psycopg.Connection:
    """A new connection, in autocommit. Raises: LedgerAway, and psycopg's own errors."""
    if awaken is not None:
        awaken()
    connection = psycopg.connect(url, autocommit=True)
    as_wanted(connection)
    return connection


def as_wanted(connection: psycopg.Connection) -> None:
    """Has every instant come back in UTC, and JSON read by orjson, as it was written.

    UTC is asked for afterwards: whatever a conninfo's options say, PGTZ in the environment overrules it.
    """
    set_json_loads(orjson.loads, connection)
    if connection.info.parameter_status("TimeZone") != "UTC":
        connection.execute("SET TIME ZONE 'UTC'")


def with_deadlines(url: str, patience: timedelta) -> str:
    """The conninfo, bounded where it names no bounds of its own: a host that vanishes without a word hangs nobody up.

    A connection is made within `patience` (libpq knows whole seconds, and no fewer than 2); one over TCP ends about as
    soon when its other side no longer acknowledges anything.
    """
    seconds = max(2, int(patience.total_seconds()))
    bounds = {
        "connect_timeout": seconds,
        "keepalives_idle": seconds,
        "keepalives_interval": seconds,
        "keepalives_count": 2,
        "tcp_user_timeout": seconds * 1000,
    }
    return make_conninfo(url, **(bounds | conninfo_to_dict(url)))


def passing(error: Exception) -> bool:
    """Whether the same may succeed a moment later: after a lost connection, a restart, a deadlock.

    psycopg counts the server's limits (SQLSTATE class 54, such as a row too big for its index) and a full disk among
    these errors; both stay where they are.
    """
    if isinstance(error, DiskFull | psycopg.errors.DiskFull):
        return False
    if isinstance(error, LedgerAway):
        return True
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return (error.sqlstate or "")[:2] != "54"
    return False


def away(error: Exception, url: str) -> LedgerAway:
    """What to say of a database that does not do what it was asked, however often."""
    if isinstance(error, LedgerAway):
        return error
    said = " ".join(((isinstance(error, psycopg.Error) and error.diag.message_primary) or str(error)).split())
    if out_of_room(said):
        return DiskFull(
            f"The disk of the database at {place_of(url)} is full: {said}. Nothing was written; make room there and "
            "ask again."
        )
    return LedgerAway(f"The database does not answer: {said}")


def place_of(url: str) -> str:
    """Where a conninfo leads, without its password."""
    parts = conninfo_to_dict(url)
    host = parts.get("host") or parts.get("hostaddr") or "the default socket"
    return f"{host}:{parts.get('port') or 5432}/{parts.get('dbname') or parts.get('user') or ''}"
