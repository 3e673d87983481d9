import json
import re
import types
from collections.abc import Iterator
from datetime import date, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from pydantic import BaseModel

import domain.amendment
import domain.attachment
import domain.book
import domain.calendar
import domain.case.deadline
import domain.case.dialogue
import domain.case.due
import domain.case.escalation
import domain.case.events
import domain.case.extension
import domain.case.outside
import domain.case.parts
import domain.case.pausing
import domain.case.relations
import domain.case.settlement
import domain.case.statutory
import domain.case.terms
import domain.customer
import domain.imports
import domain.key_account
import domain.obligation
import domain.obligation_deadlines
import domain.policy_events
import domain.revealing
import domain.staff
import domain.touchpoint
import domain.unit.events
from domain.case.escalation import EscalationLevel
from domain.correctable import UPCASTS
from domain.event import COUNT_LIMIT, Count, Event, Instant, Ordinal, Version
from domain.personal import Personal
from domain.sla.calendar import Day
from domain.sla.days import WEEKDAYS
from domain.topics import EVENTS

PAYLOADS = Path(__file__).parent / "payloads"
CLASSES = {event.TOPIC: event for event in EVENTS}

STAFF = "a name at work, under which the company's own people act"
TERM = "a term out of a list that the installation keeps, by its type Label"
UNIT = "a branch, desk or team of the company"
OUTSIDE = "a company or an authority outside, never a customer"
KEY = "the key of the matter, not of a person, where it is dealt with as well"
SLUG = "the name of something that the installation declares, by its pattern"
MADE = "a sentence that the program makes out of times and the names of what is declared"
BY_PATTERN = "a name inside the document, by its pattern"
RULES = "what the company says of its own rules, to everybody"
EXPRESSION = "an expression over events, as only its reader writes it"
OF_POLICIES = {
    **dict.fromkeys(("name", "regime", "calendar", "rules.id", "rules.targets", "targets.id"), BY_PATTERN),
    **dict.fromkeys(("targets.calendar", "targets.opens", "targets.extensions.id"), BY_PATTERN),
    "targets.pauses.between.ground": BY_PATTERN,
    **dict.fromkeys(("zone", "targets.zone"), "an IANA zone, by its pattern"),
    **dict.fromkeys(("title.en", "title.zh", "note", "targets.title.en", "targets.title.zh", "targets.note"), RULES),
    **dict.fromkeys(("targets.extensions.title.en", "targets.extensions.title.zh"), RULES),
    **dict.fromkeys(("targets.clock.word.en", "targets.clock.word.zh"), RULES),
    **dict.fromkeys(
        ("targets.statute.clause", "targets.statute.source", "targets.statute.unverified"),
        "the law, and where it was read",
    ),
    **dict.fromkeys(("jurisdiction", "rules.when.category", "rules.when.tier", "targets.clock.of"), TERM),
    "rules.when.attributes": "the name of a column, by its pattern, and terms by their type Label",
    "targets.extensions.approver_role": TERM,
    **dict.fromkeys(("targets.start", "targets.measured_from", "targets.stop", "targets.cancel"), EXPRESSION),
    **dict.fromkeys(("targets.pauses.between.begins", "targets.pauses.between.ends"), EXPRESSION),
    **dict.fromkeys(("rules.when.unit", "targets.escalations.to_unit"), UNIT),
    "targets.escalations.to_staff": STAFF,
}
NOT_PERSONAL = {
    "BookOpened.origin": "the installation's own name",
    "BookOpened.zone": "an IANA zone, by its pattern",
    "BookOpened.formats": "names of formats",
    "SelfApprovalAllowed.reason": TERM,
    "SelfApprovalAllowed.decided_by": STAFF,
    "ViewCompared.view": "the name of a table, out of the program",
    **dict.fromkeys(
        ("ViewCompared.live_digest", "ViewCompared.fresh_digest"), "a digest over rows, which hold nothing personal"
    ),
    "SelfApprovalForbidden.reason": TERM,
    "SelfApprovalForbidden.decided_by": STAFF,
    "CalendarProposed.document.name": "the name of a calendar, by its pattern",
    "CalendarProposed.document.title.en": TERM,
    "CalendarProposed.document.title.zh": TERM,
    "CalendarProposed.document.zone": "an IANA zone, by its pattern",
    **{f"CalendarProposed.document.week.{day}": "hours of a day, by their pattern" for day in WEEKDAYS},
    "CalendarProposed.document.annual_holidays": "days of a year, by their pattern",
    "CalendarProposed.document.holidays.name": TERM,
    "CalendarProposed.document.working_days.frames": "hours of a day, by their pattern",
    "CalendarProposed.document.working_days.name": TERM,
    "CalendarProposed.document.overrides.frames": "hours of a day, by their pattern",
    "CalendarProposed.document.breaks.frames": "hours of a day, by their pattern",
    "CalendarProposed.document.source": TERM,
    "CalendarProposed.reason": TERM,
    "CalendarProposed.requested_by": STAFF,
    "CalendarPublished.name": "the name of a calendar, by its pattern",
    "CalendarPublished.approved_by": STAFF,
    "CalendarDeclined.reason": TERM,
    "CalendarDeclined.declined_by": STAFF,
    **{f"PolicyProposed.document.{path}": why for path, why in OF_POLICIES.items()},
    "PolicyProposed.reason": TERM,
    "PolicyProposed.requested_by": STAFF,
    "PolicyPublished.name": "the name of a policy, by its pattern",
    "PolicyPublished.approved_by": STAFF,
    "PolicyWithdrawalRequested.name": "the name of a policy, by its pattern",
    "PolicyWithdrawalRequested.reason": TERM,
    "PolicyWithdrawalRequested.requested_by": STAFF,
    "PolicyWithdrawn.name": "the name of a policy, by its pattern",
    "PolicyWithdrawn.approved_by": STAFF,
    "PolicyDeclined.reason": TERM,
    "PolicyDeclined.declined_by": STAFF,
    "CustomerRegistered.source_key": "a key that means nothing outside the system that issued it",
    "CustomerRegistered.language": "a language tag, by its pattern",
    "TierAssigned.rule_version": TERM,
    "LanguageChanged.language": "a language tag, by its pattern",
    "ManagerAssigned.manager": STAFF,
    "ManagerReleased.manager": STAFF,
    "VisitPlanned.by": STAFF,
    "VisitMade.by": STAFF,
    "VisitMade.result": TERM,
    "VisitCancelled.reason": TERM,
    "AttachmentAdded.media_type": "a kind of file, by its pattern",
    "TouchpointRecorded.medium_id": "the company's own number, counter or account",
    "TouchpointRecorded.staff": STAFF,
    "TouchpointRecorded.unit": UNIT,
    "CaseReceived.received_by": STAFF,
    "CaseReceived.source_key": "the key of the matter, not of a person, in the system it came from",
    "CaseRegistered.unit": UNIT,
    "CaseRegistered.handler": STAFF,
    "CaseRegistered.registered_by": STAFF,
    "CaseClassified.category": TERM,
    "CaseClassified.subcategory": TERM,
    "CaseClassified.symptom": TERM,
    "CaseClassified.taxonomy": TERM,
    "CaseDispatched.unit": UNIT,
    "CaseDispatched.handler": STAFF,
    "DispatchReturned.unit": UNIT,
    "DispatchReturned.reason": TERM,
    "CaseTransferred.from_unit": UNIT,
    "CaseTransferred.to_unit": UNIT,
    "CaseTransferred.handler": STAFF,
    "CaseTransferred.reason": TERM,
    "CaseAssigned.handler": STAFF,
    "CaseUnassigned.handler": STAFF,
    "WorkStarted.by": STAFF,
    "ResponseSent.by": STAFF,
    "CaseResolved.redress.currency": "an ISO 4217 code, by its pattern",
    "CaseResolved.resolved_by": STAFF,
    "CaseResolved.code": TERM,
    "CaseReopened.reason": TERM,
    "CaseClosed.code": TERM,
    "CaseAttributesRecorded.attributes.name": "the name of a column, by its pattern",
    "CaseAttributesRecorded.attributes.value": TERM,
    "CaseAcknowledged.by": STAFF,
    "FeedbackGiven.by": STAFF,
    "FollowUpMade.by": STAFF,
    "InvestigationStarted.by": STAFF,
    "InvestigationFinished.by": STAFF,
    "InvestigationFinished.finding": TERM,
    "ResolutionProposed.redress.currency": "an ISO 4217 code, by its pattern",
    "ResolutionProposed.by": STAFF,
    "ProposalRejected.reason": TERM,
    "CaseReferredOutside.body": OUTSIDE,
    "CaseReferredOutside.reference": KEY,
    "CaseReferredOutside.reason": TERM,
    "CaseWithdrawn.reason": TERM,
    "ObligationEscalated.to_unit": UNIT,
    "ObligationEscalated.to_staff": STAFF,
    "ObligationEscalated.reason": TERM,
    "CaseEscalated.to_unit": UNIT,
    "CaseEscalated.to_staff": STAFF,
    "CaseEscalated.reason": TERM,
    "EscalationAcknowledged.by": STAFF,
    "CasePartOpened.part": TERM,
    "CasePartOpened.category": TERM,
    "CasePartOpened.unit": UNIT,
    "CasePartResolved.part": TERM,
    "CasePartResolved.redress.currency": "an ISO 4217 code, by its pattern",
    "CasePartResolved.code": TERM,
    "PauseRequested.reason": TERM,
    "PauseRequested.requested_by": STAFF,
    "PauseApproved.approved_by": STAFF,
    "PauseApproved.requested_by": STAFF,
    "PauseDeclined.reason": TERM,
    "PauseDeclined.declined_by": STAFF,
    "DueStated.target": TERM,
    "KindChanged.reason": TERM,
    "UnitReceived.unit": UNIT,
    "CaseRefused.reason": TERM,
    "MaterialRequested.items": "names of documents, as the installation's list has them",
    "DecisionMade.code": TERM,
    "ReviewRequested.reason": TERM,
    "SentToPortal.portal": OUTSIDE,
    "SentToPortal.reference": KEY,
    "HotlineInformed.by": STAFF,
    "RegulatorReceived.regulator": OUTSIDE,
    "RegulatorReceived.reference": KEY,
    "RegulatorForwarded.regulator": OUTSIDE,
    "RegulatorForwarded.to": OUTSIDE,
    "ReturnSubmitted.to": OUTSIDE,
    "ReturnSubmitted.period": TERM,
    "TermsAssigned.terms.policy": SLUG,
    "TermsAssigned.terms.rule": SLUG,
    "TermsAssigned.terms.ground.field": "the name of what a rule asks for, by its pattern",
    "TermsAssigned.terms.ground.value": TERM,
    "TermsAssigned.terms.dues.target": SLUG,
    "TermsAssigned.terms.dues.calendar": SLUG,
    "TermsAssigned.zone_data": TERM,
    "PolicyReassigned.terms.policy": SLUG,
    "PolicyReassigned.terms.rule": SLUG,
    "PolicyReassigned.terms.ground.field": "the name of what a rule asks for, by its pattern",
    "PolicyReassigned.terms.ground.value": TERM,
    "PolicyReassigned.terms.dues.target": SLUG,
    "PolicyReassigned.terms.dues.calendar": SLUG,
    "PolicyReassigned.zone_data": TERM,
    "PolicyReassigned.reason": TERM,
    "PolicyReassigned.requested_by": STAFF,
    "PolicyReassigned.approved_by": STAFF,
    "PolicyReassignmentRequested.policy": SLUG,
    "PolicyReassignmentRequested.reason": TERM,
    "PolicyReassignmentRequested.requested_by": STAFF,
    "PolicyReassignmentDeclined.reason": TERM,
    "PolicyReassignmentDeclined.declined_by": STAFF,
    "ExtensionRequested.policy": SLUG,
    "ExtensionRequested.target": SLUG,
    "ExtensionRequested.part": TERM,
    "ExtensionRequested.step": SLUG,
    "ExtensionRequested.reason": TERM,
    "ExtensionRequested.evidence": "the name of a document, by its type Label",
    "ExtensionRequested.requested_by": STAFF,
    "ExtensionApproved.role": TERM,
    "ExtensionApproved.approved_by": STAFF,
    "ExtensionDeclined.reason": TERM,
    "ExtensionDeclined.declined_by": STAFF,
    "DeadlineWarned.policy": SLUG,
    "DeadlineWarned.target": SLUG,
    "DeadlineWarned.part": TERM,
    "DeadlineMissed.policy": SLUG,
    "DeadlineMissed.target": SLUG,
    "DeadlineMissed.part": TERM,
    "RevisionRequested.policy": SLUG,
    "RevisionRequested.target": SLUG,
    "RevisionRequested.part": TERM,
    "VerdictRevised.policy": SLUG,
    "VerdictRevised.target": SLUG,
    "VerdictRevised.part": TERM,
    "DeadlineWarned.explanation": MADE,
    "DeadlineMissed.explanation": MADE,
    "DeadlineMissed.calendar": SLUG,
    "DeadlineMissed.zone_data": TERM,
    "RevisionRequested.reason": TERM,
    "RevisionRequested.requested_by": STAFF,
    "VerdictRevised.reason": TERM,
    "VerdictRevised.requested_by": STAFF,
    "VerdictRevised.approved_by": STAFF,
    "RevisionDeclined.reason": TERM,
    "RevisionDeclined.declined_by": STAFF,
    "ImportStarted.file_name": "the name of a file that the installation's own staff chose",
    "ImportStarted.file_digest": "a digest, by its pattern",
    "ImportStarted.mapping": TERM,
    "ImportStarted.mapping_digest": "a digest, by its pattern",
    "ImportStarted.zone": "an IANA zone, by its pattern",
    "UnitOpened.name": UNIT,
    "UnitRenamed.name": UNIT,
    "UnitClosed.reason": TERM,
    "UnitReopened.reason": TERM,
    "UnitHoursSet.calendar": SLUG,
    "SupervisionOpened.reason": TERM,
    "SupervisionEnded.reason": TERM,
    "StaffRegistered.name": STAFF,
    "StaffRegistered.unit": UNIT,
    "StaffRegistered.post": TERM,
    "StaffMoved.unit": UNIT,
    "StaffMoved.post": TERM,
    "StaffLeft.reason": TERM,
    "StaffReturned.unit": UNIT,
    "StaffReturned.post": TERM,
    "CertificateGranted.certificate": TERM,
    "CertificateExpired.certificate": TERM,
    "CertificateRevoked.certificate": TERM,
    "CertificateRevoked.reason": TERM,
    "GradeAssigned.grade": TERM,
    "GradeAssigned.rules_version": TERM,
    "TrainingAttended.course": TERM,
    "ObligationOpened.title": "what is owed, as the installation calls it, by its type Label",
    "ObligationOpened.unit": UNIT,
    "ObligationOpened.owner": STAFF,
    "ObligationReassigned.unit": UNIT,
    "ObligationReassigned.owner": STAFF,
    "ObligationReassigned.reason": TERM,
    "ObligationMet.by": STAFF,
    "ObligationMet.evidence": "the name of a document of the company's own, by its type Label",
    "ObligationVerified.by": STAFF,
    "ObligationCancelled.reason": TERM,
    "ObligationReopened.reason": TERM,
    "CorrectionRequested.replacement.topic": "the name of an event, by its pattern",
    "CorrectionRequested.occurrence.zone": "an IANA zone, by its pattern",
    "CorrectionRequested.reason": TERM,
    "CorrectionRequested.requested_by": STAFF,
    "VoidRequested.reason": TERM,
    "VoidRequested.requested_by": STAFF,
    "EventCorrected.approved_by": STAFF,
    "EventVoided.approved_by": STAFF,
    "AmendmentDeclined.reason": TERM,
    "AmendmentDeclined.declined_by": STAFF,
    "PersonalRevealed.purpose": "what the installation calls it, by its type Label",
    "PersonalRevealed.values.stream": "the name of a stream, by its pattern",
    "PersonalRevealed.values.path": "a JSON pointer, by its pattern",
}
"""Every text that stands bare in a payload, and why it tells nothing about a customer. To add one is to review it."""


