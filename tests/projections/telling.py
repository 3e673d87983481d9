"""Histories told to folds without a ledger: each event in an envelope, minute by minute unless told otherwise."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain.envelope import Recorded, RegisterNumber
from domain.event import Event
from domain.stream import Category, stream_of
from projections.projection import FoldContext, Projection
from tests.domain.story import METADATA, MONDAY, recorded

NUMBER = RegisterNumber("C2026", 123)


class Told(NamedTuple):
    """An event with whatever of its envelope matters."""

    event: Event
    at: datetime | None = None
    departures: tuple[str, ...] = ()
    stream: str | None = None


def minute(count: int) -> datetime:
    return MONDAY + timedelta(minutes=count)


def history(stream: str, *events: Event | Told) -> list[Recorded[Any]]:
    """Events of a stream, at positions that leave room for other streams; those with a register get a number."""
    versions: dict[str, int] = {}
    answer = []
    for place, each in enumerate(events, 1):
        told = each if isinstance(each, Told) else Told(each)
        where = told.stream or stream
        versions[where] = versions.get(where, 0) + 1
        answer.append(
            recorded(told.event)._replace(
                stream=where,
                version=versions[where],
                position=place * 10,
                occurred_at=told.at or minute(place),
                recorded_at=minute(1000 + place),
                register=NUMBER if told.event.REGISTER else None,
                metadata=replace(METADATA, departures=told.departures),
            )
        )
    return answer


def case_history(case_id: UUID, *events: Event | Told) -> list[Recorded[Any]]:
    return history(stream_of(Category.CASE, case_id), *events)


def folded(projection: Projection[Any], key: UUID, told: Iterable[Recorded[Any]], view: Any = None) -> Any:
    """The row that a history leads to."""
    for each in told:
        if key in projection.keys(each):
            view = projection.fold(view, each, FoldContext(key))
    return view


def rows_of(projection: Projection[Any], told: Sequence[Recorded[Any]]) -> dict[UUID, Any]:
    """All rows that a history leads to, by key."""
    keys = {key for each in told for key in projection.keys(each)}
    rows = {key: folded(projection, key, told) for key in keys}
    return {key: row for key, row in rows.items() if row is not None}
