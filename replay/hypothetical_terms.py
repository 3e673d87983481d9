"""What a case would have been promised at its registration under other standards, put into its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from domain.case.deadline import DeadlineMissed, DeadlineWarned
from domain.case.events import CaseReceived, CaseRegistered
from domain.case.promise import Ground, Terms
from domain.case.terms import PolicyReassigned, PolicyReassignmentRequested, TermsAssigned
from domain.case.tiers import tier_known, tiers_of
from domain.correction import amended, applied
from domain.envelope import Recorded
from domain.sla.clock import ENGINE
from domain.sla.lanes import TierSince
from domain.sla.selection import CHANGES_FACTS, CaseFacts, Choice, choice_among, chosen
from domain.sla.standards import Standards
from domain.sla.zones import ZONE_DATA, zone
from replay.hypothesis import Supposed

History = Sequence[Recorded[Any]]
Chosen = Mapping[str, Choice]
"""Of each regime what was chosen."""

NOTICED = (DeadlineMissed, DeadlineWarned)
"""What an alarm noted of the clocks as they were: under other standards it would have noted something else."""


class Subject(NamedTuple):
    """A case with all that its clocks are worked out of."""

    stream: str
    written: History
    read: History
    """With corrections applied."""
    customers: Mapping[str, History] = MappingProxyType({})
    """The streams of the customers that it had, as read."""
    inherited: History = ()
    """The streams, as read, of cases that were merged into it."""
    units: Mapping[str, History] = MappingProxyType({})
    """The streams, as written, of the units that it went through, and of those above them."""

    @property
    def tiers(self) -> tuple[TierSince, ...]:
        """The tiers of its customers in order of time."""
        return tuple(tiers_of(self.read, self.customers))

    @property
    def as_recorded(self) -> History:
        """The stream with its amendments, where those change how it is read."""
        return self.written if amended(self.written) else ()


class Promise(NamedTuple):
    """What a case was promised, and what it would have been."""

    history: History
    """As read, with what it would have been promised in it."""
    was: Chosen
    """What was chosen at its registration, by regime."""
    now: Chosen


def promised_under(subject: Subject, actual: Standards, under: Supposed) -> Promise | None:
    """The case as it would have been promised; None when it was never registered, and so never promised anything."""
    place = _place(subject.written)
    if place is None:
        return None
    behind = subject.written[place]
    known = list(applied(subject.written[:place] if _assigns(behind) else subject.written[: place + 1]))
    receipt = next((one for one in known if isinstance(one.event, CaseReceived)), None)
    if receipt is None:
        return None
    facts = _facts(known, subject, behind)
    was = _chosen(actual, facts, receipt.occurred_at, behind.recorded_at)
    now = _chosen(under.standards, facts, receipt.occurred_at, behind.recorded_at)
    assessed = _assessed(subject, behind, was, now, actual, under, receipt.occurred_at)
    return Promise(_replaced(subject.read, assessed), was, now)


def _place(written: History) -> int | None:
    """The place of the first assessment, or else of the registration; what people reassign later is neither."""
    assigned = next((place for place, one in enumerate(written) if _assigns(one)), None)
    if assigned is not None:
        return assigned
    return next((place for place, one in enumerate(written) if isinstance(one.event, CaseRegistered)), None)


def _assigns(recorded: Recorded[Any]) -> bool:
    return isinstance(recorded.event, TermsAssigned)


def _facts(known: History, subject: Subject, behind: Recorded[Any]) -> CaseFacts:
    facts = CaseFacts()
    names = {"case-received", *CHANGES_FACTS}
    for recorded in known:
        if recorded.event.TOPIC.rpartition(".")[0] in names:
            facts = facts.after(recorded.event)
    return facts._replace(tier=tier_known(known, subject.customers, behind.position))


def _chosen(standards: Standards, facts: CaseFacts, receipt: datetime, known_at: datetime) -> Chosen:
    return {choice.regime: choice for choice in chosen(standards, facts, receipt, known_at)}


def _same(one: Choice | None, other: Choice | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.policy, one.rule) == (other.policy, other.rule)


# Assessments ----------------------------------------------------------------------------------------------------------


def _assessed(
    subject: Subject,
    behind: Recorded[Any],
    was: Chosen,
    now: Chosen,
    actual: Standards,
    under: Supposed,
    receipt: datetime,
) -> dict[int, tuple[Terms, ...]]:
    """The terms of each assessment as they would have been, by its version; of a case that has none, those that would
    have come with its registration."""
    regimes = sorted(regime for regime in was.keys() | now.keys() if not _same(was.get(regime), now.get(regime)))
    supposed_terms = [_terms(now[regime]) for regime in regimes if regime in now]
    found: dict[int, tuple[Terms, ...]] = {}
    before: tuple[Terms, ...] = ()
    if isinstance(behind.event, CaseRegistered) and supposed_terms:
        before = found[behind.version] = tuple(supposed_terms)
    for recorded in subject.read:
        event = recorded.event
        if isinstance(event, TermsAssigned):
            kept = (each for each in event.terms if _regime(each, actual) not in regimes)
            before = found[recorded.version] = (*kept, *supposed_terms)
        elif isinstance(event, PolicyReassigned):
            before = found[recorded.version] = _reassigned(subject, recorded, before, actual, under, receipt)
    return found


def _reassigned(
    subject: Subject,
    recorded: Recorded[PolicyReassigned],
    before: tuple[Terms, ...],
    actual: Standards,
    under: Supposed,
    receipt: datetime,
) -> tuple[Terms, ...]:
    """What was reassigned stays so, unless it was to the policy in whose place another one stands: then its rule is the
    one that fitted when it was reassigned."""
    event = recorded.event
    asked = next(
        (
            one.event.policy
            for one in subject.written
            if one.version == event.request and isinstance(one.event, PolicyReassignmentRequested)
        ),
        None,
    )
    by_hand = tuple(each for each in event.terms if asked is None or each.policy == asked)
    regimes = {_regime(each, actual) for each in by_hand}
    kept = tuple(each for each in before if _regime(each, under.standards) not in regimes)
    policy = under.policy
    if policy is None or not _holds(under, receipt):
        return (*kept, *by_hand)
    facts = _facts(list(applied(one for one in subject.written if one.version < recorded.version)), subject, recorded)
    told: list[Terms] = []
    for each in by_hand:
        if each.policy != under.replaced:
            told.append(each)
        elif (choice := choice_among(policy.document.regime, (policy,), facts)) is not None:
            told.append(_terms(choice))
    return (*kept, *told)


def _holds(under: Supposed, receipt: datetime) -> bool:
    if under.policy is None:
        return False
    return under.since <= receipt.astimezone(zone(under.policy.document.zone)).date()


def _regime(terms: Terms, standards: Standards) -> str | None:
    version = standards.policies.version(terms.policy, terms.policy_version)
    return None if version is None else version.document.regime


def _terms(choice: Choice) -> Terms:
    """What the clocks ask of terms; what is due when is for them to work out."""
    return Terms(
        policy=choice.policy.name,
        policy_version=choice.policy.version,
        rule=choice.rule,
        ground=tuple(Ground(field=each.field, value=each.value) for each in choice.matched),
        dues=(),
    )


def _replaced(history: History, assessed: Mapping[int, tuple[Terms, ...]]) -> History:
    """A history with other assessments, and without what was noted of the clocks as they were."""
    told: list[Recorded[Any]] = []
    for recorded in history:
        event = recorded.event
        if isinstance(event, NOTICED):
            continue
        terms = assessed.get(recorded.version)
        if terms is None:
            told.append(recorded)
        elif isinstance(event, TermsAssigned | PolicyReassigned):
            told.append(recorded._replace(event=event.model_copy(update={"terms": terms})))
        else:
            # It shares the version of the registration behind which it would have come: all others are taken.
            assigned = TermsAssigned(terms=terms, zone_data=ZONE_DATA, engine=ENGINE)
            told += [recorded, recorded._replace(register=None, event=assigned)]
    return told
