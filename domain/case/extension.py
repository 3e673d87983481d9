"""More time for a target (延期): a step of the ladder that its policy declares, asked for and approved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, TypeAlias, assert_never

from domain.book import stream_of_book
from domain.case.about import NOT_MERGED, AboutCase
from domain.case.promise import Promising, Terms
from domain.case.reach import document, opened
from domain.case.requests import Requests, decided_before, not_asked, own_request
from domain.case.rules import Departure, merged, out_of_time
from domain.case.statutory import ComplainantNotified, NoticeOf
from domain.decider import Decided
from domain.departure import Broken, stepped
from domain.envelope import Context, Recorded
from domain.event import Event, Label, StaffName, Version
from domain.refusal import Refusal
from domain.sla.document import Slug
from domain.sla.policy import ExtensionStep, Instances, OnChange, PolicyDocument, Reopen, SubjectKind, Target

if TYPE_CHECKING:
    from domain.case.state import Case

# Events ---------------------------------------------------------------------------------------------------------------


class ExtensionRequested(Event):
    """Somebody asked for more time for a target. Nothing changes before somebody else approves."""

    TOPIC: ClassVar = "extension-requested.1"

    policy: Slug
    target: Slug
    part: Label | None
    """The part of the case, of a target that each part has by itself."""
    step: Slug
    """Of the ladder that the policy declares for the target."""
    reason: Label
    evidence: Label | None
    """What shows the reason, such as the number of a letter."""
    requested_by: StaffName


class ExtensionApproved(Event):
    """The request was approved. After the due it is a late approval, which does not undo the miss."""

    TOPIC: ClassVar = "extension-approved.1"

    request: Version
    role: Label | None
    """The role in which it was approved, where the step asks for one."""
    approved_by: StaffName


class ExtensionDeclined(Event):
    """The request was turned down, or taken back by who asked; the due stays."""

    TOPIC: ClassVar = "extension-declined.1"

    request: Version
    reason: Label
    declined_by: StaffName


ExtensionEvent: TypeAlias = ExtensionRequested | ExtensionApproved | ExtensionDeclined

# Commands -------------------------------------------------------------------------------------------------------------

LADDER = (Refusal.UNKNOWN_TARGET, Refusal.UNKNOWN_PART, Refusal.OFF_THE_LADDER, Refusal.STEP_USED_UP)
"""Of what a policy does not let anybody take."""


class RequestExtension(AboutCase):
    """Ask for more time for a target, one request for it at a time; also after its due, and after the case has ended,
    since some targets run on."""

    REFUSALS: ClassVar[tuple[str, ...]] = (
        *NOT_MERGED,
        *LADDER,
        Refusal.EVIDENCE_NEEDED,
        Refusal.EXTENSION_ALREADY_REQUESTED,
    )

    policy: Slug
    target: Slug
    part: Label | None = None
    step: Slug
    reason: Label
    evidence: Label | None = None
    requested_by: StaffName


class ApproveExtension(AboutCase):
    """Give the time that was asked for, as somebody else than who asked, in the role that the step demands."""

    REFUSALS: ClassVar[tuple[str, ...]] = (
        *NOT_MERGED,
        Refusal.UNKNOWN_REQUEST,
        Refusal.ALREADY_DECIDED,
        *LADDER,
        Refusal.SAME_PERSON,
        Refusal.ROLE_NEEDED,
        Refusal.NOTICE_NEEDED,
    )

    request: Version
    approved_by: StaffName
    approver_role: Label | None = None


class DeclineExtension(AboutCase):
    """Turn the request down. Who asked may do so too: that takes the request back."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*NOT_MERGED, Refusal.UNKNOWN_REQUEST, Refusal.ALREADY_DECIDED)

    request: Version
    reason: Label
    declined_by: StaffName


ExtensionCommand: TypeAlias = RequestExtension | ApproveExtension | DeclineExtension

# Life -----------------------------------------------------------------------------------------------------------------

Extensions: TypeAlias = Requests[ExtensionRequested, ExtensionApproved | ExtensionDeclined]


def evolve(extensions: Extensions, recorded: Recorded[ExtensionEvent]) -> Extensions:
    """The requests after an event, in whatever order history has them."""
    event = recorded.event
    match event:
        case ExtensionRequested():
            return extensions.requested(recorded, event)
        case ExtensionApproved() | ExtensionDeclined():
            return extensions.answered(event)
        case _:
            assert_never(event)


