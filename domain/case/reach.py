"""Which targets a case has: those of its terms, those to which a change has led, and those that these open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from domain.case.promise import Promising
from domain.envelope import Context
from domain.sla.policy import OnChange, PolicyDocument, Target

if TYPE_CHECKING:
    from domain.case.state import Case


def document(policy: str, version: int, context: Context, promising: Promising) -> PolicyDocument | None:
    """What a version of a policy says; None when a decision knows of no such version."""
    said = (policy, version)
    return next((each.document for each in promising.policies(context) if (each.name, each.version) == said), None)


def opened(targets: Iterable[str], document: PolicyDocument) -> Iterator[str]:
    """Those that targets open when their time runs out, and those that these open in turn."""
    seen, ahead = set[str](), list(targets)
    while ahead:
        target = document.target(ahead.pop())
        if target is not None and target.opens is not None and target.opens not in seen:
            seen.add(target.opens)
            ahead.append(target.opens)
            yield target.opens


def targets_of(case: Case, context: Context, promising: Promising) -> list[Target]:
    """The targets that a case has by the terms that hold, in order of their policies; nothing when it has no terms.

    A target that its terms promise stays one of the case when the rule no longer asks for it, since it may run on; one
    that only another rule asks for counts when that rule fits the case as it is now.
    """
    found: dict[tuple[str, int, str], Target] = {}
    for terms in case.rare.terms.terms:
        promised = [due.target for due in terms.dues]
        found |= _known(terms.policy, terms.policy_version, promised, context, promising)
    if any(target.on_change is not OnChange.KEEP for target in found.values()):
        for fit in promising.fitting(case, context):
            said = document(fit.policy, fit.version, context, promising)
            rules = () if said is None else said.rules
            targets = [target for rule in rules if rule.id == fit.rule for target in rule.targets]
            found |= _known(fit.policy, fit.version, targets, context, promising)
    return list(found.values())


def _known(
    policy: str, version: int, targets: list[str], context: Context, promising: Promising
) -> dict[tuple[str, int, str], Target]:
    said = document(policy, version, context, promising)
    if said is None:
        return {}
    known = ((name, said.target(name)) for name in (*targets, *opened(targets, said)))
    return {(policy, version, name): target for name, target in known if target is not None}
