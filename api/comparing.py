"""A view's live table beside a fresh fold of the events at the position where it stands: is it nothing but these?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from heapq import heappush, heappushpop
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import sql

from domain.book import ComparedScope, RecordComparison, ViewCompared, ViewFinding, id_of_book
from domain.stream import Category, stream_of, subject_of
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from projections.comparison import MOST_SHOWN, Differences, Digest, Within, differences, digest
from projections.projection import Projection
from projections.reckoning import Reckoning
from projections.tables import is_there, live_versions
from projections.view import View
from projections.writing import added
from replay.fresh import fresh, subjects
from replay.reader import Reader
from replay.sample import key_of
from replay.walk import nobody, whole

Progress = Callable[[int, int], None]

AT_ONE_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE"
"""What is written is a table aside; a database that is set to be read by default lets that be written all the same."""
# Leans on the primary keys of head and cursor.
STANDS = """
SELECT head.position, stands.position, stands.stopped_position
FROM ledger.head AS head
LEFT JOIN views.cursor AS stands ON stands.book = head.book AND NOT anew
  AND projection = %(projection)s AND version = %(version)s
WHERE head.book = %(book)s
"""
AHEAD = "SELECT count(*) FILTER (WHERE position > %(position)s), max(position) FROM {table} WHERE book = %(book)s"
NOT_ITS_KEY = """
SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = to_regclass(%(table)s) AND NOT indisprimary
"""


class CannotCompare(LedgerError):
    """There is no place for what is folded anew."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__(
            "What is folded anew is put into a temporary table beside the live one, and none can be made here: "
            f"{error.diag.message_primary}. Ask a database that takes writes, as a role with TEMPORARY on it."
        )


class Scope(NamedTuple):
    """Which rows are compared."""

    kind: ComparedScope = ComparedScope.ALL
    key: UUID | None = None
    """The one subject whose rows they are."""
    size: int | None = None
    """Of how many subjects they are, drawn by the seed."""
    seed: int | None = None


ALL = Scope()


class Comparison(NamedTuple):
    """What came of a comparison, row by row as far as it is shown."""

    view: str
    version: int
    """That this program makes."""
    live_version: int | None
    position: int
    """At which both were compared: where the live table stands."""
    head: int
    """The book's last position by then."""
    stopped_at: int | None
    """The position before which the view has stopped, if it has."""
    scope: Scope
    subjects: int | None
    """How many subjects were drawn, of a sample."""
    live: Digest | None
    """None where nothing was compared."""
    fresh: Digest | None
    differences: Differences
    findings: tuple[ViewFinding, ...]

    @property
    def same(self) -> bool:
        """Whether the table holds what its events make of it, and is of this program's version."""
        return not self.findings and self.live == self.fresh


def compare(
    ledger: Ledger, view: View[Any], scope: Scope = ALL, *, most: int = MOST_SHOWN, told: Progress = nobody
) -> Comparison:
    """A view's live table, as it is asked, beside a fresh fold at the position where it stands.

    Both are fixed at one moment; the book may be written and the view go on meanwhile, but a rebuilt table does not
    take its place before this ends. Raises: CannotCompare, BookNotWhole, CannotFold, LedgerAway, DiskFull, WrongKey.
    """
    with _at_one_moment(ledger, view) as connection:
        made = is_there(connection, "live") and is_there(connection, "cursor")
        live_version = live_versions(connection).get(view.name) if made else None
        head, position, stopped_at = _stands(connection, ledger.book, view) if made else (ledger.head(), 0, None)
        if held := _held(connection, view, live_version):
            return Comparison(
                view.name, view.version, live_version, position, head, stopped_at, scope, None, None, None,
                Differences(), (held,),
            )  # fmt: skip
        upto = min(position, head)
        chosen = _chosen(connection, ledger, view, upto, scope)
        aside = replace(view, aside=True)
        _make_aside(connection, aside)
        for rows in fresh(Reader(ledger), view, upto, only=chosen, told=told):
            for step in added(aside, ledger.book, rows):
                step(connection)
        connection.execute(aside.statement("ANALYZE {table}"))
        within = _within(view, ledger.book, chosen)
        live_table, fresh_table = sql.Identifier("views", view.name), sql.Identifier("pg_temp", aside.table)
        live, anew = (digest(connection, table, view.columns, within) for table in (live_table, fresh_table))
        if chosen is not None and live != anew:
            # The last events of a stream may be gone, which nobody sees who reads some streams only: a view is not
            # to be blamed for that.
            whole(Reader(ledger), upto)
        differ = (
            differences(connection, view, live_table, fresh_table, view.columns, within, most)
            if live != anew
            else Differences()
        )
        findings = _findings(connection, ledger.book, view, aside, position, head, differ)
        return Comparison(
            view.name, view.version, live_version, position, head, stopped_at, scope,
            None if chosen is None else len(chosen), live, anew, differ, findings,
        )  # fmt: skip


