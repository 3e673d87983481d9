"""In what ways each thing could be asked of a case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from types import MappingProxyType
from typing import Any

from domain.case import commands as handling
from domain.case import (
    deadline,
    dialogue,
    due,
    escalation,
    extension,
    outside,
    parts,
    pausing,
    relations,
    settlement,
    statutory,
    terms,
)
from domain.case.dialogue import FollowUpResult
from domain.case.due import DueOrigin
from domain.case.escalation import EscalatedBy
from domain.case.events import CaseReceived
from domain.case.relations import Relation
from domain.case.requests import Requests
from domain.case.state import Case, Moment
from domain.case.statutory import NoticeOf, ReviewOutcome
from domain.case.vocabulary import CaseKind, Outcome, PauseGround, Priority, ResponseKind
from domain.channel import Channel
from domain.event import EARLIEST, Command, Precision
from domain.sla.clock import Verdict
from domain.sla.policy import Target
from domain.stream import Category, stream_of
from domain.ways.trying import ANY, ELSEWHERE, Asking, Content, Ways, by, each, so

HIGHEST = 9
"""Of the rungs of an escalation."""
ANY_SLUG = "any"
"""Stands for a policy, a target or a step of which the case knows nothing."""
TWO_CHANNELS = (Channel.HOTLINE, Channel.WEB)
"""Two, where the same once more would change nothing."""


def _unit_that_holds(case: Case, _: Asking) -> Iterable[Content]:
    return ({"unit": case.unit or ANY},)


def _higher(case: Case, _: Asking) -> Iterable[Content]:
    return ({"level": min(case.rare.ladder.level + 1, HIGHEST), "reason": ANY, "by": EscalatedBy.PERSON},)


def _risen(case: Case, _: Asking) -> Iterator[Content]:
    levels = sorted({escalated.level for escalated in case.rare.ladder.escalations})
    return ({"level": level, "by": ANY} for level in levels or (1,))


def _links(case: Case, _: Asking) -> Iterator[Content]:
    links = sorted(case.rare.relations.links) or [relations.Link(ELSEWHERE, Relation.RELATED)]
    return ({"other_id": link.case_id, "relation": link.relation} for link in links)


def _parts(case: Case, _: Asking) -> Iterator[Content]:
    return ({"part": part, "outcome": Outcome.SOLVED, "code": ANY} for part in case.rare.parts or (ANY,))


# Requests and what becomes of them ------------------------------------------------------------------------------------


def versions(requests: Requests[Any, Any]) -> list[int]:
    """Of requests, those first on which nobody has decided; where there are none, some version."""
    asked = [said.version for said in requests.asked]
    return sorted(asked, key=lambda version: requests.answer_to(version) is not None) or [1]


def _targets(case: Case, asking: Asking) -> Iterator[tuple[str, Target]]:
    """The targets of the policies by which the case has terms, in the versions that hold."""
    held = {(terms.policy, terms.policy_version) for terms in case.rare.terms.terms}
    for version in asking.policies:
        if (version.name, version.version) in held:
            yield from ((version.name, target) for target in version.document.targets)


def _time_for(case: Case, asking: Asking) -> Iterator[Content]:
    """More time by every step of the ladders that the case has, for the whole of it and for each part."""
    told = {"reason": ANY, "evidence": ANY, "requested_by": asking.name}
    targets = [
        (policy, target.id, [step.id for step in target.extensions]) for policy, target in _targets(case, asking)
    ]
    for policy, target, steps in targets or [(ANY_SLUG, ANY_SLUG, [])]:
        for step, part in product(steps or [ANY_SLUG], (None, *case.rare.parts)):
            yield {"policy": policy, "target": target, "step": step, "part": part, **told}


def _time_given(case: Case, asking: Asking) -> Iterator[Content]:
    """Each request, in the role in which its step is approved."""
    requests = case.rare.extensions
    roles = {
        (policy, target.id, step.id): step.approver_role
        for policy, target in _targets(case, asking)
        for step in target.extensions
    }
    for version in versions(requests):
        asked = requests.at(version)
        role = None if asked is None else roles.get((asked.policy, asked.target, asked.step))
        yield {"request": version, "approved_by": asking.name, "approver_role": role}


def _other_policies(_: Case, asking: Asking) -> Iterator[Content]:
    published = [(version.name, version.version) for version in asking.policies]
    for policy, version in published or [(ANY_SLUG, 1)]:
        yield {"policy": policy, "policy_version": version, "reason": ANY, "requested_by": asking.name}


def _other_verdicts(case: Case, asking: Asking) -> Iterator[Content]:
    """Of what was missed, and of whatever a policy promised; the policy says which targets these are."""
    ever = {held.policy: None for assessed in case.rare.terms.assessed for held in assessed.terms}
    missed = sorted(case.rare.deadlines.missed, key=str)
    return verdicts(ever, missed, asking)


def verdicts(policies: Iterable[str], missed: Iterable[deadline.OwnClock], asking: Asking) -> Iterator[dict[str, Any]]:
    """Both verdicts on some target of each policy, and on clocks that were missed."""
    clocks = [*missed, *(deadline.OwnClock(policy, ANY_SLUG, None, 1, 1) for policy in policies)]
    for clock, now in product(clocks or [deadline.OwnClock(ANY_SLUG, ANY_SLUG, None, 1, 1)], Verdict):
        told = {"now": now, "cause": deadline.Cause.CORRECTION, "reason": ANY, "requested_by": asking.name}
        yield clock._asdict() | told


def _approving(requests: str) -> Ways[Case]:
    """Each request of a kind, in the name of who asks."""
    return lambda case, asking: (
        {"request": version, "approved_by": asking.name} for version in versions(_requests(case, requests))
    )


def _declining(requests: str) -> Ways[Case]:
    return lambda case, asking: (
        {"request": version, "declined_by": asking.name, "reason": ANY}
        for version in versions(_requests(case, requests))
    )


def _requests(case: Case, kind: str) -> Requests[Any, Any]:
    rare = case.rare
    found: dict[str, Requests[Any, Any]] = {
        "time": rare.extensions,
        "terms": rare.terms.requests,
        "verdict": rare.deadlines.revisions,
    }
    return found[kind]


WAYS: Mapping[type[Command], Ways[Case]] = MappingProxyType({
    handling.RegisterCase: so(registered_by=ANY),
    handling.ClassifyCase: so(category=ANY),
    handling.PrioritiseCase: each("priority", Priority),
    handling.DispatchCase: so(unit=ANY),
    handling.ReturnDispatch: lambda case, _: ({"unit": case.unit or ANY, "reason": ANY},),
    handling.TransferCase: so(to_unit=ANY),
    handling.AssignCase: so(handler=ANY),
    handling.StartWork: so(by=ANY),
    handling.PauseCase: each("ground", PauseGround),
    handling.ResumeCase: each("ground", PauseGround),
    handling.SendResponse: so(kind=ResponseKind.UPDATE, channel=Channel.OTHER, by=ANY),
    handling.ResolveCase: so(outcome=Outcome.SOLVED, code=ANY),
    handling.ReopenCase: so(reason=ANY),
    handling.CloseCase: so(code=ANY),
    handling.ChangeCaseKind: each("kind", CaseKind),
    dialogue.AcknowledgeCase: so(channel=Channel.OTHER, by=ANY),
    dialogue.RecordCustomerReply: so(channel=Channel.OTHER),
    dialogue.GiveFeedback: so(channel=Channel.OTHER, by=ANY),
    dialogue.MakeFollowUp: so(result=FollowUpResult.SATISFIED, channel=Channel.OTHER, by=ANY),
    settlement.StartInvestigation: so(by=ANY),
    settlement.FinishInvestigation: so(by=ANY),
    settlement.ProposeResolution: so(by=ANY),
    settlement.AcceptProposal: each("channel", TWO_CHANNELS),
    settlement.RejectProposal: so(channel=Channel.OTHER, reason=ANY),
    settlement.ReferOutside: so(body=ANY),
    settlement.WithdrawCase: so(channel=Channel.OTHER, reason=ANY),
    escalation.EscalateCase: _higher,
    escalation.AcknowledgeEscalation: _risen,
    relations.LinkCase: so(other_id=ELSEWHERE, relation=Relation.RELATED),
    relations.UnlinkCase: _links,
    relations.MergeCase: so(into=ELSEWHERE),
    parts.OpenCasePart: so(part=ANY),
    parts.ResolveCasePart: _parts,
    pausing.RequestPause: by("requested_by", reason=ANY),
    pausing.ApprovePause: by("approved_by"),
    pausing.DeclinePause: by("declined_by", reason=ANY),
    due.StateDue: so(target=ANY, due_at=EARLIEST, stated_by=DueOrigin.COMPANY),
    outside.SendToPortal: so(portal=ANY),
    outside.InformHotline: so(by=ANY),
    outside.NoteRegulatorReceipt: so(regulator=ANY),
    outside.NoteRegulatorForwarding: so(regulator=ANY, to=ANY),
    outside.SubmitReturn: so(to=ANY, period=ANY),
    statutory.ConfirmUnitReceipt: _unit_that_holds,
    statutory.AcceptCase: so(),
    statutory.RefuseCase: so(reason=ANY),
    statutory.RequestMaterial: so(items=(ANY,)),
    statutory.CompleteMaterial: so(),
    statutory.MakeDecision: so(outcome=Outcome.SOLVED, code=ANY),
    statutory.NotifyComplainant: each("of", NoticeOf),
    statutory.RequestReview: so(reason=ANY),
    statutory.DecideReview: each("outcome", ReviewOutcome),
    extension.RequestExtension: _time_for,
    extension.ApproveExtension: _time_given,
    extension.DeclineExtension: _declining("time"),
    terms.RequestReassignment: _other_policies,
    terms.ApproveReassignment: _approving("terms"),
    terms.DeclineReassignment: _declining("terms"),
    deadline.RequestRevision: _other_verdicts,
    deadline.ApproveRevision: _approving("verdict"),
    deadline.DeclineRevision: _declining("verdict"),
})  # fmt: skip
"""Of each command about a case that a person sends."""

_RECEIPT = CaseReceived(
    kind=CaseKind.REQUEST,
    customer_id=None,
    channel=Channel.OTHER,
    touchpoint_id=None,
    received_by=None,
    source_key=None,
    words=None,
)
_BEFORE_ALL = Moment(EARLIEST, Precision.INSTANT)
STAND_INS: Mapping[str, Any] = MappingProxyType({
    stream_of(Category.CASE, ELSEWHERE): Case(_RECEIPT, _BEFORE_ALL, _BEFORE_ALL, None, Channel.OTHER)
})  # fmt: skip
"""The other case to which this one could be linked, or into which it could be merged."""
