from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from hypothesis import given
from hypothesis import strategies as st

from domain.event import Event
from domain.staff import STAFF as DECIDER
from domain.staff import (
    CertificateExpired,
    CertificateGranted,
    CertificateRevoked,
    GradeAssigned,
    StaffLeft,
    StaffMoved,
    StaffRegistered,
    StaffReturned,
    TrainingAttended,
    id_of_staff,
)
from domain.stream import Category, stream_of
from projections.staff import STAFF, Certificate, Grade, Posting, Presence, StaffView, Training
from tests.domain import story
from tests.projections.telling import Told, folded, history, minute

WANG = id_of_staff("王芳")
PERMIT = "客服上岗证"
registered = StaffRegistered(name="王芳", unit="北京分部", post="hotline")
moved = StaffMoved(unit="华北分部", post=None)
left, returned = StaffLeft(reason=None), StaffReturned(unit="上海分部", post="counter")
granted = CertificateGranted(certificate=PERMIT, until=minute(100))
for_good = CertificateGranted(certificate=PERMIT, until=None)
expired, revoked = CertificateExpired(certificate=PERMIT), CertificateRevoked(certificate=PERMIT, reason="audit")
graded = GradeAssigned(grade="二级", rules_version="2026-1")
trained = TrainingAttended(course="complaints", score=87)


def history_of(*events: Event | Told) -> Any:
    return history(stream_of(Category.STAFF, WANG), *events)


def staff_of(*events: Event | Told) -> StaffView:
    view = folded(STAFF, WANG, history_of(*events))
    assert isinstance(view, StaffView)
    return view


def test_a_member_of_staff_is_shown_where_they_work() -> None:
    assert staff_of(registered) == StaffView(
        staff_id=WANG,
        version=1,
        position=10,
        name="王芳",
        unit="北京分部",
        post="hotline",
        is_here=True,
        grade=None,
        grade_rules_version=None,
        postings=(Posting(minute(1), "北京分部", "hotline"),),
        presences=(Presence(minute(1), is_here=True),),
        certificates=(),
        grades=(),
        trainings=(),
        registered_at=minute(1),
        last_occurred_at=minute(1),
        last_recorded_at=minute(1001),
    )
    assert folded(STAFF, WANG, history_of(moved, granted, trained)) is None


def test_where_somebody_worked_is_answered_for_any_instant() -> None:
    view = staff_of(registered, Told(moved, at=minute(10)), Told(left, at=minute(20)), Told(returned, at=minute(30)))
    first, second = Posting(minute(1), "北京分部", "hotline"), Posting(minute(10), "华北分部", None)
    third = Posting(minute(30), "上海分部", "counter")
    asked = [view.posting_at(minute(at)) for at in (0, 1, 10, 20, 30)]
    assert asked == [None, first, second, None, third]
    assert (view.unit, view.is_here) == ("上海分部", True)
    assert not staff_of(registered, left).is_here


def test_a_certificate_counts_from_its_grant_until_its_time_is_over() -> None:
    view = staff_of(registered, Told(granted, at=minute(10)))
    assert view.certificates == (Certificate(PERMIT, minute(10), minute(100)),)
    assert [view.certified_at(PERMIT, minute(at)) for at in (9, 10, 99, 100)] == [False, True, True, False]
    assert not view.certified_at("another", minute(50))


def test_a_certificate_counts_no_longer_once_it_is_revoked_or_known_to_have_expired() -> None:
    view = staff_of(registered, Told(for_good, at=minute(10)), Told(revoked, at=minute(20)))
    assert view.certificates == (Certificate(PERMIT, minute(10), None, minute(20), "audit"),)
    assert [view.certified_at(PERMIT, minute(at)) for at in (19, 20, 200)] == [True, False, False]
    again = staff_of(registered, for_good, Told(expired, at=minute(20)), Told(granted, at=minute(30)))
    assert [again.certified_at(PERMIT, minute(at)) for at in (25, 30, 100)] == [False, True, False]


def test_who_was_certified_for_part_of_a_day_was_certified_that_day() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    noon = datetime(2026, 3, 10, 4, tzinfo=UTC)
    until = datetime(2026, 3, 12, 4, tzinfo=UTC)
    view = staff_of(registered, Told(CertificateGranted(certificate=PERMIT, until=until), at=noon))
    days = {day: view.certified_on(PERMIT, datetime(2026, 3, day, tzinfo=UTC).date(), shanghai) for day in range(9, 14)}
    assert days == {9: False, 10: True, 11: True, 12: True, 13: False}


def test_grades_and_trainings_are_kept_with_their_times() -> None:
    view = staff_of(registered, Told(graded, at=minute(5)), Told(trained, at=minute(6)))
    assert (view.grade, view.grade_rules_version) == ("二级", "2026-1")
    assert [view.grade_at(minute(at)) for at in (4, 5)] == [None, Grade(minute(5), "二级", "2026-1")]
    training = Training(minute(6), "complaints", 87)
    assert [view.trained_at("complaints", minute(at)) for at in (5, 6)] == [None, training]
    assert view.trained_at("another", minute(6)) is None


TELLINGS = st.lists(
    st.tuples(
        st.sampled_from([moved, left, returned, granted, for_good, expired, revoked, graded, trained, registered]),
        st.integers(-5, 5).map(minute),
    ).map(lambda each: Told(*each)),
    max_size=12,
)


@given(TELLINGS, st.data())
def test_folding_on_from_a_row_that_was_written_equals_folding_in_one_go(
    tellings: list[Told], data: st.DataObject
) -> None:
    told = history_of(*tellings)
    cut = data.draw(st.integers(0, len(told)))
    half = folded(STAFF, WANG, told[:cut])
    if half is not None:
        in_json = {
            name: orjson.loads(orjson.dumps(getattr(half, name), default=list))
            for name in ("postings", "presences", "certificates", "grades", "trainings")
        }
        assert STAFF.of_row([str(v) if isinstance(v, str) else v for v in half._replace(**in_json)]) == half
    assert folded(STAFF, WANG, told[cut:], half) == folded(STAFF, WANG, told)


@given(TELLINGS, st.integers(-6, 6).map(minute))
def test_what_held_at_an_instant_is_what_the_decider_makes_of_what_had_occurred_by_then(
    tellings: list[Told], at: datetime
) -> None:
    told = history_of(Told(registered, at=minute(-6)), *tellings)
    view = folded(STAFF, WANG, told)
    state = story.folded(DECIDER, [each for each in told if each.occurred_at <= at])
    held = state.certificates.get(PERMIT)
    assert view.certified_at(PERMIT, at) == (held is not None and (held.until is None or at < held.until))
    grade = view.grade_at(at)
    assert (grade.grade if grade else None) == (state.grade.grade if state.grade else None)
    posting = view.posting_at(at)
    assert (posting[1:] if posting else None) == (None if state.leaving else (state.unit, state.post))
