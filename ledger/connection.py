"""A connection as the ledger wants it: no longer in the making than its patience, and speaking UTC."""

from __future__ import annotations

from datetime import timedelta

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo


def connected(url: str) -> psycopg.Connection:
    """A new connection, in autocommit. Raises: psycopg's own errors."""
    connection = psycopg.connect(url, autocommit=True)
    in_utc(connection)
    return connection


def in_utc(connection: psycopg.Connection) -> None:
    """Has every instant come back in UTC.

    Asked for afterwards: whatever a conninfo's options say, PGTZ in the environment overrules it.
    """
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