def leaves(annotation: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The types that a field's values consist of, each with where it stands; numbers, instants and `Personal` whole."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in (Count, Ordinal, Version, EscalationLevel, Instant, Day) or origin is Personal:
        yield path, Personal if origin is Personal else annotation
    elif bounded(annotation):
        yield path, Count
    elif origin is Annotated:
        yield from leaves(inner[0], path)
    elif origin in (types.UnionType, Union):
        for each in inner:
            yield from leaves(each, path)
    elif origin is tuple and inner[1:] == (...,):
        yield from leaves(inner[0], path)
    elif origin is dict:
        for each in inner:
            yield from leaves(each, path)
    elif origin is Literal:
        yield path, Literal
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from fields(annotation, path)
    else:
        yield path, annotation


def bounded(annotation: Any) -> bool:
    """Whether it is a whole number that every JSON reader keeps exactly."""
    if get_origin(annotation) is not Annotated or get_args(annotation)[0] is not int:
        return False
    limits = [each for part in get_args(annotation)[1:] for each in getattr(part, "metadata", ())]
    return any(getattr(each, "le", COUNT_LIMIT + 1) <= COUNT_LIMIT for each in limits)


def fields(model: type[BaseModel], path: str) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(model, include_extras=True)
    for name in model.model_fields:
        yield from leaves(hints[name], f"{path}.{name}")


FIELDS = [found for event in EVENTS for found in fields(event, event.__name__)]


def test_every_text_of_an_event_is_personal_or_reviewed() -> None:
    assert {path for path, kind in FIELDS if kind is str} == NOT_PERSONAL.keys()


def test_an_event_holds_only_what_has_one_canonical_form() -> None:
    exact: tuple[Any, ...] = (
        str, bool, UUID, date, Count, Ordinal, Version, EscalationLevel, Instant, Day, Personal, types.NoneType, Event,
        timedelta, time, Literal,
    )  # fmt: skip
    odd = [
        (path, kind)
        for path, kind in FIELDS
        if kind not in exact and not (isinstance(kind, type) and issubclass(kind, StrEnum))
    ]
    assert odd == []


def test_every_event_of_the_domain_is_listed_once() -> None:
    case = domain.case
    of_case = (case.events, case.dialogue, case.settlement, case.escalation, case.relations, case.parts, case.pausing)
    rooms = (domain.amendment, domain.attachment, domain.book, domain.calendar, domain.policy_events, domain.customer,
             domain.key_account, domain.touchpoint, domain.imports, *of_case, case.due, case.statutory,
             case.outside, case.terms, case.extension, case.deadline, domain.unit.events, domain.staff,
             domain.obligation, domain.obligation_deadlines, domain.revealing)  # fmt: skip
    declared = {
        thing
        for room in rooms
        for thing in vars(room).values()
        if isinstance(thing, type) and issubclass(thing, Event) and thing is not Event
    }
    assert len(EVENTS) == len(CLASSES)
    assert set(EVENTS) == declared


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TOPIC)
def test_a_topic_is_the_name_of_what_happened_and_its_schema_version(event: type[Event]) -> None:
    words = re.findall(r"[A-Z][a-z]*", event.__name__)
    assert re.fullmatch(rf"{'-'.join(words).lower()}\.[1-9][0-9]*", event.TOPIC)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TOPIC)
