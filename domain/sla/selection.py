"""Which policies and rules hold for a case: of each regime the first that fits, and why those before it do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from domain.event import Event
from domain.sla.expression import plain
from domain.sla.happenings import name_of
from domain.sla.policy import When
from domain.sla.standards import Policies, PolicyVersion, Standards


class CaseFacts(NamedTuple):
    """What of a case or an obligation a choice may rest on, as stored."""

    kind: str | None = None
    category: str | None = None
    tier: str | None = None
    """Of its customer, which the case's own events do not tell."""
    priority: str | None = None
    channel: str | None = None
    unit: str | None = None
    attributes: tuple[tuple[str, str | None], ...] = ()
    """By name, in order."""
    obligation: str | None = None
    """The kind of an obligation; None of a case."""

    def after(self, event: Event) -> CaseFacts:
        """The facts after an event."""
        match name_of(event):
            case "case-received":
                return self._replace(kind=plain(_of(event, "kind")), channel=plain(_of(event, "channel")))
            case "kind-changed":
                return self._replace(kind=plain(_of(event, "kind")))
            case "case-classified":
                return self._replace(category=plain(_of(event, "category")))
            case "case-prioritised":
                return self._replace(priority=plain(_of(event, "priority")))
            case "case-channel-changed":
                return self._replace(channel=plain(_of(event, "channel")))
            case "case-registered":
                return self._replace(unit=plain(_of(event, "unit")) or self.unit)
            case "case-dispatched":
                return self._replace(unit=plain(_of(event, "unit")))
            case "case-transferred":
                return self._replace(unit=plain(_of(event, "to_unit")))
            case "dispatch-returned":
                return self._replace(unit=None)
            case "obligation-opened":
                return self._replace(obligation=plain(_of(event, "kind")), unit=plain(_of(event, "unit")))
            case "obligation-reassigned":
                return self._replace(unit=plain(_of(event, "unit")))
            case "case-attributes-recorded":
                told = {each.name: each.value for each in _of(event, "attributes") or ()}
                return self._replace(attributes=tuple(sorted({**dict(self.attributes), **told}.items())))
            case _:
                return self


CHANGES_FACTS = (
    "kind-changed",
    "case-classified",
    "case-prioritised",
    "case-channel-changed",
    "case-registered",
    "case-dispatched",
    "case-transferred",
    "dispatch-returned",
    "case-attributes-recorded",
    "obligation-reassigned",
)
"""The events, beside the first, after which another rule may fit."""
BEGINS = ("case-received", "obligation-opened")
"""The first events of a case and of an obligation, by whose time policies are in force."""


UNKNOWN = CaseFacts()._asdict()
"""What of a case nobody asks for."""


class Matched(NamedTuple):
    """A field that a rule asks for, and what the case has there."""

    field: str
    """`kind`, `tier`, `attributes.product`."""
    value: str | None


class PassedOver(NamedTuple):
    """A rule that came before the one chosen, and why it does not fit."""

    policy: str
    policy_version: int
    rule: str
    field: str
    wanted: tuple[str, ...]
    found: str | None


class Choice(NamedTuple):
    """What holds for a case in one regime."""

    regime: str
    policy: PolicyVersion
    rule: str
    targets: tuple[str, ...]
    matched: tuple[Matched, ...]
    """What the rule asks for; nothing for one that fits every case."""
    passed_over: tuple[PassedOver, ...]
    """Those asked before it, of this policy and of the regime's policies before it."""


def chosen(standards: Standards, facts: CaseFacts, receipt: datetime, known_at: datetime) -> tuple[Choice, ...]:
    """Of each regime the first rule that fits, among the policies in force at a receipt as known at an instant.

    `known_at` is when the case was registered: what is published later touches no case received before.
    """
    found = (
        choice_among(regime, policies, facts)
        for regime, policies in standards.policies.in_force(receipt, known_at).items()
    )
    return tuple(choice for choice in found if choice is not None)


