"""What a case is promised: the policies in force at its receipt, chosen by what the case is, and the dues they lead to.

By the clocks' own rules, and as all of it was known when the case was registered (DOMAIN: selection, terms).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from domain.case.about import AboutCase
from domain.case.commands import ReceiveCase
from domain.case.promise import Assessment, Ground, PromisedDue, Promising, Terms, Under
from domain.case.state import Case, Moment
from domain.customer import Customer
from domain.envelope import Context
from domain.event import Precision
from domain.sla.calendars import UnknownCalendar
from domain.sla.clock import ENGINE, Due
from domain.sla.compiled import CompiledTarget
from domain.sla.dues import due_of, origin_of
from domain.sla.expression import AllOf, Expression, Happens, read
from domain.sla.measures import View, hours_of
from domain.sla.selection import CaseFacts, Choice, choice_among, chosen
from domain.sla.standards import PolicyVersion, Standards
from domain.sla.zones import ZONE_DATA, UnknownZone, zone
from domain.standards import policies_of, standards_of, streams_of_standards
from domain.stream import Category, stream_of

ALL_KNOWN = datetime(9999, 12, 31, tzinfo=UTC)
"""A decision knows what was published before it, and nothing else."""
START = Happens("case-received")
REGISTERED = Happens("case-registered")


def needs(command: AboutCase, context: Context) -> Iterable[str]:
    """The book's policies and calendars; the customer as well, where a policy asks for their tier."""
    streams = streams_of_standards(context.book)
    yield from streams
    if not all(stream in context.others for stream in streams) or not _asks_for_tiers(policies(context)):
        return
    if isinstance(command, ReceiveCase):  # it may be registered by the next command of the same submission
        customer_id = command.customer_id
    else:
        yield command.stream
        case: Case | None = context.others.get(command.stream)
        customer_id = case.customer_id if case else None
    if customer_id is not None:
        yield stream_of(Category.CUSTOMER, customer_id)


def _asks_for_tiers(versions: Sequence[PolicyVersion]) -> bool:
    return any(rule.when.tier for each in versions for rule in each.document.rules)


def policies(context: Context) -> Sequence[PolicyVersion]:
    """Every version of the book's policies that a decision knows."""
    return policies_of(context.others, context.book).versions


def assess(case: Case, under: Under | None, context: Context) -> Assessment | None:
    """The terms of a case that was just registered, or of one that is to be held to another policy."""
    standards = standards_of(context.others, context.book)
    facts = facts_of(case, context)
    if under is None:
        found = tuple(
            _terms(choice, case, standards) for choice in chosen(standards, facts, case.received.at, ALL_KNOWN)
        )
        return Assessment(found, ZONE_DATA, ENGINE) if found else None
    other = standards.policies.version(under.policy, under.version)
    choice = None if other is None else choice_among(other.document.regime, (other,), facts)
    if choice is None:
        return None
    kept = tuple(each for each in case.rare.terms.terms if _regime(each, standards) != choice.regime)
    return Assessment((*kept, _terms(choice, case, standards)), ZONE_DATA, ENGINE)


def _regime(terms: Terms, standards: Standards) -> str | None:
    version = standards.policies.version(terms.policy, terms.policy_version)
    return None if version is None else version.document.regime


def facts_of(case: Case, context: Context) -> CaseFacts:
    """What of a case a choice may rest on."""
    return CaseFacts(
        kind=case.kind.value,
        category=None if case.classification is None else case.classification.category,
        tier=_tier(case, context),
        priority=None if case.priority is None else case.priority.priority.value,
        channel=case.channel.value,
        unit=case.unit,
        attributes=tuple(sorted((each.name, each.value) for each in case.attributes)),
    )


def _tier(case: Case, context: Context) -> str | None:
    if case.customer_id is None:
        return None
    customer: Customer | None = context.others.get(stream_of(Category.CUSTOMER, case.customer_id))
    return None if customer is None or customer.tier is None else customer.tier.tier.value


def _terms(choice: Choice, case: Case, standards: Standards) -> Terms:
    name, version = choice.policy.name, choice.policy.version
    policy = standards.policies.compiled(name, version)
    targets = {} if policy is None else policy.targets
    return Terms(
        policy=name,
        policy_version=version,
        rule=choice.rule,
        ground=tuple(Ground(field=each.field, value=each.value) for each in choice.matched),
        dues=tuple(_promised(targets[each], case, standards) for each in choice.targets if each in targets),
    )


def _promised(target: CompiledTarget, case: Case, standards: Standards) -> PromisedDue:
    start = _started(read(target.target.start), case)
    measured = start
    if start is not None and target.target.measured_from is not None:
        measured = _started(read(target.target.measured_from), case) or start
    due = None if measured is None or target.opened else _due(target, measured, standards)
    day = (start or case.received).at.astimezone(target.zone).date()
    return PromisedDue(
        target=target.target.id,
        calendar=target.calendar,
        calendar_version=_calendar_version(standards, target.calendar, day),
        due_at=None if due is None else due.at,
        due_on=None if due is None else due.on,
    )


def _started(start: Expression, case: Case) -> Moment | None:
    """When a target began whose start is the receipt or the registration; None while it has not."""
    if isinstance(start, Happens):
        known = {START.name: case.received, REGISTERED.name: case.previous}
        return None if start.conditions else known.get(start.name)
    parts = [_started(part, case) for part in start.of]
    found = [part for part in parts if part is not None]
    if isinstance(start, AllOf):
        return max(found, key=lambda each: each.at) if len(found) == len(parts) else None
    return min(found, key=lambda each: each.at, default=None)


def _due(target: CompiledTarget, start: Moment, standards: Standards) -> Due | None:
    hours = hours_of(standards, target, View(ALL_KNOWN))
    return due_of(target, origin_of(target, start.at, _day_of(start), hours), hours)


def _day_of(moment: Moment) -> date | None:
    """The local day of what is known by its day only."""
    if moment.precision is not Precision.DAY:
        return None
    try:
        return moment.at.astimezone(zone(moment.zone)).date()
    except UnknownZone:
        return moment.at.date()


def _calendar_version(standards: Standards, name: str, day: date) -> Any:
    try:
        return standards.calendars.in_force(name, day, ALL_KNOWN).version
    except UnknownCalendar:
        return 1


PROMISING = Promising(needs, policies, assess)
"""By the book's policies and calendars."""
