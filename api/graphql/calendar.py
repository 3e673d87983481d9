"""The calendars of the book as a front end sees them: what was published, and what waits for a decision."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import strawberry

from api.graphql.enums import Weekday
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from domain.calendar import BookCalendars, CalendarProposed, CalendarPublished, stream_of_calendars
from domain.sla.calendar import CalendarDocument as Document
from domain.sla.days import WEEKDAYS
from domain.sla.zones import ZONE_DATA
from ledger.decision import Tip

FRAMES = "Hours in local time, such as `09:00-12:00`; `22:00-06:00` goes over midnight."


@strawberry.type(description="What people read.")
class CalendarTitle:
    en: str = strawberry.field(description="In English.")
    zh: str | None = strawberry.field(description="In Chinese.")


@strawberry.type(description=f"The hours of each day of the week; none: nobody works. {FRAMES}")
class CalendarWeek:
    mon: list[str] = strawberry.field(description="On Mondays.")
    tue: list[str] = strawberry.field(description="On Tuesdays.")
    wed: list[str] = strawberry.field(description="On Wednesdays.")
    thu: list[str] = strawberry.field(description="On Thursdays.")
    fri: list[str] = strawberry.field(description="On Fridays.")
    sat: list[str] = strawberry.field(description="On Saturdays.")
    sun: list[str] = strawberry.field(description="On Sundays.")


@strawberry.type(description="A date on which nobody works.")
class CalendarHoliday:
    date: date = strawberry.field(description="The local date.")
    name: str = strawberry.field(description="What it is called.")


@strawberry.type(description="A date on which somebody works, whatever day of the week or holiday it is (调休).")
class CalendarWorkingDay:
    date: date = strawberry.field(description="The local date.")
    like: Weekday | None = strawberry.field(description="The day of the week whose hours it has; null when it has own.")
    frames: list[str] = strawberry.field(description=f"Its own hours. {FRAMES}")
    name: str | None = strawberry.field(description="What it is called, or makes up for.")


@strawberry.type(description="Hours of one date.")
class CalendarHours:
    date: date = strawberry.field(description="The local date.")
    frames: list[str] = strawberry.field(description=FRAMES)


@strawberry.type(description="A calendar in full (工作日历).")
class CalendarDocument:
    name: str = strawberry.field(description="The name that stays.")
    title: CalendarTitle = strawberry.field(description="What people read.")
    zone: str = strawberry.field(description="The IANA zone in which its hours are.")
    week: CalendarWeek = strawberry.field(description="The hours of each day of the week.")
    annual_holidays: list[str] = strawberry.field(description="Days that are holidays every year, such as `12-25`.")
    holidays: list[CalendarHoliday] = strawberry.field(description="Dates on which nobody works.")
    working_days: list[CalendarWorkingDay] = strawberry.field(
        description="Dates on which somebody works after all; they go before holidays."
    )
    overrides: list[CalendarHours] = strawberry.field(
        description="Hours of single dates, whatever else is said of them; none: closed."
    )
    breaks: list[CalendarHours] = strawberry.field(description="Hours that are taken out of single dates.")
    source: str = strawberry.field(description="Where its dates come from.")


@strawberry.type(description="A version of a calendar, as it was published.")
class PublishedCalendar:
    name: str = strawberry.field(description="The calendar.")
    version: int = strawberry.field(description="From 1, for each calendar.")
    effective_from: date = strawberry.field(description="The first local date for which it holds.")
    known_at: datetime = strawberry.field(description="When the ledger heard of its publication.")
    approved_by: str = strawberry.field(description="Who published it.")
    document: CalendarDocument = strawberry.field(description="What it says.")


@strawberry.type(description="A calendar that somebody proposed, and nobody has decided on.")
class ProposedCalendar:
    proposal: int = strawberry.field(description="Its number; give it to publish or decline it.")
    effective_from: date = strawberry.field(description="The first local date for which it is to hold.")
    reason: str = strawberry.field(description="Why.")
    requested_by: str = strawberry.field(description="Who proposed it.")
    document: CalendarDocument = strawberry.field(description="What it says.")


@strawberry.type(description="All calendars of the book: of two versions that hold for a date, the later one counts.")
class Calendars:
    version: int = strawberry.field(description="Goes into `expectedVersion`; 0 before anything was proposed.")
    zone_data: str = strawberry.field(description="The release of the IANA's zone data by which they count.")
    published: list[PublishedCalendar] = strawberry.field(description="What was published, in that order.")
    proposals: list[ProposedCalendar] = strawberry.field(description="What waits for a decision.")


@strawberry.type
class CalendarQuery:
    @resolved("The book's calendars, as they are by now.")
    async def calendars(self, info: Info) -> Calendars:
        return await _shown(info.context)


async def shown_calendars(request: Request, subject: UUID) -> Calendars:
    """The calendars of the book, of which each has one set."""
    del subject
    return await _shown(request)


async def _shown(request: Request) -> Calendars:
    ledger = request.door.ledger
    stream = stream_of_calendars(ledger.book)

    def read() -> Tip:
        return ledger.tips([stream])[stream]

    return _calendars_of(await request.door.off_loop(read))


def _calendars_of(tip: Tip) -> Calendars:
    state: BookCalendars = tip.state
    approved = {
        (decision.name, decision.version): decision.approved_by
        for decision in state.decided.values()
        if isinstance(decision, CalendarPublished)
    }
    return Calendars(
        version=tip.version,
        zone_data=ZONE_DATA,
        published=[
            PublishedCalendar(
                name=one.name,
                version=one.version,
                effective_from=one.effective_from,
                known_at=one.known_at,
                approved_by=approved[one.name, one.version],
                document=_document(one.document),
            )
            for one in state.versions
        ],
        proposals=[_proposed(version, proposal) for version, proposal in state.pending.items()],
    )


def _proposed(version: int, proposal: CalendarProposed) -> ProposedCalendar:
    return ProposedCalendar(
        proposal=version,
        effective_from=proposal.effective_from,
        reason=proposal.reason,
        requested_by=proposal.requested_by,
        document=_document(proposal.document),
    )


def _document(document: Document) -> CalendarDocument:
    return CalendarDocument(
        name=document.name,
        title=CalendarTitle(en=document.title.en, zh=document.title.zh),
        zone=document.zone,
        week=CalendarWeek(**{str(weekday): list(document.week.of(weekday)) for weekday in WEEKDAYS}),
        annual_holidays=list(document.annual_holidays),
        holidays=[CalendarHoliday(date=each.date, name=each.name) for each in document.holidays],
        working_days=[
            CalendarWorkingDay(date=each.date, like=each.like, frames=list(each.frames), name=each.name)
            for each in document.working_days
        ],
        overrides=[CalendarHours(date=each.date, frames=list(each.frames)) for each in document.overrides],
        breaks=[CalendarHours(date=each.date, frames=list(each.frames)) for each in document.breaks],
        source=document.source,
    )
