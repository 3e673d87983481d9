"""Every mistake of a policy document at once, each with its place, before anybody is bound by it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from domain.customer import Tier
from domain.sla.policy import OnExpiry, PolicyDocument, Rule, SubjectKind, Target, When
from domain.sla.shape import Path, Problem, Severity, near, place_of, shape_problems
from domain.sla.target_check import target_problems
from domain.sla.zones import UnknownZone, zone

__all__ = ["BadPolicy", "Problem", "Severity", "document_of", "document_problems", "place_of", "problems"]

MOST_BYTES = 50 * 1024
"""A document is an event, which the ledger keeps up to 56 KiB, the reason and the names beside it among that."""

TIERS = tuple(map(str, Tier))
MOST_PARTS = 200
"""More rules or targets than that are too many anyhow, and are not compared with one another."""

P = TypeVar("P", bound=BaseModel)


class BadPolicy(ValueError):
    """A policy document with mistakes; lists all of them."""

    def __init__(self, mistakes: Sequence[Problem]) -> None:
        told = "; ".join(f"{each.place}: {each.message}" if each.path else each.message for each in mistakes)
        super().__init__(f"This policy cannot be used: {told}")
        self.mistakes = tuple(mistakes)


def problems(raw: Mapping[str, Any]) -> tuple[Problem, ...]:
    """The mistakes and warnings of a document as it is written, in the order of its fields; empty when it is right.

    What has the wrong shape does not keep the rest from being checked.
    """
    shape = shape_problems(PolicyDocument, raw)
    faulty = {each.path[:3] for each in shape}
    rules = _each(Rule, raw, "rules", faulty)
    targets = _each(Target, raw, "targets", faulty)
    ids = _ids(raw, "targets")
    found = [*_of_parts(rules, targets, ids)]
    found += _unreachable({place: rule for place, rule in rules.items() if ("rules", place, "when") not in faulty})
    found += _of_zones(raw.get("zone"), targets)
    found += _twice(_ids(raw, "rules"), "rules")
    found += _twice(ids, "targets")
    if not shape:
        found += _too_large(PolicyDocument.model_validate(raw))
    beside = [each for each in found if each.path[:3] not in faulty]
    return tuple(sorted(dict.fromkeys([*shape, *beside]), key=_order))


def document_problems(document: PolicyDocument) -> tuple[Problem, ...]:
    """The same of a document that has the right shape."""
    return problems(document.model_dump(mode="json"))


def document_of(raw: Mapping[str, Any]) -> PolicyDocument:
    """The document, whatever warnings there are. Raises: BadPolicy with every mistake."""
    mistakes = [each for each in problems(raw) if each.severity is Severity.MISTAKE]
    if mistakes:
        raise BadPolicy(mistakes)
    return PolicyDocument.model_validate(raw)


FIELDS: Mapping[str, type[BaseModel]] = MappingProxyType({"rules": Rule, "targets": Target})


def _order(problem: Problem) -> tuple[tuple[int, str], ...]:
    """Sorts problems as the fields of a document follow one another."""
    model: type[BaseModel] | None = PolicyDocument
    order = []
    for part in problem.path:
        if isinstance(part, int):
            order.append((part, ""))
            continue
        fields = list(model.model_fields) if model else []
        order.append((fields.index(part) if part in fields else len(fields), part))
        model = FIELDS.get(part) if model is PolicyDocument else None
    return tuple(order)


STANDS_IN: Mapping[str, Any] = MappingProxyType({
    "title": {"en": "title"},
    "kind": "other",
    "clock": {"type": "elapsed", "amount": "P36525D"},
    "stop": "case-merged",
    "targets": (),
})  # fmt: skip
"""Stands in for what has the wrong shape, so that the rest of its target or rule is checked all the same."""
ON_THE_CLOCK = ("extensions", "cap", "warnings", "escalations")
"""Fields that cannot be checked where it is not known which clock they are for."""


def _each(model: type[P], raw: Mapping[str, Any], name: str, faulty: Collection[Path]) -> dict[int, P]:
    """The parts of a list, by their places, as far as they have the right shape."""
    listed = raw.get(name)
    found = {}
    for place, part in enumerate(listed[:MOST_PARTS] if isinstance(listed, list | tuple) else ()):
        wrong = {path[2] for path in faulty if path[:2] == (name, place) and len(path) > 2}
        if "clock" in wrong:
            wrong |= set(ON_THE_CLOCK)
        if isinstance(part, Mapping):
            kept = {field: value for field, value in part.items() if field not in wrong}
            try:
                found[place] = model.model_validate(
                    kept | {each: STANDS_IN[each] for each in map(str, wrong) if each in STANDS_IN}
                )
            except ValidationError:  # it has no id, or is something else altogether
                continue
    return found


def _ids(raw: Mapping[str, Any], name: str) -> dict[int, str]:
    """The ids in a list, by their places, whatever else is wrong there."""
    listed = raw.get(name)
    parts = enumerate(listed if isinstance(listed, list | tuple) else ())
    return {place: part["id"] for place, part in parts if isinstance(part, Mapping) and isinstance(part.get("id"), str)}


def _twice(ids: Mapping[int, str], field: str) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for place, name in ids.items():
        if name in seen:
            yield Problem((field, place, "id"), f"{place_of((field, seen[name]))} is called {name!r} as well.")
        seen.setdefault(name, place)


def _of_parts(rules: Mapping[int, Rule], targets: Mapping[int, Target], ids: Mapping[int, str]) -> Iterator[Problem]:
    for place, target in targets.items():
        yield from target_problems(target, ("targets", place))
    yield from _rules(rules, set(ids.values()))
    yield from _of_whom(rules, {target.id: target for target in targets.values()})
    yield from _opens(targets, ids)
    named = {target_id for rule in rules.values() for target_id in rule.targets}
    named |= {target.opens for target in targets.values() if target.opens}
    for place, name in ids.items():
        if name not in named:
            yield Problem(("targets", place), f"No rule names the target {name!r}, so it never runs.", Severity.WARNING)


def _rules(rules: Mapping[int, Rule], ids: set[str]) -> Iterator[Problem]:
    for place, rule in rules.items():
        at = ("rules", place, "targets")
        for index, tier in enumerate(rule.when.tier):
            if tier not in TIERS:
                why = f"No customer is in a tier {tier!r}; there are {', '.join(TIERS)}{near(tier, TIERS)}"
                yield Problem(("rules", place, "when", "tier", index), why, Severity.WARNING)
        if not rule.targets:
            yield Problem(at, "It names no target, so nothing would be promised under it.")
        for index, name in enumerate(rule.targets):
            if name not in ids:
                yield Problem((*at, index), f"There is no target {name!r}{near(name, ids)}")
            elif name in rule.targets[:index]:
                yield Problem((*at, index), f"{name} is there twice.", Severity.WARNING)


def _of_whom(rules: Mapping[int, Rule], targets: Mapping[str, Target]) -> Iterator[Problem]:
    """Whether each rule, which is for cases or for obligations, names targets of those."""
    for place, rule in rules.items():
        for_obligations = bool(rule.when.obligation)
        for index, name in enumerate(rule.targets):
            target = targets.get(name)
            if target is None or (target.subject is SubjectKind.OBLIGATION) is for_obligations:
                continue
            why = (
                f"{name} is about a case, and {rule.id} is for obligations; give the target subject = obligation."
                if for_obligations
                else f"{name} is about an obligation, and {rule.id} is for cases; say which kinds in when.obligation."
            )
            yield Problem(("rules", place, "targets", index), why)
        if for_obligations:
            asked = [name for name in When.model_fields if name not in {"obligation", "unit"}]
            for name in (each for each in asked if getattr(rule.when, each)):
                why = f"An obligation has no {name}, so the rule would never fit; leave it out."
                yield Problem(("rules", place, "when", name), why)


def _opens(targets: Mapping[int, Target], ids: Mapping[int, str]) -> Iterator[Problem]:
    leads = {one.id: one.opens for one in targets.values() if one.on_expiry is OnExpiry.OPENS and one.opens}
    subjects = {target.id: target.subject for target in targets.values()}
    for place, target in targets.items():
        at, opened = ("targets", place, "opens"), leads.get(target.id)
        if opened is None:
            continue
        if opened not in ids.values():
            yield Problem(at, f"There is no target {opened!r}{near(opened, ids.values())}")
        elif _leads_back(target.id, leads):
            yield Problem(at, f"{target.id} opens {opened}, which leads back to it.")
        elif subjects.get(opened, target.subject) is not target.subject:
            said = {SubjectKind.CASE: "a case", SubjectKind.PART: "a part", SubjectKind.OBLIGATION: "an obligation"}
            yield Problem(at, f"{opened} is about {said[subjects[opened]]}, and {target.id} about another subject.")


def _leads_back(start: str, leads: Mapping[str, str]) -> bool:
    at, seen = leads.get(start), set[str]()
    while at is not None and at not in seen:
        if at == start:
            return True
        seen.add(at)
        at = leads.get(at)
    return False


def _unreachable(rules: Mapping[int, Rule]) -> Iterator[Problem]:
    """Rules that come behind one that takes every case that they would take."""
    before: list[Rule] = []
    for place, rule in rules.items():
        taker = next((each for each in before if _takes_all(each.when, rule.when)), None)
        if taker is not None:
            why = f"The rule {taker.id} before it takes every case that {rule.id} is for; put {rule.id} first."
            yield Problem(("rules", place, "when"), why, Severity.WARNING)
        before.append(rule)


def _takes_all(earlier: When, later: When) -> bool:
    """Whether every case that fits `later` fits `earlier`."""
    if bool(earlier.obligation) is not bool(later.obligation):
        return False
    fields = [name for name in When.model_fields if name != "attributes"]
    pairs = [(getattr(earlier, name), getattr(later, name)) for name in fields]
    pairs += [(values, later.attributes.get(name, ())) for name, values in earlier.attributes.items()]
    return all(not some or (others and set(others) <= set(some)) for some, others in pairs)


def _of_zones(named: object, targets: Mapping[int, Target]) -> Iterator[Problem]:
    zones: list[tuple[Path, object]] = [(("zone",), named)]
    zones += [(("targets", place, "zone"), target.zone) for place, target in targets.items()]
    for path, name in zones:
        if isinstance(name, str):
            try:
                zone(name)
            except UnknownZone as error:
                yield Problem(path, str(error))


def _too_large(document: PolicyDocument) -> Iterator[Problem]:
    size = len(document.model_dump_json().encode())
    if size > MOST_BYTES:
        yield Problem((), f"The document has {size} bytes; at most {MOST_BYTES} are kept. Divide it into several.")
