from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from domain.case.commands import ChangeCaseCustomer, CloseCase, RegisterCase, ResolveCase, SendResponse, TransferCase
from domain.case.dialogue import FollowUpResult, MakeFollowUp, RecordCustomerReply
from domain.case.escalation import EscalateCase, EscalatedBy
from domain.case.events import CaseResolved, Outcome, ResponseKind
from domain.case.relations import MergeCase
from domain.case.settlement import WithdrawCase
from domain.channel import Channel, Direction
from domain.customer import AssignTier, MergeCustomers, Tier
from domain.key_account import MakeVisit, PlanVisit
from domain.stream import Category, stream_of
from domain.topics import EVENTS
from domain.touchpoint import TouchpointRecorded
from ledger.database import Database
from ledger.ledger import Ledger, PersonalPlace
from projections import customer_timeline
from projections.paging import Page, Window
from projections.runner import Runner
from projections.timeline import OCCURRED, TOLD, EntryKind, TimelineEntry
from tests import conftest
from tests.ledger.submissions import (
    OPENED,
    case_stream,
    contact,
    customer_stream,
    opened,
    register_customer,
    rename,
)
from tests.projections.books import case_id, customer_id, fill, received, rows, write
from tests.projections.righted import corrected, voided
from tests.projections.timelines import DAY, LEFT_OUT, WANG, ZHAO, asking, kinds, places, told_plainly, touched, walked


@pytest.fixture
def ask(ledger: Ledger, runner: Runner, written: Database) -> Callable[..., Page[TimelineEntry]]:
    """Asks for a page, once the views show everything."""
    return asking(ledger, runner, written)


# What an entry is ---------------------------------------------------------------------------------------------


def test_every_event_has_an_entry_or_is_left_out_on_purpose() -> None:
    topics = {event.TOPIC for event in EVENTS}
    assert topics == TOLD.keys() | LEFT_OUT
    assert TOLD.keys() & LEFT_OUT == set()
    assert [told.kind for told in TOLD.values()] == list(dict.fromkeys(told.kind for told in TOLD.values()))
    assert {told.kind for told in TOLD.values()} == set(EntryKind)


def test_an_entry_is_told_by_fields_that_its_event_has() -> None:
    told = [(event, TOLD[event.TOPIC]) for event in EVENTS if event.TOPIC in TOLD]
    assert len(told) == len(TOLD)
    for event, how in told:
        named = {how.unit, how.staff, how.term, how.words, how.other_id} - {None}
        assert named <= event.model_fields.keys(), event.TOPIC


def test_an_entry_says_where_the_words_lie_and_never_what_they_are(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]], database: conftest.Database
) -> None:
    write(ledger, register_customer(WANG, "王小明"), received(1, customer_id=WANG, words="三天没有人回复"))
    registered, receipt = ask().rows
    assert registered.words_place == PersonalPlace(customer_stream(WANG), 1, "/name", as_read=True)
    assert receipt.words_place == PersonalPlace(case_stream(case_id(1)), 1, "/words", as_read=True)
    opened_values = ledger.disclose(filter(None, (registered.words_place, receipt.words_place)))
    assert sorted(str(personal.value) for personal in opened_values.values()) == ["三天没有人回复", "王小明"]
    kept = str(rows(database, "timeline_1"))
    assert "三天" not in kept
    assert "王小明" not in kept


def test_an_entry_holds_what_a_person_at_a_counter_needs(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]]
) -> None:
    write(
        ledger,
        touched(1, channel=Channel.WECHAT, direction=Direction.OUT, staff="林", unit="北区", case_id=case_id(1)),
        received(1, customer_id=WANG, received_by="林"),
        RegisterCase(at=OPENED, case_id=case_id(1), unit="北区", registered_by="ada"),
        SendResponse(at=OPENED, case_id=case_id(1), kind=ResponseKind.FIRST, channel=Channel.SMS, by="ada"),
        ResolveCase(at=OPENED, case_id=case_id(1), outcome=Outcome.UPHELD, resolved_by="ada"),
        CloseCase(at=OPENED, case_id=case_id(1), code="visited"),
    )
    shown = [(one.kind, one.case_id, one.channel, one.direction, one.unit, one.staff, one.term) for one in ask().rows]
    case = case_id(1)
    assert shown == [
        (EntryKind.TOUCHPOINT, case, Channel.WECHAT, Direction.OUT, "北区", "林", None),
        (EntryKind.RECEIVED, case, Channel.HOTLINE, Direction.IN, None, "林", "complaint"),
        (EntryKind.REGISTERED, case, None, None, "北区", "ada", "C2026-000001"),
        (EntryKind.ANSWERED, case, Channel.SMS, Direction.OUT, None, "ada", "first"),
        (EntryKind.RESOLVED, case, None, None, None, "ada", "upheld"),
        (EntryKind.CLOSED, case, None, None, None, None, "visited"),
    ]


# Whose they are -----------------------------------------------------------------------------------------------


def test_timelines_equal_what_the_book_tells_without_a_view(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]]
) -> None:
    fill(ledger, cases=30)
    moved = 0
    for number in range(11):
        expected = told_plainly(ledger, customer_id(number))
        moved += len(expected)
        assert places(ask(customer_id(number), limit=1000).rows) == expected
    assert moved > 60


