from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.event import Event, Precision
from domain.obligation import (
    ObligationCancelled,
    ObligationKind,
    ObligationMet,
    ObligationOpened,
    ObligationReassigned,
    ObligationReopened,
    ObligationVerified,
)
from domain.personal import Personal
from domain.stream import Category, stream_of
from ledger.ledger import PersonalPlace
from projections.obligation import OBLIGATION, ObligationStatus, ObligationView
from tests.projections.telling import Told, folded, history, minute

OWED, CASE_ID = UUID(int=1), UUID(int=7)
opened = ObligationOpened(
    kind=ObligationKind.TASK,
    title="mend the line",
    case_id=CASE_ID,
    unit="后台支持",
    owner="李四",
    due_at=minute(60),
    due_precision=Precision.INSTANT,
)
by_day = opened.model_copy(update={"due_precision": Precision.DAY})
undated = opened.model_copy(update={"due_at": None, "due_precision": None})
reassigned = ObligationReassigned(unit="后台支持", owner=None, reason="on leave")
met = ObligationMet(by="李四", evidence="letter 12", words=Personal[str].open(CASE_ID, "线路已修好"))
verified = ObligationVerified(by="王芳", effective=False)
cancelled, reopened = ObligationCancelled(reason="overtaken"), ObligationReopened(reason=None)


def history_of(*events: Event | Told) -> Any:
    return history(stream_of(Category.OBLIGATION, OWED), *events)


def obligation_of(*events: Event | Told) -> ObligationView:
    view = folded(OBLIGATION, OWED, history_of(*events))
    assert isinstance(view, ObligationView)
    return view


def test_what_somebody_owes_is_shown_as_it_was_opened() -> None:
    assert obligation_of(opened) == ObligationView(
        obligation_id=OWED,
        version=1,
        position=10,
        kind=ObligationKind.TASK,
        status=ObligationStatus.OPEN,
        title="mend the line",
        case_id=CASE_ID,
        unit="后台支持",
        owner="李四",
        due_at=minute(60),
        due_precision=Precision.INSTANT,
        due_by=minute(60),
        opened_at=minute(1),
        met_at=None,
        met_by=None,
        evidence=None,
        words_version=None,
        verified_at=None,
        verified_by=None,
        effective=None,
        cancelled_at=None,
        cancel_reason=None,
        reassignments=0,
        reopens=0,
        escalation_level=None,
        last_occurred_at=minute(1),
        last_recorded_at=minute(1001),
    )
    assert folded(OBLIGATION, OWED, history_of(met, reassigned)) is None


def test_it_is_shown_as_met_with_what_shows_it_and_where_the_words_lie() -> None:
    view = obligation_of(opened, reassigned, met)
    assert (view.status, view.owner, view.reassignments) == (ObligationStatus.MET, None, 1)
    assert (view.met_at, view.met_by, view.evidence) == (minute(3), "李四", "letter 12")
    assert view.words_place == PersonalPlace(f"obligation-{OWED}", 3, "/words", as_read=True)
    assert obligation_of(opened).words_place is None
    seen = obligation_of(opened, met, verified)
    assert (seen.status, seen.verified_by, seen.effective) == (ObligationStatus.VERIFIED, "王芳", False)


def test_owed_again_it_has_no_end() -> None:
    again = obligation_of(opened, met, verified, reopened)
    first = obligation_of(opened)
    seen = first._replace(version=4, position=40, last_occurred_at=minute(4), last_recorded_at=minute(1004))
    assert again == seen._replace(reopens=1)
    off = obligation_of(opened, met, reopened, cancelled)
    assert (off.status, off.met_at, off.cancel_reason) == (ObligationStatus.CANCELLED, None, "overtaken")


@pytest.mark.parametrize(
    ("zone", "due_by"),
    [
        ("UTC", datetime(2026, 3, 3, tzinfo=UTC)),
        ("Asia/Shanghai", datetime(2026, 3, 2, 16, tzinfo=UTC)),
        ("Nowhere/At_All", datetime(2026, 3, 3, tzinfo=UTC)),
    ],
)
def test_what_is_due_by_a_day_is_in_time_until_that_day_ends_where_it_was_opened(zone: str, due_by: datetime) -> None:
    (told,) = history_of(by_day)
    view = folded(OBLIGATION, OWED, [told._replace(occurred_zone=zone)])
    assert view.due_by == due_by - timedelta(microseconds=1)


def test_a_midnight_that_does_not_exist_ends_the_day_when_clocks_go_forward() -> None:
    saturday = datetime(2025, 9, 6, 15, tzinfo=UTC)  # in Santiago clocks went from 23:59:59 to 01:00 that night
    (told,) = history_of(by_day.model_copy(update={"due_at": saturday}))
    view = folded(OBLIGATION, OWED, [told._replace(occurred_zone="America/Santiago")])
    assert view.due_by == datetime(2025, 9, 7, 4, tzinfo=UTC) - timedelta(microseconds=1)


def test_it_is_overdue_while_it_is_open_and_its_time_is_over() -> None:
    view = obligation_of(opened)
    assert [view.overdue_at(minute(at)) for at in (59, 60, 61)] == [False, False, True]
    assert not obligation_of(undated).overdue_at(minute(10**6))
    assert not obligation_of(opened, met).overdue_at(minute(61))
    assert [obligation_of(opened, Told(met, at=minute(at))).met_late for at in (60, 61)] == [False, True]
    assert not obligation_of(undated, Told(met, at=minute(61))).met_late


@given(
    st.lists(st.sampled_from([opened, by_day, undated, reassigned, met, verified, cancelled, reopened]), max_size=10),
    st.data(),
)
def test_folding_on_from_a_row_that_was_written_equals_folding_in_one_go(
    tellings: list[Event], data: st.DataObject
) -> None:
    told = history_of(*tellings)
    cut = data.draw(st.integers(0, len(told)))
    half = folded(OBLIGATION, OWED, told[:cut])
    if half is not None:
        assert OBLIGATION.of_row([str(value) if isinstance(value, str) else value for value in half]) == half
    assert folded(OBLIGATION, OWED, told[cut:], half) == folded(OBLIGATION, OWED, told)
