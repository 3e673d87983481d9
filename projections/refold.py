"""Rows folded again from all that touches them, because some of it is read otherwise by now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from domain.amendment import AMENDMENTS
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
    touches, asking = _touches(projection, ledger, part)
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

    return Refolded(through(ledger, streams, part.end, fold), foreign)


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


def _touches(projection: Projection[Any], ledger: Ledger, part: Part) -> tuple[set[Touch], set[UUID]]:
    """What amended streams touch: their own rows, and those of their events as read before the part and after it; and
    the rows that these events ask for besides."""
    amended = part.amended()
    touches, asking = {(key_of(stream), stream) for stream in amended}, set[UUID]()
    history = through(ledger, amended, part.end, list) if amended else []
    before = [recorded for recorded in history if recorded.position <= part.start]
    for known in (before, history):
        reading = Reading(known)
        for recorded in known:
            read = reading.of(recorded)
            if read is None:
                continue
            try:
                touches |= {(key, read.stream) for key in projection.keys(read)}
                asking |= set(projection.refold(read))
            except Exception as error:
                raise CannotTake(part.culprit(recorded, amended[recorded.stream]), error) from error
    return touches, asking
