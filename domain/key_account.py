"""A key account (大客户): who in the company manages it, and the visits that are planned and made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, TypeAlias, assert_never
from uuid import UUID

from typing_extensions import override

from domain.decider import Decided
from domain.departure import Broken, Departure, stepped
from domain.envelope import Context
from domain.event import Command, Event, Instant, Label, Precision, Refused, StaffName, Words, rfc3339
from domain.personal import Personal
from domain.refusal import Refusal
from domain.stream import Category, stream_of

# Events ---------------------------------------------------------------------------------------------------------------


class ManagerAssigned(Event):
    """A member of staff became the customer's manager, instead of the one there was."""

    TOPIC: ClassVar = "manager-assigned.1"

    manager: StaffName


class ManagerReleased(Event):
    """The customer's manager looks after them no longer."""

    TOPIC: ClassVar = "manager-released.1"

    manager: StaffName


class VisitPlanned(Event):
    """The customer is to be visited."""

    TOPIC: ClassVar = "visit-planned.1"

    visit_id: UUID
    planned_for: Instant
    planned_precision: Precision
    """DAY when only the day is agreed; the instant is then one of that day."""
    by: StaffName | None
    """Who is to go; None when nobody is named yet."""


class VisitMade(Event):
    """The customer was visited (大客户回访)."""

    TOPIC: ClassVar = "visit-made.1"

    visit_id: UUID | None
    """The plan that it carries out; None when there was no plan."""
    by: StaffName
    result: Label
    words: Personal[Words] | None
    """What the customer said."""


class VisitCancelled(Event):
    """A planned visit is not made."""

    TOPIC: ClassVar = "visit-cancelled.1"

    visit_id: UUID
    reason: Label


KeyAccountEvent: TypeAlias = ManagerAssigned | ManagerReleased | VisitPlanned | VisitMade | VisitCancelled

# Commands -------------------------------------------------------------------------------------------------------------


class AboutKeyAccount(Command):
    """Something asked for about one customer's account."""

    customer_id: UUID

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.CUSTOMER, self.customer_id)


_KNOWN = (Refusal.UNKNOWN_CUSTOMER, Refusal.CUSTOMER_MERGED)


class AssignManager(AboutKeyAccount):
    """Make a member of staff the customer's manager."""

    REFUSALS: ClassVar[tuple[str, ...]] = _KNOWN

    manager: StaffName


class ReleaseManager(AboutKeyAccount):
    """Let the customer's manager look after them no longer."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_KNOWN, Refusal.NOT_THE_MANAGER)

    manager: StaffName


class PlanVisit(AboutKeyAccount):
    """Plan a visit to the customer."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_KNOWN, Refusal.VISIT_ALREADY_PLANNED)

    visit_id: UUID
    planned_for: Instant
    planned_precision: Precision = Precision.INSTANT
    by: StaffName | None = None


class MakeVisit(AboutKeyAccount):
    """Note that the customer was visited, as planned or without a plan."""

    REFUSALS: ClassVar[tuple[str, ...]] = (
        *_KNOWN,
        Refusal.UNKNOWN_VISIT,
        Refusal.VISIT_SETTLED,
        Refusal.SUBJECT_MISMATCH,
    )

    visit_id: UUID | None = None
    by: StaffName
    result: Label
    words: Personal[Words] | None = None


class CancelVisit(AboutKeyAccount):
    """Call a planned visit off."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_KNOWN, Refusal.UNKNOWN_VISIT, Refusal.VISIT_SETTLED)

    visit_id: UUID
    reason: Label


KeyAccountCommand: TypeAlias = AssignManager | ReleaseManager | PlanVisit | MakeVisit | CancelVisit

# Life -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of one planned visit; imported history may hold the end of one without its plan."""

    plan: VisitPlanned | None = None
    made: VisitMade | None = None
    cancelled: VisitCancelled | None = None


@dataclass(frozen=True, slots=True)
class KeyAccount:
    """What later decisions about a customer's account depend on."""

    manager: str | None = None
    released: str | None = None
    """Who was released last, while nobody has managed the customer since."""
    visits: Mapping[UUID, Visit] = field(default_factory=dict)
    unplanned: tuple[tuple[datetime, VisitMade], ...] = ()


NO_ACCOUNT = KeyAccount()


