"""In what ways each thing could be asked of an obligation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from domain import obligation, obligation_deadlines
from domain.case.escalation import EscalatedBy
from domain.event import Command
from domain.obligation import Obligation
from domain.sla.stated import STATED
from domain.ways.of_case import HIGHEST, verdicts, versions
from domain.ways.trying import ANY, Asking, Content, Ways, so


def _higher(owed: Obligation, _: Asking) -> tuple[Content, ...]:
    return ({"level": min(owed.watched.level + 1, HIGHEST), "reason": ANY, "by": EscalatedBy.PERSON},)


def _other_verdicts(owed: Obligation, asking: Asking) -> Iterator[Content]:
    """Of what was missed, and of whatever a policy promised."""
    promised = [] if owed.terms is None else [held.policy for held in owed.terms.terms]
    return verdicts([STATED, *promised], sorted(owed.watched.deadlines.missed, key=str), asking)


def _approving(owed: Obligation, asking: Asking) -> Iterator[Content]:
    requests = versions(owed.watched.deadlines.revisions)
    return ({"request": version, "approved_by": asking.name} for version in requests)


def _declining(owed: Obligation, asking: Asking) -> Iterator[Content]:
    requests = versions(owed.watched.deadlines.revisions)
    return ({"request": version, "declined_by": asking.name, "reason": ANY} for version in requests)


WAYS: Mapping[type[Command], Ways[Obligation]] = MappingProxyType({
    obligation.ReassignObligation: so(unit=ANY, owner=ANY),
    obligation.MeetObligation: so(by=ANY, evidence=ANY),
    obligation.VerifyObligation: lambda _, __: ({"by": ANY, "effective": yes} for yes in (True, False)),
    obligation.CancelObligation: so(reason=ANY),
    obligation.ReopenObligation: so(reason=ANY),
    obligation_deadlines.EscalateObligation: _higher,
    obligation_deadlines.RequestObligationRevision: _other_verdicts,
    obligation_deadlines.ApproveObligationRevision: _approving,
    obligation_deadlines.DeclineObligationRevision: _declining,
})  # fmt: skip
"""Of each command about an obligation that a person sends."""
