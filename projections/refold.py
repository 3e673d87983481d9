"""Rows folded again from all that touches them, because some of it is read otherwise by now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from domain.amendment import AMENDMENTS, CorrectionRequested
from domain.correction import Reading
from domain.envelope import Recorded
from domain.stream import stream_of
from ledger.database import Database
from ledger.errors import UnknownTopic, UnreadableEvent
from ledger.ledger import Ledger
from projections.part import CannotTake, Part
from projections.projection import FoldContext, Projection, key_of
from projections.reading import reading_of, through

Touch: TypeAlias = tuple[UUID, str]
"""A row, and a stream that touches it without being about its subject."""

# Leans on the primary key.
TOUCHING = "SELECT key, stream FROM {touch} WHERE book = %(book)s AND key = ANY(%(keys)s)"


def touching(
    database: Database, book: str, projection: Projection[Any], keys: Collection[UUID]
) -> dict[UUID, set[str]]:
    """The streams of other subjects that touch some rows, or touched them as they were read at any time before.

    As far as the projection has read: what came after that `touched_by` says. Raises: LedgerAway.
    """
    found: dict[UUID, set[str]] = {key: set() for key in keys}
    rows = database.rows(projection.statement(TOUCHING), {"book": book, "keys": list(keys)})
    for key, stream in rows:
        found[key].add(stream)
    return found


def touched_by(projection: Projection[Any], recorded: Recorded[Any]) -> Sequence[UUID]:
    """The rows that an event touches as it was written; of a request to have one read otherwise, as it asks for."""
    event = recorded.event
    if isinstance(event, CorrectionRequested):
        return projection.keys(recorded._replace(event=event.replacement.data))
    return () if isinstance(event, AMENDMENTS) else projection.keys(recorded)


class Refolded(NamedTuple):
    """Rows as they are after a part, None for those that show nothing any more, and what touches them anew."""

    views: dict[UUID, Any]
    touches: set[Touch]


def refolded(
    projection: Projection[Any],
    ledger: Ledger,
    database: Database,
    part: Part,
    asked: Mapping[UUID, Recorded[Any]],
    touched: Iterable[Touch],
) -> Refolded:
    """Every row that an amended stream touches, as it was read before the part and as it is read after it, and the
    rows asked for besides. `touched` are the touches within the part.

    Raises: CannotTake, LedgerAway.
    """
    because = max([*part.amended().values(), *asked.values()], key=lambda recorded: recorded.position)
    try:
        return _refolded(projection, ledger, database, part, asked, touched, because)
    except (UnknownTopic, UnreadableEvent) as error:  # by this program, though another one has read it before
        raise CannotTake(because, error) from error


def _refolded(
    projection: Projection[Any],
    ledger: Ledger,
    database: Database,
    part: Part,
    asked: Mapping[UUID, Recorded[Any]],
    touched: Iterable[Touch],
    because: Recorded[Any],
) -> Refolded:
    touches, asking, ever = _touches(projection, ledger, part)
    keys = {key for key, _ in touches} | asking | asked.keys()
    foreign = {(key, stream) for key, stream in touches if key != key_of(stream)}
    kept: Iterable[Touch] = database.rows(projection.statement(TOUCHING), {"book": ledger.book, "keys": list(keys)})
    streams = {stream for key, stream in (*kept, *foreign, *touched) if key in keys}
    streams |= {stream_of(category, key) for key in keys for category in projection.reads}
    reading = reading_of(ledger, streams, part.end)

    def fold(events: Iterator[Recorded[Any]]) -> dict[UUID, Any]:
        views: dict[UUID, Any] = dict.fromkeys(keys)
        for recorded in events:
            try:
                _take(projection, views, recorded, reading)
            except Exception as error:
                raise CannotTake(part.culprit(recorded, because), error) from error
        return views

    return Refolded(through(ledger, streams, part.end, fold), foreign | ever)


def _take(projection: Projection[Any], views: dict[UUID, Any], recorded: Recorded[Any], reading: Reading) -> None:
    """Folds an event, as it is read, into those of the views that it touches."""
    if isinstance(recorded.event, AMENDMENTS):
        own = key_of(recorded.stream)
        if views.get(own) is not None:
            views[own] = projection.noted(views[own], recorded)
        return
    read = reading.of(recorded)
    if read is None:
        return
    for key in projection.keys(read):
        if key in views:
            views[key] = projection.fold(views[key], read, FoldContext(key))


class _Touches(NamedTuple):
    """What amended streams touch."""

    touches: set[Touch]
    """Their own rows, and those of their events as read before the part and after it."""
    asking: set[UUID]
    """The rows that these events ask for besides."""
    ever: set[Touch]
    """Rows of others that their events touched as they were read in between, or before: nothing is to be folded again
    for these, and whoever asks about the past has to look there."""


def _touches(projection: Projection[Any], ledger: Ledger, part: Part) -> _Touches:
    amended = part.amended()
    found = _Touches({(key_of(stream), stream) for stream in amended}, set(), set())
    history = through(ledger, amended, part.end, list) if amended else []
    before = [recorded for recorded in history if recorded.position <= part.start]
    for known in (before, history):
        reading = Reading(known)
        for recorded in known:
            read = reading.of(recorded)
            if read is None:
                continue
            try:
                found.touches.update((key, read.stream) for key in projection.keys(read))
                found.asking.update(projection.refold(read))
            except Exception as error:
                raise CannotTake(part.culprit(recorded, amended[recorded.stream]), error) from error
    for recorded in history:
        with suppress(Exception):  # one that cannot be taken as it was written, and is read otherwise since
            found.ever.update(
                (key, recorded.stream) for key in touched_by(projection, recorded) if key != key_of(recorded.stream)
            )
    return found
