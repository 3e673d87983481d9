"""Everything that can be asked for, one line a mutation, and how one is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import strawberry
from strawberry.tools import create_type
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from api.graphql import inputs, inputs_course, inputs_dialogue, inputs_duties, making
from api.graphql.carrying_out import Done, Maker, Objection, carried_out
from api.graphql.case import Case, shown_case
from api.graphql.codes import (
    NOT_YET_VISIBLE,
    OF_THE_DOOR,
    STALE_VERSION,
    UNKNOWN_CASE,
    UNKNOWN_CUSTOMER,
    UNKNOWN_TOUCHPOINT,
)
from api.graphql.customer import Customer, shown_customer
from api.graphql.payload import Answer, answer_of
from api.graphql.request import Info, Request
from api.graphql.touchpoint import Touchpoint, shown_touchpoint
from domain.case import commands as of_case
from domain.case import dialogue, due, escalation, outside, parts, pausing, relations, settlement, statutory
from domain.customer import AssignTier, RecordContact, RegisterCustomer
from domain.event import Command
from domain.stream import subject_of
from domain.touchpoint import RecordTouchpoint

Showing = Callable[[Request, UUID], Awaitable[Any]]


class Subject(NamedTuple):
    """What a mutation changes: its name in the payload, its type, and how it is shown as it is now."""

    name: str
    type: Any
    show: Showing


CASE = Subject("case", Case, shown_case)
CUSTOMER = Subject("customer", Customer, shown_customer)
TOUCHPOINT = Subject("touchpoint", Touchpoint, shown_touchpoint)


class Mutation(NamedTuple):
    """Something that can be asked for."""

    name: str
    description: str
    input: type[inputs.Asked]
    make: Maker
    commands: tuple[type[Command], ...]
    """The commands it may become, whose refusals are its codes."""
    subject: Subject = CASE
    codes: tuple[str, ...] = ()
    """Those that come on top."""


def _of_case(name: str, description: str, asked: type[inputs.AskedOfCase], kind: type[of_case.AboutCase]) -> Mutation:
    return Mutation(name, description, asked, making.OfCase(kind), (kind,), codes=(STALE_VERSION,))


MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "record_touchpoint",
        "Notes that a customer and the company met (接触).",
        inputs.RecordTouchpointInput,
        making.record_touchpoint,
        (RecordTouchpoint,),
        TOUCHPOINT,
        (UNKNOWN_CUSTOMER, UNKNOWN_CASE),
    ),
    Mutation(
        "register_customer",
        "Opens a file for a customer (客户档案).",
        inputs.RegisterCustomerInput,
        making.register_customer,
        (RegisterCustomer, RecordContact, AssignTier),
        CUSTOMER,
    ),
    Mutation(
        "receive_case",
        "Takes a matter in (受理).",
        inputs.ReceiveCaseInput,
        making.receive_case,
        (of_case.ReceiveCase,),
        codes=(UNKNOWN_CUSTOMER, UNKNOWN_TOUCHPOINT),
    ),
    _of_case("register_case", "Gives a case its number (登记).", inputs.RegisterCaseInput, of_case.RegisterCase),
    _of_case("classify_case", "Puts a case in a class (分类).", inputs.ClassifyCaseInput, of_case.ClassifyCase),
    _of_case("prioritise_case", "Gives a case a priority.", inputs.PrioritiseCaseInput, of_case.PrioritiseCase),
    _of_case("dispatch_case", "Sends a case to a unit (派单).", inputs.DispatchCaseInput, of_case.DispatchCase),
    _of_case("return_dispatch", "Gives a case back (退单).", inputs.ReturnDispatchInput, of_case.ReturnDispatch),
    _of_case("transfer_case", "Sends a case to another unit (转派).", inputs.TransferCaseInput, of_case.TransferCase),
    _of_case("assign_case", "Makes somebody a case's handler.", inputs.AssignCaseInput, of_case.AssignCase),
    _of_case("start_work", "Begins to handle a case.", inputs.StartWorkInput, of_case.StartWork),
    _of_case("pause_case", "Lets a case wait for something (暂停).", inputs.PauseCaseInput, of_case.PauseCase),
    _of_case("resume_case", "Lets a case wait for it no longer.", inputs.ResumeCaseInput, of_case.ResumeCase),
    _of_case(
        "send_response", "Answers the customer (初步回复, 持续跟进).", inputs.SendResponseInput, of_case.SendResponse
    ),
    _of_case("resolve_case", "Gives a case its outcome (处理结果).", inputs.ResolveCaseInput, of_case.ResolveCase),
    _of_case("reopen_case", "Puts a case back to work (重开).", inputs.ReopenCaseInput, of_case.ReopenCase),
    _of_case("close_case", "Closes the loop on a case (闭环).", inputs.CloseCaseInput, of_case.CloseCase),
    _of_case(
        "acknowledge_case",
        "Tells the customer that the matter is in hand.",
        inputs_dialogue.AcknowledgeCaseInput,
        dialogue.AcknowledgeCase,
    ),
    Mutation(
        "record_customer_reply",
        "Notes that the customer turned to the company again.",
        inputs_dialogue.RecordCustomerReplyInput,
        making.OfCase(dialogue.RecordCustomerReply),
        (dialogue.RecordCustomerReply,),
        codes=(STALE_VERSION, UNKNOWN_TOUCHPOINT),
    ),
    _of_case(
        "start_investigation",
        "Begins to look into what happened.",
        inputs_dialogue.StartInvestigationInput,
        settlement.StartInvestigation,
    ),
    _of_case(
        "finish_investigation",
        "Notes what an investigation found.",
        inputs_dialogue.FinishInvestigationInput,
        settlement.FinishInvestigation,
    ),
    _of_case(
        "propose_resolution",
        "Offers the customer a way to settle the matter.",
        inputs_dialogue.ProposeResolutionInput,
        settlement.ProposeResolution,
    ),
    _of_case(
        "accept_proposal",
        "Notes that the customer agrees to it.",
        inputs_dialogue.AcceptProposalInput,
        settlement.AcceptProposal,
    ),
    _of_case(
        "reject_proposal",
        "Notes that the customer turns it down.",
        inputs_dialogue.RejectProposalInput,
        settlement.RejectProposal,
    ),
    _of_case(
        "give_feedback",
        "Tells the customer what came of the matter (反馈).",
        inputs_dialogue.GiveFeedbackInput,
        dialogue.GiveFeedback,
    ),
    _of_case(
        "make_follow_up",
        "Notes what a follow-up visit found (回访).",
        inputs_dialogue.MakeFollowUpInput,
        dialogue.MakeFollowUp,
    ),
    _of_case(
        "refer_outside",
        "Points the customer to somebody outside the company.",
        inputs_dialogue.ReferOutsideInput,
        settlement.ReferOutside,
    ),
    _of_case(
        "withdraw_case",
        "Notes that the customer takes the matter back.",
        inputs_dialogue.WithdrawCaseInput,
        settlement.WithdrawCase,
    ),
    _of_case(
        "escalate_case",
        "Brings a case before a higher level.",
        inputs_course.EscalateCaseInput,
        escalation.EscalateCase,
    ),
    _of_case(
        "acknowledge_escalation",
        "Takes notice of an escalation.",
        inputs_course.AcknowledgeEscalationInput,
        escalation.AcknowledgeEscalation,
    ),
    _of_case("link_case", "Links a case to another one.", inputs_course.LinkCaseInput, relations.LinkCase),
    _of_case("unlink_case", "Takes a link away.", inputs_course.UnlinkCaseInput, relations.UnlinkCase),
    _of_case(
        "merge_case", "Lets another case take the place of this one.", inputs_course.MergeCaseInput, relations.MergeCase
    ),
    _of_case(
        "open_case_part", "Deals with a part of the matter apart.", inputs_course.OpenCasePartInput, parts.OpenCasePart
    ),
    _of_case(
        "resolve_case_part", "Gives a part its outcome.", inputs_course.ResolveCasePartInput, parts.ResolveCasePart
    ),
    _of_case(
        "change_case_kind",
        "Says of which kind a matter really is.",
        inputs_course.ChangeCaseKindInput,
        of_case.ChangeCaseKind,
    ),
    _of_case(
        "request_pause", "Asks for a pause on no listed ground.", inputs_course.RequestPauseInput, pausing.RequestPause
    ),
    _of_case(
        "approve_pause", "Lets the case wait as was asked.", inputs_course.ApprovePauseInput, pausing.ApprovePause
    ),
    _of_case("decline_pause", "Turns the request down.", inputs_course.DeclinePauseInput, pausing.DeclinePause),
    _of_case("state_due", "Notes by when something is said to be due.", inputs_course.StateDueInput, due.StateDue),
    _of_case(
        "send_to_portal",
        "Notes that a portal passed a complaint on.",
        inputs_duties.SendToPortalInput,
        outside.SendToPortal,
    ),
    _of_case(
        "confirm_unit_receipt",
        "Confirms that a unit has the work order.",
        inputs_duties.ConfirmUnitReceiptInput,
        statutory.ConfirmUnitReceipt,
    ),
    _of_case(
        "inform_hotline", "Tells the hotline what was done.", inputs_duties.InformHotlineInput, outside.InformHotline
    ),
    _of_case("accept_case", "Takes a complaint on (受理).", inputs_duties.AcceptCaseInput, statutory.AcceptCase),
    _of_case(
        "refuse_case", "Does not take a complaint on (不予受理).", inputs_duties.RefuseCaseInput, statutory.RefuseCase
    ),
    _of_case(
        "request_material",
        "Asks the complainant for material.",
        inputs_duties.RequestMaterialInput,
        statutory.RequestMaterial,
    ),
    _of_case(
        "complete_material",
        "Notes that all the material is there.",
        inputs_duties.CompleteMaterialInput,
        statutory.CompleteMaterial,
    ),
    _of_case("make_decision", "Makes the formal decision.", inputs_duties.MakeDecisionInput, statutory.MakeDecision),
    _of_case(
        "notify_complainant",
        "Gives the complainant a formal notice.",
        inputs_duties.NotifyComplainantInput,
        statutory.NotifyComplainant,
    ),
    _of_case(
        "request_review",
        "Notes that a review is wanted (核查).",
        inputs_duties.RequestReviewInput,
        statutory.RequestReview,
    ),
    _of_case("decide_review", "Notes what came of a review.", inputs_duties.DecideReviewInput, statutory.DecideReview),
    _of_case(
        "note_regulator_receipt",
        "Notes that a regulator got a complaint.",
        inputs_duties.NoteRegulatorReceiptInput,
        outside.NoteRegulatorReceipt,
    ),
    _of_case(
        "note_regulator_forwarding",
        "Notes that a regulator passed it on.",
        inputs_duties.NoteRegulatorForwardingInput,
        outside.NoteRegulatorForwarding,
    ),
    _of_case(
        "submit_return",
        "Notes in which return a case was reported.",
        inputs_duties.SubmitReturnInput,
        outside.SubmitReturn,
    ),
)


def mutation_type() -> type:
    """The schema's mutation type."""
    fields = [_field(mutation) for mutation in MUTATIONS]
    return create_type("Mutation", fields, description="Everything that can be asked for. Each is carried out once.")