def test_an_empty_customer_has_an_empty_timeline(ledger: Ledger, ask: Callable[..., Page[TimelineEntry]]) -> None:
    assert ask() == Page([], has_more=False)
    write(ledger, register_customer(ZHAO))
    assert ask() == Page([], has_more=False)
    assert kinds(ask(ZHAO)) == [EntryKind.CUSTOMER_REGISTERED]


def test_a_case_that_turns_out_to_be_anothers_takes_its_entries_along(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]]
) -> None:
    write(
        ledger,
        register_customer(WANG),
        register_customer(ZHAO),
        received(1, customer_id=WANG),
        RegisterCase(at=OPENED, case_id=case_id(1)),
        touched(1, case_id=case_id(1)),
    )
    assert kinds(ask(WANG)) == [
        EntryKind.CUSTOMER_REGISTERED, EntryKind.RECEIVED, EntryKind.REGISTERED, EntryKind.TOUCHPOINT
    ]  # fmt: skip
    write(ledger, ChangeCaseCustomer(at=OPENED, case_id=case_id(1), customer_id=ZHAO))
    # It was Wang who called: that stays hers, and belongs to the case as well.
    assert kinds(ask(WANG)) == [EntryKind.CUSTOMER_REGISTERED, EntryKind.TOUCHPOINT]
    assert kinds(ask(ZHAO)) == [
        EntryKind.CUSTOMER_REGISTERED, EntryKind.RECEIVED, EntryKind.REGISTERED, EntryKind.TOUCHPOINT,
        EntryKind.CUSTOMER_CHANGED,
    ]  # fmt: skip


def test_customers_who_prove_to_be_one_have_one_timeline(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]]
) -> None:
    third = customer_id(2)
    write(ledger, *(register_customer(who) for who in (WANG, ZHAO, third)))
    write(ledger, touched(1, customer_id=third), received(1, customer_id=ZHAO), touched(2, case_id=case_id(1)))
    write(ledger, MergeCustomers(at=OPENED, customer_id=third, into=ZHAO))
    write(ledger, MergeCustomers(at=OPENED, customer_id=ZHAO, into=WANG))
    whole = ask(WANG)
    assert Counter(kinds(whole)) == {
        EntryKind.CUSTOMER_REGISTERED: 3, EntryKind.TOUCHPOINT: 2, EntryKind.RECEIVED: 1,
        EntryKind.CUSTOMER_MERGED: 2, EntryKind.CUSTOMER_ABSORBED: 2,
    }  # fmt: skip
    assert {one.other_id for one in whole.rows if one.kind is EntryKind.CUSTOMER_ABSORBED} == {ZHAO, third}
    assert walked(ask, 2) == whole.rows
    merged = next(one for one in ledger.history(customer_stream(ZHAO)) if one.event.TOPIC == "customer-merged.1")
    voided(ledger, customer_stream(ZHAO), merged.version)
    assert EntryKind.RECEIVED not in kinds(ask(WANG))


def test_the_whole_life_of_a_case_is_told_and_what_units_do_between_them_is_not(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]]
) -> None:
    about: dict[str, Any] = {"at": OPENED, "case_id": case_id(1)}
    write(ledger, register_customer(WANG), received(1, customer_id=WANG), received(2, customer_id=WANG))
    write(
        ledger,
        RegisterCase(**about, unit="北区"),
        TransferCase(**about, to_unit="South"),
        EscalateCase(**about, level=2, to_unit="Head office", to_staff="李主任", by=EscalatedBy.PERSON),
        RecordCustomerReply(**about, channel=Channel.WECHAT),
        ResolveCase(**about, outcome=Outcome.SOLVED),
        MakeFollowUp(**about, result=FollowUpResult.SATISFIED, by="林", channel=Channel.HOTLINE),
        CloseCase(**about),
        WithdrawCase(at=OPENED, case_id=case_id(2), channel=Channel.SMS, reason="solved itself"),
        PlanVisit(at=OPENED, customer_id=WANG, visit_id=UUID(int=7), planned_for=OPENED + DAY, by="林"),
        MakeVisit(at=OPENED, customer_id=WANG, visit_id=UUID(int=7), by="林", result="content"),
    )
    shown = [(one.kind, one.direction, one.unit, one.staff, one.term) for one in ask().rows[3:]]
    assert shown == [
        (EntryKind.REGISTERED, None, "北区", None, "C2026-000001"),
        (EntryKind.ESCALATED, None, "Head office", "李主任", "2"),
        (EntryKind.CUSTOMER_REPLIED, Direction.IN, None, None, None),
        (EntryKind.RESOLVED, None, None, None, "solved"),
        (EntryKind.FOLLOWED_UP, Direction.OUT, None, "林", "satisfied"),
        (EntryKind.CLOSED, None, None, None, None),
        (EntryKind.WITHDRAWN, Direction.IN, None, None, "solved itself"),
        (EntryKind.VISIT_PLANNED, None, None, "林", "2026-01-06T01:00:00.000000Z"),
        (EntryKind.VISIT_MADE, Direction.OUT, None, "林", "content"),
    ]


