"""What can be asked of calendars."""

from __future__ import annotations

from datetime import date

import strawberry

from api.graphql.calendar import FRAMES
from api.graphql.enums import Weekday
from api.graphql.inputs import AskedAgain

PROPOSAL = "The number of the proposal."


@strawberry.input(description="What people read.")
class CalendarTitleInput:
    en: str = strawberry.field(description="In English.")
    zh: str | None = strawberry.field(default=None, description="In Chinese.")


@strawberry.input(description=f"The hours of each day of the week; none: nobody works. {FRAMES}")
class CalendarWeekInput:
    mon: list[str] = strawberry.field(default_factory=list, description="On Mondays.")
    tue: list[str] = strawberry.field(default_factory=list, description="On Tuesdays.")
    wed: list[str] = strawberry.field(default_factory=list, description="On Wednesdays.")
    thu: list[str] = strawberry.field(default_factory=list, description="On Thursdays.")
    fri: list[str] = strawberry.field(default_factory=list, description="On Fridays.")
    sat: list[str] = strawberry.field(default_factory=list, description="On Saturdays.")
    sun: list[str] = strawberry.field(default_factory=list, description="On Sundays.")


@strawberry.input(description="A date on which nobody works.")
class CalendarHolidayInput:
    date: date = strawberry.field(description="The local date.")
    name: str = strawberry.field(description="What it is called.")


@strawberry.input(description="A date on which somebody works (调休): `like` another day of the week, or in `frames`.")
class CalendarWorkingDayInput:
    date: date = strawberry.field(description="The local date.")
    like: Weekday | None = strawberry.field(default=None, description="The day of the week whose hours it has.")
    frames: list[str] = strawberry.field(default_factory=list, description=f"Its own hours. {FRAMES}")
    name: str | None = strawberry.field(default=None, description="What it is called, or makes up for.")


@strawberry.input(description="Hours of one date.")
class CalendarHoursInput:
    date: date = strawberry.field(description="The local date.")
    frames: list[str] = strawberry.field(description=FRAMES)


@strawberry.input(description="A calendar in full (工作日历).")
class CalendarDocumentInput:
    name: str = strawberry.field(description="The name that stays: small letters, digits and dashes.")
    title: CalendarTitleInput = strawberry.field(description="What people read.")
    zone: str = strawberry.field(description="The IANA zone in which its hours are; it stays as well.")
    week: CalendarWeekInput = strawberry.field(description="The hours of each day of the week.")
    annual_holidays: list[str] = strawberry.field(
        default_factory=list, description="Days that are holidays every year, such as `12-25`."
    )
    holidays: list[CalendarHolidayInput] = strawberry.field(
        default_factory=list, description="Dates on which nobody works."
    )
    working_days: list[CalendarWorkingDayInput] = strawberry.field(
        default_factory=list, description="Dates on which somebody works after all; they go before holidays."
    )
    overrides: list[CalendarHoursInput] = strawberry.field(
        default_factory=list, description="Hours of single dates, whatever else is said of them; none: closed."
    )
    breaks: list[CalendarHoursInput] = strawberry.field(
        default_factory=list, description="Hours that are taken out of single dates."
    )
    source: str = strawberry.field(description="Where its dates come from.")


@strawberry.input(description="A calendar to hold from a date on. Nothing counts by it before somebody else approves.")
class ProposeCalendarInput(AskedAgain):
    document: CalendarDocumentInput = strawberry.field(description="The calendar.")
    effective_from: date = strawberry.field(
        description="The first local date for which it is to hold, until another version does."
    )
    reason: str = strawberry.field(description="Why.")
    requested_by: str = strawberry.field(description="The member of staff who proposes it.")


@strawberry.input(description="A proposal to publish. Who made it may not, unless the book allows it.")
class PublishCalendarInput(AskedAgain):
    proposal: int = strawberry.field(description=PROPOSAL)
    approved_by: str = strawberry.field(description="The member of staff who approves.")


@strawberry.input(description="A proposal to turn down. Who made it may do so too, which takes it back.")
class DeclineCalendarInput(AskedAgain):
    proposal: int = strawberry.field(description=PROPOSAL)
    reason: str = strawberry.field(description="Why.")
    declined_by: str = strawberry.field(description="The member of staff who declines.")
