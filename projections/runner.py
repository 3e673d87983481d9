"""The runner: reads a book in order and keeps its views up to date."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from threading import Condition, Event
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from domain.envelope import Recorded
from domain.stream import category_of
from ledger.database import Database
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.subscription import Listener
from projections.cursor import (
    Folded,
    Overtaken,
    ProjectionStopped,
    RowAhead,
    Standing,
    begin,
    make_tables,
    standings,
    views_of,
    write,
)
from projections.projection import FoldContext, Projection
from projections.reading import Batch, read
from projections.registry import PROJECTIONS

BATCH_EVENTS = 5_000
POLL_SECONDS = 0.5
WAIT_POLL_SECONDS = 0.05
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0

UNWRITABLE = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, orjson.JSONEncodeError)
"""What comes of a row that its table does not take."""

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Told the position that has been reached, and the one to reach."""


class Part(NamedTuple):
    """What one projection reads of a batch: events up to `end`, and what it cannot take after that, if anything."""

    end: int
    events: Sequence[Recorded[Any]]
    stopped: ProjectionStopped | None = None

    def before(self, position: int) -> Part:
        """The part up to the event before a position."""
        return Part(position - 1, [recorded for recorded in self.events if recorded.position < position])

    def since(self, position: int) -> Part:
        """The part from a position on."""
        return self._replace(events=[recorded for recorded in self.events if recorded.position >= position])

    def until(self, stopped: ProjectionStopped) -> Part:
        """The part before the event that stopped its projection."""
        return self.before(stopped.position)._replace(stopped=stopped)