def needs(command: ExtensionCommand, context: Context, promising: Promising) -> Iterable[str]:
    """The policies, whose ladders count; for an approval the book's own stream, which says whether one may approve
    what one asked for."""
    if isinstance(command, ApproveExtension):
        yield stream_of_book(context.book)
    if not isinstance(command, DeclineExtension):
        yield from promising.needs(command, context)


def decide(case: Case, command: ExtensionCommand, context: Context, promising: Promising) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    early = out_of_time(case, command, context)
    match command:
        case RequestExtension():
            return _request(case, command, context, promising, early)
        case ApproveExtension():
            return _approve(case, command, context, promising, early)
        case DeclineExtension():
            return _decline(case, command, context, early)
        case _:
            assert_never(command)


def _request(
    case: Case, command: RequestExtension, context: Context, promising: Promising, early: Broken | None
) -> Decided:
    request = ExtensionRequested(
        policy=command.policy,
        target=command.target,
        part=command.part,
        step=command.step,
        reason=command.reason,
        evidence=command.evidence,
        requested_by=command.requested_by,
    )
    pending = case.rare.extensions.pending
    if request in pending:
        return []
    step, *off = _rung(case, request, context, promising)
    waiting = next((each for each in pending if _clock(each) == _clock(request)), None)
    another = None
    if waiting is not None:
        another = Broken(
            Refusal.EXTENSION_ALREADY_REQUESTED,
            Departure.EXTENSION_REQUESTED_AGAIN,
            f"A request of {waiting.requested_by} for more time for {command.target} waits for a decision; "
            "have that made first.",
            params={"requested_by": waiting.requested_by},
        )
    return stepped(context, request, merged(case), *off, _unfounded(step, request), another, early)


def _approve(
    case: Case, command: ApproveExtension, context: Context, promising: Promising, early: Broken | None
) -> Decided:
    requests = case.rare.extensions
    approved = ExtensionApproved(request=command.request, role=command.approver_role, approved_by=command.approved_by)
    if approved in requests.answers:
        return []
    asked = requests.at(command.request)
    rules: list[Broken | None] = [not_asked(requests, command.request), decided_before(requests, command.request)]
    if asked is not None:
        step, *off = _rung(case, asked, context, promising)
        rules += off
        rules += [
            own_request(asked.requested_by, command.approved_by, context),
            _out_of_role(step, command),
            _unannounced(case, step, command.request),
        ]
    return stepped(context, approved, merged(case), *rules, early)


def _decline(case: Case, command: DeclineExtension, context: Context, early: Broken | None) -> Decided:
    requests = case.rare.extensions
    declined = ExtensionDeclined(request=command.request, reason=command.reason, declined_by=command.declined_by)
    if declined in requests.answers:
        return []
    no_request, decided = not_asked(requests, command.request), decided_before(requests, command.request)
    return stepped(context, declined, merged(case), no_request, decided, early)


# The ladder -----------------------------------------------------------------------------------------------------------


def _clock(request: ExtensionRequested) -> tuple[str, str, str | None]:
    return request.policy, request.target, request.part


def _rung(
    case: Case, request: ExtensionRequested, context: Context, promising: Promising
) -> tuple[ExtensionStep | None, *tuple[Broken | None, ...]]:
    """The step that is asked for, and what stands against taking it."""
    terms = case.rare.terms.of(request.policy)
    said = None if terms is None else document(terms.policy, terms.policy_version, context, promising)
    target = None
    if terms is not None and said is not None and request.target in _within_reach(terms, said):
        target = said.target(request.target)
    if target is None:
        return None, _no_target(request)
    step = next((each for each in target.extensions if each.id == request.step), None)
    in_no_part = _in_no_part(case, target, request)
    if step is None:
        return None, in_no_part, _off_the_ladder(target, request)
    return step, in_no_part, _used_up(case, target, step, request)


def _within_reach(terms: Terms, policy: PolicyDocument) -> set[str]:
    """The targets that the terms promise, those that one of them opens when its time runs out, and those to which a
    change of the case leads within the policy."""
    promised = {due.target for due in terms.dues}
    known = [target for target in policy.targets if target.id in promised]
    if any(target.on_change is not OnChange.KEEP for target in known):
        promised |= {target for rule in policy.rules for target in rule.targets}
    return promised | set(opened(promised, policy))