def test_the_writer_of_an_event_chooses_every_field(event: type[Event]) -> None:
    assert [name for name, field in event.model_fields.items() if not field.is_required()] == []


def test_only_cases_and_imports_are_numbered() -> None:
    registers = {event.TOPIC: event.REGISTER for event in EVENTS if event.REGISTER is not None}
    assert registers == {"case-registered.1": "C", "import-started.1": "I"}


def test_a_payload_is_kept_of_every_topic_there_ever_was() -> None:
    assert {path.stem for path in PAYLOADS.iterdir()} == CLASSES.keys() | UPCASTS.keys()


@pytest.mark.parametrize("path", sorted(PAYLOADS.iterdir()), ids=lambda path: path.stem)
def test_a_stored_payload_reads_back_and_writes_the_same_bytes(path: Path) -> None:
    topic, stored = path.stem, path.read_bytes()
    payload = json.loads(stored)
    assert stored == canonical(payload)
    while topic in UPCASTS:
        topic, upcast = UPCASTS[topic]
        payload = upcast(payload)
    event = CLASSES[topic].model_validate_json(canonical(payload))
    assert canonical(event.model_dump(mode="json")) == canonical(payload)


def canonical(payload: object) -> bytes:
    """RFC 8785, as far as payloads go: ASCII keys, no floats; the test's own, so that it is a second opinion."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