def choice_among(regime: str, policies: Iterable[PolicyVersion], facts: CaseFacts) -> Choice | None:
    """The choice among a regime's policies, in the order in which they are asked; None when nothing fits."""
    passed: list[PassedOver] = []
    for policy in policies:
        for rule in policy.document.rules:
            if bool(rule.when.obligation) is not (facts.obligation is not None):
                continue  # one is for cases, the other for obligations
            asks = list(_asked(rule.when, facts))
            wrong = next((each for each in asks if each[2] not in each[1]), None)
            if wrong is None:
                matched = tuple(Matched(field, has) for field, _, has in asks)
                return Choice(regime, policy, rule.id, rule.targets, matched, tuple(passed))
            passed.append(PassedOver(policy.name, policy.version, rule.id, *wrong))
    return None


class Asked(NamedTuple):
    """The policies in force for a receipt, and what of a case their rules ask for."""

    regimes: tuple[tuple[str, tuple[PolicyVersion, ...]], ...]
    fields: frozenset[str]
    """A change of anything else changes no choice."""
    others: Mapping[str, Any]
    """All other fields, of a subject of which nothing is known."""
    fits: dict[CaseFacts, tuple[Fit, ...]]
    """What was chosen before, for cases alike."""

    def first_that_fit(self, facts: CaseFacts) -> tuple[Fit, ...]:
        """The choices for these facts, without their reasons."""
        alike = facts._replace(**self.others)
        found = self.fits.get(alike)
        if found is None:
            choices = (choice_among(regime, policies, facts) for regime, policies in self.regimes)
            found = tuple(Fit(each.policy.name, each.policy.version, each.rule) for each in choices if each is not None)
            if len(self.fits) < MOST_KEPT:
                self.fits[alike] = found
        return found


MOST_KEPT = 10_000
"""Attributes may have any number of values, and memory has an end."""


class Fit(NamedTuple):
    """A rule that holds for a case."""

    policy: str
    version: int
    rule: str


def asked(
    policies: Policies, receipt: datetime, known_at: datetime, assigned: Sequence[Fit] = (), *, alone: bool = False
) -> Asked:
    """The policies in force for a receipt, as known at an instant, ready to be asked about many cases.

    Those that were assigned stand in the place of other versions of theirs, whenever they came into force; `alone`
    leaves every other regime out.
    """
    in_force = policies.in_force(receipt, known_at)
    # What `in_force` gives is kept for as long as the policies are, so that its id stays its own.
    key = ("asked", id(in_force), alone, *assigned)
    found: Asked | None = policies.kept.get(key)
    if found is None:
        regimes = _with_assigned(policies, in_force, assigned, alone=alone)
        whens = (rule.when for versions in regimes.values() for each in versions for rule in each.document.rules)
        fields = frozenset(field.partition(".")[0] for when in whens for field, _, _ in _asked(when, CaseFacts()))
        asked_of = fields | {"obligation"}  # whose rules they are is always asked
        others = {field: unknown for field, unknown in UNKNOWN.items() if field not in asked_of}
        found = policies.kept[key] = Asked(tuple(regimes.items()), fields, others, {})
    return found


def _with_assigned(
    policies: Policies, in_force: Mapping[str, tuple[PolicyVersion, ...]], assigned: Iterable[Fit], *, alone: bool
) -> dict[str, tuple[PolicyVersion, ...]]:
    versions = [policies.version(fit.policy, fit.version) for fit in assigned]
    found = {} if alone else dict(in_force)
    for version in versions:
        if version is not None:
            regime = version.document.regime
            others = (each for each in in_force.get(regime, ()) if each.name != version.name)
            found[regime] = tuple(sorted([version, *others], key=lambda one: (one.document.rank, one.name)))
    return dict(sorted(found.items()))


def _asked(when: When, facts: CaseFacts) -> Iterator[tuple[str, tuple[str, ...], str | None]]:
    """Each field that a rule asks for, the values that it takes, and what the case has."""
    for field in ("obligation", "kind", "category", "tier", "priority", "channel", "unit"):
        wanted: tuple[Any, ...] = getattr(when, field)
        if wanted:
            yield field, tuple(map(str, wanted)), getattr(facts, field)
    if when.attributes:
        has = dict(facts.attributes)
        for name, values in when.attributes.items():
            yield f"attributes.{name}", tuple(values), has.get(name)


def _of(event: Event, field: str) -> Any:
    return getattr(event, field, None)
