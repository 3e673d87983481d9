from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from domain.amendment import CorrectionRequested, EventCorrected, EventVoided, Replacement
from domain.calendar import CALENDAR, CalendarProposed, CalendarPublished, stream_of_calendars
from domain.case.events import CaseDispatched, CaseRegistered, CaseTransferred
from domain.envelope import Occurred, Recorded, When
from domain.event import Event, Precision
from domain.sla.standards import Standards
from domain.sla.unit_hours import Spell, UnitHours
from domain.unit.commands import SetUnitHours
from domain.unit.events import (
    SubunitJoined,
    UnitClosed,
    UnitHoursSet,
    UnitKind,
    UnitMoved,
    UnitNameTaken,
    UnitOpened,
    id_of_unit,
    stream_of_unit,
)
from domain.unit.hours import units_above, units_of, with_units
from domain.unit.life import UNIT
from tests.domain.sla.history import calendar, standards
from tests.domain.story import MONDAY, Story, recorded

GROUP, NORTH, EAST, DESK = (id_of_unit(name) for name in ("集团", "华北分部", "华东分部", "客户服务处"))
of_group, of_north, of_east, of_desk = (stream_of_unit(unit) for unit in (GROUP, NORTH, EAST, DESK))
DAY = timedelta(days=1)
START = datetime(2026, 1, 5, tzinfo=UTC)

story, imported = Story(UNIT), Story(UNIT, imported=True)
group = UnitOpened(name="集团", kind=UnitKind.GROUP, parent=None)
north = UnitOpened(name="华北分部", kind=UnitKind.BRANCH, parent=GROUP)
east = UnitOpened(name="华东分部", kind=UnitKind.BRANCH, parent=GROUP)
desk = UnitOpened(name="客户服务处", kind=UnitKind.DESK, parent=NORTH)
night, office, none = (UnitHoursSet(calendar=name) for name in ("night", "office", None))
NIGHT, OFFICE = UnitHours("night", "Asia/Shanghai"), UnitHours("office", "UTC")
published = calendar("night")
proposed = CalendarProposed(
    document=published.document, effective_from=date(2026, 1, 1), reason="shifts", requested_by="王芳"
)
approved = CalendarPublished(proposal=1, name="night", version=1, approved_by="李四")


# Setting them ---------------------------------------------------------------------------------------------------------


def asks(name: str | None) -> SetUnitHours:
    return SetUnitHours(at=MONDAY, unit_id=DESK, calendar=name)


def test_a_unit_is_given_hours_and_goes_back_to_those_above_it() -> None:
    told = story.given(desk).beside(stream_of_calendars("test"), CALENDAR, proposed, approved)
    told.when(asks("night")).then(night)
    told.given(desk, night).when(asks("night")).then_nothing()
    told.given(desk, night).when(asks(None)).then(none)
    told.given(desk).when(asks(None)).then_nothing()


def test_a_unit_does_not_work_by_a_calendar_that_nobody_published() -> None:
    told = story.given(desk).beside(stream_of_calendars("test"), CALENDAR, proposed)
    told.when(asks("night")).then_refused("UNKNOWN_CALENDAR", "There is no calendar night; none was published yet")
    imported.given(desk).when(asks("night")).then(Occurred(night, departures=("unknown-calendar",)))


def test_a_unit_that_is_closed_or_not_there_gets_no_hours() -> None:
    told = story.beside(stream_of_calendars("test"), CALENDAR, proposed, approved)
    told.when(asks("night")).then_refused("UNKNOWN_UNIT", "open it first")
    closed = told.given(desk, UnitClosed(reason=None, anyway=False))
    closed.when(asks("night")).then_refused("UNIT_CLOSED", "客户服务处 is closed")


# Working them out -----------------------------------------------------------------------------------------------------


