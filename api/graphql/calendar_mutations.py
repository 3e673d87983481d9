"""What can be asked of calendars, one line a mutation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from api.graphql import calendar_inputs as inputs
from api.graphql.asked import content_of
from api.graphql.calendar import Calendars, shown_calendars
from api.graphql.carrying_out import Maker, Making, Objected, Objection
from api.graphql.codes import INVALID_INPUT, STALE_VERSION
from api.graphql.inputs import AskedAgain
from api.graphql.mutation import Mutation, Subject
from domain import calendar
from domain.book import id_of_book
from domain.event import Command
from domain.sla.calendar import BadCalendar, CalendarDocument, Problem, document_of

CALENDARS = Subject("calendars", Calendars, shown_calendars, views=())


def _path(problem: Problem) -> tuple[str, ...]:
    """`week.mon[1]` as the path to a field of the input."""
    return ("document", *(to_camel_case(step) for step in re.findall(r"[^.\[\]]+", problem.place)))


def document_in(asked: inputs.CalendarDocumentInput) -> CalendarDocument:
    """The calendar that an input says. Raises: Objected, with all the mistakes of the document."""
    try:
        return document_of(asdict(asked))
    except BadCalendar as bad:
        raise Objected(*(Objection(INVALID_INPUT, f"{each.message}.", _path(each)) for each in bad.problems)) from None


def propose_calendar(asked: inputs.ProposeCalendarInput, making: Making) -> Sequence[Command]:
    """The proposal. Raises: Objected, with all the mistakes of the document."""
    return OfCalendars(calendar.ProposeCalendar)(asked, making, document=document_in(asked.document))


class OfCalendars:
    """An input that becomes one command about the calendars of the door's book, whose fields have the same names."""

    def __init__(self, kind: type[calendar.AboutCalendars]) -> None:
        self.kind = kind

    def __call__(self, asked: AskedAgain, making: Making, **instead: Any) -> Sequence[Command]:
        """The command; `instead` takes the place of fields."""
        content = content_of(asked) | instead
        return [making.command(self.kind, book_id=id_of_book(making.ledger.book), **content)]


def _of_calendars(
    name: str, description: str, asked: type[AskedAgain], make: Maker, kind: type[calendar.AboutCalendars]
) -> Mutation:
    return Mutation(name, description, asked, make, (kind,), CALENDARS, (STALE_VERSION,))


CALENDAR_MUTATIONS: tuple[Mutation, ...] = (
    _of_calendars(
        "propose_calendar",
        "Proposes a calendar by which deadlines count (工作日历).",
        inputs.ProposeCalendarInput,
        propose_calendar,
        calendar.ProposeCalendar,
    ),
    _of_calendars(
        "publish_calendar",
        "Publishes a calendar that somebody else proposed.",
        inputs.PublishCalendarInput,
        OfCalendars(calendar.PublishCalendar),
        calendar.PublishCalendar,
    ),
    _of_calendars(
        "decline_calendar",
        "Turns down a calendar that was proposed.",
        inputs.DeclineCalendarInput,
        OfCalendars(calendar.DeclineCalendar),
        calendar.DeclineCalendar,
    ),
)
