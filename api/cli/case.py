"""`daybook case`: one case by number, source's key or id: where it stands, and everything that happened to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import reduce
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from api.cli.exits import NotFound
from api.cli.terminal import Terminal, add_row, shown, table
from api.workspace import Workspace
from domain.amendment import Occurrence, Replacement
from domain.correction import Reading, applied
from domain.envelope import Recorded, RegisterNumber
from domain.event import Event, Precision
from domain.money import Money
from domain.personal import Personal
from domain.stream import Category, stream_of, subject_of
from ledger.ledger import Ledger
from projections.case_file import CASE_FILE, CaseFile, by_source_key
from projections.cursor import standings
from projections.projection import FoldContext

NUMBER = re.compile(r"([A-Za-z])(\d{4})-0*(\d{1,9})")
A_DAY = timedelta(days=1)
LATE = A_DAY
# The currencies of ISO 4217 whose minor unit is not a hundredth.
DIGITS = dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0) | (
    dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
)
BESIDE_THE_EVENT = frozenset({"customer_id", "case_id", "touchpoint_id"})
UNSAID = frozenset({
    "case_id", "version", "position", "series", "number", "kind", "status", "customer_id", "words_version",
    "received_precision",
})  # fmt: skip
"""Columns of the case file that are shown elsewhere, or mean little to people."""


def run(workspace: Workspace, terminal: Terminal, name: str) -> None:
    """Answers. Raises: NotFound."""
    ledger = workspace.ledger
    written = ledger.history(stream_of(Category.CASE, find(workspace, name)), opened=True)
    history = list(applied(written))
    if not written:
        raise NotFound(f"There is no case {name!r} in book {ledger.book!r}.")
    case_id = subject_of(written[0].stream)
    context = FoldContext(case_id)
    view: CaseFile | None = reduce(lambda seen, one: CASE_FILE.fold(seen, one, context), history, None)
    if view is None:
        gone = "what was received is void" if history != written else "it was never received"
        raise NotFound(f"Case {name!r} has events in book {ledger.book!r}, but {gone}.")
    last = written[-1]
    view = view._replace(version=last.version, position=last.position, last_recorded_at=last.recorded_at)
    if terminal.json:
        terminal.answer(as_data(ledger, view, written))
        return
    terminal.stamp(ledger.book, ledger.time)
    terminal.show(headline(view), *facts(ledger, view, history), "", *story(ledger, written))


def find(workspace: Workspace, name: str) -> UUID:
    """The id of the case that goes by a number, a source's key or an id.

    Raises: NotFound; LedgerError where keys are in a table of another version.
    """
    ledger = workspace.ledger
    try:
        return UUID(name)
    except ValueError:
        pass
    if found := NUMBER.fullmatch(name.strip()):
        number = RegisterNumber(f"{found[1].upper()}{found[2]}", int(found[3]))
        if (stream := ledger.stream_of_number(number)) and stream.startswith(f"{Category.CASE}-"):
            return subject_of(stream)
    (view,) = standings(ledger.database, ledger.book, [CASE_FILE])
    if view.held is not None:
        raise view.held
    try:
        cases = by_source_key(ledger.database, ledger.book, name.strip()) if is_text(name) else []
    except psycopg.errors.UndefinedTable as error:
        raise NotFound(
            f"There is no case {name!r} by number or id, and keys cannot be looked up before `daybook project`."
        ) from error
    if len(cases) > 1:
        ids = ", ".join(str(case.case_id) for case in cases)
        raise NotFound(f"{len(cases)} cases have the key {name!r}; name one by its id: {ids}.")
    if not cases:
        message = f"There is no case {name!r} in book {ledger.book!r}, by number, source's key or id."
        raise NotFound(message + _unknown_yet(ledger, view.position))
    return cases[0].case_id


def _unknown_yet(ledger: Ledger, position: int) -> str:
    """What to know of a key that is not found while the view of cases is behind the book."""
    head = ledger.head()
    if position >= head:
        return ""
    return f" Keys are known up to position {position} of {head}; `daybook project` reads on."


def is_text(name: str) -> bool:
    """Whether what was typed is text, and not bytes in an encoding other than the terminal's."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def headline(view: CaseFile) -> str:
    """The case in one line."""
    return f"{view.register or 'not registered'}  {view.kind}  {view.status}   {view.case_id}"


def facts(ledger: Ledger, view: CaseFile, history: Sequence[Recorded[Event]]) -> Iterator[Any]:
    """Where the case stands, as a table of what is known."""
    zone = ZoneInfo(ledger.zone)
    of_case = table("", "")
    words = next((getattr(one.event, "words", None) for one in history if one.version == view.words_version), None)
    if customer := customer_name(ledger, view.customer_id):
        add_row(of_case, "customer", f"{customer}   {view.customer_id}")
    add_row(of_case, "words", shown(words) or "-")
    for column, value in view._asdict().items():
        if column in UNSAID or value in (None, 0, (), {}):
            continue
        by_day = column == "received_at" and view.received_precision is Precision.DAY
        told = value.astimezone(zone).date() if by_day else readable(value, zone)
        add_row(of_case, column.replace("_", " "), told)
    yield of_case