def told(stream: str, *events: tuple[Event, int] | tuple[Event, int, int]) -> list[Recorded[Any]]:
    """A stream of events, each with the day on which it occurred and, when that was another, was recorded."""
    return [
        recorded(event, version, When(START + days[0] * DAY))._replace(
            stream=stream, recorded_at=START + days[-1] * DAY
        )
        for version, (event, *days) in enumerate(events, 1)
    ]


def standards_of_the_book() -> Standards:
    return standards(calendars=[calendar("office"), calendar("night", zone="Asia/Shanghai")])


def passed_on(*units: str) -> list[Recorded[Any]]:
    events: list[Event] = [CaseRegistered(unit=units[0], handler=None, registered_by=None)]
    events += [CaseTransferred(from_unit=before, to_unit=unit, handler=None, reason=None)
               for before, unit in pairwise(units)]  # fmt: skip
    return [recorded(event, version) for version, event in enumerate(events, 1)]


def spells(units: Mapping[str, list[Recorded[Any]]], since: int = 0, known: int = 0) -> list[tuple[int, Any]]:
    """By what the desk works, for a case that came on a day and whose coming was recorded on another: day by day."""
    found = with_units(standards_of_the_book(), passed_on("总部", "客户服务处"), units).units.get("客户服务处")
    if found is None:
        return []
    course: list[Spell] = found.since(START + since * DAY, START + known * DAY)
    return [((each.at - START) // DAY, each.hours) for each in course]


def test_a_unit_works_by_its_own_hours_from_when_they_were_set_until_they_are_taken_back() -> None:
    units = {of_desk: told(of_desk, (desk, 0), (night, 2), (office, 4), (none, 6))}
    assert spells(units) == [(0, None), (2, NIGHT), (4, OFFICE), (6, None)]
    assert spells(units, since=3, known=3) == [(3, NIGHT), (4, OFFICE), (6, None)]
    assert spells(units, since=7, known=7) == [(7, None)]


def test_a_unit_without_hours_of_its_own_has_those_of_the_nearest_unit_above_as_of_then() -> None:
    units = {
        of_group: told(of_group, (group, 0), (SubunitJoined(unit_id=NORTH), 0), (office, 1)),
        of_north: told(of_north, (north, 0), (night, 3)),
        of_east: told(of_east, (east, 0)),
        of_desk: told(of_desk, (desk, 0), (UnitMoved(parent=EAST), 5), (night, 7), (none, 9)),
    }
    assert spells(units) == [(0, None), (1, OFFICE), (3, NIGHT), (5, OFFICE), (7, NIGHT), (9, OFFICE)]


def test_a_unit_has_its_hours_under_the_name_that_it_took_as_well() -> None:
    of_counter = stream_of_unit(id_of_unit("北京柜台"))
    taken = UnitNameTaken(unit_id=DESK)
    units = {of_desk: told(of_desk, (desk, 0), (night, 2)), of_counter: told(of_counter, (taken, 1))}
    found = with_units(standards_of_the_book(), passed_on("总部", "北京柜台"), units).units["北京柜台"]
    assert [each.hours for each in found.since(START, START)] == [None, NIGHT]
    assert list(units_above(units[of_counter])) == [of_desk]
    own = UnitOpened(name="北京柜台", kind=UnitKind.DESK, parent=None)
    opened = {**units, of_counter: told(of_counter, (taken, 1), (own, 3))}
    since = with_units(standards_of_the_book(), passed_on("总部", "北京柜台"), opened).units["北京柜台"]
    assert [each.hours for each in since.since(START, START)] == [None, NIGHT, None]


def test_what_is_written_down_late_counts_from_its_recording_for_who_was_there_before() -> None:
    units = {of_desk: told(of_desk, (desk, 0), (night, 2, 5))}
    assert spells(units, since=1, known=1) == [(1, None), (5, NIGHT)]
    assert spells(units, since=3, known=4) == [(3, None), (5, NIGHT)]
    assert spells(units, since=3, known=6) == [(3, NIGHT)]
    assert spells(units, since=1, known=6) == [(1, None), (2, NIGHT)]


def test_a_correction_of_hours_reaches_back_no_further_than_to_its_recording() -> None:
    asked = CorrectionRequested(
        version=2, replacement=Replacement.of(office), occurrence=None, reason="a slip", requested_by="王芳"
    )
    corrected = EventCorrected(version=2, request=3, approved_by="李四")
    units = {of_desk: told(of_desk, (desk, 0), (night, 2), (asked, 4), (corrected, 5))}
    assert spells(units) == [(0, None), (2, NIGHT), (5, OFFICE)]
    assert spells(units, since=3, known=6) == [(3, OFFICE)]
    void = EventVoided(version=2, request=3, approved_by="李四")
    assert spells({of_desk: told(of_desk, (desk, 0), (night, 2), (asked, 4), (void, 5))})[-1] == (5, None)


def test_a_corrected_place_in_the_tree_is_followed_both_ways() -> None:
    asked = CorrectionRequested(
        version=1,
        replacement=Replacement.of(desk.model_copy(update={"parent": EAST})),
        occurrence=None,
        reason="a slip",
        requested_by="王芳",
    )
    corrected = EventCorrected(version=1, request=2, approved_by="李四")
    written = told(of_desk, (desk, 0), (asked, 3), (corrected, 4))
    assert set(units_above(written)) == {of_north, of_east}
    units = {
        of_desk: written,
        of_north: told(of_north, (north, 0), (night, 0)),
        of_east: told(of_east, (east, 0), (office, 0)),
    }
    assert spells(units) == [(0, NIGHT), (4, OFFICE)]


def test_hours_that_are_known_by_their_day_begin_with_it() -> None:
    by_day = [
        each._replace(occurred_at=each.occurred_at + timedelta(hours=15), occurred_precision=Precision.DAY)
        for each in told(of_desk, (desk, 0), (night, 2))
    ]
    assert spells({of_desk: by_day}) == [(0, None), (2, NIGHT)]


def test_units_in_a_circle_and_calendars_of_no_one_are_as_the_policy_says() -> None:
    units = {
        of_north: told(of_north, (north.model_copy(update={"parent": DESK}), 0), (UnitHoursSet(calendar="gone"), 2)),
        of_desk: told(of_desk, (desk, 0)),
    }
    assert spells(units) == [(0, None)]
    assert spells({}) == []


def test_what_stays_with_one_unit_asks_for_no_hours() -> None:
    assert not list(units_of(passed_on("客户服务处")))
    assert list(units_of(passed_on("客户服务处", "华北分部", "客户服务处"))) == [of_desk, of_north]
    sent = [recorded(CaseDispatched(unit="客户服务处", handler=None))]
    by = standards_of_the_book()
    assert with_units(by, sent, {of_desk: told(of_desk, (desk, 0), (night, 0))}) is by


def test_the_standards_with_hours_keep_what_was_worked_out_before() -> None:
    units = {of_desk: told(of_desk, (desk, 0), (night, 0))}
    by = standards_of_the_book()
    one, other = (with_units(by, passed_on("总部", "客户服务处"), units) for _ in range(2))
    assert one.kept is by.kept
    assert one.units["客户服务处"] is other.units["客户服务处"]


def test_as_many_events_of_a_unit_as_before_are_told_apart_when_they_are_others() -> None:
    opening, by_night, by_day = told(of_desk, (desk, 0), (night, 0), (office, 0))
    by = standards_of_the_book()
    known = {hours: with_units(by, passed_on("总部", "客户服务处"), {of_desk: [opening, recorded]})
             for hours, recorded in ((NIGHT, by_night), (OFFICE, by_day))}  # fmt: skip
    for hours, worked in known.items():
        assert worked.units["客户服务处"].at(START + DAY, START + DAY) == hours