@contextmanager
def _at_one_moment(ledger: Ledger, view: View[Any]) -> Iterator[psycopg.Connection]:
    """A connection that sees everything as it was at one moment, and keeps the view's table where it is until then."""
    with ledger.database.apart() as connection:
        try:
            connection.execute(AT_ONE_MOMENT)
            try:
                # Before anything is seen: of a table that took its place afterwards no row would be.
                connection.execute(view.query("LOCK TABLE {table} IN ACCESS SHARE MODE"))
            except psycopg.errors.UndefinedTable:
                connection.execute("ROLLBACK")
                connection.execute(AT_ONE_MOMENT)
        except (psycopg.errors.FeatureNotSupported, psycopg.errors.ReadOnlySqlTransaction) as error:  # a standby
            raise CannotCompare(error) from error
        yield connection
        connection.execute("ROLLBACK")


def _stands(connection: psycopg.Connection, book: str, view: View[Any]) -> tuple[int, int, int | None]:
    """The book's head, where the view stands, and before which position it has stopped."""
    asked = {"book": book, "projection": view.name, "version": view.version}
    ((head, position, stopped_at),) = connection.execute(STANDS, asked).fetchall()
    return head or 0, position or 0, stopped_at


def _held(connection: psycopg.Connection, view: View[Any], live_version: int | None) -> ViewFinding | None:
    """Why there is nothing to compare."""
    if live_version is None or not is_there(connection, view.name):
        return ViewFinding.MISSING
    if live_version == view.version:
        return None
    return ViewFinding.STALE if live_version < view.version else ViewFinding.NEWER


def _make_aside(connection: psycopg.Connection, aside: View[Any]) -> None:
    """Makes the table for what is folded anew, with none of the indexes that it is not compared by."""
    try:
        connection.execute(aside.definition())
    except psycopg.errors.InsufficientPrivilege as error:
        raise CannotCompare(error) from error
    for (index,) in connection.execute(NOT_ITS_KEY, {"table": f"pg_temp.{aside.table}"}).fetchall():
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier("pg_temp", index.rpartition(".")[2])))


def _findings(
    connection: psycopg.Connection,
    book: str,
    view: View[Any],
    aside: View[Any],
    position: int,
    head: int,
    differ: Differences,
) -> tuple[ViewFinding, ...]:
    """What is wrong with the view's cursor, or with its table as a whole."""
    found: list[ViewFinding] = []
    ((ahead, last),) = connection.execute(view.query(AHEAD), {"book": book, "position": position}).fetchall()
    if position > head:
        found.append(ViewFinding.BEYOND_THE_BOOK)
    if ahead:
        found.append(ViewFinding.BEYOND_ITS_CURSOR)
    if differ.differing and not differ.inserted:
        ((later, _),) = connection.execute(aside.query(AHEAD), {"book": book, "position": last or 0}).fetchall()
        if later == differ.differing:
            found.append(ViewFinding.SHORT_OF_ITS_CURSOR)
    return tuple(found)