def test_a_case_that_another_takes_the_place_of_says_so_in_both(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]]
) -> None:
    write(ledger, received(1, customer_id=WANG), received(2, customer_id=ZHAO))
    write(ledger, MergeCase(at=OPENED, case_id=case_id(1), into=case_id(2)))
    merged, absorbed = ask(WANG).rows[-1], ask(ZHAO).rows[-1]
    assert (merged.kind, merged.case_id, merged.other_id) == (EntryKind.CASE_MERGED, case_id(1), case_id(2))
    assert (absorbed.kind, absorbed.case_id, absorbed.other_id) == (EntryKind.CASE_ABSORBED, case_id(2), case_id(1))


def test_the_timelines_of_several_customers_come_in_one_answer(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]], written: Database
) -> None:
    fill(ledger, cases=12)
    asked = [customer_id(0), customer_id(2), UUID(int=9)]
    alone = {customer: ask(customer, limit=3, descending=True) for customer in asked}
    window = Window(OCCURRED, True, limit=3)
    assert customer_timeline.pages(written, "main", asked, window) == alone
    assert any(page.has_more for page in alone.values())


def test_a_book_does_not_show_anothers_entries(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]], written: Database, projected: Database
) -> None:
    write(ledger, register_customer(WANG))
    other = opened(written, "other")
    Runner(other, projected).catch_up()
    assert customer_timeline.page(written, "other", WANG, Window(OCCURRED, limit=5)).rows == []
    assert len(ask().rows) == 1


# What is put right --------------------------------------------------------------------------------------------


def test_an_entry_that_is_corrected_stands_where_and_as_it_is_read_by_now(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]]
) -> None:
    write(ledger, received(1, customer_id=WANG), RegisterCase(at=OPENED, case_id=case_id(1)))
    write(ledger, ResolveCase(at=OPENED + DAY, case_id=case_id(1), outcome=Outcome.REJECTED), at=OPENED + DAY)
    assert [one.term for one in ask().rows] == ["complaint", "C2026-000001", "rejected"]
    instead = CaseResolved(outcome=Outcome.UPHELD, redress=None, resolved_by="林", code=None)
    corrected(ledger, case_stream(case_id(1)), 3, instead, at=OPENED - DAY)
    shown = ask().rows
    assert [(one.term, one.occurred_at) for one in shown] == [
        ("upheld", OPENED - DAY), ("complaint", OPENED), ("C2026-000001", OPENED)
    ]  # fmt: skip
    assert (shown[0].staff, shown[0].occurred_zone, shown[0].version) == ("林", "Asia/Shanghai", 3)


def test_an_entry_that_is_void_goes_and_comes_back_when_the_void_is_taken_back(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]]
) -> None:
    write(ledger, register_customer(WANG), AssignTier(at=OPENED, customer_id=WANG, tier=Tier.GOLD))
    whole = ask().rows
    stream = customer_stream(WANG)
    voided(ledger, stream, 2)
    assert kinds(ask()) == [EntryKind.CUSTOMER_REGISTERED]
    voided(ledger, stream, 4)
    assert ask().rows == whole


def test_a_receipt_corrected_to_another_customer_takes_the_case_there(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]]
) -> None:
    write(ledger, received(1, customer_id=WANG), RegisterCase(at=OPENED, case_id=case_id(1)))
    receipt = ledger.history(case_stream(case_id(1)))[0].event
    corrected(ledger, case_stream(case_id(1)), 1, receipt.model_copy(update={"customer_id": ZHAO}))
    assert kinds(ask(WANG)) == []
    assert [(one.kind, one.customer_id) for one in ask(ZHAO).rows] == [
        (EntryKind.RECEIVED, ZHAO), (EntryKind.REGISTERED, None)
    ]  # fmt: skip


def test_a_touchpoint_corrected_to_another_customer_is_theirs(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]]
) -> None:
    write(ledger, touched(1))
    stream = stream_of(Category.TOUCHPOINT, UUID(int=0x70C4_1001))
    record = ledger.history(stream)[0].event
    assert isinstance(record, TouchpointRecorded)
    corrected(ledger, stream, 1, record.model_copy(update={"customer_id": ZHAO}))
    assert (kinds(ask(WANG)), kinds(ask(ZHAO))) == ([], [EntryKind.TOUCHPOINT])


def test_a_timeline_that_was_built_anew_equals_the_one_that_grew(
    ledger: Ledger, runner: Runner, projected: Database, database: conftest.Database
) -> None:
    fill(ledger, cases=15)
    write(ledger, rename(WANG, "王大明"), contact(WANG, "phone", "+86 10 5555 0100"))
    runner.catch_up(batch=7)
    voided(ledger, customer_stream(WANG), len(ledger.history(customer_stream(WANG))))
    runner.catch_up(batch=3)
    grown = rows(database, "timeline_1")
    with projected.connection() as connection:
        connection.execute("DELETE FROM views.cursor")
    Runner(ledger, projected).catch_up()
    assert rows(database, "timeline_1") == grown
    assert len(grown) > 40
