"""What a case is promised: the policies in force at its receipt, chosen by what the case is, and the dues they lead to.

By the clocks' own rules, and as all of it was known when the case was registered (DOMAIN: selection, terms).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from domain.case.about import AboutCase
from domain.case.commands import ReceiveCase
from domain.case.promise import Assessment, Ground, PromisedDue, Promising, Terms, Under
from domain.case.state import Case, Moment
from domain.customer import Customer
from domain.envelope import Context
from domain.event import Precision
from domain.sla.clock import ENGINE
from domain.sla.promises import Begun, promised
from domain.sla.selection import CaseFacts, Choice, Fit, asked, choice_among, chosen
from domain.sla.standards import PolicyVersion, Standards
from domain.sla.zones import ZONE_DATA, UnknownZone, zone
from domain.standards import policies_of, standards_of, streams_of_standards
from domain.stream import Category, stream_of

ALL_KNOWN = datetime(9999, 12, 31, tzinfo=UTC)
"""A decision knows what was published before it, and nothing else."""


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


def fitting(case: Case, context: Context) -> Sequence[Fit]:
    """The rules that fit a case as it is now; its terms' versions stand in the place of others of their policies."""
    policies = standards_of(context.others, context.book).policies
    standing = case.rare.terms
    held = [Fit(each.policy, each.policy_version, each.rule) for each in standing.terms]
    known_at = standing.known_at or ALL_KNOWN
    return asked(policies, case.received.at, known_at, held).first_that_fit(facts_of(case, context))


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
    started = {"case-received": _begun(case.received), "case-registered": _begun(case.previous)}
    return terms_by(choice, started, standards)


def terms_by(choice: Choice, started: Mapping[str, Begun], standards: Standards) -> Terms:
    """What the rule promises that was chosen, given the events that have occurred by name."""
    name, version = choice.policy.name, choice.policy.version
    return Terms(
        policy=name,
        policy_version=version,
        rule=choice.rule,
        ground=tuple(Ground(field=each.field, value=each.value) for each in choice.matched),
        dues=tuple(
            PromisedDue(
                target=each.target,
                calendar=each.calendar,
                calendar_version=each.calendar_version or 1,  # no policy is published on a calendar that is not there
                due_at=None if each.due is None else each.due.at,
                due_on=None if each.due is None else each.due.on,
            )
            for each in promised(standards, choice, started, ALL_KNOWN)
        ),
    )


def _begun(moment: Moment) -> Begun:
    return begun(moment.at, moment.precision, moment.zone)


def begun(at: datetime, precision: Precision, place: str) -> Begun:
    """When something occurred that a target may start with, and its local day when only that is known."""
    if precision is not Precision.DAY:
        return Begun(at)
    try:
        return Begun(at, at.astimezone(zone(place)).date())
    except UnknownZone:
        return Begun(at, at.date())


PROMISING = Promising(needs, policies, assess, fitting)
"""By the book's policies and calendars."""
