from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import pytest
from typing_extensions import override

from domain.channel import Channel
from domain.stream import Category
from ledger.database import Database
from ledger.ledger import Ledger
from projections.journal import Journal
from projections.runner import Runner
from tests.ledger.submissions import OPENED
from tests.projections.books import received, write

SOURCE: LiteralString = """
CREATE TABLE {table} (
  book text NOT NULL, position bigint NOT NULL, place smallint NOT NULL, stream text NOT NULL, version integer NOT NULL,
  about uuid, channel text, happened timestamptz, counted boolean, told jsonb, names text[], numbers integer[],
  PRIMARY KEY (book, position, place)
);
CREATE INDEX {stream} ON {table} (book, stream);
"""


class Pair(NamedTuple):
    one: str
    two: int


class Everything(NamedTuple):
    position: int
    place: int
    stream: str
    version: int
    about: UUID | None = None
    channel: Channel | None = None
    happened: datetime | None = None
    counted: bool | None = None
    told: Any = None
    names: tuple[str, ...] | None = None
    numbers: tuple[int, ...] | None = None


class AllTypes(Journal[Everything]):
    @override
    def _source(self) -> LiteralString:
        return SOURCE


AWKWARD = '\\N, \t"{}" \n\r\\ 冯小明 \x01 🌧'
FULL: Mapping[str, Any] = {
    "about": UUID(int=7),
    "channel": Channel.WEB,
    "happened": datetime(2026, 3, 29, 2, 30, 0, 1, timezone(timedelta(hours=8))),
    "counted": True,
    "told": MappingProxyType({"pairs": (Pair(AWKWARD, 1),), "at": datetime(2026, 1, 1, tzinfo=UTC), "of": Channel.SMS}),
    "names": (AWKWARD, "", "NULL"),
    "numbers": (1, -(2**31)),
}


@pytest.mark.parametrize("given", [FULL, {}, {"names": (), "numbers": (), "told": []}])
def test_what_a_journal_says_is_in_its_row(ledger: Ledger, projected: Database, given: dict[str, Any]) -> None:
    journal = AllTypes(
        name="tests_all",
        version=1,
        reads=frozenset({Category.CASE}),
        columns=Everything._fields,
        of_row=Everything._make,
        entries=lambda one: [Everything(one.position, 0, one.stream, one.version, **given)],
        as_written=True,
    )
    position = write(ledger, received(1), at=OPENED)
    assert Runner(ledger, projected, [journal]).catch_up() == position
    query = journal.query("SELECT {columns} FROM {table} WHERE book = %(book)s")
    (row,) = [journal.of_row(row) for row in projected.rows(query, {"book": "main"})]
    told = {column: list(value) if isinstance(value, tuple) else value for column, value in given.items()}
    if "pairs" in (given.get("told") or ()):
        told["told"] = {"pairs": [[AWKWARD, 1]], "at": "2026-01-01T00:00:00+00:00", "of": "sms"}
    stream = f"case-{received(1).case_id}"
    assert row._asdict() == Everything(position, 0, stream, 1)._asdict() | told
