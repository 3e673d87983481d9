"""How a case is found, by number, source's key or id, and what its events say to people."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from pydantic import BaseModel

from api.cli.exits import NotFound
from api.cli.terminal import shown
from api.workspace import Workspace
from domain.amendment import Occurrence, Replacement
from domain.envelope import Recorded, RegisterNumber
from domain.event import Event
from domain.money import Money
from domain.personal import Personal
from domain.stream import Category, subject_of
from ledger.ledger import Ledger
from projections.case_file import CASE_FILE, by_source_key
from projections.cursor import standings

NUMBER = re.compile(r"([A-Za-z])(\d{4})-0*(\d{1,9})")
A_DAY = timedelta(days=1)
LATE = A_DAY
# The currencies of ISO 4217 whose minor unit is not a hundredth.
DIGITS = dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0) | (
    dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
)
BESIDE_THE_EVENT = frozenset({"customer_id", "case_id", "touchpoint_id"})


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


def customer_name(customer_id: UUID | None, customer: Any) -> str | None:
    """What a customer is called, out of their folded state, as far as it can be read; None for no customer."""
    if customer_id is None:
        return None
    return "(not registered)" if customer is None else shown(customer.name) or "(no name)"


def what(recorded: Recorded[Event]) -> str:
    """An event as a line of words, with what it says."""
    event = recorded.event
    name = event.TOPIC.rpartition(".")[0].replace("-", " ")
    told = said(event)
    number = f" as {recorded.register}" if recorded.register else ""
    departures = f"   [{', '.join(recorded.metadata.departures)}]" if recorded.metadata.departures else ""
    return f"{name}{number}" + (f"   {told}" if told else "") + departures


def said(event: BaseModel) -> str:
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
        case BaseModel():
            return f"({said(value)})"
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
