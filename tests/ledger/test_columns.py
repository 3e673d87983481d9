from datetime import UTC, datetime, timedelta, timezone
from typing import Any, LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.columns import Column, blobs, instants, integers, texts, uuids
from tests.ledger.events import WRITABLE

text = st.text(WRITABLE)
zones = st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-5, minutes=-30))])
aware = st.datetimes(datetime.fromisoformat("1900-01-01"), datetime.fromisoformat("2200-01-01"), timezones=zones)
KINDS: list[tuple[Any, LiteralString, st.SearchStrategy[Any]]] = [
    (texts, "text[]", st.none() | text),
    (blobs, "bytea[]", st.binary()),
    (uuids, "uuid[]", st.uuids()),
    (integers, "int4[]", st.integers(-(2**31), 2**31 - 1)),
    (instants, "timestamptz[]", st.none() | aware),
]


def through(connection: psycopg.Connection, column: Column, kind: LiteralString) -> object:
    """What PostgreSQL makes of a column."""
    row = connection.execute(b"SELECT %%b::%b" % kind.encode(), (column,), binary=True).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(("column", "kind", "items"), KINDS, ids=[made.__name__ for made, _, _ in KINDS])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_column_arrives_as_the_values_it_was_made_of(
    rolled_back: psycopg.Connection,
    column: Any,
    kind: LiteralString,
    items: st.SearchStrategy[Any],
    data: st.DataObject,
) -> None:
    values = data.draw(st.lists(items, max_size=20))
    assert through(rolled_back, column(values), kind) == values
    assert through(rolled_back, column(iter(values)), kind) == values


def test_a_time_without_a_zone_makes_no_column() -> None:
    with pytest.raises(TypeError):
        instants([datetime.fromisoformat("2026-01-05")])


def test_an_integer_that_does_not_fit_makes_no_column() -> None:
    with pytest.raises(Exception, match="format requires"):
        integers([2**31])
