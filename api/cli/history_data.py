"""The history of a case for programs, of a form that stays: docs/case-history.schema.json.

Run as a module it prints that schema: `python -m api.cli.history_data`.
"""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from pydantic import ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict

from api.case_history import CaseHistory, ClockMoment, Told
from api.cli.case import customer_name
from api.cli.changed import Texts, places_of, plain
from api.cli.past import as_data as both_instants
from domain.amendment import AmendmentDeclined, CorrectionRequested, Replacement
from domain.book import BookTime
from domain.envelope import ActorKind, Recorded
from domain.event import Precision
from domain.sla.clock import State
from ledger.ledger import Ledger
from ledger.opening import Unread
from replay.as_of import AsOf, KnownBy
from replay.history import Effect, Link

FORMAT: Literal["daybook-case-history/1"] = "daybook-case-history/1"
"""A field that is taken away or means something else makes another number; one that is added does not."""
strictly = with_config(ConfigDict(extra="forbid"))


@strictly
class ActorData(TypedDict):
    """Who acted."""

    name: str
    kind: ActorKind
    unit: str | None
    role: str | None
    claim: str | None
    on_behalf_of: str | None


@strictly
class SourceData(TypedDict):
    """Where an imported event was read: the SHA-256 of the file, and the line from 1."""

    digest: str
    line: int


@strictly
class ReadingData(TypedDict):
    """How an amended event is read; personal values stand in `data` with their state."""

    topic: str
    data: Any
    occurred_at: datetime
    occurred_zone: str
    occurred_precision: Precision


@strictly
class AmendmentData(TypedDict):
    """Somebody asked that an event be read otherwise or count no longer, and what became of that."""

    version: int
    """Of the event that it is about: that of the step, or an amendment of it."""
    kind: Literal["correction", "void"]
    effect: Effect
    request: int | None
    requested_by: str | None
    requested_at: datetime | None
    reason: str | None
    topic: str | None
    data: Any
    occurred_at: datetime | None
    decision: int | None
    decided_by: str | None
    decided_at: datetime | None
    declined_because: str | None


@strictly
class ChangeData(TypedDict):
    """A field of the case that an event changed; of a personal value the state stands on either side."""

    field: str
    before: Any
    after: Any


@strictly
class ClockData(TypedDict):
    """A clock right after a step; `state` is null once nothing asks for it any more."""

    id: str
    target: str
    title: str
    part: str | None
    policy: str | None
    policy_version: int | None
    cycle: int
    instance: int
    statutory: bool
    state: State | None
    before: State | None
    due_at: datetime | None
    due_on: date | None


@strictly
class StepData(TypedDict):
    """An event of the case, in its place."""

    position: int
    version: int
    topic: str
    occurred_at: datetime
    occurred_zone: str
    occurred_precision: Precision
    recorded_at: datetime
    source_recorded_at: datetime | None
    register: str | None
    actor: ActorData
    door: str
    client: str | None
    address: str | None
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    source: SourceData | None
    departures: list[str]
    amended_by: int | None
    void: bool
    data: Any
    read_as: ReadingData | None
    amendments: list[AmendmentData]
    changes: list[ChangeData]
    clocks: list[ClockData]
    unread: int
    """How many events were left out of all this, since the program could not read them."""


@strictly
class UnreadData(TypedDict):
    """An event that was left out, and why."""

    position: int
    stream: str
    version: int
    topic: str
    reason: str


@strictly
class AsOfData(TypedDict):
    """As known when and by whom, as far as it had occurred by when."""

    known_at: datetime
    known_position: int
    known_by: KnownBy
    valid_at: datetime


@strictly
class Answer(TypedDict):
    """The history of a case, as `daybook case --json` tells it."""

    format: Literal["daybook-case-history/1"]
    book: str
    time: BookTime
    as_of: AsOfData | None
    """None for how things stand."""
    case: dict[str, Any]
    """Where it stands: the columns of the view case_file, and its register number."""
    customer_name: str | None
    steps: int
    """How many there are, those among them that were not asked for."""
    clocks_told: Literal["each", "ends"]
    """At each step the clocks that changed, or only all of them at the first step and the last."""
    history: list[StepData]
    unread: list[UnreadData]


def schema() -> str:
    """The JSON Schema of an answer."""
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | TypeAdapter(Answer).json_schema(
        mode="serialization"
    )
    return orjson.dumps(made, option=orjson.OPT_INDENT_2).decode() + "\n"


