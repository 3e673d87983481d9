"""A small book of policies, and what they promise: due dates are read off a list, since what matters here is which
case has which terms."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from domain.case.about import AboutCase
from domain.case.life import decider
from domain.case.promise import Assessment, Ground, PromisedDue, Promising, Terms, Under
from domain.case.state import Case
from domain.envelope import Context
from domain.sla.policy import PolicyDocument, Rule
from domain.sla.selection import Fit
from domain.sla.standards import PolicyVersion
from domain.stream import Category, stream_of

PROMISES = stream_of(Category.BOOK, UUID(int=77))
"""The stream that stands for those of policies and calendars."""

SERVICE: dict[str, Any] = {
    "name": "group-service",
    "title": {"en": "Service of the group", "zh": "集团服务标准"},
    "regime": "internal",
    "zone": "Asia/Shanghai",
    "calendar": "china",
    "rules": [
        {"id": "complaints", "when": {"kind": ["complaint"]}, "targets": ["first-reply", "resolution", "each-part"]},
        {"id": "inquiries", "when": {"kind": ["inquiry"]}, "targets": ["answer"]},
    ],
    "targets": [
        {
            "id": "first-reply",
            "title": {"en": "First reply"},
            "kind": "first_response",
            "clock": {"type": "working_time", "amount": "PT24H"},
            "stop": "response-sent",
        },
        {
            "id": "resolution",
            "title": {"en": "Resolution"},
            "kind": "resolution",
            "clock": {"type": "business_days", "amount": 15},
            "stop": "case-resolved",
            "on_expiry": "opens",
            "opens": "final-answer",
            "extensions": [
                {
                    "id": "thirty-days",
                    "length": 15,
                    "mode": "add_to_raw",
                    "approver_role": "head of complaints",
                    "evidence": True,
                    "notice": True,
                },
                {"id": "goodwill", "length": 2, "mode": "add_to_rolled", "most": 2},
            ],
        },
        {
            "id": "each-part",
            "title": {"en": "Each part"},
            "kind": "resolution",
            "subject": "part",
            "clock": {"type": "business_days", "amount": 15},
            "start": "case-part-opened",
            "stop": "case-part-resolved",
            "extensions": [{"id": "goodwill", "length": 2, "mode": "add_to_rolled"}],
        },
        {
            "id": "answer",
            "title": {"en": "Answer"},
            "kind": "resolution",
            "clock": {"type": "business_days", "amount": 2},
            "stop": "case-resolved",
            "reopen": "resume",
            "extensions": [{"id": "goodwill", "length": 1, "mode": "add_to_rolled"}],
        },
        {
            "id": "final-answer",
            "title": {"en": "Final answer"},
            "kind": "resolution",
            "clock": {"type": "business_days", "amount": 35},
            "start": "case-received",
            "stop": "case-resolved",
            "extensions": [{"id": "goodwill", "length": 2, "mode": "add_to_rolled"}],
        },
        {
            "id": "next-reply",
            "title": {"en": "Next reply"},
            "kind": "next_response",
            "clock": {"type": "working_time", "amount": "PT4H"},
            "start": "customer-replied",
            "stop": "response-sent",
            "extensions": [{"id": "goodwill", "length": "PT4H", "mode": "add_to_raw"}],
        },
    ],
}
PRAISE = SERVICE | {"name": "praise", "rules": [{"id": "praise", "when": {"kind": ["praise"]}, "targets": ["answer"]}]}
KNOWN_AT = datetime(2026, 1, 1, tzinfo=UTC)
POLICIES = tuple(
    PolicyVersion(document["name"], version, date(2026, 1, 1), None, KNOWN_AT, PolicyDocument.model_validate(document))
    for document, version in ((SERVICE, 1), (SERVICE, 2), (PRAISE, 1))
)
DUES = {"first-reply": datetime(2026, 3, 4, 9, tzinfo=UTC), "resolution": datetime(2026, 3, 23, 16, tzinfo=UTC)}


def needs(command: AboutCase, context: Context) -> Iterable[str]:
    """One stream stands for those that are read."""
    del command, context
    return (PROMISES,)


def policies(context: Context) -> Sequence[PolicyVersion]:
    """All of them, in whatever book."""
    del context
    return POLICIES


def fits(rule: Rule, case: Case) -> bool:
    """By kind alone."""
    return case.kind in rule.when.kind


def assess(case: Case, under: Under | None, context: Context) -> Assessment | None:
    """The first rule that fits, of the policy that is named or of the first one."""
    del context
    version = next(each for each in POLICIES if (each.name, each.version) == (under or ("group-service", 1)))
    rule = next((each for each in version.document.rules if fits(each, case)), None)
    return None if rule is None else Assessment((promised(version, rule, case),), "2026a", 1)


def promised(version: PolicyVersion, rule: Rule, case: Case) -> Terms:
    """What a rule promises."""
    dues = (PromisedDue(target=target, calendar="china", calendar_version=1, due_at=DUES.get(target), due_on=None)
            for target in rule.targets)  # fmt: skip
    ground = (Ground(field="kind", value=case.kind),)
    return Terms(policy=version.name, policy_version=version.version, rule=rule.id, ground=ground, dues=tuple(dues))


def fitting(case: Case, context: Context) -> Sequence[Fit]:
    """The rules of the case's own policies for its kind."""
    del context
    held = ((terms, version.document) for terms in case.rare.terms.terms for version in POLICIES
            if (version.name, version.version) == (terms.policy, terms.policy_version))  # fmt: skip
    found = ((terms, next((each for each in document.rules if fits(each, case)), None)) for terms, document in held)
    return [Fit(terms.policy, terms.policy_version, rule.id) for terms, rule in found if rule is not None]


PROMISING = Promising(needs, policies, assess, fitting)
CASE = decider(PROMISING)
