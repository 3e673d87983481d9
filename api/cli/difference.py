"""`daybook diff`: what is otherwise with a case or a customer between two points of the past, and because of what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.cli.case import find, readable
from api.cli.customer import called, the_one
from api.cli.exits import NotFound
from api.cli.past import AskedPast, as_data, stated
from api.cli.terminal import Terminal, add_row, shown, table
from api.differences import case_difference, customer_difference
from api.workspace import Workspace
from domain.event import Precision
from domain.personal import Personal
from domain.stream import Category, stream_of
from ledger.ledger import Ledger, PersonalPlace
from projections.fields import EVERY_EVENT_CHANGES, apart
from replay.difference import Difference, EventDifference, FieldDifference, Standing, Stood

MOST_NAMED = 5
"""So many events are named with a field that adds up out of them; all of them stand below, and in `--json`."""
Texts = Mapping[PersonalPlace, Personal[Any]]
STANDING: Mapping[Standing, str] = {
    Standing.UNKNOWN: "not known",
    Standing.TO_COME: "not yet",
    Standing.ELSEWHERE: "about another",
    Standing.VOID: "void",
    Standing.COUNTED: "counted",
    Standing.CORRECTED: "corrected",
}


def of_case(workspace: Workspace, terminal: Terminal, name: str, before: AskedPast, after: AskedPast) -> bool:
    """Answers; gives back whether anything differs. Raises: NotFound, WrongUse."""
    ledger = workspace.ledger
    case_id = find(workspace, name)
    found = case_difference(ledger, case_id, before.as_of(ledger), after.as_of(ledger))
    if found is None:
        raise NotFound(f"There is no case {name!r} in book {ledger.book!r}.")
    return _answered(ledger, terminal, Category.CASE, case_id, found)


def of_customer(workspace: Workspace, terminal: Terminal, name: str, before: AskedPast, after: AskedPast) -> bool:
    """The same for a customer."""
    ledger = workspace.ledger
    customer_id = the_one(name, {each: each for each in called(ledger, terminal, name)})
    found = customer_difference(ledger, customer_id, before.as_of(ledger), after.as_of(ledger))
    if found is None:
        raise NotFound(f"There is no customer {name!r} in book {ledger.book!r}.")
    return _answered(ledger, terminal, Category.CUSTOMER, customer_id, found)


def _answered(ledger: Ledger, terminal: Terminal, kind: Category, subject: UUID, found: Difference) -> bool:
    sides = (side for each in found.fields for side in (each.before, each.after))
    texts = ledger.disclose(place for side in sides if (place := apart(side)[1]) is not None)
    if terminal.json:
        terminal.answer(_as_data(ledger, kind, subject, found, texts))
        return not found.is_nothing
    terminal.stamp(ledger.book, ledger.time)
    terminal.show(f"from  {stated(found.before)}", f"to    {stated(found.after)}", "")
    if found.is_nothing:
        terminal.show(f"Nothing differs: {kind} {subject} is the same on both sides, and of the same events.")
        return False
    changed = [each for each in found.fields if each.path not in EVERY_EVENT_CHANGES]
    if changed:
        terminal.show(_fields(changed, texts), "")
    else:
        terminal.show("No field differs but when it was last heard of.", "")
    own = stream_of(kind, subject)
    terminal.show("Events that one side has and the other has not, or reads otherwise:")
    terminal.show(_events(found.events, own, ZoneInfo(ledger.zone)))
    return True


def _fields(changed: Iterable[FieldDifference], texts: Texts) -> Any:
    shown_as = table("field", "from", "to", "because of")
    for each in changed:
        because = "; ".join(map(_cause, each.because[:MOST_NAMED]))
        if len(each.because) > MOST_NAMED:
            because += f"; and {len(each.because) - MOST_NAMED:,} more of the events below"
        add_row(shown_as, each.path.replace("_", " "), _side(each.before, texts), _side(each.after, texts), because)
    return shown_as


def _side(value: Any, texts: Texts) -> str:
    plain, place = apart(value)
    if place is not None:
        return shown(texts.get(place)) or "(gone)"
    if plain is None:
        return "-"
    return readable(tuple(plain) if isinstance(plain, list) else plain, None)


def _cause(each: EventDifference) -> str:
    """An event in a few words, with what became of it between the two sides."""
    return f"{_called(each)} at position {each.event.position}: {_stood(each.before)} -> {_stood(each.after)}"


def _called(each: EventDifference) -> str:
    topic: str = each.event.event.TOPIC
    return topic.rpartition(".")[0].replace("-", " ")


def _stood(stood: Stood) -> str:
    word = STANDING[stood.standing]
    return word if stood.by is None else f"{word} (position {stood.by.position})"


def _events(events: Iterable[EventDifference], own: str, zone: ZoneInfo) -> Any:
    shown_as = table("position", "version", "occurred", "recorded", "actor", "what", "from", "to",
                     right=("position", "version"))  # fmt: skip
    for each in events:
        event = each.event
        here = event.occurred_at.astimezone(ZoneInfo(event.occurred_zone))
        add_row(
            shown_as,
            event.position,
            event.version if event.stream == own else "",
            here.date() if event.occurred_precision is Precision.DAY else readable(here, None),
            readable(event.recorded_at, zone),
            " · ".join(part for part in (event.metadata.actor.name, event.metadata.actor.unit) if part),
            _called(each),
            _stood(each.before),
            _stood(each.after),
        )
    return shown_as


def _as_data(ledger: Ledger, kind: Category, subject: UUID, found: Difference, texts: Texts) -> dict[str, Any]:
    """The whole answer, for programs: fields name by their positions the events that made them so."""
    return {
        "book": ledger.book,
        "time": ledger.time,
        str(kind): subject,
        "from": as_data(found.before),
        "to": as_data(found.after),
        "differs": not found.is_nothing,
        "fields": [
            {
                "field": each.path,
                "before": _value(each.before, texts),
                "after": _value(each.after, texts),
                "because": [cause.event.position for cause in each.because],
            }
            for each in found.fields
        ],
        "events": [
            {
                "position": each.event.position,
                "stream": each.event.stream,
                "version": each.event.version,
                "topic": each.event.event.TOPIC,
                "occurred_at": each.event.occurred_at,
                "recorded_at": each.event.recorded_at,
                "source_recorded_at": each.event.source_recorded_at,
                "actor": each.event.metadata.actor,
                "before": _standing(each.before),
                "after": _standing(each.after),
            }
            for each in found.events
        ],
    }


def _value(value: Any, texts: Texts) -> Any:
    plain, place = apart(value)
    return plain if place is None else texts.get(place)


def _standing(stood: Stood) -> dict[str, Any]:
    """How an event stood, and the position of the correction or void that made it so."""
    return {"standing": stood.standing, "by": None if stood.by is None else stood.by.position}