class Runner:
    """Keeps the views of one book. Any number may run: the fence on each cursor lets one of them write at a time.

    It reads events by the ledger, and views by `database`, as the role that owns them.
    """

    def __init__(
        self, ledger: Ledger, database: Database, projections: Sequence[Projection[Any]] = PROJECTIONS
    ) -> None:
        self._ledger = ledger
        self._database = database
        self._projections = tuple(projections)
        self._prepared = False
        self._reached = 0
        self._advanced = Condition()

    def prepare(self) -> None:
        """Makes the tables and cursors that are not there yet. Raises: LedgerAway."""
        book, now = self._ledger.book, self._database.now()

        def make(connection: psycopg.Connection) -> None:
            make_tables(connection, self._projections)
            for projection in self._projections:
                begin(connection, book, projection, now)

        self._database.patiently(make)
        self._prepared = True

    def positions(self) -> list[Standing]:
        """How far each view has come, and what stopped it. Raises: LedgerAway."""
        return standings(self._database, self._ledger.book, self._projections)

    def catch_up(
        self, upto: int | None = None, *, batch: int = BATCH_EVENTS, on_progress: Progress | None = None
    ) -> int:
        """Brings the views to the book's present end, or to a position before it, a batch of events at a time.

        Gives back the position that all of them have reached. A projection that stops holds it back; `positions` says
        which and why, and the next call tries it again. Raises: LedgerAway.
        """
        return self._catch_up(set(), Event(), upto, batch=batch, on_progress=on_progress)

    def follow(self, stop: Event) -> None:
        """Keeps the views up to date until told to stop. It outlives a database that goes away and comes back."""
        given_up = set[Projection[Any]]()
        listener = Listener(self._database.url)
        seen, pause = 0, FIRST_PAUSE_SECONDS
        try:
            while not stop.is_set():
                try:
                    self._catch_up(given_up, stop)
                    pause = FIRST_PAUSE_SECONDS
                except (LedgerError, psycopg.Error) as error:
                    log.warning("The views of %s wait %.1f s: %s", self._ledger.book, pause, error)
                    self._prepared = False  # whatever came back may be another database, or one restored
                    stop.wait(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                    continue
                seen = listener.wait(seen, POLL_SECONDS)
        finally:
            listener.close()

    def wait_for(self, position: int, timeout: float) -> bool:
        """Whether all views reach a position within `timeout` seconds, whoever moves them. Raises: LedgerAway.

        False at once when one of them has stopped before it.
        """
        deadline = time.monotonic() + timeout
        while self._reached < position:
            found = self.positions()
            self._note(min(standing.position for standing in found))
            if any(standing.stopped and standing.position < position for standing in found):
                return False
            left = deadline - time.monotonic()
            if left <= 0:
                return self._reached >= position
            with self._advanced:
                self._advanced.wait_for(lambda: self._reached >= position, min(left, WAIT_POLL_SECONDS))
        return True

    # One round --------------------------------------------------------------------------------------------------

    def _catch_up(
        self,
        given_up: set[Projection[Any]],
        stop: Event,
        upto: int | None = None,
        *,
        batch: int = BATCH_EVENTS,
        on_progress: Progress | None = None,
    ) -> int:
        """Leaves out the projections given up, and adds to them those that stop."""
        if not self._prepared:
            self.prepare()
        head = self._ledger.head()
        target = head if upto is None else min(upto, head)
        reached = self._reached_by_each()
        while not stop.is_set():
            behind = {p: at for p, at in reached.items() if at < target and p not in given_up}
            if not behind:
                break
            start = min(behind.values())
            # Those further on are met where they stand: from there on one reading does for all of them.
            end = min([target, start + batch, *(at for at in behind.values() if at > start)])
            here = [projection for projection, at in behind.items() if at == start]
            try:
                for projection, folded in self._advance(here, start, read(self._ledger, start, end)):
                    reached[projection] = folded.position
                    if folded.stopped is not None:
                        given_up.add(projection)
                        log.error("%s", folded.stopped)
            except Overtaken:
                self.prepare()  # the cursor was moved, or is gone
                reached = self._reached_by_each()
            self._note(min(reached.values()))
            if on_progress is not None:
                on_progress(min((at for p, at in reached.items() if p not in given_up), default=target), target)
        return min(reached.values())

    def _advance(
        self, projections: Sequence[Projection[Any]], start: int, batch: Batch
    ) -> Iterator[tuple[Projection[Any], Folded]]:
        """Each projection as it has taken the batch. Raises: Overtaken, LedgerAway."""
        for projection in projections:
            yield projection, self._take(projection, start, _part(projection, batch))

    def _reached_by_each(self) -> dict[Projection[Any], int]:
        return dict(zip(self._projections, (standing.position for standing in self.positions()), strict=True))

    def _note(self, reached: int) -> None:
        """Remembers how far all views have come, and wakes who waits for it."""
        with self._advanced:
            if reached > self._reached:
                self._reached = reached
                self._advanced.notify_all()

    def _take(self, projection: Projection[Any], start: int, part: Part) -> Folded:
        """Folds a part into its view, from the cursor at `start` on. Raises: Overtaken, LedgerAway.

        The views are read outside the transaction that writes them: if anybody changed them since the cursor was
        read, the cursor has moved, and the fence refuses what was made of them.
        """
        folded = self._folded(projection, part)
        book = self._ledger.book
        try:
            write(self._database, book, projection, start, folded)
            return folded
        except UNWRITABLE as error:
            if folded.position - start > 1:  # the event at fault is found by halving
                middle = (start + folded.position) // 2 + 1
                first = self._take(projection, start, part.before(middle))
                return first if first.stopped else self._take(projection, middle - 1, part.since(middle))
            stopped = Folded(start, {}, _stopped_at(projection, part.events[0], error))
            write(self._database, book, projection, start, stopped)
            return stopped

    def _folded(self, projection: Projection[Any], part: Part) -> Folded:
        """The views that a part leads to, up to the first event that its projection cannot take.

        Each row takes its own events in one go, since rows know nothing of each other. Whatever stops one of them
        stops the view, so all of it is folded again without that event and those after it.
        """
        runs: dict[UUID, list[Recorded[Any]]] = {}
        for recorded in part.events:
            try:
                for key in projection.keys(recorded):
                    runs.setdefault(key, []).append(recorded)
            except Exception as error:  # noqa: BLE001  whatever a projection raises stops it, and it alone
                return self._folded(projection, part.until(_stopped_at(projection, recorded, error)))
        try:
            before = views_of(self._database, self._ledger.book, projection, runs.keys())
        except (ValueError, TypeError) as error:  # a row that this program did not write
            return self._folded(projection, part.until(_stopped_at(projection, part.events[0], error)))
        views: dict[UUID, Any] = {}
        for key, run in runs.items():
            view, context = before.get(key), FoldContext(key)
            if view is not None and view.position >= run[0].position:
                ahead = RowAhead(key, view.position)
                return self._folded(projection, part.until(_stopped_at(projection, run[0], ahead)))
            for recorded in run:
                try:
                    view = projection.fold(view, recorded, context)
                except Exception as error:  # noqa: BLE001  the same
                    return self._folded(projection, part.until(_stopped_at(projection, recorded, error)))
            if view is not None:
                views[key] = view
        return Folded(part.end, views, part.stopped)


def _part(projection: Projection[Any], batch: Batch) -> Part:
    """What a projection reads of a batch: the events of its categories, up to the first that cannot be read."""
    reads = projection.reads
    part = Part(batch.end, [recorded for recorded in batch.events if category_of(recorded.stream) in reads])
    missing = next((one for one in batch.unreadable if category_of(one.stream) in reads), None)
    if missing is None:
        return part
    return part.until(_stopped(projection, missing.position, missing.topic, missing.cause))


def _stopped(projection: Projection[Any], position: int, topic: str, error: Exception) -> ProjectionStopped:
    said = str(error).strip()
    cause = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return ProjectionStopped(projection.name, projection.version, position, topic, _as_text(cause))


def _as_text(message: str) -> str:
    """A message as the cursor can keep it: what it quotes may be the very characters that stopped the view."""
    return message.replace("\0", "\\0").encode(errors="backslashreplace").decode()


def _stopped_at(projection: Projection[Any], recorded: Recorded[Any], error: Exception) -> ProjectionStopped:
    return _stopped(projection, recorded.position, recorded.event.TOPIC, error)
