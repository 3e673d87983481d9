"""What people do about deadlines: more time asked for, another policy, an escalation taken notice of, a verdict read
otherwise. All of it goes by what was promised and what alarms have noted, so it is said once that stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.demo.detours import OFFICER
from api.demo.policies import GROUP_STEP, OWN_STEP, PROMISE, REPLY, SOLUTION, TRIAL
from api.demo.telling import History, latest, this_cycle
from api.demo.told import Told
from domain.case.commands import AboutCase
from domain.case.deadline import (
    ApproveRevision,
    Cause,
    DeadlineMissed,
    DeclineRevision,
    RequestRevision,
    RevisionDeclined,
    RevisionRequested,
    VerdictRevised,
)
from domain.case.events import CasePrioritised, Priority
from domain.case.extension import (
    ApproveExtension,
    DeclineExtension,
    ExtensionApproved,
    ExtensionDeclined,
    ExtensionRequested,
    RequestExtension,
)
from domain.case.promise import Terms
from domain.case.statutory import NoticeOf, NotifyComplainant
from domain.case.terms import (
    ApproveReassignment,
    DeclineReassignment,
    PolicyReassigned,
    PolicyReassignmentDeclined,
    PolicyReassignmentRequested,
    RequestReassignment,
    TermsAssigned,
)
from domain.envelope import Actor
from domain.event import Event
from domain.sla.clock import Verdict

EXTENSION = (ExtensionRequested, ExtensionApproved, ExtensionDeclined)
REASSIGNMENT = (PolicyReassignmentRequested, PolicyReassigned, PolicyReassignmentDeclined)
REVISION = (RevisionRequested, VerdictRevised, RevisionDeclined)

# More time ------------------------------------------------------------------------------------------------------------


def more_time(case: Told) -> None:
    """Some days more, by the branch's head, now and then when it is too late; and once more by the group."""
    telling = case.telling
    telling.after(4, 40)
    _ask_for_time(case, OWN_STEP, "cables have to be laid anew", evidence="picture of the site")
    telling.after(1, 20 if telling.chance(0.7) else 200)
    if telling.chance(0.3):
        _decline(case, case.head, DeclineExtension, EXTENSION, "the crew has time this week")
        return
    _approve(case, case.head, ApproveExtension, EXTENSION, approver_role="supervisor")
    if telling.chance(0.4):
        telling.after(20, 60)
        _ask_for_time(case, GROUP_STEP, "the supplier has no cable")
        _say(case, case.head, NotifyComplainant, _notice)
        telling.after(1, 20)
        _approve(case, OFFICER, ApproveExtension, EXTENSION, approver_role="compliance")


def _ask_for_time(case: Told, step: str, reason: str, evidence: str | None = None) -> None:
    handler = case.handler

    def asked(history: History) -> dict[str, Any] | None:
        terms, cycle = _promising(history, SOLUTION), this_cycle(history)
        priority = latest(history, CasePrioritised)
        if priority is not None and priority.event.priority is Priority.CRITICAL:
            return None  # what is pressing is not put off
        taken = {one.event.step for one in cycle if isinstance(one.event, ExtensionRequested)}
        if terms is None or step in taken or (step == GROUP_STEP and OWN_STEP not in taken):
            return None
        return {
            "policy": terms.policy, "target": SOLUTION, "step": step, "reason": reason, "evidence": evidence,
            "requested_by": handler,
        }  # fmt: skip

    _say(case, case.worker, RequestExtension, asked)


def _notice(history: History) -> dict[str, Any] | None:
    request = _open(history, EXTENSION)
    return None if request is None else {"of": NoticeOf.EXTENSION, "version": request}


# Another policy -------------------------------------------------------------------------------------------------------


def ordinary_promise(case: Told) -> None:
    """What came by the hotline during its trial is to go by the ordinary promise."""
    handler = case.handler

    def asked(history: History) -> dict[str, Any] | None:
        terms = _promising(history, SOLUTION)
        if terms is None or terms.policy != TRIAL:
            return None
        return {"policy": PROMISE, "policy_version": 1, "reason": "needs a visit", "requested_by": handler}

    case.telling.after(0.5, 8)
    _say(case, case.worker, RequestReassignment, asked)
    case.telling.after(0.5, 12)
    if case.telling.chance(0.5):
        _decline(case, case.head, DeclineReassignment, REASSIGNMENT, "the trial holds for all")
    else:
        _approve(case, case.head, ApproveReassignment, REASSIGNMENT)


# What alarms have noted -----------------------------------------------------------------------------------------------


def as_posted(case: Told) -> None:
    """A reply was posted in time and written down late: whoever posted it asks for the miss to be read otherwise."""
    handler = case.handler

    def asked(history: History) -> dict[str, Any] | None:
        missed = latest(history, DeadlineMissed)
        if missed is None or missed.event.target != REPLY or latest(history, RevisionRequested):
            return None
        event = missed.event
        return {
            "policy": event.policy, "target": event.target, "part": event.part, "cycle": event.cycle,
            "instance": event.instance, "now": Verdict.KEPT, "cause": Cause.LATE_RECORD,
            "reason": "the post office's stamp", "requested_by": handler,
        }  # fmt: skip

    case.telling.after(20, 90)
    _say(case, case.worker, RequestRevision, asked)
    case.telling.after(2, 60)
    if case.telling.chance(0.5):
        _decline(case, OFFICER, DeclineRevision, REVISION, "the stamp cannot be read")
    else:
        _approve(case, OFFICER, ApproveRevision, REVISION)


# By what stands in the record -----------------------------------------------------------------------------------------


def _say(case: Told, actor: Actor, command: type[AboutCase], said: Callable[[History], dict[str, Any] | None]) -> None:
    """Has something written down now, if there is an occasion for it then."""
    of_now = case.telling.as_of_now(command)
    case.telling.tell_later(actor, lambda history: () if (fields := said(history)) is None else (of_now(**fields),))


def _approve(case: Told, by: Actor, command: type[AboutCase], asked: tuple[type[Event], ...], **more: Any) -> None:
    def approved(history: History) -> dict[str, Any] | None:
        request = _open(history, asked)
        return None if request is None else {"request": request, "approved_by": by.name, **more}

    _say(case, by, command, approved)


def _decline(case: Told, by: Actor, command: type[AboutCase], asked: tuple[type[Event], ...], reason: str) -> None:
    def declined(history: History) -> dict[str, Any] | None:
        request = _open(history, asked)
        return None if request is None else {"request": request, "reason": reason, "declined_by": by.name}

    _say(case, by, command, declined)


def _open(history: History, kinds: tuple[type[Event], ...]) -> int | None:
    """The version of the latest request of a kind, unless it was answered."""
    found = latest(history, *kinds)
    return found.version if found is not None and isinstance(found.event, kinds[0]) else None


def _promising(history: History, target: str) -> Terms | None:
    """The terms that hold and promise a target."""
    assessed = latest(history, TermsAssigned, PolicyReassigned)
    terms: tuple[Terms, ...] = () if assessed is None else assessed.event.terms
    return next((each for each in terms if target in {due.target for due in each.dues}), None)
