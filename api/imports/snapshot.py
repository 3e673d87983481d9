"""From consecutive snapshots of one case to the commands that lead from one to the next; pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from api.source_keys import id_in
from domain.case.commands import (
    AssignCase,
    ChangeCaseChannel,
    ChangeCaseCustomer,
    ClassifyCase,
    CloseCase,
    DispatchCase,
    PauseCase,
    PrioritiseCase,
    ReceiveCase,
    RecordAttributes,
    RegisterCase,
    ReopenCase,
    ResolveCase,
    ResumeCase,
    ReturnDispatch,
    StartWork,
    TransferCase,
    UnassignCase,
)
from domain.case.events import Attribute, CaseKind, Level, Outcome, PauseGround, Priority
from domain.case.state import Status
from domain.channel import Channel, Direction
from domain.customer import CustomerKind, RecordContact, RegisterCustomer, RenameCustomer
from domain.event import Command, Precision, Words
from domain.personal import Personal
from domain.touchpoint import RecordTouchpoint

FINISHED = (Status.RESOLVED, Status.CLOSED)


class Unsaid(Exception):
    """The step from one snapshot to the next has no command; `code` says what is missing."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Stage(NamedTuple):
    """Where a case is in its life, and what it waits for when it is paused."""

    status: Status
    ground: PauseGround | None = None


class Classed(NamedTuple):
    """The class that a case is in."""

    category: str
    subcategory: str | None
    symptom: str | None
    taxonomy: str | None


class Rated(NamedTuple):
    """How pressing a case is."""

    priority: Priority
    impact: Level | None
    urgency: Level | None


class Snapshot(NamedTuple):
    """The whole record of a case after one update, as far as commands can say it; None is "nothing there"."""

    customer: str | None
    """By the source's key."""
    channel: Channel
    stage: Stage
    unit: str | None
    handler: str | None
    classed: Classed | None
    rated: Rated | None
    attributes: tuple[tuple[str, str | None], ...]
    """In the mapping's order, each name once."""


class Opening(NamedTuple):
    """What is said once, when a case begins."""

    kind: CaseKind
    direction: Direction
    received_at: datetime
    received_by: str | None
    registered_by: str | None
    precision: Precision = Precision.INSTANT
    words: Personal[Words] | None = None
    """What the personal columns say, about the customer or else the case."""
    known: tuple[Command, ...] = ()
    """What is told of the customer besides."""


