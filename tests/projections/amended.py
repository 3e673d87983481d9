"""Books in which much is asked to be corrected and voided, and what the views of such a book are to show."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.amending import ApproveAmendment, DeclineAmendment, RequestCorrection, RequestVoid
from domain.amendment import AMENDMENTS, AmendmentRequest, Occurrence, Replacement
from domain.case.events import CaseClassified, CasePrioritised, CaseReceived, Priority
from domain.case.extension import ExtensionRequested
from domain.case.terms import PolicyReassignmentRequested
from domain.channel import Channel, Direction
from domain.correction import applied
from domain.customer import AssignTier, CustomerRegistered, CustomerRenamed, Tier, TierAssigned
from domain.envelope import Recorded, Submission
from domain.event import Command, Event, Precision
from domain.personal import Personal
from domain.stream import Category, category_of, subject_of
from domain.touchpoint import RecordTouchpoint, TouchpointRecorded
from ledger.blind_index import BlindIndex
from ledger.decision import tip_of
from ledger.ledger import Ledger
from projections.journal import Journal
from projections.projection import FoldContext, Projection
from projections.reckoning import Reckoning, Subject
from projections.view import View
from tests.ledger.submissions import OPENED, register_customer, rename, submission
from tests.projections import regulated
from tests.projections.books import _step, case_id, customer_id, received

ASKS, DECIDES = "grace", "ada"
COMMANDS_A_TRANSACTION = 500


def touchpoint_id(number: int) -> UUID:
    return UUID(int=0x70C4_0000_0000 + number)


class Writers:
    """They write a book full of cases, customers and touchpoints, and correct what they wrote; the same for a seed.

    With `carried_over` all of it is recorded at that time, with the time at which another book has it as the source's.
    Without `publishing` they promise nothing new.
    """

    def __init__(
        self,
        ledger: Ledger,
        seed: int,
        *,
        customers: int,
        cases: int,
        amending: float = 0.3,
        publishing: bool = True,
        carried_over: datetime | None = None,
    ) -> None:
        self._ledger = ledger
        self._chance = random.Random(seed)
        self._customers = customers
        self._cases = cases
        self._amending = amending
        self._publishing = publishing
        self._carried_over = carried_over
        self._touchpoints = 0
        self._published = 0
        self._asked: list[Recorded[Any]] = []
        self._read = 0
        self._written: list[Recorded[Any]] = []
        self._pending: list[tuple[str, int]] = []
        self._at = OPENED + timedelta(days=30)

    def write(self, commands: int) -> int:
        """Asks for so many commands, refused or not, and gives back how many events came of them."""
        before, middle = self._ledger.head(), self._chance.randrange(commands + 1)
        self._write(middle)
        self._publish()
        self._write(commands - middle)
        return self._ledger.head() - before

    def _write(self, commands: int) -> None:
        for first in range(0, commands, COMMANDS_A_TRANSACTION):
            count = min(COMMANDS_A_TRANSACTION, commands - first)
            asked = [self._submission(self._command()) for _ in range(count)]
            self._ledger.carry_out_all(asked)
            self._look()

    def _submission(self, command: Command) -> Submission:
        if self._carried_over is None:
            return submission(command, at=self._at, imported=True)
        return submission(command, at=self._carried_over, imported=True, source_recorded_at=self._at)

    def _publish(self) -> None:
        """Promises something, and then something else."""
        if not self._publishing:
            return
        self._published += 1
        self._at += timedelta(days=self._chance.randrange(3))
        if self._published == 1:
            regulated.promise(self._ledger, at=self._at)
        else:
            regulated.something_new(self._ledger, self._chance, self._published, self._at)

    def _look(self) -> None:
        for recorded in self._ledger.since(self._read):
            self._read = recorded.position
            self._written.append(recorded)
            if isinstance(recorded.event, AmendmentRequest):
                self._pending.append((recorded.stream, recorded.version))
            if isinstance(recorded.event, ExtensionRequested | PolicyReassignmentRequested):
                self._asked.append(recorded)

    def _command(self) -> Command:
        self._at += timedelta(seconds=1)
        if self._written and self._chance.random() < self._amending:
            return self._amendment()
        kind, at = self._chance.random(), self._at - timedelta(minutes=self._chance.randrange(600))
        who = customer_id(self._chance.randrange(self._customers))
        if kind < 0.15:
            return register_customer(who, "冯小明", at=at)
        if kind < 0.2:
            return rename(who, f"新名 {self._chance.randrange(9)}", at=at)
        if kind < 0.25:
            return AssignTier(at=at, customer_id=who, tier=self._chance.choice(list(Tier)))
        if kind < 0.4:
            self._touchpoints += 1
            about = None if self._chance.random() < 0.1 else who
            return RecordTouchpoint(
                at=at,
                touchpoint_id=touchpoint_id(self._touchpoints),
                customer_id=about,
                channel=Channel.WEB,
                direction=Direction.IN,
            )
        case = self._chance.randrange(self._cases)
        if kind < 0.55:
            return received(case, at=at, customer_id=who)
        if kind < 0.7:
            return regulated.step(
                case_id(case), case_id(self._chance.randrange(self._cases)), at, self._chance, self._asked
            )
        return _step(case_id(case), at, self._chance)

    def _amendment(self) -> Command:
        kind = self._chance.random()
        if kind < 0.45 and self._pending:
            stream, request = self._pending.pop(self._chance.randrange(len(self._pending)))
            decision: dict[str, Any] = {"at": self._at, "about": stream, "request": request}
            if kind < 0.1:
                return DeclineAmendment(**decision, reason="as it was", declined_by=DECIDES)
            return ApproveAmendment(**decision, approved_by=DECIDES)
        # Of what was written last rather than long ago, so that corrections are corrected and voids taken back.
        recent = self._written[-self._chance.choice([20, 200, len(self._written)]) :]
        target = self._chance.choice(recent)
        asked: dict[str, Any] = {
            "at": self._at,
            "about": target.stream,
            "version": target.version,
            "reason": "as it really was",
            "requested_by": ASKS,
        }
        if kind > 0.8:
            return RequestVoid(**asked)
        return RequestCorrection(**asked, replacement=Replacement.of(self._instead(target)), occurrence=self._when())

    def _when(self) -> Occurrence | None:
        if self._chance.random() < 0.7:
            return None
        at = self._at - timedelta(days=self._chance.randrange(20))
        return Occurrence(at=at, zone="UTC", precision=self._chance.choice(list(Precision)))

    def _instead(self, target: Recorded[Any]) -> Event:
        """An event that may stand in such a stream; of corrections and voids as well."""
        subject, chance = subject_of(target.stream), self._chance
        who = customer_id(chance.randrange(self._customers))
        match target.event:
            case TouchpointRecorded():
                return target.event.model_copy(update={"customer_id": chance.choice([None, who])})
            case CaseReceived():
                return target.event.model_copy(update={"customer_id": who, "words": None})
            case CustomerRegistered():
                return target.event.model_copy(update={"name": None, "source_key": f"K{chance.randrange(9)}"})
            case _:
                pass
        if category_of(target.stream) == Category.CUSTOMER:
            renamed = CustomerRenamed(name=Personal.open(subject, "王芳"))
            return chance.choice([renamed, TierAssigned(tier=chance.choice(list(Tier)), rule_version="2026")])
        return chance.choice([
            CasePrioritised(priority=chance.choice(list(Priority)), impact=None, urgency=None),
            CaseClassified(category=f"really {chance.randrange(3)}", subcategory=None, symptom=None, taxonomy=None),
        ])  # fmt: skip


# What the views are to show ---------------------------------------------------------------------------------------


def expected(ledger: Ledger, view: View[Any]) -> list[Any]:
    """The rows that a view is to have, told in the plainest way there is from the whole book, sorted."""
    opened = isinstance(view, Reckoning) and view.opened
    return told_plainly(view, ledger.since(0, opened=opened), ledger.book, ledger.blind_index)


def told_plainly(view: View[Any], book: Sequence[Recorded[Any]], name: str, blind: BlindIndex) -> list[Any]:
    """The same from the events of a book, in order, whose personal values are open where the view wants them so."""
    history = [recorded for recorded in book if category_of(recorded.stream) in view.reads]
    read = {(recorded.stream, recorded.version): recorded for recorded in applied(history)}
    match view:
        case Projection():
            rows: dict[UUID, Any] = {}
            for recorded in history:
                _fold_plainly(view, rows, recorded, read.get((recorded.stream, recorded.version)))
            found = [row for row in rows.values() if row is not None]
        case Journal():
            told: Sequence[Recorded[Any]] = history if view.as_written else list(read.values())
            found = [row for recorded in told for row in view.entries(recorded)]
        case Reckoning():
            found = [row for subject in subjects_plainly(view, book, name, blind) for row in view.rows(subject)]
        case _:
            raise AssertionError(view)
    return sorted(found, key=lambda row: [getattr(row, column) for column in view.identity])


def subjects_plainly(
    view: Reckoning[Any], book: Sequence[Recorded[Any]], name: str, blind: BlindIndex
) -> Iterator[Subject]:
    """What the rows of a reckoning are worked out of."""
    beside = {stream: [one for one in book if one.stream == stream] for stream in view.beside(name)}
    standing = {stream: tip_of(stream, history).state for stream, history in beside.items()}
    written: dict[str, list[Recorded[Any]]] = {}
    for recorded in book:
        if category_of(recorded.stream) in view.reads:
            written.setdefault(recorded.stream, []).append(recorded)
    for stream in written:
        if category_of(stream) in view.subjects:
            subject = _subject(view, stream, written, standing)
            yield subject._replace(blind=blind) if view.opened else subject


def _subject(
    view: Reckoning[Any], stream: str, written: dict[str, list[Recorded[Any]]], standing: Mapping[str, Any]
) -> Subject:
    read, others = tuple(applied(written[stream])), dict[str, Sequence[Recorded[Any]]]()
    named = list(view.leans_on(read))
    while named:
        other = named.pop()
        if other != stream and other not in others:
            told = written.get(other, [])
            others[other] = tuple(told if category_of(other) in view.as_written else applied(told))
            named += view.leans_on(others[other])
    return Subject(stream, read, written[stream], others, standing)


def _fold_plainly(
    view: Projection[Any], rows: dict[UUID, Any], recorded: Recorded[Any], read: Recorded[Any] | None
) -> None:
    if isinstance(recorded.event, AMENDMENTS):
        row = rows.get(subject_of(recorded.stream))
        if row is not None and row.stream == recorded.stream:
            of_event = {"version": "version", "position": "position", "last_recorded_at": "recorded_at"}
            seen = {name: getattr(recorded, of) for name, of in of_event.items() if name in row._fields}
            rows[subject_of(recorded.stream)] = row._replace(**seen)
    elif read is not None:
        for key in view.keys(read):
            rows[key] = view.fold(rows.get(key), read, FoldContext(key))


def kept(ledger: Ledger, view: View[Any]) -> list[Any]:
    """The rows of a view's live table, sorted in the same way."""
    query = view.query("SELECT {columns} FROM {table} WHERE book = %(book)s ORDER BY {key}")
    return [view.of_row(row) for row in ledger.database.rows(query, {"book": ledger.book})]