def customer_name(ledger: Ledger, customer_id: UUID | None) -> str | None:
    """The customer's name as it can be read; None when there is no customer."""
    if customer_id is None:
        return None
    stream = stream_of(Category.CUSTOMER, customer_id)
    customer = ledger.tips([stream])[stream].state
    return "(not registered)" if customer is None else shown(customer.name) or "(no name)"


def story(ledger: Ledger, history: Sequence[Recorded[Event]]) -> Iterator[Any]:
    """The events, one a row, as they were written and in the order in which they were recorded."""
    zone = ZoneInfo(ledger.zone)
    reading = Reading(history)
    events = table("position", "version", "occurred", "recorded", "actor", "what", right=("position", "version"))
    for one in history:
        here = one.occurred_at.astimezone(ZoneInfo(one.occurred_zone))
        by_day = one.occurred_precision is Precision.DAY
        delay = one.recorded_at - one.occurred_at - (A_DAY if by_day else timedelta())  # late once the day is over
        late = f" (+{delay.days} d)" if delay >= LATE and one.source_recorded_at is None else ""
        add_row(
            events,
            one.position,
            one.version,
            here.date() if by_day else readable(here, None),
            readable(one.recorded_at, zone) + late,
            " · ".join(part for part in (one.metadata.actor.name, one.metadata.actor.unit) if part),
            what(one) + amended(reading, one),
        )
    yield events


def amended(reading: Reading, recorded: Recorded[Event]) -> str:
    """How an event is read by now, when that is otherwise than it was written."""
    amendment = reading.amended_by(recorded)
    if amendment is None:
        return ""
    read = reading.of(recorded)
    by = f"by version {amendment.version}"
    if read is None:
        return f"   [void {by}]"
    moved = read.occurred_at != recorded.occurred_at
    at = f", occurred {readable(read.occurred_at.astimezone(ZoneInfo(read.occurred_zone)), None)}" if moved else ""
    return f"   [{by} read as: {what(read)}{at}]"


def what(recorded: Recorded[Event]) -> str:
    """An event as a line of words, with what it says."""
    event = recorded.event
    name = event.TOPIC.rpartition(".")[0].replace("-", " ")
    told = said(event)
    number = f" as {recorded.register}" if recorded.register else ""
    departures = f"   [{', '.join(recorded.metadata.departures)}]" if recorded.metadata.departures else ""
    return f"{name}{number}" + (f"   {told}" if told else "") + departures


def said(event: Event) -> str:
    """What an event says, field by field, as a line of words."""
    values = ((field, getattr(event, field)) for field in type(event).model_fields if field not in BESIDE_THE_EVENT)
    return ", ".join(
        f"{field.replace('_', ' ')}: {readable(value, None)}" for field, value in values if value not in (None, ())
    )


def readable(value: Any, zone: ZoneInfo | None) -> str:
    """A value for people; instants in the zone, or in their own."""
    match value:
        case datetime():
            here = value if zone is None else value.astimezone(zone)
            return here.isoformat(" ", "seconds")
        case Personal():
            return str(shown(value))
        case Money():
            digits = DIGITS.get(value.currency, 2)
            return f"{value.currency} {value.minor_units / 10**digits:.{digits}f}"
        case Replacement():
            return f"{value.topic.rpartition('.')[0].replace('-', ' ')} ({said(value.data)})"
        case Occurrence():
            return readable(value.at.astimezone(ZoneInfo(value.zone)), None)
        case tuple() if hasattr(value, "_fields"):
            return " ".join(readable(part, zone) for part in value)
        case tuple():
            return ", ".join(readable(part, zone) for part in value)
        case _ if hasattr(value, "items"):
            return ", ".join(f"{name}={told}" for name, told in value.items())
        case _ if hasattr(value, "name") and hasattr(value, "value") and not isinstance(value, str):
            return f"{value.name}={value.value}"
        case _:
            return str(value)


def as_data(ledger: Ledger, view: CaseFile, history: Sequence[Recorded[Event]]) -> dict[str, Any]:
    """The whole answer, for programs; the history as it was written."""
    reading = Reading(history)
    return {
        "book": ledger.book,
        "time": ledger.time,
        "case": {"register": str(view.register) if view.register else None} | view._asdict(),
        "customer_name": customer_name(ledger, view.customer_id),
        "history": [
            {
                "position": one.position,
                "version": one.version,
                "topic": one.event.TOPIC,
                "occurred_at": one.occurred_at,
                "occurred_zone": one.occurred_zone,
                "occurred_precision": one.occurred_precision,
                "recorded_at": one.recorded_at,
                "source_recorded_at": one.source_recorded_at,
                "register": str(one.register) if one.register else None,
                "actor": one.metadata.actor,
                "door": one.metadata.channel,
                "departures": one.metadata.departures,
                "amended_by": amendment.version if (amendment := reading.amended_by(one)) else None,
                "data": one.event,
            }
            for one in history
        ],
    }
