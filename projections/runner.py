"""The runner: reads a book in order and keeps its views up to date."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from threading import Condition, Event
from typing import Any

import orjson
import psycopg

from ledger.database import Database
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.subscription import Listener
from projections.cursor import Change, Overtaken, Standing, begin, standings, write
from projections.entering import entered
from projections.folding import folded
from projections.journal import Journal
from projections.part import CannotTake, Part, part_of, stopped_at
from projections.projection import Projection
from projections.reading import Batch, read
from projections.reckoning import Reckoning
from projections.registry import PROJECTIONS
from projections.tables import ViewNewer, as_their_owner, live_versions, make_tables
from projections.view import View
from projections.working_out import reckoned

BATCH_EVENTS = 5_000
BATCHES_OF_A_RECKONING = 4
"""A reckoning that is as far behind takes so many batches at once, since it works out a subject anew for every part in
which that has an event. Four took half the time of one, and 50 MB more; eight saved a seventh of what was left, and
took 60 MB more than four (2026-11-22)."""
POLL_SECONDS = 0.5
WAIT_POLL_SECONDS = 0.05
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0

UNWRITABLE = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, orjson.JSONEncodeError)
"""What comes of a row that its table does not take."""

# Leans on the primary key.
LEANING_ON = "SELECT on_stream, stream FROM {touch} WHERE book = %(book)s AND on_stream = ANY(%(streams)s)"

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Told the position that has been reached, and the one to reach."""


class GivenUp(LedgerError):
    """A table that was being built beside a live one is there no more."""

    def __init__(self, view: View[Any]) -> None:
        super().__init__(
            f"What was being built of {view.label} beside the live table was given up or begun again by another "
            "process. The live table is whole; build it again when that one is done."
        )


