"""Histories: the events of one stream as they were recorded, each inside its envelope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated, cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from api.case_history import known_at
from api.graphql.amendments import Amendment, shown_links
from api.graphql.clock import SlaTitle
from api.graphql.clock_enums import State
from api.graphql.connection import Connection, PageArguments, connection_of
from api.graphql.enums import ActorKind, Departure, Precision
from api.graphql.field_change import FieldChange
from api.graphql.loaders import ClocksAfter
from api.graphql.personal import PersonalString, shown_personal
from api.graphql.problem import speakable
from api.graphql.request import Info
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from domain.amendment import CorrectionRequested
from domain.envelope import Recorded
from domain.event import Event as DomainEvent
from domain.personal import personal_values
from ledger.ledger import PersonalPlace
from projections.clock_moments import Moment
from projections.paging import Order, Window
from projections.sla_row import SlaTimer, state_at
from replay.as_of import AsOf, KnownBy, PastStream
from replay.history import EVERY_STEP, StepFilter, Steps

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


@strawberry.type(
    description="How an event is read, that somebody had corrected: what stands in its place, and when that happened."
)
class EventReading:
    topic: str = strawberry.field(description="What happened, with the version of its schema.")
    occurred_at: datetime = strawberry.field(description="When it really happened.")
    occurred_zone: str = strawberry.field(description="The IANA zone in which that was written down.")
    occurred_precision: Precision = strawberry.field(description="How exactly that is known.")
    data: JSON = strawberry.field(
        resolver=lambda root: cast("JSON", root.read.event.model_dump(mode="json")),
        description="What happened in full. A personal value stands there as its subject and commitment.",
    )
    read: strawberry.Private[Recorded[DomainEvent]]
    request: strawberry.Private[Recorded[CorrectionRequested]]

    @resolved("The personal values in it.")
    def personal(self) -> list[PersonalField]:
        asked = self.request
        return [
            PersonalField(path=path, place=PersonalPlace(asked.stream, asked.version, f"/replacement/data{path}"))
            for path, _ in personal_values(self.read.event)
        ]


@strawberry.type(
    description="A clock right after an event of its case or obligation: as was known then, at the instant at which "
    "the event became known."
)
class SlaClockMoment:
    target: str = strawberry.field(description="The target, by its name within the policy.")
    title: SlaTitle = strawberry.field(description="What people call it.")
    part: str | None = strawberry.field(description="The part of the case that it is for.")
    policy: str | None = strawberry.field(description="The policy; null for a date that somebody stated.")
    policy_version: int | None = strawberry.field(description="The policy's version.")
    cycle: int = strawberry.field(description="From 1; a reopening begins another.")
    instance: int = strawberry.field(description="From 1 within a cycle.")
    statutory: bool = strawberry.field(description="Whether a law or rule demands it; otherwise it is internal.")
    state: State = strawberry.field(description="How it stood.")
    due_at: datetime | None = strawberry.field(description="By when, as was known then; null without a number.")
    due_on: date | None = strawberry.field(description="The local day of that, of a due that counts days.")
    evaluated_at: datetime = strawberry.field(description="The instant at which it stood so.")


@strawberry.input(
    description="Which events of a history: those for which everything given holds. A list holds for any of its "
    "values; an empty one asks nothing."
)
class HistoryFilter:
    topic: list[str] = strawberry.field(
        default_factory=list, description="Written as one of these, or read so: `case-resolved.1`."
    )
    actor: str | None = strawberry.field(default=None, description="Who acted, by the name under which they work.")
    occurred_from: datetime | None = strawberry.field(
        default=None, description="Occurred then or later, as they are read."
    )
    occurred_before: datetime | None = strawberry.field(default=None, description="Occurred earlier than then.")
    recorded_from: datetime | None = strawberry.field(default=None, description="Recorded then or later.")
    recorded_before: datetime | None = strawberry.field(default=None, description="Recorded earlier than then.")
    amended: bool = strawberry.field(
        default=False, description="Only those that somebody asked to amend, whatever became of that."
    )
    departed: bool = strawberry.field(default=False, description="Only those that left the declared life.")

    def where(self) -> StepFilter:
        """The filter of the steps. Raises: Problem."""
        return StepFilter(
            topics=tuple(map(speakable, self.topic)),
            actor=None if self.actor is None else speakable(self.actor),
            occurred_from=self.occurred_from,
            occurred_before=self.occurred_before,
            recorded_from=self.recorded_from,
            recorded_before=self.recorded_before,
            amended=self.amended,
            departed=self.departed,
        )


WhichEvents = Annotated[HistoryFilter | None, strawberry.argument(description="Which events; all when left out.")]


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
    steps: strawberry.Private[Steps]
    known_by: strawberry.Private[KnownBy] = KnownBy.LEDGER

    @resolved(
        "How it is read in the place of what was written; null where that is as it stands here, and for what counts no "
        "longer. Of a correction that was corrected in its turn `amendments` tells."
    )
    def read_as(self) -> EventReading | None:
        step = self.steps.of(self.recorded)
        if step.read is None or step.request is None:
            return None
        read = step.read
        return EventReading(
            topic=read.event.TOPIC,
            occurred_at=read.occurred_at,
            occurred_zone=read.occurred_zone,
            occurred_precision=read.occurred_precision,
            read=read,
            request=step.request,
        )

    @resolved("Whether it counts no longer; of a correction or a void, whether it was taken back.")
    def is_void(self) -> bool:
        return self.steps.of(self.recorded).is_void

    @resolved(
        "What was asked about it, or about a correction or void of it, and what became of that; in the order in which "
        "it was asked."
    )
    def amendments(self) -> list[Amendment]:
        return shown_links(self.steps.of(self.recorded).chain)

    @resolved(
        "What it changed of what it is about, as that was known when it was recorded; only fields that differ, in the "
        "order of the subject's type."
    )
    async def changes(self, info: Info) -> list[FieldChange]:
        found = await info.context.loaders.changes.load((self.recorded.stream, self.recorded.version))
        return [FieldChange.of(change) for change in found or ()]

    @resolved(
        "The clocks (时限) of its case or obligation right after it, first due first; none of what has no clocks. By a "
        "source's knowledge they are looked at when the source recorded the event, otherwise when the ledger did."
    )
    async def clocks(self, info: Info) -> list[SlaClockMoment]:
        recorded = self.recorded
        moment = Moment(recorded.stream, recorded.position, known_at(self.known_by, recorded))
        timers = await info.context.loaders.clock_moments.load(ClocksAfter(moment, recorded.version))
        return [_clock_moment(timer, moment.at) for timer in timers or ()]

    @classmethod
    def of(cls, recorded: Recorded[DomainEvent], steps: Steps, known_by: KnownBy = KnownBy.LEDGER) -> Event:
        """A recorded event as the schema shows it, among the steps of its stream."""
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
            amended_by=amendment.version if (amendment := steps.reading.amended_by(recorded)) else None,
            recorded=recorded,
            steps=steps,
            known_by=known_by,
        )


def _clock_moment(timer: SlaTimer, at: datetime) -> SlaClockMoment:
    return SlaClockMoment(
        target=timer.target,
        title=SlaTitle(en=timer.title_en, zh=timer.title_zh),
        part=timer.part or None,
        policy=timer.policy if timer.policy_version else None,
        policy_version=timer.policy_version or None,
        cycle=timer.cycle,
        instance=timer.instance,
        statutory=timer.statutory,
        state=state_at(timer, at),
        due_at=timer.due_at,
        due_on=timer.due_on,
        evaluated_at=at,
    )


def page_of_past(
    stream: PastStream, as_of: AsOf, page: PageArguments, where: HistoryFilter | None
) -> Connection[Event]:
    """A page of what was known of a stream, read as it was read then. Raises: Problem."""
    window = page.window(BY_VERSION, descending=False)
    return page_of_history(stream.written, window, Steps(stream.reading, stream.amending), where, as_of.known_by)


def page_of_history(
    history: Sequence[Recorded[DomainEvent]],
    window: Window,
    steps: Steps | None = None,
    where: HistoryFilter | None = None,
    known_by: KnownBy = KnownBy.LEDGER,
) -> Connection[Event]:
    """A page of a stream's events, which is short, and read whole; read by now unless their steps are given.

    Raises: Problem.
    """
    after, before = (
        None if place is None else int(window.order.values_of(place)[0]) for place in (window.after, window.before)
    )
    told = Steps.by_now(history) if steps is None else steps
    wanted = EVERY_STEP if where is None else where.where()
    within = [
        one
        for one in history
        if (after is None or one.version > after)
        and (before is None or one.version < before)
        and (wanted == EVERY_STEP or wanted.takes(told.of(one)))
    ]
    chosen = within[max(0, len(within) - window.limit) :] if window.from_end else within[: window.limit]
    return connection_of(
        window, chosen, more=len(within) > len(chosen), show=partial(Event.of, steps=told, known_by=known_by)
    )
