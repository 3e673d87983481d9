"""Noting alarms: candidates out of the view, their cases read anew from the ledger, what is due of them recorded."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from threading import Event
from typing import NamedTuple

from api.alarms.candidates import Candidate, Place, locked
from api.alarms.notices import Notice, Told, told
from api.alarms.reading import half_told, running_imports, subjects
from domain.case.events import CaseRegistered
from domain.envelope import Actor, ActorKind, RegisterNumber, Submission
from domain.event import Refused
from domain.sla.clock import Alarm, ClockKey
from domain.sla.standards import Standards
from domain.standards import standards_of, streams_of_standards
from ledger.database import Database
from ledger.errors import (
    BatchMoved,
    CommandIdReused,
    LedgerAway,
    LedgerError,
    StreamMoved,
    UnknownTopic,
    UnreadableEvent,
)
from ledger.ledger import Ledger
from ledger.outcome import Accepted, Outcome
from projections.reckoning import Subject
from projections.sla_timer import asked

BATCH = 200
"""Clocks locked at a time. Whoever keeps the view waits for them, so it is as long as recording their alarms takes."""
MOST_LOOKS = 5
CHANNEL = "alarm"
ACTOR = Actor("daybook alarms", ActorKind.ALARM)

log = logging.getLogger(__name__)


class Raised(NamedTuple):
    """An alarm that was recorded by this process."""

    book: str
    stream: str
    number: RegisterNumber | None
    """The case's, if it has one."""
    key: ClockKey
    title: str
    alarm: Alarm
    occurred_at: datetime
    recorded_at: datetime
    position: int


class Looked(NamedTuple):
    """What was found of a clock that is a candidate by its row."""

    row: Candidate
    next_at: datetime | None
    """When something of its case becomes due; None is never, by the present course of things."""


class Queue:
    """The alarms of a case that are to be recorded one after the other, and the version that the next builds on."""

    def __init__(self, case: Subject, due: Iterable[Notice]) -> None:
        self.case = case
        self.left = deque(due)
        self.version = case.written[-1].version


