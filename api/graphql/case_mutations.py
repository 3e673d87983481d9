"""Everything that can be asked of a case, one line a mutation."""

from __future__ import annotations

from api.graphql import course_inputs, deadline_inputs, dialogue_inputs, duty_inputs, inputs, making
from api.graphql.case import Case, shown_case
from api.graphql.codes import STALE_VERSION, UNKNOWN_CUSTOMER, UNKNOWN_TOUCHPOINT
from api.graphql.mutation import Mutation, Subject
from domain.case import commands as of_case
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
from projections.case_file import CASE_FILE

CASE = Subject("case", Case, shown_case, views=(CASE_FILE,))


def _of_case(name: str, description: str, asked: type[inputs.AskedOfCase], kind: type[of_case.AboutCase]) -> Mutation:
    return Mutation(name, description, asked, making.OfCase(kind), (kind,), CASE, (STALE_VERSION,))


CASE_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "receive_case",
        "Takes a matter in (受理).",
        inputs.ReceiveCaseInput,
        making.receive_case,
        (of_case.ReceiveCase,),
        CASE,
        (UNKNOWN_CUSTOMER, UNKNOWN_TOUCHPOINT),
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
        dialogue_inputs.AcknowledgeCaseInput,
        dialogue.AcknowledgeCase,
    ),
    Mutation(
        "record_customer_reply",
        "Notes that the customer turned to the company again.",
        dialogue_inputs.RecordCustomerReplyInput,
        making.OfCase(dialogue.RecordCustomerReply),
        (dialogue.RecordCustomerReply,),
        CASE,
        (STALE_VERSION, UNKNOWN_TOUCHPOINT),
    ),
    _of_case(
        "start_investigation",
        "Begins to look into what happened.",
        dialogue_inputs.StartInvestigationInput,
        settlement.StartInvestigation,
    ),
    _of_case(
        "finish_investigation",
        "Notes what an investigation found.",
        dialogue_inputs.FinishInvestigationInput,
        settlement.FinishInvestigation,
    ),
    _of_case(
        "propose_resolution",
        "Offers the customer a way to settle the matter.",
        dialogue_inputs.ProposeResolutionInput,
        settlement.ProposeResolution,
    ),
    _of_case(
        "accept_proposal",
        "Notes that the customer agrees to it.",
        dialogue_inputs.AcceptProposalInput,
        settlement.AcceptProposal,
    ),
    _of_case(
        "reject_proposal",
        "Notes that the customer turns it down.",
        dialogue_inputs.RejectProposalInput,
        settlement.RejectProposal,
    ),
    _of_case(
        "give_feedback",
        "Tells the customer what came of the matter (反馈).",
        dialogue_inputs.GiveFeedbackInput,
        dialogue.GiveFeedback,
    ),
    _of_case(
        "make_follow_up",
        "Notes what a follow-up visit found (回访).",
        dialogue_inputs.MakeFollowUpInput,
        dialogue.MakeFollowUp,
    ),
    _of_case(
        "refer_outside",
        "Points the customer to somebody outside the company.",
        dialogue_inputs.ReferOutsideInput,
        settlement.ReferOutside,
    ),
    _of_case(
        "withdraw_case",
        "Notes that the customer takes the matter back.",
        dialogue_inputs.WithdrawCaseInput,
        settlement.WithdrawCase,
    ),
    _of_case(
        "escalate_case",
        "Brings a case before a higher level.",
        course_inputs.EscalateCaseInput,
        escalation.EscalateCase,
    ),
    _of_case(
        "acknowledge_escalation",
        "Takes notice of an escalation.",
        course_inputs.AcknowledgeEscalationInput,
        escalation.AcknowledgeEscalation,
    ),
    _of_case("link_case", "Links a case to another one.", course_inputs.LinkCaseInput, relations.LinkCase),
    _of_case("unlink_case", "Takes a link away.", course_inputs.UnlinkCaseInput, relations.UnlinkCase),
    _of_case(
        "merge_case", "Lets another case take the place of this one.", course_inputs.MergeCaseInput, relations.MergeCase
    ),
    _of_case(
        "open_case_part", "Deals with a part of the matter apart.", course_inputs.OpenCasePartInput, parts.OpenCasePart
    ),
    _of_case(
        "resolve_case_part", "Gives a part its outcome.", course_inputs.ResolveCasePartInput, parts.ResolveCasePart
    ),
    _of_case(
        "change_case_kind",
        "Says of which kind a matter really is.",
        course_inputs.ChangeCaseKindInput,
        of_case.ChangeCaseKind,
    ),
    _of_case(
        "request_pause", "Asks for a pause on no listed ground.", course_inputs.RequestPauseInput, pausing.RequestPause
    ),
    _of_case(
        "approve_pause", "Lets the case wait as was asked.", course_inputs.ApprovePauseInput, pausing.ApprovePause
    ),
    _of_case("decline_pause", "Turns the request down.", course_inputs.DeclinePauseInput, pausing.DeclinePause),
    _of_case("state_due", "Notes by when something is said to be due.", course_inputs.StateDueInput, due.StateDue),
    _of_case(
        "send_to_portal",
        "Notes that a portal passed a complaint on.",
        duty_inputs.SendToPortalInput,
        outside.SendToPortal,
    ),
    _of_case(
        "confirm_unit_receipt",
        "Confirms that a unit has the work order.",
        duty_inputs.ConfirmUnitReceiptInput,
        statutory.ConfirmUnitReceipt,
    ),
    _of_case(
        "inform_hotline", "Tells the hotline what was done.", duty_inputs.InformHotlineInput, outside.InformHotline
    ),
    _of_case("accept_case", "Takes a complaint on (受理).", duty_inputs.AcceptCaseInput, statutory.AcceptCase),
    _of_case(
        "refuse_case", "Does not take a complaint on (不予受理).", duty_inputs.RefuseCaseInput, statutory.RefuseCase
    ),
    _of_case(
        "request_material",
        "Asks the complainant for material.",
        duty_inputs.RequestMaterialInput,
        statutory.RequestMaterial,
    ),
    _of_case(
        "complete_material",
        "Notes that all the material is there.",
        duty_inputs.CompleteMaterialInput,
        statutory.CompleteMaterial,
    ),
    _of_case("make_decision", "Makes the formal decision.", duty_inputs.MakeDecisionInput, statutory.MakeDecision),
    _of_case(
        "notify_complainant",
        "Gives the complainant a formal notice.",
        duty_inputs.NotifyComplainantInput,
        statutory.NotifyComplainant,
    ),
    _of_case(
        "request_review",
        "Notes that a review is wanted (核查).",
        duty_inputs.RequestReviewInput,
        statutory.RequestReview,
    ),
    _of_case("decide_review", "Notes what came of a review.", duty_inputs.DecideReviewInput, statutory.DecideReview),
    _of_case(
        "note_regulator_receipt",
        "Notes that a regulator got a complaint.",
        duty_inputs.NoteRegulatorReceiptInput,
        outside.NoteRegulatorReceipt,
    ),
    _of_case(
        "note_regulator_forwarding",
        "Notes that a regulator passed it on.",
        duty_inputs.NoteRegulatorForwardingInput,
        outside.NoteRegulatorForwarding,
    ),
    _of_case(
        "submit_return",
        "Notes in which return a case was reported.",
        duty_inputs.SubmitReturnInput,
        outside.SubmitReturn,
    ),
    _of_case(
        "request_extension",
        "Asks for more time for a target (延期申请).",
        deadline_inputs.RequestExtensionInput,
        extension.RequestExtension,
    ),
    _of_case(
        "approve_extension",
        "Gives the time that was asked for (审批).",
        deadline_inputs.ApproveExtensionInput,
        extension.ApproveExtension,
    ),
    _of_case(
        "decline_extension",
        "Does not give the time that was asked for.",
        deadline_inputs.DeclineExtensionInput,
        extension.DeclineExtension,
    ),
    _of_case(
        "request_reassignment",
        "Asks that another policy hold for a case.",
        deadline_inputs.RequestReassignmentInput,
        terms.RequestReassignment,
    ),
    _of_case(
        "approve_reassignment",
        "Lets another policy hold; what was promised before stays on record.",
        deadline_inputs.ApproveReassignmentInput,
        terms.ApproveReassignment,
    ),
    _of_case(
        "decline_reassignment",
        "Leaves the policy as it is.",
        deadline_inputs.DeclineReassignmentInput,
        terms.DeclineReassignment,
    ),
    _of_case(
        "request_revision",
        "Asks that the verdict on a deadline be read otherwise.",
        deadline_inputs.RequestRevisionInput,
        deadline.RequestRevision,
    ),
    _of_case(
        "approve_revision",
        "Lets the verdict be read so; what was known when the deadline came stays beside it.",
        deadline_inputs.ApproveRevisionInput,
        deadline.ApproveRevision,
    ),
    _of_case(
        "decline_revision",
        "Leaves the verdict as it is.",
        deadline_inputs.DeclineRevisionInput,
        deadline.DeclineRevision,
    ),
)