class Source:
    """The system that a file comes out of, in whose name its keys become ids."""

    def __init__(self, namespace: UUID, zone: str, customer_kind: CustomerKind) -> None:
        self.namespace = namespace
        self.zone = zone
        self.customer_kind = customer_kind

    def id_of(self, kind: str, *key: str) -> UUID:
        """The id of a thing, from the source's own key for it; the same in every copy of the file."""
        return id_in(self.namespace, kind, *key)

    def opening(self, key: str, opening: Opening, first: Snapshot, at: datetime) -> list[Command]:
        """What begins a case. The first row is the record as it was registered, but for the stage it has come to."""
        case_id, zone, received_at = self.id_of("case", key), self.zone, opening.received_at
        customer_id = None if first.customer is None else self.id_of("customer", first.customer)
        touchpoint_id = self.id_of("touchpoint", key)
        as_registered = first._replace(stage=Stage(Status.REGISTERED), classed=None, rated=None, attributes=())
        return [
            *self._registered(first.customer, received_at),
            *opening.known,
            RecordTouchpoint(
                at=received_at,
                zone=zone,
                touchpoint_id=touchpoint_id,
                customer_id=customer_id,
                case_id=case_id,
                channel=first.channel,
                direction=opening.direction,
                staff=opening.received_by,
            ),
            ReceiveCase(
                at=received_at,
                zone=zone,
                case_id=case_id,
                kind=opening.kind,
                customer_id=customer_id,
                channel=first.channel,
                touchpoint_id=touchpoint_id,
                received_by=opening.received_by,
                source_key=key,
                words=opening.words,
            ),
            RegisterCase(
                at=received_at,
                zone=zone,
                case_id=case_id,
                unit=first.unit,
                handler=first.handler,
                registered_by=opening.registered_by,
            ),
            *self._facts(case_id, as_registered, first, received_at),
            *self._stage(case_id, as_registered.stage, first.stage, at),
        ]

    def changes(self, key: str, before: Snapshot, after: Snapshot, at: datetime) -> list[Command]:
        """What leads from one snapshot of a case to the next. Raises: Unsaid.

        A row does not say what came first inside it: it is told in the order that leaves the declared life least, so
        that a case is reopened before it is worked on, and worked on before it is resolved.
        """
        case_id, zone = self.id_of("case", key), self.zone
        commands: list[Command] = []
        stage = before.stage
        if reopens(stage, after.stage):
            commands.append(ReopenCase(at=at, zone=zone, case_id=case_id))
            stage = Stage(Status.REGISTERED)
        if before.customer != after.customer:
            commands += self._registered(after.customer, at)
            commands.append(self._customer_changed(case_id, after.customer, at))
        commands += self._facts(case_id, before, after, at)
        commands += self._held(case_id, before, after, at)
        commands += self._stage(case_id, stage, after.stage, at)
        return commands

    def _registered(self, customer: str | None, at: datetime) -> Iterator[Command]:
        """Asked for with each case, so that a row's commands never depend on the rows of other cases."""
        if customer is not None:
            customer_id = self.id_of("customer", customer)
            yield RegisterCustomer(
                at=at, zone=self.zone, customer_id=customer_id, kind=self.customer_kind, source_key=customer
            )

    def _customer_changed(self, case_id: UUID, customer: str | None, at: datetime) -> Command:
        if customer is None:
            raise Unsaid("customer-lost", "it takes the customer away, and no command leaves a case without one again")
        customer_id = self.id_of("customer", customer)
        return ChangeCaseCustomer(at=at, zone=self.zone, case_id=case_id, customer_id=customer_id)

    def _facts(self, case_id: UUID, before: Snapshot, after: Snapshot, at: datetime) -> Iterator[Command]:
        zone = self.zone
        if before.channel != after.channel:
            yield ChangeCaseChannel(at=at, zone=zone, case_id=case_id, channel=after.channel)
        if before.classed != after.classed:
            if after.classed is None:
                raise Unsaid("class-lost", "it takes the category away, and no command leaves a case without one again")
            yield ClassifyCase(at=at, zone=zone, case_id=case_id, **after.classed._asdict())
        if before.rated != after.rated:
            if after.rated is None:
                raise Unsaid("priority-lost", "it takes the priority away, and no command leaves a case without one")
            yield PrioritiseCase(at=at, zone=zone, case_id=case_id, **after.rated._asdict())
        if before.attributes != after.attributes:
            known = dict(before.attributes)
            told = tuple(
                Attribute(name=name, value=value) for name, value in after.attributes if known.get(name) != value
            )
            if told:
                yield RecordAttributes(at=at, zone=zone, case_id=case_id, attributes=told)

    def _held(self, case_id: UUID, before: Snapshot, after: Snapshot, at: datetime) -> Iterator[Command]:
        """Who has the case now. A case that goes to a unit leaves its handler behind, unless one is named."""
        zone, unit, handler = self.zone, before.unit, before.handler
        if unit is not None and after.unit is None:
            handler = None
            yield ReturnDispatch(at=at, zone=zone, case_id=case_id, unit=unit)
        elif after.unit is not None and unit != after.unit:
            handler = after.handler
            if unit is None:
                yield DispatchCase(at=at, zone=zone, case_id=case_id, unit=after.unit, handler=handler)
            else:
                yield TransferCase(
                    at=at, zone=zone, case_id=case_id, from_unit=unit, to_unit=after.unit, handler=handler
                )
        if handler == after.handler:
            return
        if after.handler is not None:
            yield AssignCase(at=at, zone=zone, case_id=case_id, handler=after.handler)
        elif handler is not None:
            yield UnassignCase(at=at, zone=zone, case_id=case_id, handler=handler)

    def _stage(self, case_id: UUID, before: Stage, after: Stage, at: datetime) -> Iterator[Command]:
        """From one stage to another; a case that is resolved or closed waits no longer, without being told."""
        if before == after:
            return
        zone = self.zone
        if before.ground is not None and after.status not in FINISHED:
            yield ResumeCase(at=at, zone=zone, case_id=case_id, ground=before.ground)
        match after.status:
            case Status.IN_PROGRESS:
                yield StartWork(at=at, zone=zone, case_id=case_id)
            case Status.PAUSED:
                yield PauseCase(at=at, zone=zone, case_id=case_id, ground=after.ground or PauseGround.OTHER)
            case Status.RESOLVED:
                yield ResolveCase(at=at, zone=zone, case_id=case_id, outcome=Outcome.UNSTATED)
            case Status.CLOSED:
                yield CloseCase(at=at, zone=zone, case_id=case_id)
            case (
                Status.REGISTERED | Status.RECEIVED | Status.WITHDRAWN | Status.MERGED
            ):  # no mapping tells the last two
                return


def reopens(before: Stage, after: Stage) -> bool:
    """Whether a case goes back to work: from resolved or closed to anything but the closing of what is resolved."""
    return before.status in FINISHED and after != before and after.status is not Status.CLOSED


RULES: dict[type[Command], str] = {
    RegisterCustomer: "customer",
    RenameCustomer: "personal.name",
    RecordContact: "personal.contacts",
    RecordTouchpoint: "channel",
    ReceiveCase: "time.received",
    RegisterCase: "time.received",
    ClassifyCase: "classification",
    PrioritiseCase: "priority",
    RecordAttributes: "attributes",
    DispatchCase: "case.unit",
    ReturnDispatch: "case.unit",
    TransferCase: "case.unit",
    AssignCase: "case.handler",
    UnassignCase: "case.handler",
    ChangeCaseCustomer: "customer",
    ChangeCaseChannel: "channel",
}
"""The place in a mapping that a command follows from; all others follow from its `state`."""