class Sweeper:
    """Notes what is due in a book. It holds nothing that another process would have to know.

    `views` is the database as the role that owns the views uses it; `heard` is told of each alarm that was recorded.
    """

    def __init__(self, ledger: Ledger, views: Database, heard: Callable[[Raised], object]) -> None:
        self._ledger = ledger
        self._views = views
        self._heard = heard
        self._standards: Standards | None = None
        self._imports = frozenset[str]()
        self._looked: dict[str, Looked] = {}

    def sweep(self, now: datetime, stop: Event) -> int:
        """Records all that was due before an instant, as far as the view knows where to look; says how much.

        Raises: LedgerAway, psycopg.Error.
        """
        self._on_these_grounds(self._ledger.head())
        met = dict[str, Looked]()
        place, raised = Place(), 0
        while not stop.is_set():
            # The locks are let go with the transaction, however this process ends.
            with self._views.connection() as connection, connection.transaction():
                rows = locked(connection, self._ledger.book, now, place, BATCH)
                if not rows:
                    break
                known = {row.clock_id: self._looked[row.clock_id] for row in rows if self._known(row, now)}
                waiting = [row for row in rows if row.clock_id not in known]
                met |= known
                nexts, noted = self._note({row.stream for row in waiting}, now)
            met |= {row.clock_id: Looked(row, nexts[row.stream]) for row in waiting if row.stream in nexts}
            place, raised = rows[-1].place, raised + len(noted)
            for one in noted:  # nobody waits for whoever listens
                self._heard(one)
        self._looked = met
        return raised

    def _on_these_grounds(self, basis: int) -> None:
        """Forgets what was found before a policy or a calendar was published, or an import began or ended."""
        states = self._ledger.standing(streams_of_standards(self._ledger.book), basis)
        standards = standards_of(states, self._ledger.book)
        imports = running_imports(self._ledger, basis)
        if standards is not self._standards or imports != self._imports:
            self._standards, self._imports, self._looked = standards, imports, {}

    def _known(self, row: Candidate, now: datetime) -> bool:
        """Whether the row is as it was when nothing was due of its case, and nothing has become due since."""
        looked = self._looked.get(row.clock_id)
        return looked is not None and looked.row == row and (looked.next_at is None or looked.next_at >= now)

    # Cases ------------------------------------------------------------------------------------------------------------

    def _note(self, streams: Collection[str], now: datetime) -> tuple[dict[str, datetime | None], list[Raised]]:
        """Records what is due of some cases. Gives back when more of each becomes due, those left out that keep moving,
        and what was recorded."""
        nexts, noted = dict[str, datetime | None](), list[Raised]()
        waiting: Collection[str] = streams
        for _ in range(MOST_LOOKS):
            if not waiting:
                break
            basis = self._ledger.head()
            files = running_imports(self._ledger, basis)
            cases = self._cases(waiting, basis)
            found = {
                stream: Told((), None) if half_told(case.written, files) else told(asked(case), now, basis)
                for stream, case in cases.items()
            }
            nexts |= {stream: found[stream].next_at if stream in found else None for stream in waiting}
            queues = [Queue(case, found[stream].due) for stream, case in cases.items() if found[stream].due]
            waiting = self._record(queues, now, noted)
        for stream in waiting:  # it keeps moving: the next sweep looks again
            del nexts[stream]
        return nexts, noted

    def _cases(self, streams: Collection[str], basis: int) -> dict[str, Subject]:
        """Those of some cases that can be read; one that cannot does not hold up the others."""
        try:
            return subjects(self._ledger, streams, basis)
        except (UnknownTopic, UnreadableEvent) as error:
            if len(streams) > 1:
                return {found: case for stream in streams for found, case in self._cases([stream], basis).items()}
            log.error("The alarms of %s are not noted, since it cannot be read: %s", *streams, error)
            return {}

    def _record(self, queues: Sequence[Queue], now: datetime, noted: list[Raised]) -> set[str]:
        """Records the alarms of cases, of each one at a time, adds them to `noted`, and says which cases have moved.

        The second alarm of a case builds on the version of the first: sent along with it, it would take whatever came
        in the first one's place, such as a pause, for that.
        """
        moved = set[str]()
        going = list(queues)
        while going:
            answers = self._carried_out([self._submission(queue, now) for queue in going])
            for queue, answer in zip(going, answers, strict=True):
                if isinstance(answer, StreamMoved | BatchMoved):
                    moved.add(queue.case.stream)
                    queue.left.clear()
                    continue
                if (raised := self._raised(queue, answer)) is not None:
                    noted.append(raised)
                queue.left.popleft()
            going = [queue for queue in going if queue.left]
        return moved

    def _submission(self, queue: Queue, now: datetime) -> Submission:
        """Carried out only where the case is as it was looked at: a pause that has come meanwhile is not overlooked."""
        notice = queue.left[0]
        return Submission(
            notice.command_id(self._ledger.book),
            (notice.command,),
            ACTOR,
            CHANNEL,
            expected=((queue.case.stream, queue.version),),
            said_at=now,
        )

    def _carried_out(self, submissions: Sequence[Submission]) -> list[Outcome]:
        try:
            return self._ledger.carry_out_all(submissions)
        except BatchMoved:  # somebody keeps writing about some of these cases; that is not to hold up the others
            return [self._carried_out_alone(submission) for submission in submissions]

    def _carried_out_alone(self, submission: Submission) -> Outcome:
        try:
            return self._ledger.carry_out(submission)
        except LedgerAway:
            raise
        except (Refused, LedgerError) as error:
            return error

    def _raised(self, queue: Queue, answer: Outcome) -> Raised | None:
        """The alarm, when this process recorded it."""
        case, notice = queue.case, queue.left[0]
        match answer:
            case Accepted() if answer.placed and not answer.repeated and answer.recorded_at is not None:
                (placed,) = answer.placed
                queue.version = placed.version
                number = next((one.register for one in case.history if isinstance(one.event, CaseRegistered)), None)
                return Raised(
                    self._ledger.book, case.stream, number, notice.key, notice.clock.title.en, notice.alarm,
                    notice.command.at, answer.recorded_at, placed.position,
                )  # fmt: skip
            case Accepted() | CommandIdReused():
                return None  # it was recorded before, by who may have known the book up to another position
            case Refused():
                log.info("An alarm of %s came to nothing: %s", case.stream, answer)
                return None
            case _:
                log.error("An alarm of %s could not be recorded: %s", case.stream, answer)
                return None
