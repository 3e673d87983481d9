"""Histories: the events of one stream as they were recorded, each inside its envelope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from api.graphql.connection import Connection, connection_of
from api.graphql.enums import ActorKind, Departure, Precision
from api.graphql.personal import PersonalString, shown_personal
from api.graphql.request import Info
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from domain.correction import Reading
from domain.envelope import Recorded
from domain.event import Event as DomainEvent
from domain.personal import personal_values
from ledger.ledger import PersonalPlace
from projections.paging import Order, Window

BY_VERSION = Order("version", ("version",), ("integer",))


@strawberry.type(description="Who acted, as a work identity.")
class Actor:
    name: str = strawberry.field(description="The name under which they work.")
    kind: ActorKind = strawberry.field(description="What kind of actor it was.")
    unit: str | None = strawberry.field(description="The unit they worked for at the time.")
    role: str | None = strawberry.field(description="The role in which they acted.")
    claim: str | None = strawberry.field(description="What the role rests on; null when it was not proved.")
    on_behalf_of: str | None = strawberry.field(description="For whom they acted, when for somebody else.")


@strawberry.type(description="Where an imported event was read.")
class Source:
    digest: str = strawberry.field(
        description="SHA-256 of the file, in hexadecimal. Of a body at /ingest, which may hold one personal value and "
        "little else, an HMAC-SHA256 under a key of the installation."
    )
    line: int = strawberry.field(description="The line in the file or body, from 1.")


@strawberry.type(description="A personal value inside an event.")
class PersonalField:
    path: str = strawberry.field(description="Where it stands in `data`, as a JSON pointer (RFC 6901).")
    place: strawberry.Private[PersonalPlace]

    @resolved("The value itself, as far as it can be read.")
    async def text(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.place)


# Looked up when they are asked for: of a page of events, most screens show neither, and both go through the payload.
def _data_of(root: Event) -> JSON:
    return cast("JSON", root.recorded.event.model_dump(mode="json"))


def _personal_of(root: Event) -> list[PersonalField]:
    recorded = root.recorded
    return [
        PersonalField(path=path, place=PersonalPlace(recorded.stream, recorded.version, path))
        for path, _ in personal_values(recorded.event)
    ]


@strawberry.type(description="Something that happened, as the ledger has recorded it.")
class Event:
    position: SafeInt = strawberry.field(description="Its place in the book, from 1 without gaps.")
    version: int = strawberry.field(description="Its place in its stream, from 1 without gaps.")
    topic: str = strawberry.field(description="What happened, with the version of its schema: `case-resolved.1`.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    occurred_zone: str = strawberry.field(description="The IANA zone in which that was written down.")
    occurred_precision: Precision = strawberry.field(description="How exactly that is known.")
    recorded_at: datetime = strawberry.field(description="When the ledger heard of it.")
    source_recorded_at: datetime | None = strawberry.field(description="When the system it came from heard of it.")
    register: str | None = strawberry.field(description="The register number that it gave: `C2026-000123`.")
    actor: Actor = strawberry.field(description="Who brought it about.")
    door: str = strawberry.field(
        description="The door it came through: graphql, ingest, command-line, import, demo, ledger."
    )
    client: str | None = strawberry.field(description="The program that asked for it, as its token named it.")
    address: str | None = strawberry.field(
        description="Where it was asked for, as an IP address; null for what customers ask themselves."
    )
    command_id: UUID = strawberry.field(description="The command that it followed from.")
    correlation_id: UUID = strawberry.field(description="What belongs together bears the same one.")
    causation_id: UUID | None = strawberry.field(description="The command that caused this one, if one did.")
    source: Source | None = strawberry.field(description="Where it was read, when it was imported.")
    departures: list[Departure] = strawberry.field(
        description="In which steps it left the declared life; only imported history does."
    )
    data: JSON = strawberry.field(
        resolver=_data_of,
        description="What happened in full, as stored. A personal value stands there as its subject and commitment.",
    )
    personal: list[PersonalField] = strawberry.field(resolver=_personal_of, description="The personal values in it.")
    amended_by: int | None = strawberry.field(
        description="The version of the correction or void by which it is read otherwise now; null when it is read as "
        "it stands here."
    )
    recorded: strawberry.Private[Recorded[DomainEvent]]

    @classmethod
    def of(cls, recorded: Recorded[DomainEvent], reading: Reading) -> Event:
        """A recorded event as the schema shows it, in a stream that is read so."""
        metadata = recorded.metadata
        return cls(
            position=SafeInt(recorded.position),
            version=recorded.version,
            topic=recorded.event.TOPIC,
            occurred_at=recorded.occurred_at,
            occurred_zone=recorded.occurred_zone,
            occurred_precision=recorded.occurred_precision,
            recorded_at=recorded.recorded_at,
            source_recorded_at=recorded.source_recorded_at,
            register=str(recorded.register) if recorded.register else None,
            actor=Actor(**metadata.actor._asdict()),
            door=metadata.channel,
            client=metadata.client,
            address=metadata.address,
            command_id=metadata.command,
            correlation_id=metadata.correlation,
            causation_id=metadata.causation,
            source=Source(**metadata.source._asdict()) if metadata.source else None,
            departures=[Departure(code) for code in metadata.departures],
            amended_by=amendment.version if (amendment := reading.amended_by(recorded)) else None,
            recorded=recorded,
        )


def page_of_history(
    history: Sequence[Recorded[DomainEvent]], window: Window, reading: Reading | None = None
) -> Connection[Event]:
    """A page of a stream's events, which is short, and read whole; read by now unless a reading is given."""
    after, before = (
        None if place is None else int(window.order.values_of(place)[0]) for place in (window.after, window.before)
    )
    within = [
        one for one in history if (after is None or one.version > after) and (before is None or one.version < before)
    ]
    chosen = within[max(0, len(within) - window.limit) :] if window.from_end else within[: window.limit]
    return connection_of(
        window, chosen, more=len(within) > len(chosen), show=partial(Event.of, reading=reading or Reading(history))
    )
