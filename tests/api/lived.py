"""Cases lived under one shipped policy: each step is a command that is decided on as it would be in a book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from api.calendars import read_file
from api.policies import library_policy
from domain.book import id_of_book
from domain.calendar import CALENDAR, ProposeCalendar, PublishCalendar
from domain.case.commands import ClassifyCase, ReceiveCase, RecordAttributes, RegisterCase
from domain.case.life import CASE
from domain.case.vocabulary import Attribute, CaseKind
from domain.channel import Channel
from domain.decider import Decider
from domain.envelope import Context, Recorded
from domain.event import Command, Precision
from domain.policy import POLICY, ProposePolicy, PublishPolicy
from domain.sla.calendar import CalendarDocument
from domain.sla.check import document_of
from domain.sla.clock import Clock
from domain.sla.clocks import clocks
from domain.sla.policy import PolicyDocument
from domain.standards import standards_of, streams_of_standards
from domain.stream import Category, stream_of
from tests.conftest import PROJECT
from tests.domain.story import folded, kept_in

BOOK = "library"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
CASE_ID, SURVIVOR = UUID(int=7), UUID(int=8)
LEAST = timedelta(microseconds=1)
DAY = len("2026-03-02")


class Step(NamedTuple):
    """A command about the case, but for when."""

    kind: type[Command]
    fields: Mapping[str, Any]


class Told(NamedTuple):
    """A step and when it is taken: a local time, or a local day when only that is known."""

    at: str
    step: Step


def step(kind: type[Command], /, **fields: Any) -> Step:
    """A step."""
    return Step(kind, fields)


def received(at: str, kind: CaseKind = CaseKind.COMPLAINT, category: str | None = None, **facts: str) -> list[Told]:
    """A case received and registered, with the facts of its source and its category in between."""
    told = [step(ReceiveCase, kind=kind, channel=Channel.EMAIL)]
    if facts:
        attributes = tuple(Attribute(name=name, value=value) for name, value in facts.items())
        told.append(step(RecordAttributes, attributes=attributes))
    if category is not None:
        told.append(step(ClassifyCase, category=category))
    return [Told(at, each) for each in (*told, step(RegisterCase))]


def with_clock(document: PolicyDocument, target: str, **changes: Any) -> PolicyDocument:
    """The policy with other fields of the clock of one target, as somebody would write who copies it."""
    raw = document.model_dump(mode="json")
    for each in raw["targets"]:
        if each["id"] == target:
            each["clock"] |= changes
    return document_of(raw)


def calendar_of(document: PolicyDocument) -> CalendarDocument:
    """The calendar that a policy names, among the examples."""
    calendar = read_file(PROJECT / "examples" / "calendars" / f"{document.calendar}.toml").document
    assert calendar is not None
    return calendar


def published(document: PolicyDocument) -> Mapping[str, Any]:
    """The streams of a book in which a policy holds since long ago, and the calendar that it names."""
    policies, calendars = streams_of_standards(BOOK)
    said: dict[str, Any] = {"at": LONG_AGO, "book_id": id_of_book(BOOK)}
    asked = said | {"effective_from": date(2020, 1, 1), "reason": "the law", "requested_by": "王芳"}
    given = said | {"proposal": 1, "approved_by": "Director Li"}
    states: dict[str, Any] = {}
    for stream, decider, commands in (
        (calendars, CALENDAR, (ProposeCalendar(document=calendar_of(document), **asked), PublishCalendar(**given))),
        (policies, POLICY, (ProposePolicy(document=document, **asked), PublishPolicy(**given))),
    ):
        history: list[Recorded[Any]] = []
        for command in commands:
            history += _decided(decider, history, command, states, stream)
        states[stream] = folded(decider, history)
    return states


@cache
def shipped(policy: str) -> Mapping[str, Any]:
    """The same of a policy of the library."""
    return published(library_policy(policy).document())


def _decided(
    decider: Decider[Any], history: list[Recorded[Any]], command: Command, others: Mapping[str, Any], stream: str
) -> Iterator[Recorded[Any]]:
    """What a command leads to, recorded behind a history as soon as it occurred. Raises: Refused."""
    decided = decider.decide(folded(decider, history), command, Context(book=BOOK, others=others))
    latest = history[-1].recorded_at if history else command.at
    for one in kept_in(stream, decided, command, len(history) + 1):
        yield one._replace(recorded_at=max(one.occurred_at, latest))


class Life:
    """A case of a book that has one policy, told step by step in the policy's zone."""

    def __init__(self, policy: PolicyDocument, states: Mapping[str, Any] | None = None) -> None:
        self.zone = ZoneInfo(policy.zone)
        self.states = states or published(policy)
        self.stream = stream_of(Category.CASE, CASE_ID)
        self.history: list[Recorded[Any]] = []
        survivor = ReceiveCase(at=LONG_AGO, case_id=SURVIVOR, kind=CaseKind.COMPLAINT, channel=Channel.EMAIL)
        other = stream_of(Category.CASE, SURVIVOR)
        self.others = {**self.states, other: folded(CASE, _decided(CASE, [], survivor, self.states, other))}

    @classmethod
    def under(cls, policy: str) -> Life:
        """A case under a policy of the library as it ships."""
        return cls(library_policy(policy).document(), shipped(policy))

    def instant(self, at: str) -> datetime:
        """A local time, or the first instant of a local day."""
        return datetime.fromisoformat(at).replace(tzinfo=self.zone).astimezone(UTC)

    def told(self, *steps: Told) -> Life:
        """Some steps, each at its time. Raises: Refused."""
        for at, each in steps:
            precision = Precision.DAY if len(at) == DAY else Precision.INSTANT
            self._take(each, self.instant(at), precision)
        return self

    def then(self, at: datetime, *steps: Step, precision: Precision = Precision.INSTANT) -> Life:
        """Some steps at an instant. Raises: Refused."""
        for each in steps:
            self._take(each, at, precision)
        return self

    def _take(self, each: Step, at: datetime, precision: Precision) -> None:
        command = each.kind.model_validate(
            {"at": at, "zone": self.zone.key, "precision": precision, "case_id": CASE_ID, **each.fields}
        )
        before = len(self.history)
        self.history += _decided(CASE, self.history, command, self.others, self.stream)
        assert len(self.history) > before, f"{command!r} led to nothing"

    @property
    def version(self) -> int:
        """Of the latest event."""
        return len(self.history)

    def clocks(self, at: datetime) -> dict[tuple[str, str | None], Clock]:
        """The clocks at an instant by target and part: of several of one the last."""
        found = clocks(self.history, standards_of(self.states, BOOK), at)
        return {(clock.key.target, clock.key.part): clock for clock in found}
