"""What the golden books answer, as digests: `python -m tests.replay.golden_answers` writes them down.

It is done when an answer has changed because it was meant to. Of a view the key has its version, which is then another.
`python -m tests.replay.golden_answers show BOOK WORDS` prints the lines behind a digest, to be compared with others.
"""

from __future__ import annotations

import hashlib
import json
import locale
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from itertools import groupby
from typing import Any, TypeAlias

import orjson

from domain.envelope import Recorded
from domain.sla.zones import ZONE_DATA
from domain.stream import Category, category_of
from ledger.blind_index import BlindIndex
from projections.before_and_after import changes
from projections.case_file import CASE_FILE
from projections.projection import FoldContext, key_of
from projections.registry import PROJECTIONS
from projections.sla_row import SlaTimer
from projections.sla_timer import SLA_TIMER, rows
from replay.as_of import AsOf, KnownBy, past_stream
from tests.ledger.submissions import MASTER
from tests.projections.amended import subjects_plainly, told_plainly
from tests.replay.golden_book import BOOKS, FOLDER, GoldenBook

FILE = FOLDER / "digests.json"
LATER = timedelta(days=60)

Answers: TypeAlias = Iterator[tuple[str, Callable[[], Iterable[Any]]]]
"""What is asked, and what makes the lines of the answer."""


def line(answer: Any) -> str:
    """A row, or any other answer, as text in which a difference of any sort shows.

    Only of the zone data that a clock was worked out by it does not say which release it is: by each release under
    which nothing has changed for the zones of these books the answer is the same.
    """
    if isinstance(answer, SlaTimer):
        assert answer.zone_data == ZONE_DATA
        answer = answer._replace(zone_data="")
    return orjson.dumps(answer, default=_plain).decode()


def _plain(value: Any) -> Any:
    match value:
        case tuple() | list():
            return list(value)
        case frozenset():
            return sorted(map(line, value))
        case Enum():
            return value.value
        case timedelta():
            return str(value)
        case _ if hasattr(value, "items"):
            return dict(value)
        case _:
            raise TypeError(type(value))


def digest(lines: Iterable[Any]) -> str:
    """Of the lines of an answer, in their order."""
    seen = hashlib.sha256()
    for each in lines:
        seen.update(line(each).encode() + b"\n")
    return seen.hexdigest()


def answers(book: GoldenBook) -> Answers:
    """All that is asked of a book."""
    yield from _views(book)
    yield from _clocks(book)
    yield from _changes(book)
    yield from _past(book)


def places(book: GoldenBook) -> Sequence[int]:
    """The positions at which views are looked at: two on the way, and the last."""
    head = len(book.rows)
    return [head // 3, head * 2 // 3, head]


def _views(book: GoldenBook) -> Answers:
    blind = BlindIndex(MASTER, book.name)
    for view in PROJECTIONS:
        for position in places(book):
            found = partial(told_plainly, view, book.history[:position], book.name, blind)
            yield f"{view.name} {view.version} at {position}", found


def _clocks(book: GoldenBook) -> Answers:
    """Every clock as known at the end, looked at on days before and after it."""
    for at in (book.history[len(book.history) // 2].recorded_at, book.history[-1].recorded_at + LATER):

        def found(at: datetime = at) -> Iterator[Any]:
            subjects = subjects_plainly(SLA_TIMER, book.history, book.name, BlindIndex(MASTER, book.name))
            return (row for subject in subjects for row in rows(subject, at))

        yield f"clocks at {at.isoformat()}", found


def _changes(book: GoldenBook) -> Answers:
    """What every event of every stream changed."""

    def found() -> Iterator[Any]:
        for stream, history in streams(book):
            for version, told in changes(history, range(1, len(history) + 1)).items():
                yield stream, version, told

    yield "changes", found


def _past(book: GoldenBook) -> Answers:
    """Every case as of two instants, as the ledger or the source had known it."""
    cases = [(stream, history) for stream, history in streams(book) if category_of(stream) == Category.CASE]
    by_place = {one.position: one for one in book.history}
    for position in places(book):
        known = by_place[position].recorded_at
        for name, as_of in (
            ("all", AsOf(position, known, datetime.max.replace(tzinfo=UTC))),
            ("then", AsOf(position, known, known)),
            ("earlier", AsOf(position, known, known - LATER)),
            ("by source", AsOf(len(book.rows), known, known, KnownBy.SOURCE)),
        ):

            def found(as_of: AsOf = as_of) -> Iterator[Any]:
                for stream, history in cases:
                    past = past_stream(history, as_of)
                    file, context = None, FoldContext(key_of(stream))
                    for read in past.read():
                        file = CASE_FILE.fold(file, read, context)
                    yield stream, [one.version for one in past.written], file

            yield f"cases as of {position}, {name}", found


def streams(book: GoldenBook) -> Iterator[tuple[str, list[Recorded[Any]]]]:
    """The histories of its streams as they were written."""
    ordered = sorted(book.history, key=lambda one: (one.stream, one.version))
    for stream, history in groupby(ordered, key=lambda one: one.stream):
        yield stream, list(history)


def digests() -> dict[str, dict[str, str]]:
    """The digest of every answer of every book."""
    return {name: {asked: digest(found()) for asked, found in answers(GoldenBook(name))} for name in BOOKS}


def main(*arguments: str) -> None:
    """Writes the digests down; prints them (`print`), or the lines behind one of them (`show BOOK WORDS`)."""
    with suppress(locale.Error):  # one that the environment names and the system lacks
        locale.setlocale(locale.LC_ALL, "")
    match arguments:
        case ():
            FILE.write_text(json.dumps(digests(), indent=1) + "\n", "utf-8")
        case ("print",):
            sys.stdout.write(json.dumps(digests()))
        case ("show", book, *words):
            found = dict(answers(GoldenBook(book)))
            sys.stdout.buffer.writelines(f"{line(each)}\n".encode() for each in found[" ".join(words)]())
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