def recording(comparison: Comparison, book: str, at: datetime, comparison_id: UUID) -> RecordComparison:
    """What is asked of a book so that it keeps what came of a comparison."""
    scope = comparison.scope
    compared = ViewCompared(
        comparison_id=comparison_id,
        view=comparison.view,
        version=comparison.version,
        position=comparison.position,
        scope=scope.kind,
        key=scope.key,
        subjects=comparison.subjects if scope.kind is ComparedScope.SAMPLE else None,
        seed=scope.seed,
        rows=comparison.fresh.rows if comparison.fresh else None,
        live_digest=comparison.live.sha256 if comparison.live else None,
        fresh_digest=comparison.fresh.sha256 if comparison.fresh else None,
        differing=comparison.differences.differing,
        findings=comparison.findings,
    )
    return RecordComparison(at=at, book_id=id_of_book(book), compared=compared)


def views_about(kind: Category, views: Iterable[View[Any]]) -> list[View[Any]]:
    """Those of some views that have rows about subjects of a kind."""
    touched = {view.name: view.touched_by for view in views if isinstance(view, Projection)}
    return [view for view in views if kind in _kinds(view) - touched.get(view.name, frozenset())]


def weight(ledger: Ledger, view: View[Any], scope: Scope) -> int:
    """How many events have to be looked at for a comparison, beside those of the subjects themselves."""
    counts = Reader(ledger).counts(ledger.head())
    touched = view.touched_by if isinstance(view, Projection) else frozenset()
    touching = sum(counts.get(kind, 0) for kind in touched)
    return touching if scope.kind is ComparedScope.KEY else sum(counts.values()) + 2 * touching


# Which rows -----------------------------------------------------------------------------------------------------------


def _kinds(view: View[Any]) -> frozenset[Category]:
    return view.subjects if isinstance(view, Reckoning) else view.reads


def _within(view: View[Any], book: str, chosen: Sequence[UUID] | None) -> Within:
    if chosen is None:
        return Within(book)
    if isinstance(view, Projection):
        return Within(book, view.key, chosen)
    return Within(book, "stream", [stream_of(kind, key) for key in chosen for kind in sorted(_kinds(view))])


def _chosen(
    connection: psycopg.Connection, ledger: Ledger, view: View[Any], upto: int, scope: Scope
) -> Sequence[UUID] | None:
    """The subjects whose rows are compared; None for all of them."""
    if scope.kind is ComparedScope.ALL:
        return None
    if scope.key is not None:
        return [scope.key]
    everybody = chain(subjects(Reader(ledger), view, upto), _shown(connection, ledger.book, view))
    return drawn(everybody, scope.size or 0, scope.seed or 0)


def _shown(connection: psycopg.Connection, book: str, view: View[Any]) -> Iterator[UUID]:
    """The subjects that the live table has rows of, right or wrong."""
    column = view.key if isinstance(view, Projection) else "stream"
    query = sql.SQL("SELECT DISTINCT {} FROM {} WHERE book = %(book)s").format(
        sql.Identifier(column), sql.Identifier("views", view.name)
    )
    with connection.cursor(name="subjects") as rows:
        rows.execute(query, {"book": book})
        for (told,) in rows:
            try:
                yield told if isinstance(told, UUID) else subject_of(told)
            except ValueError:  # no stream that was ever written; a comparison of all rows finds it
                continue


def drawn(candidates: Iterable[UUID], size: int, seed: int) -> list[UUID]:
    """A sample of some candidates, each of whom counts once: those with the least keys, as in the samples of a review.

    So it does not depend on their order, and whoever has the list can draw it again.
    """
    least: list[tuple[int, UUID]] = []  # a heap, the greatest first
    inside = set[UUID]()
    for candidate in candidates:
        if candidate in inside:
            continue
        rank = -int.from_bytes(key_of(str(seed), str(candidate)), "big")
        if len(least) < size:
            heappush(least, (rank, candidate))
            inside.add(candidate)
        elif least and rank > least[0][0]:
            _, dropped = heappushpop(least, (rank, candidate))
            inside.add(candidate)
            inside.discard(dropped)
    return sorted(inside)
