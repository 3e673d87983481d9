"""One case's events and the commands that lead to them, made once for every story about a case."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from domain.case.commands import (
    AssignCase,
    ChangeCaseChannel,
    ChangeCaseCustomer,
    ChangeCaseKind,
    ClassifyCase,
    CloseCase,
    DispatchCase,
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
    Attribute,
    CaseAssigned,
    CaseAttributesRecorded,
    CaseChannelChanged,
    CaseClassified,
    CaseClosed,
    CaseCustomerChanged,
    CaseDispatched,
    CaseKind,
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
    Level,
    Outcome,
    PauseGround,
    Priority,
    ResponseKind,
    ResponseSent,
    WorkStarted,
)
from domain.channel import Channel
from domain.money import Money
from domain.personal import Personal
from tests.domain.story import MONDAY

CASE_ID, WANG, ZHAO = UUID(int=7), UUID(int=1), UUID(int=2)
TUESDAY = MONDAY + timedelta(days=1)
NORTH, SOUTH, EAST = "北区客户服务处", "South desk", "East desk"

words = Personal[str].open(WANG, "三月份收了两次费")
answer = Personal[str].open(WANG, "Thank you, we are looking into it.")
redress = Money(minor_units=5000, currency="CNY")

received = CaseReceived(
    kind=CaseKind.COMPLAINT,
    customer_id=WANG,
    channel=Channel.HOTLINE,
    touchpoint_id=None,
    received_by="grace",
    source_key=None,
    words=words,
)
registered = CaseRegistered(unit=None, handler=None, registered_by="grace")
classified = CaseClassified(category="Billing", subcategory="Double charge", symptom=None, taxonomy="2026-1")
prioritised = CasePrioritised(priority=Priority.HIGH, impact=Level.MEDIUM, urgency=Level.HIGH)
dispatched = CaseDispatched(unit=NORTH, handler=None)
returned = DispatchReturned(unit=NORTH, reason="not ours")
transferred = CaseTransferred(from_unit=NORTH, to_unit=SOUTH, handler=None, reason="metering")
assigned = CaseAssigned(handler="ada")
unassigned = CaseUnassigned(handler="ada")
started = WorkStarted(by="ada")
paused = CasePaused(ground=PauseGround.CUSTOMER)
resumed = CaseResumed(ground=PauseGround.CUSTOMER)
first = ResponseSent(kind=ResponseKind.FIRST, channel=Channel.SMS, by="ada", words=answer)
update = ResponseSent(kind=ResponseKind.UPDATE, channel=Channel.SMS, by="ada", words=answer)
final = ResponseSent(kind=ResponseKind.FINAL, channel=Channel.LETTER, by="ada", words=answer)
upheld = CaseResolved(outcome=Outcome.UPHELD, redress=redress, resolved_by="ada", code=None)
reopened = CaseReopened(reason="charged again")
closed = CaseClosed(code="followed up")
about_zhao = CaseCustomerChanged(customer_id=ZHAO)
by_web = CaseChannelChanged(channel=Channel.WEB)
an_inquiry = KindChanged(kind=CaseKind.INQUIRY, reason="no dissatisfaction voiced")
attributes = CaseAttributesRecorded(attributes=(Attribute(name="knowledge", value="true"),))

receive = ReceiveCase(
    at=MONDAY,
    case_id=CASE_ID,
    kind=CaseKind.COMPLAINT,
    customer_id=WANG,
    channel=Channel.HOTLINE,
    received_by="grace",
    words=words,
)
register = RegisterCase(at=MONDAY, case_id=CASE_ID, registered_by="grace")
classify = ClassifyCase(at=TUESDAY, case_id=CASE_ID, category="Billing", subcategory="Double charge", taxonomy="2026-1")
prioritise = PrioritiseCase(
    at=TUESDAY, case_id=CASE_ID, priority=Priority.HIGH, impact=Level.MEDIUM, urgency=Level.HIGH
)
dispatch = DispatchCase(at=TUESDAY, case_id=CASE_ID, unit=NORTH)
give_back = ReturnDispatch(at=TUESDAY, case_id=CASE_ID, unit=NORTH, reason="not ours")
transfer = TransferCase(at=TUESDAY, case_id=CASE_ID, from_unit=NORTH, to_unit=SOUTH, reason="metering")
assign = AssignCase(at=TUESDAY, case_id=CASE_ID, handler="ada")
unassign = UnassignCase(at=TUESDAY, case_id=CASE_ID, handler="ada")
start = StartWork(at=TUESDAY, case_id=CASE_ID, by="ada")
pause = PauseCase(at=TUESDAY, case_id=CASE_ID, ground=PauseGround.CUSTOMER)
resume = ResumeCase(at=TUESDAY, case_id=CASE_ID, ground=PauseGround.CUSTOMER)
send_first = SendResponse(
    at=TUESDAY, case_id=CASE_ID, kind=ResponseKind.FIRST, channel=Channel.SMS, by="ada", words=answer
)
send_update = send_first.model_copy(update={"kind": ResponseKind.UPDATE})
send_final = send_first.model_copy(update={"kind": ResponseKind.FINAL, "channel": Channel.LETTER})
uphold = ResolveCase(at=TUESDAY, case_id=CASE_ID, outcome=Outcome.UPHELD, redress=redress, resolved_by="ada")
reject = uphold.model_copy(update={"outcome": Outcome.REJECTED, "redress": None})
reopen = ReopenCase(at=TUESDAY, case_id=CASE_ID, reason="charged again")
close = CloseCase(at=TUESDAY, case_id=CASE_ID, code="followed up")
change_to_zhao = ChangeCaseCustomer(at=TUESDAY, case_id=CASE_ID, customer_id=ZHAO)
change_to_web = ChangeCaseChannel(at=TUESDAY, case_id=CASE_ID, channel=Channel.WEB)
change_to_inquiry = ChangeCaseKind(
    at=TUESDAY, case_id=CASE_ID, kind=CaseKind.INQUIRY, reason="no dissatisfaction voiced"
)
record_attributes = RecordAttributes(
    at=TUESDAY, case_id=CASE_ID, attributes=(Attribute(name="knowledge", value="true"),)
)
