"""Exports read back by a reader of the tests' own, which takes nothing on trust."""

import csv
import io
import json
from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple

import jsonschema_rs

from domain.correction import applied
from domain.envelope import Recorded
from ledger.ledger import Ledger
from replay.as_of import AsOf
from replay.export.exporting import Counts, export
from replay.export.ocel import Ocel
from replay.export.selection import EVERYTHING, Asked, Selection
from replay.export.tables import Table, Tables
from replay.reader import Reader
from tests.conftest import PROJECT

SCHEMA = jsonschema_rs.validator_for(json.loads((PROJECT / "docs" / "ocel.schema.json").read_text("utf-8")))
TYPES = {"string": str, "time": str, "integer": int, "boolean": bool}


class Thing(NamedTuple):
    type: str
    changes: list[tuple[str, str, Any]]
    related: list[tuple[str, str]]

    @property
    def last(self) -> dict[str, Any]:
        """What each attribute is in the end."""
        return {name: value for name, _, value in sorted(self.changes, key=lambda change: change[1])}


class Happened(NamedTuple):
    type: str
    time: str
    attributes: dict[str, Any]
    related: list[tuple[str, str]]


class Log(NamedTuple):
    events: dict[str, Happened]
    objects: dict[str, Thing]

    @property
    def types(self) -> Counter[str]:
        return Counter(event.type for event in self.events.values())

    @property
    def positions(self) -> list[int]:
        return [event.attributes["position"] for event in self.events.values()]

    def of(self, kind: str) -> dict[str, Thing]:
        return {name: thing for name, thing in self.objects.items() if thing.type == kind}


def as_of(ledger: Ledger, at: datetime, position: int | None = None) -> AsOf:
    """All that is known by a position, as far as it had occurred by then."""
    return AsOf(ledger.head() if position is None else position, at, at)


def ocel_of(
    ledger: Ledger,
    asked: Asked,
    selection: Selection = EVERYTHING,
    *,
    skip_unknown: bool = False,
) -> tuple[bytes, Counts]:
    """The bytes of an export, and what it says of itself."""
    written: list[bytes] = []
    counts = export(Reader(ledger, skip_unknown=skip_unknown), asked, Ocel(written.append), selection)
    return b"".join(written), counts


def tables_of(
    ledger: Ledger, asked: Asked, selection: Selection = EVERYTHING, *, exact: bool = False
) -> dict[Table, bytes]:
    written: dict[Table, list[bytes]] = {table: [] for table in Table}
    sink = Tables({table: lines.append for table, lines in written.items()}, exact=exact)
    export(Reader(ledger), asked, sink, selection)
    return {table: b"".join(lines) for table, lines in written.items()}


def rows_of(table: bytes) -> list[dict[str, str]]:
    text = io.StringIO(table.decode(), newline="")
    return list(csv.DictReader(text, strict=True))


def read(exported: bytes) -> Log:
    """What is in an export, every rule of it checked that no schema can say."""
    document = json.loads(exported)
    SCHEMA.validate(document)
    kinds, topics = (
        {each["name"]: {told["name"]: told["type"] for told in each["attributes"]} for each in document[name]}
        for name in ("objectTypes", "eventTypes")
    )
    events = {
        event["id"]: Happened(
            event["type"],
            event["time"],
            {told["name"]: told["value"] for told in event["attributes"]},
            [(told["objectId"], told["qualifier"]) for told in event["relationships"]],
        )
        for event in document["events"]
    }
    objects = {
        thing["id"]: Thing(
            thing["type"],
            [(told["name"], told["time"], told["value"]) for told in thing["attributes"]],
            [(told["objectId"], told["qualifier"]) for told in thing["relationships"]],
        )
        for thing in document["objects"]
    }
    assert (len(events), len(objects)) == (len(document["events"]), len(document["objects"]))
    for event in events.values():
        assert {thing for thing, _ in event.related} <= objects.keys()
        assert len({thing for thing, _ in event.related}) == len(event.related)
        for name, value in event.attributes.items():
            assert type(value) is TYPES[topics[event.type][name]], (event, name)
    touched = {thing for event in events.values() for thing, _ in event.related}
    assert touched == objects.keys()
    for name, thing in objects.items():
        assert name.startswith(f"{thing.type}-")
        assert {other for other, _ in thing.related} <= objects.keys()
        assert len({(attribute, time) for attribute, time, _ in thing.changes}) == len(thing.changes)
        for attribute, _, value in thing.changes:
            assert type(value) is TYPES[kinds[thing.type][attribute]], (name, attribute)
    return Log(events, objects)


# What the ledger says -------------------------------------------------------------------------------------------------


def told_by(ledger: Ledger, *, as_written: bool = False) -> dict[str, dict[str, Any]]:
    """The events of a book as read by now, by their ids, with type, time and what they say."""
    history = ledger.since(0)
    read = history if as_written else list(applied(history))
    return {f"{ledger.book}/{one.position}": _told(one) for one in read}


def _told(one: Recorded[Any]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, value in one.event.model_dump(mode="json").items():
        match value:
            case None:
                continue
            case {"commitment": _, "subject": _}:
                said[f"data.{name}"] = "closed"
            case {"minor_units": units, "currency": currency}:
                said |= {f"data.{name}.minor_units": units, f"data.{name}.currency": currency}
            case dict() | list():
                said[f"data.{name}"] = _closed(value)
            case _:
                said[f"data.{name}"] = value
    return {
        "type": one.event.TOPIC.rpartition(".")[0],
        "time": one.occurred_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "recorded_at": one.recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "register": str(one.register) if one.register else None,
        "actor": one.metadata.actor.name,
        "door": one.metadata.channel,
        "departures": " ".join(one.metadata.departures),
        "stream": (one.stream, one.version),
        "said": said,
    }


def _closed(value: Any) -> Any:
    match value:
        case {"commitment": _, "subject": _}:
            return {"personal": "closed"}
        case dict():
            return {name: _closed(each) for name, each in value.items()}
        case list():
            return [_closed(each) for each in value]
        case _:
            return value


def told_in(log: Log) -> dict[str, dict[str, Any]]:
    """The same out of an export."""
    return {
        name: {
            "type": event.type,
            "time": event.time,
            "recorded_at": event.attributes["recorded_at"],
            "register": event.attributes.get("register"),
            "actor": event.attributes["actor"],
            "door": event.attributes["door"],
            "departures": event.attributes.get("departures", ""),
            "stream": (event.attributes["stream"], event.attributes["version"]),
            "said": {
                attribute: json.loads(value) if _is_json(value) else value
                for attribute, value in event.attributes.items()
                if attribute.startswith("data.")
            },
        }
        for name, event in log.events.items()
    }


def _is_json(value: Any) -> bool:
    return isinstance(value, str) and value[:1] in {"{", "["}
