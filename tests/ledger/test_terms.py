from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.book import id_of_book
from domain.calendar import ProposeCalendar, PublishCalendar
from domain.case.commands import ClassifyCase, DispatchCase, ReceiveCase, RegisterCase
from domain.case.events import CaseKind
from domain.case.terms import TermsAssigned
from domain.channel import Channel
from domain.customer import AssignTier, Tier
from domain.event import Command, Precision
from domain.policy import ProposePolicy, PublishPolicy
from domain.sla.calendar import CalendarDocument, document_of
from domain.sla.clock import ENGINE, Clock
from domain.sla.clocks import clocks
from domain.sla.policy import PolicyDocument
from domain.sla.zones import ZONE_DATA
from domain.standards import standards_of, streams_of_standards
from ledger.ledger import Ledger
from tests.ledger.submissions import OPENED, case_stream, receive, register_customer, submission

BOOK = id_of_book("main")
SINCE = date(2020, 1, 1)
WEEK = {day: ["09:00-12:00", "13:30-17:30"] for day in ("mon", "tue", "wed", "thu", "fri")}
DESK = document_of(
    {"name": "desk", "title": {"en": "Desk"}, "zone": "Asia/Shanghai", "week": WEEK, "source": "the notice at the door"}
)
TITLE = {"en": "In time", "zh": "按时"}
POLICY: dict[str, Any] = {
    "name": "promises",
    "title": TITLE,
    "regime": "internal",
    "zone": "Asia/Shanghai",
    "calendar": "desk",
    "rules": [
        {"id": "gold", "when": {"tier": ["gold"]}, "targets": ["soon", "registered", "dispatched"]},
        {"id": "billing", "when": {"category": ["billing"]}, "targets": ["days"]},
        {"id": "others", "targets": ["days", "dispatched"]},
    ],
    "targets": [
        {"id": "soon", "title": TITLE, "kind": "first_response", "clock": {"type": "working_time", "amount": "PT4H"},
         "stop": "response-sent"},
        {"id": "days", "title": TITLE, "kind": "resolution", "clock": {"type": "business_days", "amount": 3},
         "stop": "case-resolved"},
        {"id": "registered", "title": TITLE, "kind": "other", "clock": {"type": "elapsed", "amount": "PT1H"},
         "start": "case-registered", "stop": "work-started"},
        {"id": "dispatched", "title": TITLE, "kind": "other", "clock": {"type": "elapsed", "amount": "PT1H"},
         "start": "case-dispatched", "stop": "work-started"},
    ],
}  # fmt: skip


def tell(ledger: Ledger, *commands: Command, at: datetime = OPENED) -> None:
    ledger.carry_out(submission(*commands, at=at))


def publish_calendar(ledger: Ledger, document: CalendarDocument, at: datetime = OPENED) -> None:
    stream = streams_of_standards("main")[1]
    proposal = len(ledger.history(stream)) + 1
    tell(ledger, ProposeCalendar(at=at, book_id=BOOK, document=document, effective_from=SINCE, reason="new hours",
                                 requested_by="王芳"), at=at)  # fmt: skip
    tell(ledger, PublishCalendar(at=at, book_id=BOOK, proposal=proposal, approved_by="Director Li"), at=at)


def publish_policy(ledger: Ledger, raw: dict[str, Any], since: date = SINCE, at: datetime = OPENED) -> None:
    proposal = len(ledger.history(streams_of_standards("main")[0])) + 1
    tell(ledger, ProposePolicy(at=at, book_id=BOOK, document=PolicyDocument.model_validate(raw), effective_from=since,
                               reason="promised in public", requested_by="王芳"), at=at)  # fmt: skip
    tell(ledger, PublishPolicy(at=at, book_id=BOOK, proposal=proposal, approved_by="Director Li"), at=at)


@pytest.fixture
def promising(ledger: Ledger) -> Ledger:
    """A book whose desk has hours, and makes promises."""
    publish_calendar(ledger, DESK)
    publish_policy(ledger, POLICY)
    return ledger


def terms_of(ledger: Ledger, case_id: UUID) -> TermsAssigned:
    (found,) = (one.event for one in ledger.history(case_stream(case_id)) if isinstance(one.event, TermsAssigned))
    return found


def clocks_of(ledger: Ledger, case_id: UUID, at: datetime) -> dict[str, Clock]:
    streams = streams_of_standards("main")
    standards = standards_of(ledger.standing(streams, ledger.head()), "main")
    return {clock.key.target: clock for clock in clocks(ledger.history(case_stream(case_id)), standards, at)}


def register(case_id: UUID, at: datetime, **rest: Any) -> RegisterCase:
    return RegisterCase(at=at, case_id=case_id, unit="East branch desk", **rest)


