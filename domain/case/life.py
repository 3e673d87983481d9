"""The declared life of a case: received, registered, dispatched or assigned, worked on, answered, resolved, closed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import assert_never, get_args
from uuid import UUID

from domain.case import (
    attaching,
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
from domain.case.commands import (
    AssignCase,
    CaseCommand,
    ChangeCaseChannel,
    ChangeCaseCustomer,
    ChangeCaseKind,
    ClassifyCase,
    CloseCase,
    DispatchCase,
    HandlingCommand,
    PauseCase,
    PrioritiseCase,
    ReceiveCase,
    RecordAttributes,
    RegisterCase,
    ReopenCase,
    ResolveCase,
    ResumeCase,
    ReturnDispatch,
    SendResponse,
    StartWork,
    TransferCase,
    UnassignCase,
)
from domain.case.events import (
    CaseAssigned,
    CaseAttributesRecorded,
    CaseChannelChanged,
    CaseClassified,
    CaseClosed,
    CaseCustomerChanged,
    CaseDispatched,
    CaseEvent,
    CasePaused,
    CasePrioritised,
    CaseReceived,
    CaseRegistered,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseTransferred,
    CaseUnassigned,
    DispatchReturned,
    KindChanged,
    PauseGround,
    ResponseKind,
    ResponseSent,
    WorkStarted,
)
from domain.case.promise import NOTHING_PROMISED, Promising
from domain.case.promising import PROMISING
from domain.case.rules import (
    about_its_subject,
    answered,
    closed,
    finished,
    going_nowhere,
    handled_by_another,
    held,
    merged,
    not_held_by,
    out_of_time,
    running,
    still_open,
    unapproved,
    under_way,
    unregistered,
    unresolved,
    unstated,
    withdrawn,
)
from domain.case.state import Case, Moment, evolve
from domain.decider import Decided, Decider
from domain.departure import Broken, stepped
from domain.envelope import Context
from domain.event import Refused
from domain.refusal import Refusal
from domain.stream import Category


def decide(
    case: Case | None, command: CaseCommand, context: Context, promising: Promising = NOTHING_PROMISED
) -> Decided:
    """The events that the command leads to; none when nothing changes.

    A live command that leaves the declared life is refused. Imported history is recorded as it was and marked; it is
    refused only what no history can hold: a step of a case never received, a second receipt or number, a merge that
    leads nowhere or back, and personal words that would outlive the erasure of whom they are about.

    Raises: Refused.
    """
    if isinstance(command, ReceiveCase):
        return _receive(case, command)
    if case is None:
        raise Refused(Refusal.UNKNOWN_CASE, "There is no such case; receive it first.", field="case_id")
    if isinstance(command, HandlingCommand):
        return _promised(case, command, context, promising, _handle(case, command, context, promising))
    if isinstance(command, dialogue.DialogueCommand):
        return dialogue.decide(case, command, context)
    if isinstance(command, settlement.SettlementCommand):
        return _ending(case, command, settlement.decide(case, command, context))
    if isinstance(command, escalation.EscalationCommand):
        return escalation.decide(case, command, context)
    if isinstance(command, relations.RelationCommand):
        return _ending(case, command, relations.decide(case, command, context))
    if isinstance(command, parts.PartCommand):
        return parts.decide(case, command, context)
    if isinstance(command, pausing.PausingCommand):
        return _paused_so(case, command, pausing.decide(case, command, context))
    if isinstance(command, due.StateDue):
        return due.decide(case, command, context)
    if isinstance(command, statutory.StatutoryCommand):
        return statutory.decide(case, command, context)
    if isinstance(command, outside.OutsideCommand):
        return outside.decide(case, command, context)
    if isinstance(command, terms.TermsCommand):
        return terms.decide(case, command, context, promising)
    if isinstance(command, extension.ExtensionCommand):
        return extension.decide(case, command, context, promising)
    if isinstance(command, attaching.AttachToCase):
        return attaching.decide(case, command, context)
    return deadline.decide(case, command, context)


def needs(command: CaseCommand, context: Context, promising: Promising = NOTHING_PROMISED) -> Iterable[str]:
    """Other streams whose states the decision on a command asks for."""
    if isinstance(command, ReceiveCase | RegisterCase | PauseCase):
        return promising.needs(command, context)
    if isinstance(command, relations.RelationCommand):
        return relations.needs(command, context)
    if isinstance(command, pausing.PausingCommand):
        return pausing.needs(command, context)
    if isinstance(command, terms.TermsCommand):
        return terms.needs(command, context, promising)
    if isinstance(command, extension.ExtensionCommand):
        return extension.needs(command, context, promising)
    return deadline.needs(command, context) if isinstance(command, deadline.DeadlineCommand) else ()


def _handle(  # noqa: C901  one flat case a command
    case: Case, command: HandlingCommand, context: Context, promising: Promising
) -> Decided:
    early = out_of_time(case, command, context)
    match command:
        case ReceiveCase():
            return _receive(case, command)
        case RegisterCase():
            return _register(case, command, context, early)
        case ClassifyCase():
            return _classify(case, command, context, early)
        case PrioritiseCase():
            return _prioritise(case, command, context, early)
        case DispatchCase():
            return _dispatch(case, command, context, early)
        case ReturnDispatch():
            return _return(case, command, context, early)
        case TransferCase():
            return _transfer(case, command, context, early)
        case AssignCase():
            return _assign(case, command, context, early)
        case UnassignCase():
            return _unassign(case, command, context, early)
        case StartWork():
            return _start_work(case, command, context, early)
        case PauseCase():
            return _pause(case, command, context, promising, early)
        case ResumeCase():
            return _resume(case, command, context, early)
        case SendResponse():
            return _respond(case, command, context, early)
        case ResolveCase():
            return _resolve(case, command, context, early)
        case ReopenCase():
            return _reopen(case, command, context, early)
        case CloseCase():
            return _close(case, command, context, early)
        case ChangeCaseCustomer():
            if case.customer_id == command.customer_id:
                return []
            return stepped(context, CaseCustomerChanged(customer_id=command.customer_id), early)
        case ChangeCaseChannel():
            if case.channel == command.channel:
                return []
            return stepped(context, CaseChannelChanged(channel=command.channel), early)
        case ChangeCaseKind():
            if case.kind == command.kind:
                return []
            return stepped(context, KindChanged(kind=command.kind, reason=command.reason), early)
        case RecordAttributes():
            return _record_attributes(case, command, context, early)
        case _:
            assert_never(command)


def survivor(case: Case | None) -> UUID | None:
    """The case that took the place of this one."""
    return None if case is None else case.rare.relations.merged_into


def decider(promising: Promising) -> Decider[Case | None]:
    """What a case declares about itself, given who works out what it is promised."""
    return Decider(
        Category.CASE,
        None,
        partial(decide, promising=promising),
        evolve,
        events=get_args(CaseEvent),
        begins=CaseReceived,
        once=(CaseRegistered, terms.TermsAssigned),
        needs=partial(needs, promising=promising),
        onward=survivor,
    )


CASE = decider(PROMISING)

# Receipt and record ---------------------------------------------------------------------------------------------------


def _receive(case: Case | None, command: ReceiveCase) -> Decided:
    about_its_subject(command.words, command.customer_id or command.case_id)
    receipt = CaseReceived(
        kind=command.kind,
        customer_id=command.customer_id,
        channel=command.channel,
        touchpoint_id=command.touchpoint_id,
        received_by=command.received_by,
        source_key=command.source_key,
        words=command.words,
    )
    if case is None:
        return [receipt]
    if case.receipt == receipt:
        return []
    raise Refused(
        Refusal.ALREADY_RECEIVED,
        "This case was received already, with other content; receive another one under an id of its own.",
        field="case_id",
    )


def _register(case: Case, command: RegisterCase, context: Context, early: Broken | None) -> Decided:
    """A case has one number for life, and history is no reason for a second."""
    registration = CaseRegistered(unit=command.unit, handler=command.handler, registered_by=command.registered_by)
    if case.registration is None:
        return stepped(context, registration, early)
    if case.registration == registration:
        return []
    raise Refused(
        Refusal.ALREADY_REGISTERED,
        "This case is registered already; dispatch, transfer or assign it instead.",
        field="case_id",
    )


def _promised(
    case: Case, command: HandlingCommand, context: Context, promising: Promising, decided: Decided
) -> Decided:
    """What was decided, with the terms of the case behind its registration."""
    if not decided or not isinstance(command, RegisterCase):
        return decided
    as_registered = case._replace(
        registration=CaseRegistered(unit=command.unit, handler=command.handler, registered_by=command.registered_by),
        previous=Moment(command.at, command.precision, command.zone),
        unit=command.unit or case.unit,
        handler=command.handler or case.handler,
    )
    assigned = terms.assigned(as_registered, context, promising)
    return decided if assigned is None else [*decided, assigned]


def _classify(case: Case, command: ClassifyCase, context: Context, early: Broken | None) -> Decided:
    classification = CaseClassified(
        category=command.category,
        subcategory=command.subcategory,
        symptom=command.symptom,
        taxonomy=command.taxonomy,
    )
    return [] if case.classification == classification else stepped(context, classification, early)


def _prioritise(case: Case, command: PrioritiseCase, context: Context, early: Broken | None) -> Decided:
    priority = CasePrioritised(priority=command.priority, impact=command.impact, urgency=command.urgency)
    return [] if case.priority == priority else stepped(context, priority, finished(case), early)


def _record_attributes(case: Case, command: RecordAttributes, context: Context, early: Broken | None) -> Decided:
    known = {attribute.name: attribute.value for attribute in case.attributes}
    new = tuple(told for told in command.attributes if told.name not in known or known[told.name] != told.value)
    return stepped(context, CaseAttributesRecorded(attributes=new), early) if new else []


# Who has it -----------------------------------------------------------------------------------------------------------


def _dispatch(case: Case, command: DispatchCase, context: Context, early: Broken | None) -> Decided:
    dispatch = CaseDispatched(unit=command.unit, handler=command.handler)
    if case.movement == dispatch:
        return []
    return stepped(context, dispatch, unregistered(case), finished(case), held(case), early)


def _return(case: Case, command: ReturnDispatch, context: Context, early: Broken | None) -> Decided:
    back = DispatchReturned(unit=command.unit, reason=command.reason)
    if case.movement == back:
        return []
    not_theirs = not_held_by(case, command.unit, field="unit")
    return stepped(context, back, unregistered(case), finished(case), not_theirs, early)


def _transfer(case: Case, command: TransferCase, context: Context, early: Broken | None) -> Decided:
    if _transferred_so(case, command, context):
        return []
    not_theirs = not_held_by(case, command.from_unit, field="from_unit")
    nowhere = going_nowhere(case, command.to_unit)
    from_unit = command.from_unit or case.unit
    if from_unit is None:  # history transferred it, and does not say from where: it went from nobody to a unit
        event: CaseDispatched | CaseTransferred = CaseDispatched(unit=command.to_unit, handler=command.handler)
    else:
        event = CaseTransferred(
            from_unit=from_unit, to_unit=command.to_unit, handler=command.handler, reason=command.reason
        )
    return stepped(context, event, unregistered(case), finished(case), not_theirs, nowhere, early)


def _transferred_so(case: Case, command: TransferCase, context: Context) -> bool:
    """Whether the latest movement came of this very transfer."""
    match case.movement:
        case CaseTransferred() as movement:
            told = CaseTransferred(
                from_unit=command.from_unit or movement.from_unit,
                to_unit=command.to_unit,
                handler=command.handler,
                reason=command.reason,
            )
            return movement == told
        case CaseDispatched() as movement:
            from_nobody = context.imported and command.from_unit is None
            return from_nobody and (movement.unit, movement.handler) == (command.to_unit, command.handler)
        case DispatchReturned() | None:
            return False


def _assign(case: Case, command: AssignCase, context: Context, early: Broken | None) -> Decided:
    if case.handler == command.handler:
        return []
    return stepped(context, CaseAssigned(handler=command.handler), unregistered(case), finished(case), early)


def _unassign(case: Case, command: UnassignCase, context: Context, early: Broken | None) -> Decided:
    if case.handler is None and case.let_go_by == command.handler:
        return []
    not_theirs = handled_by_another(case, command.handler)
    event = CaseUnassigned(handler=command.handler)
    return stepped(context, event, unregistered(case), finished(case), not_theirs, early)


# Work -----------------------------------------------------------------------------------------------------------------


def _start_work(case: Case, command: StartWork, context: Context, early: Broken | None) -> Decided:
    work = WorkStarted(by=command.by)
    if case.work == work:
        return []
    return stepped(context, work, unregistered(case), finished(case), under_way(case), early)


def _pause(case: Case, command: PauseCase, context: Context, promising: Promising, early: Broken | None) -> Decided:
    if command.ground in case.paused:
        return []
    manual = None if context.imported else unapproved(command.ground)
    in_vain = pausing.not_allowed(case, command.ground, context, promising)
    paused = CasePaused(ground=command.ground)
    return stepped(context, paused, unregistered(case), finished(case), manual, in_vain, early)


def _paused_so(case: Case, command: pausing.PausingCommand, decided: Decided) -> Decided:
    """What was decided on a request, with the pause behind its approval."""
    if not decided or not isinstance(command, pausing.ApprovePause) or PauseGround.OTHER in case.paused:
        return decided
    return [*decided, CasePaused(ground=PauseGround.OTHER)]


def _resume(case: Case, command: ResumeCase, context: Context, early: Broken | None) -> Decided:
    if command.ground in case.resumed:
        return []
    not_paused = running(case, command.ground)
    event = CaseResumed(ground=command.ground)
    return stepped(context, event, unregistered(case), finished(case), not_paused, early)


def _respond(case: Case, command: SendResponse, context: Context, early: Broken | None) -> Decided:
    """A first or final response is given once a cycle; others are the same again only when sent at the same time."""
    about_its_subject(command.words, case.customer_id or command.case_id)
    response = ResponseSent(kind=command.kind, channel=command.channel, by=command.by, words=command.words)
    once = command.kind in (ResponseKind.FIRST, ResponseKind.FINAL)
    if any((once or at == command.at) and sent == response for at, sent in case.responses):
        return []
    return stepped(context, response, unregistered(case), closed(case), answered(case, command.kind), early)


# The end of a cycle ---------------------------------------------------------------------------------------------------


def _resolve(case: Case, command: ResolveCase, context: Context, early: Broken | None) -> Decided:
    resolution = CaseResolved(
        outcome=command.outcome, redress=command.redress, resolved_by=command.resolved_by, code=command.code
    )
    if case.resolution == resolution:
        return []
    part = parts.part_open(case)
    resolved = stepped(context, resolution, unregistered(case), finished(case), unstated(command.outcome), part, early)
    return [*_no_longer_waiting(case), *resolved]


def _reopen(case: Case, command: ReopenCase, context: Context, early: Broken | None) -> Decided:
    reopening = CaseReopened(reason=command.reason)
    if case.reopening == reopening:
        return []
    return stepped(context, reopening, merged(case), unregistered(case), still_open(case), early)


def _close(case: Case, command: CloseCase, context: Context, early: Broken | None) -> Decided:
    closing = CaseClosed(code=command.code)
    if case.closing == closing:
        return []
    left = withdrawn(case)
    ended = stepped(context, closing, unregistered(case), closed(case), left, None if left else unresolved(case), early)
    return [*_no_longer_waiting(case), *ended]


def _ending(case: Case, command: settlement.SettlementCommand | relations.RelationCommand, decided: Decided) -> Decided:
    """What was decided, behind the ends of all pauses when it ends the case."""
    ends = isinstance(command, settlement.WithdrawCase | relations.MergeCase)
    return [*_no_longer_waiting(case), *decided] if ends and decided else decided


def _no_longer_waiting(case: Case) -> list[CaseResumed]:
    """Whatever a case waits for, it waits no longer than to its end; each interval gets an end of its own."""
    return [CaseResumed(ground=ground) for ground in sorted(case.paused)]