def _field(mutation: Mutation) -> StrawberryField:
    pascal = to_camel_case(f"_{mutation.name}").removeprefix("_")
    pascal = pascal[:1].upper() + pascal[1:]
    refusals = [str(code) for command in mutation.commands for code in command.REFUSALS]
    answer = answer_of(pascal, mutation.subject.name, mutation.subject.type, (*refusals, *mutation.codes, *OF_THE_DOOR))

    async def resolve(info: Info, input: Any) -> Any:  # noqa: A002  the schema's own word
        return await _answered(info.context, mutation, answer, input)

    resolve.__annotations__ = {
        "info": strawberry.Info,
        "input": Annotated[mutation.input, strawberry.argument(description="What is asked for.")],
        "return": answer.payload,
    }
    resolve.__name__ = mutation.name
    field: StrawberryField = strawberry.mutation(
        resolver=resolve, name=to_camel_case(mutation.name), description=mutation.description
    )
    return field


async def _answered(request: Request, mutation: Mutation, answer: Answer, asked: inputs.Asked) -> Any:
    """The payload: the object as it is now, after a wait for what was written to show."""
    door = request.door
    done = await door.off_loop(carried_out, door, asked, mutation.make)
    request.forget()
    objections: Sequence[Objection] = done.objections
    shows = done.position is None or await door.shows(done.position)
    if not shows:
        objections = (*objections, _not_yet_visible(done))
    subject = None if done.stream is None or not shows else subject_of(done.stream)
    return answer.payload(**{
        mutation.subject.name: None if subject is None else await mutation.subject.show(request, subject),
        "user_errors": answer.errors(objections),
        "consistency_token": None if done.position is None else door.token(done.position),
    })  # fmt: skip


def _not_yet_visible(done: Done) -> Objection:
    what = "Nothing was changed, and the object" if done.objections else "This was carried out, and what it changed"
    message = f"{what} cannot be shown yet; ask for it with the consistency token."
    return Objection(NOT_YET_VISIBLE, message, None, {"position": done.position})