class Runner:
    """Keeps the views of one book. Any number may run: the fence on each cursor lets one of them write at a time.

    It reads events by the ledger, and views by `database`, as the role that owns them. A view whose table is of
    another version is left alone.
    """

    def __init__(self, ledger: Ledger, database: Database, views: Sequence[View[Any]] = PROJECTIONS) -> None:
        self._ledger = ledger
        self._database = database
        self._views = tuple(views)
        self._prepared = False
        self._reached: dict[str, int] = {}
        self._advanced = Condition()

    def prepare(self) -> None:
        """Makes the tables and cursors that are not there yet; what is built anew, its builder has begun.

        Raises: LedgerAway, ViewsNotOurs.
        """
        book, now = self._ledger.book, self._database.now()
        views = [view for view in self._views if not view.anew]

        def make(connection: psycopg.Connection) -> None:
            make_tables(connection, views, now)
            live = live_versions(connection)
            for view in views:
                if live.get(view.name) == view.version:
                    begin(connection, book, view, now)

        with as_their_owner():
            self._database.patiently(make)
        self._prepared = True

    def positions(self) -> list[Standing]:
        """How far each view has come, and what stopped it. Raises: LedgerAway."""
        return standings(self._database, self._ledger.book, self._views)

    def leaning(self, view: Reckoning[Any], streams: Collection[str]) -> Mapping[str, frozenset[str]]:
        """The subjects whose rows in a view lean, or leant, on some other streams, by these. Raises: LedgerAway."""
        found: dict[str, set[str]] = {}
        asked = {"book": self._ledger.book, "streams": list(streams)}
        for on_stream, stream in self._database.rows(view.statement(LEANING_ON), asked):
            found.setdefault(on_stream, set()).add(stream)
        return {on_stream: frozenset(subjects) for on_stream, subjects in found.items()}

    def catch_up(
        self, upto: int | None = None, *, batch: int = BATCH_EVENTS, on_progress: Progress | None = None
    ) -> int:
        """Brings the views to the book's present end, or to a position before it, a batch of events at a time.

        Gives back the position that all of them have reached. A view that stops holds it back; `positions` says which
        and why, and the next call tries it again. Raises: LedgerAway.
        """
        return self._catch_up(set(), Event(), upto, batch=batch, on_progress=on_progress)

    def follow(self, stop: Event) -> None:
        """Keeps the views up to date until told to stop. It outlives a database that goes away and comes back."""
        given_up = set[View[Any]]()
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

    def wait_for(self, position: int, timeout: float, *, views: Collection[View[Any]] | None = None) -> bool:
        """Whether views reach a position within `timeout` seconds, whoever moves them; all of them, unless some are
        named. Raises: LedgerAway.

        False at once when one of them has stopped before it.
        """
        deadline = time.monotonic() + timeout
        wanted = [view for view in self._views if views is None or view in views]
        while not self._have_reached(wanted, position):
            found = standings(self._database, self._ledger.book, wanted)
            self._note({standing.projection: standing.position for standing in found})
            if any(standing.position < position and _stays(standing) for standing in found):
                return False
            left = deadline - time.monotonic()
            if left <= 0:
                return self._have_reached(wanted, position)
            with self._advanced:
                self._advanced.wait_for(lambda: self._have_reached(wanted, position), min(left, WAIT_POLL_SECONDS))
        return True

    # One round --------------------------------------------------------------------------------------------------

    def _catch_up(
        self,
        given_up: set[View[Any]],
        stop: Event,
        upto: int | None = None,
        *,
        batch: int = BATCH_EVENTS,
        on_progress: Progress | None = None,
    ) -> int:
        """Leaves out the views given up, and adds to them those that stop."""
        if not self._prepared:
            self.prepare()
        head = self._ledger.head()
        self._forget_beyond(head)
        target = head if upto is None else min(upto, head)
        reached = self._standings()
        _still_there(reached, reached)
        given_up -= {view for view, at in reached.items() if at.stopped is None}  # somebody else has brought it past
        while not stop.is_set():
            behind = {
                view: at.position
                for view, at in reached.items()
                if at.position < target and view not in given_up and at.held is None
            }
            if not behind:
                break
            start, end, views = _next_part(behind, target, batch)
            here = {view: reached[view] for view in views}
            try:
                for view, standing in self._advance(here, read(self._ledger, start, end)):
                    reached[view] = standing
                    if standing.stopped is not None:
                        given_up.add(view)
                        log.error("%s", standing.stopped)
            except Overtaken:
                self.prepare()  # the cursor was moved, or is gone
                before, reached = reached, self._standings()
                _still_there(before, reached)
            self._note({view.name: standing.position for view, standing in reached.items()})
            if on_progress is not None:
                going = (at.position for view, at in reached.items() if view not in given_up)
                on_progress(min(going, default=target), target)
        return min((at.position for at in reached.values()), default=target)

    def _advance(self, here: Mapping[View[Any], Standing], batch: Batch) -> Iterator[tuple[View[Any], Standing]]:
        """Where each view stands once it has taken the batch. Raises: Overtaken, LedgerAway."""
        for view, standing in here.items():
            yield view, self._take(view, standing, part_of(view, standing.position, batch))

    def _standings(self) -> dict[View[Any], Standing]:
        return dict(zip(self._views, self.positions(), strict=True))

    def _have_reached(self, views: Collection[View[Any]], position: int) -> bool:
        return all(self._reached.get(view.name, 0) >= position for view in views)

    def _note(self, reached: Mapping[str, int]) -> None:
        """Remembers how far views have come, and wakes who waits for it."""
        with self._advanced:
            further = {name: at for name, at in reached.items() if at > self._reached.get(name, 0)}
            if further:
                self._reached |= further
                self._advanced.notify_all()

    def _forget_beyond(self, head: int) -> None:
        """Forgets how far views had come in a book that was restored to an earlier state. What another runner has
        reached since the head was read is looked up again."""
        with self._advanced:
            self._reached = {name: at for name, at in self._reached.items() if at <= head}

    def _take(self, view: View[Any], standing: Standing, part: Part) -> Standing:
        """Takes a part into a view, from where its cursor stands. Raises: Overtaken, LedgerAway.

        What the part is added to is read outside the transaction that writes it: if anybody changed that since the
        cursor was read, the cursor has moved, and the fence refuses what was made of it.
        """
        change: Change | None = None
        try:
            change = self._change(view, part)
            with as_their_owner():
                return write(self._database, self._ledger.book, view, standing, change)
        except psycopg.errors.UndefinedTable as error:
            if view.anew:
                raise GivenUp(view) from error
            raise Overtaken(f"The table of {view.label} was taken away, or another took its place.") from error
        except CannotTake as met:  # where rows are worked out as they are written
            if part.end - part.start > BATCH_EVENTS:  # each further try works out all of the part again
                return self._halved(view, standing, part, part.end)
            return self._take(view, standing, part.until(stopped_at(view, met.recorded, met.cause)))
        except UNWRITABLE as error:
            end = part.end if change is None else change.position
            if end - part.start > 1:  # the event at fault is found by halving
                return self._halved(view, standing, part, end)
            stopped = stopped_at(view, part.events[0], error)
            return write(self._database, self._ledger.book, view, standing, Change(part.start, (), stopped))

    def _halved(self, view: View[Any], standing: Standing, part: Part, end: int) -> Standing:
        """Takes a part in two, the first of them half of what there is up to a position."""
        middle = (part.start + end) // 2 + 1
        first = self._take(view, standing, part.before(middle))
        return first if first.stopped else self._take(view, first, part.since(middle))

    def _change(self, view: View[Any], part: Part) -> Change:
        match view:
            case Projection():
                return folded(view, self._ledger, self._database, part)
            case Journal():
                return entered(view, self._ledger, part)
            case Reckoning():
                return reckoned(view, self._ledger, self._database, part)
            case _:
                raise TypeError(f"{view.name} is neither a projection nor a journal nor a reckoning.")


def _still_there(before: Mapping[View[Any], Standing], after: Mapping[View[Any], Standing]) -> None:
    """Raises: GivenUp when what is built anew is gone, or has been begun again, perhaps by another program."""
    for view, at in after.items():
        if view.anew and (at.begun_at is None or at.begun_at != before[view].begun_at):
            raise GivenUp(view)


def _next_part(behind: Mapping[View[Any], int], target: int, batch: int) -> tuple[int, int, list[View[Any]]]:
    """From where to where to read next, and which of the views that are behind take that: those whose part ends first.

    So a reckoning waits until the others have come to where its own, longer part ends.
    """
    ends = {view: min(target, at + _most(view, batch)) for view, at in behind.items()}
    first = min(ends.values())
    least = min(_most(view, batch) for view in behind if ends[view] == first)
    start = min(at for view, at in behind.items() if ends[view] == first and _most(view, batch) == least)
    # Those further on are met where they stand: from there on one reading does for all of them.
    end = min([first, *(at for at in behind.values() if at > start)])
    return start, end, [view for view, at in behind.items() if at == start and ends[view] == first]


def _most(view: View[Any], batch: int) -> int:
    """How many events a view takes at once."""
    return batch * BATCHES_OF_A_RECKONING if isinstance(view, Reckoning) else batch


def _stays(standing: Standing) -> bool:
    """Whether a view stays where it is, whoever keeps it; one that is newer is kept by a newer program."""
    return standing.why is not None and not isinstance(standing.held, ViewNewer)
