from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, LiteralString, NamedTuple

import pytest
from typing_extensions import override

from domain.case.events import CaseReceived
from domain.envelope import Recorded
from domain.stream import Category
from ledger.database import Database
from ledger.ledger import Ledger
from projections.journal import Journal
from projections.runner import Runner
from tests.ledger.submissions import OPENED
from tests.projections.books import received, write


class Colour(StrEnum):
    RED = "red"


class Span(NamedTuple):
    begin: int
    end: int


class Line(NamedTuple):
    """A row with a cell of every sort."""

    position: int
    place: int
    stream: str
    version: int
    said: Any = "冯小明\t\\N\n\"{}'"
    at: datetime = OPENED
    colour: Colour = Colour.RED
    nothing: str | None = None
    sure: bool = True
    tags: tuple[str, ...] = ("a,b", "{}", "冯")
    none: tuple[str, ...] = ()
    span: Span = Span(1, 2)
    spans: tuple[Span, ...] = (Span(3, 4),)
    parts: Mapping[str, Any] = MappingProxyType({"a": [1, None, "冯"]})


SOURCE: LiteralString = """
CREATE TABLE {table} (
  book text NOT NULL, position bigint NOT NULL, place smallint NOT NULL, stream text NOT NULL, version integer NOT NULL,
  said text, at timestamptz, colour text, nothing text, sure boolean, tags text[], none text[], span jsonb, spans jsonb,
  parts jsonb,
  PRIMARY KEY (book, position, place)
);
CREATE INDEX {stream} ON {table} (book, stream);
"""


class OwnJournal(Journal[Line]):
    """A journal whose table is defined here."""

    @override
    def _source(self) -> LiteralString:
        return SOURCE


def journal(said: Callable[[Recorded[Any]], Any]) -> OwnJournal:
    def entries(recorded: Recorded[Any]) -> Sequence[Line]:
        return [Line(recorded.position, 0, recorded.stream, recorded.version, said(recorded))]

    return OwnJournal(
        name="tests_copied", version=1, reads=frozenset({Category.CASE}), columns=Line._fields, of_row=Line._make,
        entries=entries, as_written=True,
    )  # fmt: skip


def rows(database: Database) -> list[tuple[Any, ...]]:
    return database.rows("SELECT * FROM views.tests_copied_1 ORDER BY position")


def test_a_cell_of_every_sort_is_written_as_it_is(ledger: Ledger, projected: Database) -> None:
    write(ledger, received(1))
    words = Line._field_defaults["said"]
    Runner(ledger, projected, [journal(lambda recorded: words)]).catch_up()
    ((book, position, place, stream, version, *cells),) = rows(projected)
    assert (book, position, place, stream, version) == ("main", 2, 0, ledger.since(1)[0].stream, 1)
    assert cells == [
        words, OPENED, "red", None, True, ["a,b", "{}", "冯"], [], [1, 2], [[3, 4]], {"a": [1, None, "冯"]},
    ]  # fmt: skip
    assert cells[1].tzinfo is UTC


@pytest.mark.parametrize("bad", ["a\0b", "\udcff", object(), (object(),)])
def test_a_row_that_cannot_be_written_stops_its_journal_before_its_event(
    ledger: Ledger, projected: Database, bad: object
) -> None:
    for number in range(6):
        write(ledger, received(number, source_key=f"S{number}"))

    def said(recorded: Recorded[CaseReceived]) -> Any:
        return bad if recorded.event.source_key == "S4" else Decimal(7)

    broken = Runner(ledger, projected, [journal(said)])
    assert broken.catch_up() == 5
    (standing,) = broken.positions()
    assert standing.stopped is not None
    assert (standing.stopped.position, standing.stopped.topic) == (6, "case-received.1")
    assert [row[1] for row in rows(projected)] == [2, 3, 4, 5]
    assert Runner(ledger, projected, [journal(lambda recorded: "mended")]).catch_up() == 7
    assert [row[5] for row in rows(projected)] == ["7"] * 4 + ["mended"] * 2
