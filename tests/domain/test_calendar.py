from datetime import date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from domain.book import BOOK, BookOpened, BookTime, SelfApprovalAllowed, id_of_book, stream_of_book
from domain.calendar import (
    CALENDAR,
    BookCalendars,
    CalendarDeclined,
    CalendarProposed,
    CalendarPublished,
    DeclineCalendar,
    ProposeCalendar,
    PublishCalendar,
    stream_of_calendars,
)
from domain.sla.calendar import CalendarDocument
from domain.sla.calendars import CalendarVersion
from tests.domain.sla.made import calendar
from tests.domain.story import MONDAY, Story, folded, recorded

story = Story(CALENDAR)
ABOUT: dict[str, Any] = {"at": MONDAY, "book_id": id_of_book("test")}
NEW_YEAR = date(2026, 1, 1)
OFFICE = calendar()
LONGER = calendar(("09:00-20:00",))
ELSEWHERE = calendar(place="Asia/Shanghai")


def proposed(document: CalendarDocument = OFFICE, effective: date = NEW_YEAR, by: str = "ada") -> CalendarProposed:
    return CalendarProposed(document=document, effective_from=effective, reason="announced", requested_by=by)


def propose(document: CalendarDocument = OFFICE, effective: date = NEW_YEAR, by: str = "ada") -> ProposeCalendar:
    return ProposeCalendar(**ABOUT, document=document, effective_from=effective, reason="announced", requested_by=by)


def published(proposal: int = 1, version: int = 1) -> CalendarPublished:
    return CalendarPublished(proposal=proposal, name="office", version=version, approved_by="grace")


def publish(proposal: int = 1, by: str = "grace") -> PublishCalendar:
    return PublishCalendar(**ABOUT, proposal=proposal, approved_by=by)


def decline(proposal: int = 1, by: str = "grace", reason: str = "last year's dates") -> DeclineCalendar:
    return DeclineCalendar(**ABOUT, proposal=proposal, reason=reason, declined_by=by)


DECLINED = CalendarDeclined(proposal=1, reason="last year's dates", declined_by="grace")


def test_a_calendar_is_proposed_by_one_person_and_published_by_another() -> None:
    story.when(propose()).then(proposed())
    story.given(proposed()).when(publish()).then(published())
    story.given(proposed()).when(decline()).then(DECLINED)
    story.given(proposed()).when(decline(by="ada")).then(DECLINED.model_copy(update={"declined_by": "ada"}))


def test_all_calendars_of_a_book_are_one_stream() -> None:
    assert propose().stream == publish().stream == decline().stream == stream_of_calendars("test")
    assert stream_of_calendars("test") != stream_of_calendars("main")


def test_versions_are_counted_for_each_name() -> None:
    desk = calendar(name="desk")
    history = (proposed(), published(), proposed(desk), proposed(LONGER))
    of_desk = CalendarPublished(proposal=3, name="desk", version=1, approved_by="grace")
    story.given(*history).when(publish(3)).then(of_desk)
    story.given(*history, of_desk).when(publish(4)).then(published(4, version=2))


def test_what_was_published_is_known_from_when_it_was_recorded() -> None:
    state = folded(CALENDAR, [recorded(event, at) for at, event in enumerate((proposed(), published()), 1)])
    assert state.versions == (CalendarVersion("office", 1, NEW_YEAR, MONDAY, OFFICE),)
    assert state.calendars.versions("office") == state.versions
    assert (state.pending, state.decided) == ({}, {1: published()})


def test_who_asked_does_not_publish_unless_the_book_allows_it() -> None:
    alone = publish(by="ada")
    story.given(proposed()).when(alone).then_refused("SAME_PERSON", "let somebody else decide")
    opened = BookOpened(origin="daybook.example/test", zone="UTC", time=BookTime.LIVE, formats=())
    allowed = SelfApprovalAllowed(reason="one person", decided_by="grace")
    small = story.beside(stream_of_book("test"), BOOK, opened, allowed)
    small.given(proposed()).when(alone).then(published().model_copy(update={"approved_by": "ada"}))


def test_what_changes_nothing_is_not_proposed_again() -> None:
    history = (proposed(), published(), proposed(LONGER, date(2026, 7, 1)), published(3, 2))
    story.given(*history).when(propose()).then_nothing()
    story.given(*history).when(propose(effective=date(2026, 3, 1))).then_nothing()
    story.given(*history).when(propose(LONGER, date(2027, 1, 1))).then_nothing()
    story.given(*history).when(propose(effective=date(2027, 1, 1))).then(proposed(effective=date(2027, 1, 1)))
    story.given(proposed()).when(propose()).then_nothing()
    story.given(proposed()).when(propose(by="lin")).then(proposed(by="lin"))


def test_a_calendar_stays_in_its_zone() -> None:
    story.given(proposed(), published()).when(propose(ELSEWHERE)).then_refused(
        "CALENDAR_ZONE_DIFFERS", "is in UTC, and this version in Asia/Shanghai; give a calendar of another zone another"
    )
    history = (proposed(), proposed(ELSEWHERE), published())
    story.given(*history).when(publish(2)).then_refused("CALENDAR_ZONE_DIFFERS", "another name")


def test_a_proposal_is_decided_once() -> None:
    for decided, again in ((published(), decline()), (DECLINED, publish())):
        story.given(proposed(), decided).when(again).then_refused("ALREADY_DECIDED", "version 1 was decided before")
    story.given(proposed(), published()).when(publish(by="lin")).then_refused("ALREADY_DECIDED", "propose")
    story.given(proposed(), DECLINED).when(decline(reason="no")).then_refused("ALREADY_DECIDED", "anew")
    story.given(proposed(), published()).when(publish()).then_nothing()
    story.given(proposed(), DECLINED).when(decline()).then_nothing()


def test_what_was_never_proposed_is_not_decided() -> None:
    story.when(publish()).then_refused("UNKNOWN_PROPOSAL", "is no proposal; none waits")
    story.given(proposed()).when(decline(7)).then_refused("UNKNOWN_PROPOSAL", r"those that wait are 1 \(office\)")


def test_a_decision_on_nothing_leaves_nothing() -> None:
    assert folded(CALENDAR, [recorded(published())]) == BookCalendars()


def test_a_calendar_in_no_known_zone_is_not_asked_for() -> None:
    nowhere = OFFICE.model_copy(update={"zone": "Mars/Olympus"})
    with pytest.raises(ValidationError, match="There is no zone 'Mars/Olympus'"):
        propose(nowhere)


def test_a_stored_calendar_is_read_whatever_has_become_of_its_zone() -> None:
    gone = proposed().model_dump(mode="json")
    gone["document"]["zone"] = "Asia/Atlantis"
    assert CalendarProposed.model_validate(gone).document.zone == "Asia/Atlantis"


def test_an_effective_date_is_a_date_alone() -> None:
    with pytest.raises(ValidationError, match="no date"):
        propose(effective=datetime(2026, 1, 1, 12))  # noqa: DTZ001
