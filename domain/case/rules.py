"""The rules of a case's declared life: what a live command is refused for, and imported history is marked with."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar
from uuid import UUID

from domain.case.about import AboutCase
from domain.case.vocabulary import Outcome, PauseGround, ResponseKind
from domain.departure import Broken
from domain.envelope import Context
from domain.event import Event, Precision, Refused, Words, rfc3339, same_day_or_before
from domain.personal import Personal
from domain.refusal import Refusal

if TYPE_CHECKING:  # the state is made of what each subject's module keeps, and those modules lean on these rules
    from domain.case.state import Case


class Departure(StrEnum):
    """A step that the declared life does not foresee. Imported history takes them; its events carry these marks."""

    NOT_REGISTERED = "not-registered"
    """It was handled before it was registered (先登记)."""
    TIME_RUNS_BACKWARDS = "time-runs-backwards"
    """It occurred before the event that stands before it in the stream."""
    WORK_AFTER_RESOLVING = "work-after-resolving"
    """It was handled, or resolved otherwise, while resolved and not reopened."""
    WORK_AFTER_CLOSING = "work-after-closing"
    """It was handled, answered, or closed otherwise, while closed and not reopened."""
    DISPATCHED_WHILE_HELD = "dispatched-while-held"
    """It was dispatched while a unit held it."""
    MOVED_BY_ANOTHER_UNIT = "moved-by-another-unit"
    """A unit returned or transferred it that did not hold it."""
    TRANSFERRED_TO_HOLDER = "transferred-to-holder"
    """It was transferred to the unit that held it."""
    LET_GO_BY_ANOTHER = "let-go-by-another"
    """Somebody let go of it who was not its handler."""
    WORK_STARTED_AGAIN = "work-started-again"
    """Work began by somebody else while it was under way."""
    RESUMED_NOT_PAUSED = "resumed-not-paused"
    """It was resumed on a ground on which it was not paused."""
    ANSWERED_AGAIN = "answered-again"
    """A first or a final response was followed by another of its kind, without a reopening."""
    OUTCOME_UNSTATED = "outcome-unstated"
    """It was resolved and nobody said how."""
    CLOSED_UNRESOLVED = "closed-unresolved"
    """It was closed without having been resolved."""
    REOPENED_WHILE_OPEN = "reopened-while-open"
    """It was reopened while neither resolved nor closed."""
    WORK_AFTER_WITHDRAWAL = "work-after-withdrawal"
    """It was handled or ended otherwise, while withdrawn and not reopened."""
    WORK_AFTER_MERGE = "work-after-merge"
    """Something was done about it after another case had taken its place."""
    ACKNOWLEDGED_AGAIN = "acknowledged-again"
    """Its receipt was acknowledged, otherwise than before, without a reopening."""
    FED_BACK_UNRESOLVED = "fed-back-unresolved"
    """The customer was told of its result while it had none."""
    FOLLOWED_UP_UNRESOLVED = "followed-up-unresolved"
    """The customer was asked whether they are content while it was not resolved."""
    INVESTIGATION_STARTED_AGAIN = "investigation-started-again"
    """An investigation began while another one was under way."""
    INVESTIGATION_NOT_STARTED = "investigation-not-started"
    """An investigation was finished that had not begun."""
    PROPOSED_AFTER_ACCEPTANCE = "proposed-after-acceptance"
    """A resolution was proposed after the customer had accepted one."""
    ANSWERED_NO_PROPOSAL = "answered-no-proposal"
    """The customer accepted or rejected a proposal, and none was open."""
    ESCALATED_NO_HIGHER = "escalated-no-higher"
    """It was escalated to a level that it had reached."""
    ACKNOWLEDGED_NO_ESCALATION = "acknowledged-no-escalation"
    """An escalation was acknowledged that had not happened."""
    ESCALATION_ACKNOWLEDGED_AGAIN = "escalation-acknowledged-again"
    """An escalation was acknowledged by one more person."""
    LINKED_TO_ITSELF = "linked-to-itself"
    """It was linked to itself."""
    LINKED_TO_UNKNOWN = "linked-to-unknown"
    """It was linked to a case of which nothing was known."""
    UNLINKED_NOT_LINKED = "unlinked-not-linked"
    """A link was taken away that did not exist."""
    MERGED_INTO_MERGED = "merged-into-merged"
    """It was merged into a case that had itself been merged."""
    MERGED_INTO_FINISHED = "merged-into-finished"
    """It was merged into a case that had ended."""
    PART_OPENED_AGAIN = "part-opened-again"
    """A part was opened, otherwise than before."""
    PART_NOT_OPENED = "part-not-opened"
    """A part was resolved that had not been opened."""
    PART_RESOLVED_AGAIN = "part-resolved-again"
    """A part was resolved, otherwise than before."""
    RESOLVED_WITH_OPEN_PART = "resolved-with-open-part"
    """It was resolved while a part of it was open."""
    PAUSE_REQUESTED_AGAIN = "pause-requested-again"
    """A pause was requested while another request waited."""
    PAUSE_NOT_REQUESTED = "pause-not-requested"
    """A pause was approved or declined that nobody had requested."""
    PAUSE_SELF_APPROVED = "pause-self-approved"
    """Who requested a pause approved it."""
    PAUSED_ON_GROUND_NOT_ALLOWED = "paused-on-ground-not-allowed"
    """It was paused on a ground that none of its targets allowed."""
    RECEIVED_BY_ANOTHER_UNIT = "received-by-another-unit"
    """A unit confirmed a work order that it did not hold."""
    RECORDED_OTHERWISE = "recorded-otherwise"
    """Something that is settled once was recorded again, with other content."""
    NOTIFIED_OF_NOTHING = "notified-of-nothing"
    """The complainant was notified of what had not happened."""
    REVIEWED_NOTHING = "reviewed-nothing"
    """A review was requested while there was nothing to review."""
    REVIEW_REQUESTED_AGAIN = "review-requested-again"
    """A review was requested while another request waited."""
    REVIEW_NOT_REQUESTED = "review-not-requested"
    """A review was decided that nobody had requested."""
    DECIDED_NO_REQUEST = "decided-no-request"
    """A request for more time, other terms or another verdict was decided that nobody had made."""
    DECIDED_AGAIN = "decided-again"
    """A request that was decided before was decided once more."""
    SELF_APPROVED = "self-approved"
    """Who requested more time, other terms or another verdict approved it."""
    EXTENSION_OF_UNKNOWN_TARGET = "extension-of-unknown-target"
    """More time was asked for or given for a target, or a part, that the case did not have by its terms."""
    EXTENDED_OFF_THE_LADDER = "extended-off-the-ladder"
    """More time was asked for or given by a step that the policy did not declare."""
    EXTENDED_TOO_OFTEN = "extended-too-often"
    """A step was asked for or taken more often than the policy allowed."""
    EXTENDED_WITHOUT_EVIDENCE = "extended-without-evidence"
    """More time was asked for without the evidence that the step takes."""
    EXTENDED_OUT_OF_ROLE = "extended-out-of-role"
    """More time was given by somebody who did not act in the role that the step takes."""
    EXTENDED_WITHOUT_NOTICE = "extended-without-notice"
    """More time was given before the complainant was told."""
    EXTENSION_REQUESTED_AGAIN = "extension-requested-again"
    """More time was asked for while another request for the same target waited."""
    UNKNOWN_POLICY_VERSION = "unknown-policy-version"
    """Terms were asked for by a policy, or a version of it, of which nothing was known."""
    REASSIGNMENT_REQUESTED_AGAIN = "reassignment-requested-again"
    """Other terms were asked for while another request waited."""
    REVISED_UNKNOWN_TARGET = "revised-unknown-target"
    """Another verdict was asked for on a target that the case never had."""
    REVISED_TO_THE_SAME = "revised-to-the-same"
    """A verdict was to be revised to what it had been revised to before."""
    REVISION_REQUESTED_AGAIN = "revision-requested-again"
    """Another verdict was asked for while another request about it waited."""


E = TypeVar("E", bound=Event)


class Said(NamedTuple, Generic[E]):
    """An event that later decisions look up, and where and when it stands."""

    version: int
    at: datetime
    event: E


def out_of_time(case: Case, command: AboutCase, context: Context) -> Broken | None:
    """Whether a step comes too early.

    Live, people may record late and out of order what was done in time; only what precedes the receipt cannot be.
    History is in order already, so each step of it that precedes the one before is worth a mark.
    """
    bound = case.previous if context.imported else case.received
    by_day = Precision.DAY in (bound.precision, command.precision)
    if same_day_or_before(bound.at, command.at, Precision.DAY if by_day else Precision.INSTANT):
        return None
    return Broken(
        Refusal.BEFORE_RECEIPT,
        Departure.TIME_RUNS_BACKWARDS,
        f"This case was received at {rfc3339(case.received.at)}; nothing can have been done about it before.",
        field="at",
        params={"received_at": rfc3339(case.received.at)},
    )


def unregistered(case: Case) -> Broken | None:
    """Whether the case has no number yet, so that it may not be handled."""
    if case.registration is not None:
        return None
    return Broken(Refusal.NOT_REGISTERED, Departure.NOT_REGISTERED, "This case is not registered; register it first.")


def merged(case: Case) -> Broken | None:
    """Whether another case has taken the place of this one."""
    survivor = case.rare.relations.merged_into
    if survivor is None:
        return None
    return Broken(
        Refusal.ALREADY_MERGED,
        Departure.WORK_AFTER_MERGE,
        f"This case was merged into case {survivor}; go on with that one.",
        params={"into": str(survivor)},
    )


def withdrawn(case: Case) -> Broken | None:
    """Whether the customer has taken the matter back."""
    if case.rare.settlement.withdrawal is None:
        return None
    return Broken(
        Refusal.ALREADY_WITHDRAWN,
        Departure.WORK_AFTER_WITHDRAWAL,
        "The customer has withdrawn this case; reopen it first.",
    )


def closed(case: Case) -> Broken | None:
    """Whether nothing more is to be done."""
    if case.closing is None:
        return merged(case)
    return Broken(Refusal.ALREADY_CLOSED, Departure.WORK_AFTER_CLOSING, "This case is closed; reopen it first.")


def finished(case: Case) -> Broken | None:
    """Whether the case has its outcome, or ended without one."""
    over = closed(case) or withdrawn(case)
    if over is not None or case.resolution is None:
        return over
    outcome = case.resolution.outcome
    how = "" if outcome is Outcome.UNSTATED else f" as {outcome}"
    return Broken(
        Refusal.ALREADY_RESOLVED,
        Departure.WORK_AFTER_RESOLVING,
        f"This case is resolved{how}; reopen it first.",
        params={"outcome": outcome},
    )


def held(case: Case) -> Broken | None:
    """Whether a unit holds the case, so that it cannot be dispatched."""
    if case.unit is None:
        return None
    return Broken(
        Refusal.ALREADY_HELD,
        Departure.DISPATCHED_WHILE_HELD,
        f"This case is with {case.unit}; transfer it instead.",
        field="unit",
        params={"unit": case.unit},
    )


def not_held_by(case: Case, unit: str | None, field: str) -> Broken | None:
    """Whether the case is not with this unit (None: with any unit), so that it cannot go from there."""
    if case.unit is None:
        return Broken(
            Refusal.NOT_HELD,
            Departure.MOVED_BY_ANOTHER_UNIT,
            "No unit holds this case; dispatch it first.",
            field=field,
        )
    if unit in (None, case.unit):
        return None
    return Broken(
        Refusal.HELD_BY_ANOTHER_UNIT,
        Departure.MOVED_BY_ANOTHER_UNIT,
        f"This case is with {case.unit}, not with {unit}; only {case.unit} can let it go.",
        field=field,
        params={"unit": case.unit},
    )


def going_nowhere(case: Case, to_unit: str) -> Broken | None:
    """Whether the unit that a case is to go to holds it."""
    if to_unit != case.unit:
        return None
    return Broken(
        Refusal.SAME_UNIT,
        Departure.TRANSFERRED_TO_HOLDER,
        f"This case is with {to_unit} already; name another unit, or assign it within this one.",
        field="to_unit",
        params={"unit": to_unit},
    )


def handled_by_another(case: Case, handler: str) -> Broken | None:
    """Whether somebody lets go of the case who does not handle it."""
    if case.handler == handler:
        return None
    whose = "Nobody handles this case" if case.handler is None else f"This case is handled by {case.handler}"
    return Broken(
        Refusal.NOT_THE_HANDLER,
        Departure.LET_GO_BY_ANOTHER,
        f"{whose}, so {handler} cannot let it go.",
        field="handler",
        params={"handler": case.handler or ""},
    )


def under_way(case: Case) -> Broken | None:
    """Whether work has begun in this cycle."""
    if case.work is None:
        return None
    return Broken(
        Refusal.WORK_ALREADY_STARTED,
        Departure.WORK_STARTED_AGAIN,
        "Work on this case has started already; assign it to change its handler.",
    )


def running(case: Case, ground: PauseGround) -> Broken | None:
    """Whether the case does not wait on this ground."""
    if ground in case.paused:
        return None
    return Broken(
        Refusal.NOT_PAUSED,
        Departure.RESUMED_NOT_PAUSED,
        f"This case is not paused for {ground}, so it cannot be resumed.",
        field="ground",
        params={"ground": ground},
    )


def unapproved(ground: PauseGround) -> Broken | None:
    """Whether a pause on this ground takes a request and an approval."""
    if ground is not PauseGround.OTHER:
        return None
    return Broken(
        Refusal.APPROVAL_NEEDED,
        Departure.PAUSE_NOT_REQUESTED,
        "A pause that is on none of the listed grounds is requested by one person and approved by another.",
        field="ground",
    )


def answered(case: Case, kind: ResponseKind) -> Broken | None:
    """Whether a response that is given once a cycle was given."""
    if kind not in (ResponseKind.FIRST, ResponseKind.FINAL) or all(sent.kind != kind for _, sent in case.responses):
        return None
    return Broken(
        Refusal.ALREADY_ANSWERED,
        Departure.ANSWERED_AGAIN,
        f"The {kind} response to this case was given, and otherwise; send an update instead.",
        field="kind",
        params={"kind": kind},
    )


def unstated(outcome: Outcome) -> Broken | None:
    """Whether nobody says how the case ended."""
    if outcome is not Outcome.UNSTATED:
        return None
    return Broken(
        Refusal.OUTCOME_UNSTATED,
        Departure.OUTCOME_UNSTATED,
        "A case is not resolved without an outcome; say how it ended.",
        field="outcome",
    )


def unresolved(case: Case) -> Broken | None:
    """Whether the case has no outcome yet."""
    if case.resolution is not None:
        return None
    return Broken(Refusal.NOT_RESOLVED, Departure.CLOSED_UNRESOLVED, "This case is not resolved; resolve it first.")


def still_open(case: Case) -> Broken | None:
    """Whether there is nothing to reopen."""
    if case.resolution is not None or case.closing is not None or case.rare.settlement.withdrawal is not None:
        return None
    return Broken(
        Refusal.STILL_OPEN,
        Departure.REOPENED_WHILE_OPEN,
        "This case has not ended, so there is nothing to reopen.",
    )


def recorded_otherwise(before: object) -> Broken | None:
    """Whether what is settled once is settled already, in other words (None or nothing: it is not)."""
    if not before:
        return None
    return Broken(
        Refusal.RECORDED_OTHERWISE,
        Departure.RECORDED_OTHERWISE,
        "This was recorded already, with other content; ask for a correction of that instead.",
    )


def about_its_subject(words: Personal[Words] | None, subject: UUID) -> None:
    """What is kept about somebody falls with their key: the customer's, or the case's own. Raises: Refused."""
    if words is not None and words.subject != subject:
        raise Refused(
            Refusal.SUBJECT_MISMATCH,
            "The words are about somebody else than this case; give them under the id of its customer, "
            "or under its own while the customer is unknown.",
            field="words",
        )