def answer(ledger: Ledger, history: CaseHistory, as_of: AsOf | None) -> Answer:
    """The whole answer; `as_of` is None for how things stand."""
    file = history.case.file
    texts = ledger.disclose({place for one in history.told for each in one.changes for place in places_of(each)})
    stated: Any = None if as_of is None else both_instants(as_of)
    return Answer(
        format=FORMAT,
        book=ledger.book,
        time=ledger.time,
        as_of=stated,
        case={"register": str(file.register) if file.register else None} | file._asdict(),
        customer_name=customer_name(file.customer_id, history.customer),
        steps=history.steps,
        clocks_told="each" if history.clocks_at_each else "ends",
        history=[step_data(one, texts, len(history.unread)) for one in history.told],
        unread=[_unread(each) for each in history.unread],
    )


def step_data(told: Told, texts: Texts, unread: int) -> StepData:
    """One step."""
    step, one = told.step, told.step.recorded
    metadata = one.metadata
    actor: Any = metadata.actor._asdict()
    source: Any = metadata.source._asdict() if metadata.source else None
    return StepData(
        position=one.position,
        version=one.version,
        topic=one.event.TOPIC,
        occurred_at=one.occurred_at,
        occurred_zone=one.occurred_zone,
        occurred_precision=one.occurred_precision,
        recorded_at=one.recorded_at,
        source_recorded_at=one.source_recorded_at,
        register=str(one.register) if one.register else None,
        actor=actor,
        door=metadata.channel,
        client=metadata.client,
        address=metadata.address,
        command_id=metadata.command,
        correlation_id=metadata.correlation,
        causation_id=metadata.causation,
        source=source,
        departures=list(metadata.departures),
        amended_by=None if step.amended_by is None else step.amended_by.version,
        void=step.is_void,
        data=one.event,
        read_as=_reading(step.read) if step.amended_by is not None and step.read is not None else None,
        amendments=[amendment_data(link) for link in step.chain],
        changes=[
            ChangeData(
                field=each.path,
                before=plain(each.before, each.personal_before, texts),
                after=plain(each.after, each.personal_after, texts),
            )
            for each in told.changes
        ],
        clocks=[_clock(each) for each in told.clocks],
        unread=unread,
    )


def _reading(read: Recorded[Any]) -> ReadingData:
    return ReadingData(
        topic=read.event.TOPIC,
        data=read.event,
        occurred_at=read.occurred_at,
        occurred_zone=read.occurred_zone,
        occurred_precision=read.occurred_precision,
    )


def amendment_data(link: Link) -> AmendmentData:
    """A request for an amendment, and what became of it."""
    request, decision = link.request, link.decision
    asked: Any = None if request is None else request.event
    decided: Any = None if decision is None else decision.event
    declined = isinstance(decided, AmendmentDeclined)
    instead: Replacement | None = getattr(asked, "replacement", None)
    occurrence = getattr(asked, "occurrence", None)
    correction = isinstance(asked, CorrectionRequested) or (asked is None and decided.TOPIC.startswith("event-corr"))
    return AmendmentData(
        version=link.version,
        kind="correction" if correction else "void",
        effect=link.effect,
        request=None if request is None else request.version,
        requested_by=None if asked is None else asked.requested_by,
        requested_at=None if request is None else request.recorded_at,
        reason=None if asked is None else asked.reason,
        topic=None if instead is None else instead.topic,
        data=None if instead is None else instead.data,
        occurred_at=None if occurrence is None else occurrence.at,
        decision=None if decision is None else decision.version,
        decided_by=None if decided is None else decided.declined_by if declined else decided.approved_by,
        decided_at=None if decision is None else decision.recorded_at,
        declined_because=decided.reason if declined else None,
    )


def _clock(told: ClockMoment) -> ClockData:
    timer = told.timer
    return ClockData(
        id=timer.clock_id,
        target=timer.target,
        title=timer.title_en,
        part=timer.part or None,
        policy=timer.policy if timer.policy_version else None,
        policy_version=timer.policy_version or None,
        cycle=timer.cycle,
        instance=timer.instance,
        statutory=timer.statutory,
        state=told.state,
        before=told.before,
        due_at=timer.due_at,
        due_on=timer.due_on,
    )


def _unread(one: Unread) -> UnreadData:
    return UnreadData(
        position=one.position, stream=one.stream, version=one.version, topic=one.topic, reason=str(one.cause)
    )


if __name__ == "__main__":
    sys.stdout.write(schema())
