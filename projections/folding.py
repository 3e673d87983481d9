"""From the events of a part to the rows of a projection: folded on, or folded again where history is read otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from domain.amendment import AMENDMENTS
from domain.envelope import Recorded
from ledger.database import Database
from ledger.ledger import Ledger
from projections.cursor import Change, RowAhead, views_of
from projections.part import CannotTake, Part, stopped_at
from projections.projection import FoldContext, Projection, key_of, none_again
from projections.refold import Touch, refolded
from projections.writing import Step, stated, upserted

KEEP_TOUCHES = """
INSERT INTO {touch} (book, key, stream)
SELECT %(book)s, key, stream FROM unnest(%(keys)s::uuid[], %(streams)s::text[]) AS touched (key, stream)
ON CONFLICT DO NOTHING
"""
TAKE_AWAY = "DELETE FROM {table} WHERE book = %(book)s AND {key} = ANY(%(keys)s)"


class Runs(NamedTuple):
    """What a part asks of the rows of a projection."""

    events: dict[UUID, list[Recorded[Any]]]
    """What each row takes on, in order."""
    touches: set[Touch]
    again: dict[UUID, Recorded[Any]]
    """Rows to be folded again, with the first event that asks for it, beside those of amended streams."""


def folded(projection: Projection[Any], ledger: Ledger, database: Database, part: Part) -> Change:
    """What a part leads to, up to the first event that the projection cannot take."""
    while True:
        try:
            return _folded(projection, ledger, database, part)
        except CannotTake as met:
            part = part.until(stopped_at(projection, met.recorded, met.cause))


def _folded(projection: Projection[Any], ledger: Ledger, database: Database, part: Part) -> Change:
    """Each row takes its own events in one go, since rows know nothing of each other. Raises: CannotTake."""
    amended = part.amended()
    runs = _runs(projection, part, amended.keys())
    views: dict[UUID, Any] = {}
    touches = runs.touches
    if amended or runs.again:
        again = refolded(projection, ledger, database, part, runs.again, touches)
        views, touches = again.views, touches | again.touches
    events = {key: run for key, run in runs.events.items() if key not in views}
    views |= _folded_on(projection, ledger.book, database, events, told=part.told)
    return Change(part.end, _steps(projection, ledger.book, views, touches), part.stopped)


def _runs(projection: Projection[Any], part: Part, amended: Iterable[str]) -> Runs:
    runs = Runs({}, set(), {})
    events, touches, again = runs
    left_out, told, asks = frozenset(amended), part.told, projection.refold is not none_again
    for recorded in part.events:
        stream = recorded.stream
        if not told and stream in left_out:
            continue
        try:
            own = key_of(stream)
            if not told and isinstance(recorded.event, AMENDMENTS):
                events.setdefault(own, []).append(recorded)
                continue
            for key in projection.keys(recorded):
                events.setdefault(key, []).append(recorded)
                if key != own:
                    touches.add((key, stream))
            if asks:
                for key in projection.refold(recorded):
                    again.setdefault(key, recorded)
        except Exception as error:
            raise CannotTake(recorded, error) from error
    return runs


def _folded_on(
    projection: Projection[Any], book: str, database: Database, runs: dict[UUID, list[Recorded[Any]]], *, told: bool
) -> dict[UUID, Any]:
    """Rows after the events that they take on, without those that show nothing yet. Raises: CannotTake."""
    try:
        before = views_of(database, book, projection, runs.keys())
    except (ValueError, TypeError) as error:  # a row that this program did not write
        first = min((run[0] for run in runs.values()), key=lambda recorded: recorded.position)
        raise CannotTake(first, error) from error
    views: dict[UUID, Any] = {}
    for key, run in runs.items():
        view, context = before.get(key), FoldContext(key)
        if view is not None and view.position >= run[0].position:
            raise CannotTake(run[0], RowAhead(key, view.position))
        for recorded in run:
            try:
                if told or not isinstance(recorded.event, AMENDMENTS):
                    view = projection.fold(view, recorded, context)
                elif view is not None:
                    view = projection.noted(view, recorded)
            except Exception as error:
                raise CannotTake(recorded, error) from error
        if view is not None:
            views[key] = view
    return views


def _steps(projection: Projection[Any], book: str, views: dict[UUID, Any], touches: set[Touch]) -> list[Step]:
    """Rows that are None are taken away."""
    steps = upserted(projection, book, [view for view in views.values() if view is not None])
    if gone := [key for key, view in views.items() if view is None]:
        steps.append(stated(projection.statement(TAKE_AWAY), book=book, keys=gone))
    if touches:
        keys, streams = [key for key, _ in touches], [stream for _, stream in touches]
        steps.append(stated(projection.statement(KEEP_TOUCHES), book=book, keys=keys, streams=streams))
    return steps