def test_a_registration_says_by_when_what_is_due_as_the_clocks_have_it(promising: Ledger) -> None:
    case_id, at = uuid4(), OPENED + timedelta(hours=2)
    tell(promising, receive(case_id), register(case_id, at), at=at)
    told = terms_of(promising, case_id)
    (terms,) = told.terms
    assert (terms.policy, terms.policy_version, terms.rule, terms.ground) == ("promises", 1, "others", ())
    assert (told.zone_data, told.engine) == (ZONE_DATA, ENGINE)
    known = clocks_of(promising, case_id, at)
    promised = {name: clock.promised and (clock.promised.at, clock.promised.on) for name, clock in known.items()}
    dues = {due.target: None if due.due_at is None else (due.due_at, due.due_on) for due in terms.dues}
    assert dues == promised
    assert dues["days"] is not None
    assert dues["dispatched"] is None
    assert {due.calendar_version for due in terms.dues} == {1}


@pytest.mark.parametrize("apart", [False, True])
def test_the_tier_of_a_customer_has_a_say_however_the_case_is_registered(promising: Ledger, *, apart: bool) -> None:
    case_id, customer_id, at = uuid4(), uuid4(), OPENED + timedelta(hours=2)
    tell(promising, register_customer(customer_id), AssignTier(at=OPENED, customer_id=customer_id, tier=Tier.GOLD))
    commands = (receive(case_id, customer_id=customer_id), register(case_id, at))
    for each in ([command] for command in commands) if apart else [commands]:
        tell(promising, *each, at=at)
    (terms,) = terms_of(promising, case_id).terms
    assert (terms.rule, [(each.field, each.value) for each in terms.ground]) == ("gold", [("tier", "gold")])
    promised = {name: clock.promised.at for name, clock in clocks_of(promising, case_id, at).items() if clock.promised}
    assert {due.target: due.due_at for due in terms.dues if due.due_at} == promised
    assert promised.keys() == {"soon", "registered"}


def test_what_was_known_of_a_case_before_its_registration_chooses_the_rule(promising: Ledger) -> None:
    case_id, at = uuid4(), OPENED + timedelta(hours=2)
    tell(promising, receive(case_id), ClassifyCase(at=OPENED, case_id=case_id, category="billing"))
    tell(promising, register(case_id, at), at=at)
    (terms,) = terms_of(promising, case_id).terms
    assert (terms.rule, [(each.field, each.value) for each in terms.ground]) == ("billing", [("category", "billing")])


def test_a_receipt_of_which_only_the_day_is_known_is_promised_by_that_day(promising: Ledger) -> None:
    case_id, at = uuid4(), OPENED + timedelta(days=1)
    day = datetime.fromisoformat("2026-01-05T00:00:00+08:00")
    receipt = ReceiveCase(at=day, zone="Asia/Shanghai", precision=Precision.DAY, case_id=case_id,
                          kind=CaseKind.COMPLAINT, channel=Channel.LETTER)  # fmt: skip
    tell(promising, receipt, register(case_id, at), at=at)
    (terms,) = terms_of(promising, case_id).terms
    (due,) = (each for each in terms.dues if each.target == "days")
    promised = clocks_of(promising, case_id, at)["days"].promised
    assert promised is not None
    assert (due.due_at, due.due_on) == (promised.at, promised.on)
    assert due.due_on == date(2026, 1, 8)


def test_a_policy_published_later_touches_no_case_received_before(promising: Ledger) -> None:
    before, after, at = uuid4(), uuid4(), OPENED + timedelta(hours=2)
    tell(promising, receive(before), register(before, at), at=at)
    tighter = {**POLICY, "rules": [{"id": "all", "targets": ["soon"]}]}
    publish_policy(promising, tighter, since=date(2026, 4, 1), at=at)
    later = datetime.fromisoformat("2026-04-02T10:00:00+08:00")
    tell(promising, receive(after, at=later), register(after, later), at=later)
    assert [(each.policy_version, each.rule) for each in terms_of(promising, before).terms] == [(1, "others")]
    assert [(each.policy_version, each.rule) for each in terms_of(promising, after).terms] == [(2, "all")]
    assert clocks_of(promising, before, later)["days"].basis.policy_version == 1


def test_no_policy_is_no_promise(ledger: Ledger) -> None:
    case_id = uuid4()
    tell(ledger, receive(case_id), register(case_id, OPENED))
    assert not [one for one in ledger.history(case_stream(case_id)) if isinstance(one.event, TermsAssigned)]


def test_cases_told_in_one_batch_are_promised_what_they_are_promised_one_by_one(promising: Ledger) -> None:
    at, customer_id = OPENED + timedelta(hours=2), uuid4()
    cases = [uuid4() for _ in range(6)]
    told = [submission(register_customer(customer_id), AssignTier(at=OPENED, customer_id=customer_id, tier=Tier.GOLD))]
    told += [submission(receive(each, customer_id=customer_id), register(each, at), at=at) for each in cases[:3]]
    for each in cases[3:]:
        dispatched = DispatchCase(at=at, case_id=each, unit="West")
        told.append(submission(receive(each), RegisterCase(at=at, case_id=each), dispatched, at=at))
    assert all(not isinstance(answer, Exception) for answer in promising.carry_out_all(told))
    rules = [terms.rule for each in cases for terms in terms_of(promising, each).terms]
    assert rules == ["gold"] * 3 + ["others"] * 3
