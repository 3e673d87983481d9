"""The codes of user errors, each with a sentence for the front-end developer who translates it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from api.graphql.enums import shown

STALE_VERSION = "STALE_VERSION"
COMMAND_ID_REUSED = "COMMAND_ID_REUSED"
INVALID_INPUT = "INVALID_INPUT"
OCCURS_IN_THE_FUTURE = "OCCURS_IN_THE_FUTURE"
NOT_YET_VISIBLE = "NOT_YET_VISIBLE"
UNKNOWN_CUSTOMER = "UNKNOWN_CUSTOMER"
UNKNOWN_CASE = "UNKNOWN_CASE"
UNKNOWN_TOUCHPOINT = "UNKNOWN_TOUCHPOINT"
UNKNOWN_PERSONAL_VALUE = "UNKNOWN_PERSONAL_VALUE"
UNKNOWN_ATTACHMENT = "UNKNOWN_ATTACHMENT"
ATTACHMENT_NOT_UPLOADED = "ATTACHMENT_NOT_UPLOADED"
ATTACHMENT_EXPIRED = "ATTACHMENT_EXPIRED"
COMPARISON_TOO_LARGE = "COMPARISON_TOO_LARGE"

OF_THE_DOOR = (COMMAND_ID_REUSED, INVALID_INPUT, OCCURS_IN_THE_FUTURE, NOT_YET_VISIBLE)

MEANINGS: Mapping[str, str] = MappingProxyType({
    STALE_VERSION: "The object has moved on since the asker saw it; it is in the payload as it is now.",
    COMMAND_ID_REUSED: "The command id was used for something else before.",
    INVALID_INPUT: "A value does not have the form it must have; `field` says which.",
    OCCURS_IN_THE_FUTURE: "It is said to have happened at a time that has not come yet.",
    NOT_YET_VISIBLE: "It was carried out, but cannot be shown yet; ask for the object with the consistency token.",
    UNKNOWN_CUSTOMER: "There is no such customer.",
    UNKNOWN_CASE: "There is no such case.",
    UNKNOWN_TOUCHPOINT: "There is no such touchpoint.",
    UNKNOWN_PERSONAL_VALUE: "There is no such personal value.",
    UNKNOWN_ATTACHMENT: "There is no such attachment.",
    ATTACHMENT_NOT_UPLOADED: "The bytes of the file have not been uploaded, or not all of them.",
    ATTACHMENT_EXPIRED: "The file was uploaded too long ago and not attached; create it anew.",
    COMPARISON_TOO_LARGE: "More events would have to be read than one answer takes; ask `daybook compare`.",
    "UNKNOWN_BOOK": "There is no such book.",
    "SUBJECT_MISMATCH": "The words are about somebody else than the object is; read it again and send them anew.",
    "CUSTOMER_ALREADY_REGISTERED": "The customer has a file already, with other content.",
    "TOUCHPOINT_ALREADY_RECORDED": "The touchpoint is recorded already, with other content.",
    "ALREADY_RECEIVED": "The case was received already, with other content.",
    "ALREADY_REGISTERED": "The case has its number already, and otherwise.",
    "NOT_REGISTERED": "The case has no number yet; register it before it is handled.",
    "BEFORE_RECEIPT": "It is said to have happened before the case was received.",
    "ALREADY_HELD": "A unit holds the case; transfer it instead.",
    "NOT_HELD": "No unit holds the case; dispatch it first.",
    "HELD_BY_ANOTHER_UNIT": "Another unit holds the case; only that one can let it go.",
    "SAME_UNIT": "The unit that the case is to go to holds it.",
    "NOT_THE_HANDLER": "Somebody else handles the case, or nobody does.",
    "WORK_ALREADY_STARTED": "Work on the case has begun already.",
    "NOT_PAUSED": "The case does not wait for this.",
    "ALREADY_ANSWERED": "The first or the final answer was given already, in other words.",
    "ALREADY_RESOLVED": "The case is resolved; reopen it first.",
    "OUTCOME_UNSTATED": "The resolution does not say how the case ended.",
    "NOT_RESOLVED": "The case is not resolved; resolve it first.",
    "STILL_OPEN": "The case has not ended, so there is nothing to reopen.",
    "ALREADY_CLOSED": "The case is closed; reopen it first.",
    "UNKNOWN_EVENT": "No event has that version.",
    "NOT_AMENDABLE": "What is written there is neither corrected nor taken back; the message says why.",
    "AMENDS_ITSELF": "The request would be about itself.",
    "WRONG_KIND_OF_EVENT": "What is to be read instead is about another kind of thing.",
    "NO_LONGER_FOLDS": "What would be left could not be read, or leads in a circle or nowhere; amend others first.",
    "UNKNOWN_REQUEST": "No request has that version.",
    "ALREADY_DECIDED": "The request was decided before.",
    "SAME_PERSON": "Who asked may not approve.",
    "ALREADY_WITHDRAWN": "The customer has withdrawn the case; reopen it first.",
    "ALREADY_MERGED": "Another case has taken the place of this one; go on with `mergedInto`.",
    "ALREADY_ACKNOWLEDGED": "The receipt was acknowledged already, and otherwise.",
    "INVESTIGATION_UNDER_WAY": "An investigation is under way; finish it first.",
    "NO_INVESTIGATION": "No investigation is under way.",
    "PROPOSAL_ACCEPTED": "The customer has accepted what was proposed.",
    "NO_OPEN_PROPOSAL": "No proposal is open that the customer could answer.",
    "NOT_HIGHER": "The case has reached that level already; an escalation goes up.",
    "NOT_ESCALATED": "Nothing was escalated to that level.",
    "ESCALATION_ACKNOWLEDGED": "Somebody else has acknowledged that escalation.",
    "LINKS_ITSELF": "A case is not linked to itself.",
    "OTHER_CASE_UNKNOWN": "There is no such other case.",
    "NOT_LINKED": "There is no such link.",
    "MERGES_ITSELF": "A case is not merged into itself.",
    "MERGES_IN_A_CIRCLE": "The other case was merged into this one.",
    "SURVIVOR_UNKNOWN": "There is no such case to be merged into.",
    "SURVIVOR_MERGED": "The other case was merged itself; merge into the one that is left.",
    "SURVIVOR_FINISHED": "The other case has ended; reopen it first.",
    "PART_ALREADY_OPENED": "The case has a part of that name already.",
    "UNKNOWN_PART": "The case has no part of that name.",
    "PART_ALREADY_RESOLVED": "The part has its outcome already, and otherwise.",
    "PART_STILL_OPEN": "A part of the case is open; resolve it first.",
    "APPROVAL_NEEDED": "A pause on no listed ground is requested by one person and approved by another.",
    "GROUND_NOT_ALLOWED": "No target of the case allows a pause on this ground; `grounds` are those that one allows.",
    "PAUSE_ALREADY_REQUESTED": "Another request for a pause waits for a decision.",
    "NO_PAUSE_REQUESTED": "No request for a pause waits for a decision.",
    "RECORDED_OTHERWISE": "This was recorded already, with other content; ask for a correction instead.",
    "NOTHING_TO_NOTIFY": "What the notice is of has not happened.",
    "NOTHING_TO_REVIEW": "Nothing was decided that could be reviewed.",
    "REVIEW_ALREADY_REQUESTED": "Another review waits for a decision.",
    "NO_REVIEW_REQUESTED": "No review waits for a decision.",
    "UNKNOWN_TARGET": "By its terms the case has no such target.",
    "OFF_THE_LADDER": "The policy has no such step for the target.",
    "STEP_USED_UP": "The step was taken as often as the policy allows.",
    "EVIDENCE_NEEDED": "The step takes evidence; say what shows the reason.",
    "ROLE_NEEDED": "The step is approved in a role in which the approver does not act.",
    "NOTICE_NEEDED": "The complainant has to be told of the request before it is approved.",
    "EXTENSION_ALREADY_REQUESTED": "Another request for more time for the target waits for a decision.",
    "UNKNOWN_POLICY_VERSION": "No such policy, or version of it, was published.",
    "REASSIGNMENT_ALREADY_REQUESTED": "Another request for other terms waits for a decision.",
    "NO_RULE_FITS": "The policy has no rule for such a case.",
    "VERDICT_ALREADY_SO": "The verdict was revised to this already.",
    "REVISION_ALREADY_REQUESTED": "Another request about the verdict waits for a decision.",
    "CUSTOMER_MERGED": "The customer was merged into another one; ask it of the one whose id is in `params.survivor`.",
    "MERGED_WITH_ITSELF": "A customer is not merged with themselves.",
    "MERGED_IN_A_CIRCLE": "The survivor was merged into this very customer before.",
    "UNKNOWN_CONTACT": "No contact of the customer was recorded in that version.",
    "NOT_THE_MANAGER": "Somebody else manages the customer, or nobody does.",
    "VISIT_ALREADY_PLANNED": "The visit is planned already, and otherwise.",
    "UNKNOWN_VISIT": "No such visit is planned for the customer.",
    "VISIT_SETTLED": "The visit was made or cancelled already, and otherwise.",
    "UNKNOWN_UNIT": "There is no such unit.",
    "UNIT_ALREADY_OPENED": "A unit was opened under this name already.",
    "UNIT_NAME_TAKEN": "Another unit was opened under this name, and keeps it.",
    "UNIT_CLOSED": "The unit is closed; reopen it first.",
    "UNIT_NOT_CLOSED": "The unit is not closed, so there is nothing to reopen.",
    "UNIT_IN_A_CIRCLE": "The unit would stand below itself.",
    "SUBUNITS_OPEN": "Units below it would stay open; close or move them first, or close it anyway.",
    "UNDER_SUPERVISION": "The unit is under supervision; end it first.",
    "NOT_SUPERVISED": "The unit is not under that unit's supervision.",
    "SUPERVISES_ITSELF": "A unit does not supervise itself.",
    "UNKNOWN_STAFF": "There is no such member of staff.",
    "STAFF_ALREADY_REGISTERED": "Somebody works under this name already.",
    "STAFF_LEFT": "The member of staff has left; take them back first.",
    "STAFF_NOT_LEFT": "The member of staff has not left.",
    "CERTIFICATE_NOT_HELD": "The member of staff does not hold this certificate.",
    "UNKNOWN_OBLIGATION": "There is no such obligation.",
    "OBLIGATION_ALREADY_OPENED": "The obligation was opened already, with other content.",
    "OBLIGATION_MET": "The obligation is met; reopen it first.",
    "OBLIGATION_NOT_MET": "The obligation is not met, so there is no effect to look for.",
    "OBLIGATION_VERIFIED": "The obligation was verified already, and otherwise.",
    "OBLIGATION_CANCELLED": "The obligation is cancelled; reopen it first.",
    "OBLIGATION_STILL_OPEN": "The obligation is neither met nor cancelled, so there is nothing to reopen.",
    "UNKNOWN_PROPOSAL": "No proposal has that version.",
    "CALENDAR_ZONE_DIFFERS": "The calendar is in another zone; give a calendar of that zone another name.",
    "BAD_POLICY": "The policy contradicts itself; the message says in which places.",
    "UNKNOWN_CALENDAR": "There is no such calendar in the book; publish it first.",
    "UNKNOWN_POLICY": "There is no such policy in the book.",
    "POLICY_BACK_DATED": "A version of the policy has applied since a later day.",
    "BEFORE_OPENING": "It is said to have happened before the obligation was opened.",
})  # fmt: skip


def code_type(name: str, codes: Iterable[str]) -> type[StrEnum]:
    """An enumeration of the schema out of these codes, each once, in their order."""
    enumeration = StrEnum(name, {code: code for code in dict.fromkeys(codes)})  # type: ignore[misc]
    shown(enumeration, name, "Why it was not done, or cannot be shown.", MEANINGS)
    return enumeration


UserErrorCode = code_type("UserErrorCode", MEANINGS)
"""All of them together, for what is about no one mutation."""