def _no_target(request: ExtensionRequested) -> Broken:
    return Broken(
        Refusal.UNKNOWN_TARGET,
        Departure.EXTENSION_OF_UNKNOWN_TARGET,
        f"By its terms this case has no target {request.target} of the policy {request.policy}; name one that it has.",
        field="target",
        params={"policy": request.policy, "target": request.target},
    )


def _in_no_part(case: Case, target: Target, request: ExtensionRequested) -> Broken | None:
    if target.subject is not SubjectKind.PART and request.part is None:
        return None
    if target.subject is SubjectKind.PART and request.part in case.rare.parts:
        return None
    has = f"This case has no part {request.part}" if request.part else "Each part of the case has this target by itself"
    what = f"{has}; name one of its parts."
    if target.subject is not SubjectKind.PART:
        what = f"The target {target.id} is one of the whole case; leave the part out."
    return Broken(
        Refusal.UNKNOWN_PART,
        Departure.EXTENSION_OF_UNKNOWN_TARGET,
        what,
        field="part",
        params={"part": request.part or ""},
    )


def _off_the_ladder(target: Target, request: ExtensionRequested) -> Broken:
    steps = ", ".join(step.id for step in target.extensions)
    there = f"it has {steps}" if steps else "it cannot be extended"
    return Broken(
        Refusal.OFF_THE_LADDER,
        Departure.EXTENDED_OFF_THE_LADDER,
        f"The policy {request.policy} has no step {request.step} for the target {target.id}; {there}.",
        field="step",
        params={"step": request.step, "steps": steps},
    )


def _used_up(case: Case, target: Target, step: ExtensionStep, request: ExtensionRequested) -> Broken | None:
    """Whether the step was taken as often as it may be. Of a target that may run several times at once in a cycle
    only its clocks can tell."""
    if target.instances is Instances.START:
        return None
    requests = case.rare.extensions
    # A clock that resumes after a reopening is the same clock; otherwise the next cycle begins another.
    counted = requests.asked if target.reopen is Reopen.RESUME else requests.asked[requests.earlier :]
    taken = sum(
        (_clock(said.event), said.event.step) == (_clock(request), step.id)
        and isinstance(requests.answer_to(said.version), ExtensionApproved)
        for said in counted
    )
    if taken < step.most:
        return None
    return Broken(
        Refusal.STEP_USED_UP,
        Departure.EXTENDED_TOO_OFTEN,
        f"The step {step.id} of {target.id} was taken as often as the policy allows ({step.most}).",
        field="step",
        params={"step": step.id, "most": str(step.most)},
    )


def _unfounded(step: ExtensionStep | None, request: ExtensionRequested) -> Broken | None:
    if step is None or not step.evidence or request.evidence is not None:
        return None
    return Broken(
        Refusal.EVIDENCE_NEEDED,
        Departure.EXTENDED_WITHOUT_EVIDENCE,
        f"The step {step.id} takes evidence; say what shows the reason.",
        field="evidence",
        params={"step": step.id},
    )


def _out_of_role(step: ExtensionStep | None, command: ApproveExtension) -> Broken | None:
    if step is None or step.approver_role in (None, command.approver_role):
        return None
    return Broken(
        Refusal.ROLE_NEEDED,
        Departure.EXTENDED_OUT_OF_ROLE,
        f"The step {step.id} is approved in the role {step.approver_role}; {command.approved_by} acts as "
        f"{command.approver_role or 'nothing of that kind'}. Have it approved by somebody who has the role.",
        field="approver_role",
        params={"step": step.id, "role": step.approver_role or ""},
    )


def _unannounced(case: Case, step: ExtensionStep | None, request: int) -> Broken | None:
    """Whether the complainant was not told of what is asked for, where the step wants them told."""
    if step is None or not step.notice:
        return None
    notices = [said for said in case.rare.statutory.all(ComplainantNotified) if said.event.of is NoticeOf.EXTENSION]
    if any(
        said.event.version == request or (said.event.version is None and said.version > request) for said in notices
    ):
        return None
    return Broken(
        Refusal.NOTICE_NEEDED,
        Departure.EXTENDED_WITHOUT_NOTICE,
        f"The step {step.id} takes a notice to the complainant; give notice of the extension in version {request} "
        "first.",
        field="request",
        params={"step": step.id, "version": str(request)},
    )
