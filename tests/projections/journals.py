"""Two journals of the tests' own: what was written, and what is read by now, two rows for what is about a customer."""

from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from typing_extensions import override

from domain.envelope import Recorded
from domain.stream import Category
from projections.journal import Journal

SOURCE: LiteralString = """
CREATE TABLE {table} (
  book text NOT NULL,
  position bigint NOT NULL,
  place smallint NOT NULL,
  stream text NOT NULL,
  version integer NOT NULL,
  topic text NOT NULL,
  about uuid,
  PRIMARY KEY (book, position, place)
);
CREATE INDEX {stream} ON {table} (book, stream);
"""


class Line(NamedTuple):
    """A row of them."""

    position: int
    place: int
    stream: str
    version: int
    topic: str
    about: UUID | None


def entries(recorded: Recorded[Any]) -> Sequence[Line]:
    """A line for the event, and one for the customer whom it names."""
    line = Line(recorded.position, 0, recorded.stream, recorded.version, recorded.event.TOPIC, None)
    about = getattr(recorded.event, "customer_id", None)
    return [line] if about is None else [line, line._replace(place=1, about=about)]


class OwnJournal(Journal[Line]):
    """A journal whose table is defined here."""

    @override
    def _source(self) -> LiteralString:
        return SOURCE


def journal(name: str, *, as_written: bool) -> OwnJournal:
    return OwnJournal(
        name=name,
        version=1,
        reads=frozenset({Category.CASE, Category.TOUCHPOINT}),
        columns=Line._fields,
        of_row=Line._make,
        entries=entries,
        as_written=as_written,
    )


WRITTEN = journal("tests_written", as_written=True)
READ = journal("tests_read", as_written=False)
