"""A year of the invented group: everything that its people tell the ledger, in the order in which they tell it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from api.demo.group import BRANCHES, CHANNELS, MATTERS, ZONE
from api.demo.life import SPOKEN, Told, tell_case
from api.demo.people import Person, person, registration, tier
from api.demo.telling import Step, Telling, at_work, midnight
from domain.channel import Channel, Direction
from domain.envelope import Actor, ActorKind, Submission
from domain.touchpoint import RecordTouchpoint

DOOR = "demo"
REGISTRAR = Actor("records office", ActorKind.SYSTEM, unit="集团 Group")
NAME = re.compile(r"daybook/demo/(\d{4}-\d\d-\d\d)/seed-(\d+)/cases-(\d+)")
DAYS = 365
LAST = "the last call"
ON_PAPER = (Channel.COUNTER, Channel.LETTER)
PAPER = timedelta(days=8)
"""What comes on paper is written down at most so much later."""
OUTAGE_DAYS = 3
"""Once in the year a cable is cut, and for some days many more people come than otherwise."""


class Year(NamedTuple):
    """What the demo tells: equal values make equal events."""

    upto: date
    """It ends where this day begins."""
    seed: int
    cases: int

    @property
    def name(self) -> str:
        """What tells it from other years; the book keeps it as its origin."""
        return f"daybook/demo/{self.upto.isoformat()}/seed-{self.seed}/cases-{self.cases}"

    @classmethod
    def named(cls, name: str) -> Year | None:
        """The year of that name; None when it names none."""
        found = NAME.fullmatch(name)
        return cls(date.fromisoformat(found[1]), int(found[2]), int(found[3])) if found else None

    @property
    def namespace(self) -> UUID:
        """The namespace of all ids in it."""
        return uuid5(NAMESPACE_URL, self.name)

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return midnight(self.upto - timedelta(days=DAYS))

    @property
    def end(self) -> datetime:
        """The instant before which all of it is told."""
        return midnight(self.upto)

    def random(self, of: str) -> Random:
        """Chance for one part of it, whatever the others do."""
        return Random(f"{self.seed} {of}")  # noqa: S311 - a story, not a secret

    @property
    def last_command(self) -> UUID:
        """The id of the very last submission: when it is in, all of them are."""
        return uuid5(self.namespace, LAST)

    def submissions(self) -> list[Submission]:
        """All of it, in the order in which it is written down."""
        people = [person(number, self.namespace, self._random(f"person {number}")) for number in range(self._people)]
        told = [*self._records(people), *self._cases(people), *self._calls(people)]
        steps = sorted((step.said_at, name, step) for name, step in told if step.said_at < self.end)
        last = Step(self.end, REGISTRAR, (self._call("last call", people[0], self.end),))
        return [
            Submission(uuid5(self.namespace, name), step.commands, step.actor, DOOR, said_at=step.said_at)
            for _, name, step in [*steps, (self.end, LAST, last)]
        ]

    @property
    def _people(self) -> int:
        return max(3, self.cases * 2 // 5)

    def _random(self, of: str) -> Random:
        """Chance for one part of it, whatever the others do."""
        return Random(f"{self.seed} {of}")  # noqa: S311 - a story, not a secret

    def _records(self, people: list[Person]) -> Iterator[tuple[str, Step]]:
        """Those who were customers before, and the tiers in which two reviews put them."""
        for one in people:
            if not one.known_before:
                continue
            name = f"customer {one.number:06d}"
            yield name, Step(self.start, REGISTRAR, tuple(registration(one, self.start)))
            random = self._random(f"tier {one.number}")
            for nth, day in enumerate((30, 210)):
                at = self.start + timedelta(days=day, hours=9, seconds=one.number)
                yield f"{name} tier {nth}", Step(at, REGISTRAR, (tier(one, at, random),))

    def _cases(self, people: list[Person]) -> Iterator[tuple[str, Step]]:
        """Every case's steps; who is new is registered with their first receipt."""
        told = [self._told(number, people, at) for number, at in enumerate(self._receipts())]
        first: dict[int, Told] = {}
        for case in told:
            tell_case(case)
            number = case.person.number
            if number not in first or case.telling.steps[0].said_at < first[number].telling.steps[0].said_at:
                first[number] = case
        for number, case in enumerate(told):
            steps = case.telling.steps
            if first[case.person.number] is case and not case.person.known_before:
                contact = registration(case.person, case.telling.begun_at)
                steps[0] = steps[0]._replace(commands=(*contact, *steps[0].commands))
            yield from ((f"case {number:06d} {nth:03d}", step) for nth, step in enumerate(steps))

    def _told(self, number: int, people: list[Person], at: datetime) -> Told:
        """A case before it is told."""
        random = self._random(f"case {number}")
        matter = random.choice(MATTERS)
        (kind,) = random.choices(list(matter.kinds), list(matter.kinds.values()))
        (channel,) = random.choices(list(CHANNELS), list(CHANNELS.values()))
        if channel in ON_PAPER and at > self.end - PAPER:
            channel = Channel.HOTLINE  # or it would not be written down before the year ends
        who = people[min(random.randrange(len(people)), random.randrange(len(people)))]  # some come again and again
        begun_at = at_work(at) if channel in ON_PAPER else at
        return Told(
            Telling(uuid5(self.namespace, f"case {number}"), begun_at, random),
            who,
            matter,
            kind,
            channel,
            BRANCHES[who.branch],
            anonymous=who.known_before and channel not in SPOKEN and random.random() < 0.1,
            department=matter.department,
        )

    def _receipts(self) -> list[datetime]:
        """When cases are received: by day more than by night, on workdays more than at the weekend, each month more."""
        random = self._random("receipts")
        cut = random.randrange(60, DAYS - 60)
        weights = [
            (1.0 if (self.start + timedelta(days=day)).weekday() < 5 else 0.35)
            * (4.0 if cut <= day < cut + OUTAGE_DAYS else 1.0)
            * (0.7 + 0.6 * day / DAYS)
            for day in range(DAYS)
        ]
        days = random.choices(range(DAYS), weights, k=self.cases)
        return sorted(self.start + timedelta(days=day, hours=random.triangular(6, 23, 10)) for day in days)

    def _calls(self, people: list[Person]) -> Iterator[tuple[str, Step]]:
        """Contacts that led to no case."""
        for number in range(self.cases // 6):
            random = self._random(f"call {number}")
            at = self.start + timedelta(days=random.randrange(DAYS), hours=random.triangular(6, 23, 10))
            name = f"call {number:06d}"
            call = self._call(name, random.choice([one for one in people[:50] if one.known_before] or people), at)
            yield name, Step(at + timedelta(minutes=3), REGISTRAR, (call,))

    def _call(self, name: str, who: Person, at: datetime) -> RecordTouchpoint:
        """Somebody looked something up by themselves."""
        return RecordTouchpoint(
            at=at,
            zone=ZONE,
            touchpoint_id=uuid5(self.namespace, f"{name} touchpoint"),
            customer_id=who.customer_id,
            channel=Channel.SELF_SERVICE,
            direction=Direction.IN,
            medium_id="customer site",
        )