def decide(account: KeyAccount, command: KeyAccountCommand, context: Context, *rules: Broken | None) -> Decided:
    """The events that the command leads to; none when nothing changes.

    `rules` are those that any step of this customer breaks. Raises: Refused.
    """
    match command:
        case AssignManager(manager=manager):
            if account.manager == manager:
                return []
            return stepped(context, ManagerAssigned(manager=manager), *rules)
        case ReleaseManager(manager=manager):
            if account.manager is None and account.released == manager:
                return []
            return stepped(context, ManagerReleased(manager=manager), *rules, _managed_by_another(account, manager))
        case PlanVisit():
            return _plan(account, command, context, *rules)
        case MakeVisit():
            return _make(account, command, context, *rules)
        case CancelVisit():
            cancelled = VisitCancelled(visit_id=command.visit_id, reason=command.reason)
            visit = account.visits.get(command.visit_id)
            if visit is not None and visit.cancelled == cancelled:
                return []
            return stepped(context, cancelled, *rules, _unplanned(visit), _settled(visit))
        case _:
            assert_never(command)


def evolve(account: KeyAccount, event: KeyAccountEvent, at: datetime) -> KeyAccount:
    """The account after an event, in whatever order history has them."""
    match event:
        case ManagerAssigned(manager=manager):
            return replace(account, manager=manager, released=None)
        case ManagerReleased(manager=manager):
            return replace(account, manager=None, released=manager)
        case VisitPlanned(visit_id=visit_id):
            visit = account.visits.get(visit_id, Visit())
            return _with(account, visit_id, replace(visit, plan=visit.plan or event))
        case VisitMade(visit_id=visit_id):
            if visit_id is None:
                return replace(account, unplanned=(*account.unplanned, (at, event)))
            return _with(account, visit_id, replace(account.visits.get(visit_id, Visit()), made=event, cancelled=None))
        case VisitCancelled(visit_id=visit_id):
            return _with(account, visit_id, replace(account.visits.get(visit_id, Visit()), made=None, cancelled=event))
        case _:
            assert_never(event)


def _with(account: KeyAccount, visit_id: UUID, visit: Visit) -> KeyAccount:
    return replace(account, visits={**account.visits, visit_id: visit})


def _plan(account: KeyAccount, command: PlanVisit, context: Context, *rules: Broken | None) -> Decided:
    plan = VisitPlanned(
        visit_id=command.visit_id,
        planned_for=command.planned_for,
        planned_precision=command.planned_precision,
        by=command.by,
    )
    visit = account.visits.get(command.visit_id)
    if visit is None or visit.plan is None:
        return stepped(context, plan, *rules)
    if visit.plan == plan:
        return []
    raise Refused(
        Refusal.VISIT_ALREADY_PLANNED,
        f"This visit is planned for {rfc3339(visit.plan.planned_for)}; cancel it, and plan another.",
        field="visit_id",
        params={"planned_for": rfc3339(visit.plan.planned_for)},
    )


def _make(account: KeyAccount, command: MakeVisit, context: Context, *rules: Broken | None) -> Decided:
    """A visit without a plan is the same again only when it was made at the same time."""
    made = VisitMade(visit_id=command.visit_id, by=command.by, result=command.result, words=command.words)
    if command.visit_id is None:
        return [] if (command.at, made) in account.unplanned else stepped(context, made, *rules)
    visit = account.visits.get(command.visit_id)
    if visit is not None and visit.made == made:
        return []
    return stepped(context, made, *rules, _unplanned(visit), _settled(visit))


def _managed_by_another(account: KeyAccount, manager: str) -> Broken | None:
    if account.manager == manager:
        return None
    whose = "Nobody manages this customer" if account.manager is None else f"{account.manager} manages this customer"
    return Broken(
        Refusal.NOT_THE_MANAGER,
        Departure.NOT_THE_MANAGER,
        f"{whose}, so {manager} cannot be released.",
        field="manager",
        params={"manager": account.manager or ""},
    )


def _unplanned(visit: Visit | None) -> Broken | None:
    if visit is not None and visit.plan is not None:
        return None
    return Broken(
        Refusal.UNKNOWN_VISIT,
        Departure.VISIT_NOT_PLANNED,
        "No such visit is planned for this customer; plan it first, or note it as one without a plan.",
        field="visit_id",
    )


def _settled(visit: Visit | None) -> Broken | None:
    if visit is None or (visit.made is None and visit.cancelled is None):
        return None
    how = "was made" if visit.made is not None else "is cancelled"
    return Broken(
        Refusal.VISIT_SETTLED,
        Departure.VISIT_SETTLED_BEFORE,
        f"This visit {how} already; plan another one.",
        field="visit_id",
    )
