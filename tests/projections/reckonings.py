"""A reckoning of the tests' own: how long each case's history is with those of the cases that it took the place of."""

from collections.abc import Iterable, Sequence
from typing import Any, LiteralString, NamedTuple

from typing_extensions import override

from domain.amendment import Amendment
from domain.case.relations import CaseAbsorbed
from domain.envelope import Recorded
from domain.standards import policies_of, streams_of_standards
from domain.stream import Category, stream_of
from projections.reckoning import History, Reckoning, Subject

SOURCE: LiteralString = """
CREATE TABLE {table} (
  book text NOT NULL,
  stream text NOT NULL,
  topic text NOT NULL,
  events integer NOT NULL,
  with_others integer NOT NULL,
  policies integer NOT NULL,
  PRIMARY KEY (book, stream, topic)
);
"""


class Length(NamedTuple):
    """How many events of a topic a case has by now."""

    stream: str
    topic: str
    events: int
    with_others: int
    policies: int
    """How many versions of policies there are."""


def rows(subject: Subject) -> list[Length]:
    """A row for each topic."""
    policies = len(policies_of(subject.standing, subject.written[0].book).versions)
    topics = [recorded.event.TOPIC for recorded in subject.history]
    others = [recorded.event.TOPIC for told in subject.others.values() for recorded in told]
    return [
        Length(subject.stream, topic, topics.count(topic), [*topics, *others].count(topic), policies)
        for topic in dict.fromkeys(topics)
    ]


def leans_on(history: History) -> Iterable[str]:
    """The cases that a case took the place of."""
    for recorded in history:
        if isinstance(recorded.event, CaseAbsorbed):
            yield stream_of(Category.CASE, recorded.event.case_id)


class OwnReckoning(Reckoning[Length]):
    """A reckoning whose table is defined here."""

    @override
    def _source(self) -> LiteralString:
        return SOURCE


def reckoning(**changes: Any) -> OwnReckoning:
    fields: dict[str, Any] = {
        "name": "tests_length",
        "version": 1,
        "reads": frozenset({Category.CASE, Category.POLICY}),
        "columns": Length._fields,
        "of_row": Length._make,
        "tells_apart": ("topic",),
        "subjects": frozenset({Category.CASE}),
        "rows": rows,
        "beside": streams_of_standards,
        "again": "SELECT DISTINCT stream FROM {table} WHERE book = %(book)s",
        "leans_on": leans_on,
    }
    return OwnReckoning(**fields | changes)


LENGTH = reckoning()


def refusing(position: int) -> OwnReckoning:
    """The reckoning, which cannot take a history with the event at a position in it."""

    def refuse(subject: Subject) -> Sequence[Length]:
        if any(recorded.position == position for recorded in subject.written):
            raise ZeroDivisionError("division by zero")
        return rows(subject)

    return reckoning(rows=refuse)


def amending_only(recorded: Recorded[Any]) -> bool:
    return isinstance(recorded.event, Amendment)
