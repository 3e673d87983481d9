"""A year of the invented group: everything that its people tell the ledger, in the order in which they tell it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from operator import itemgetter
from random import Random
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from api.demo.accounts import Accounts
from api.demo.calendars import calendar_steps
from api.demo.group import BOOK, BRANCHES, CHANNELS, MATTERS, REGISTRAR, ZONE
from api.demo.life import SPOKEN, tell_case, tell_duplicate
from api.demo.organisation import Group
from api.demo.people import Person, person, registration, tier
from api.demo.policies import policy_steps
from api.demo.righting import SCRIPTS, put_right
from api.demo.telling import Step, Telling, at_work, midnight
from api.demo.told import Told
from domain.case.events import CaseKind
from domain.channel import Channel, Direction
from domain.touchpoint import RecordTouchpoint

DOOR = "demo"
NAME = re.compile(r"daybook/demo/(\d{4}-\d\d-\d\d)/seed-(\d+)/cases-(\d+)")
DAYS = 365
LAST = "the last call"
ON_PAPER = (Channel.COUNTER, Channel.LETTER)
PAPER = timedelta(days=8)
"""What comes on paper is written down at most so much later."""
DUPLICATE_EVERY, AMENDED_EVERY = 40, 150
"""How many cases there are to one that another takes in, and to one whose record is put right."""
REGULATED, FOLLOWING = 0.12, 0.08
"""Of complaints in writing that come from a regulator; of cases of a customer that have to do with the one before."""
WINDOW = timedelta(hours=6)
NIGHTLY = 28
"""For so many days at the year's end alarms are looked for every night, and before that once a fortnight."""
LONG_OVER = timedelta(days=40)
OUTAGE_DAYS = 3
"""Once in the year a cable is cut, and for some days many more people come than otherwise."""


class Saying(NamedTuple):
    """A step of the story, with the id under which the book has it."""

    command_id: UUID
    step: Step


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

    @property
    def last_command(self) -> UUID:
        """The id of the very last submission: when it is in, all of them are."""
        return uuid5(self.namespace, LAST)

    def looks(self) -> Iterator[datetime]:
        """When somebody looks for alarms."""
        for day in range(1, DAYS):
            if day % 14 == 0 or day > DAYS - NIGHTLY:
                yield self.start + timedelta(days=day)

    def told(self) -> list[Saying]:
        """All of it, in the order in which it is written down."""
        people = [person(number, self.namespace, self._random(f"person {number}")) for number in range(self._people)]
        group = Group(self.start, self.start + timedelta(days=self._cut), self.namespace, self._random)
        accounts = Accounts(self.start, self.namespace, self._random, people)
        told = [
            *group.told(), *self._calendars(), *self._policies(), *self._records(people), *accounts.told(),
            *self._cases(people), *self._calls(people),
        ]  # fmt: skip
        steps = sorted(
            ((step.said_at, name, step) for name, step in told if step.said_at < self.end), key=itemgetter(0, 1)
        )
        last = Step(self.end, REGISTRAR, (self._call("last call", people[0], self.end),))
        return [Saying(uuid5(self.namespace, name), step) for _, name, step in [*steps, (self.end, LAST, last)]]

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

    def _calendars(self) -> Iterator[tuple[str, Step]]:
        outage_at = self.start + timedelta(days=self._cut)
        for nth, step in enumerate(calendar_steps(BOOK, self.start, outage_at)):
            yield f"calendar {nth:02d}", step

    def _policies(self) -> Iterator[tuple[str, Step]]:
        outage_at = self.start + timedelta(days=self._cut)
        for nth, step in enumerate(policy_steps(BOOK, self.start, outage_at)):
            yield f"policy {nth:02d}", step

    def _cases(self, people: list[Person]) -> Iterator[tuple[str, Step]]:
        """Every case's steps; who is new is registered with their first receipt."""
        told = self._all_told(people)
        first: dict[int, Told] = {}
        for case in told:
            number = case.person.number
            if number not in first or case.telling.steps[0].said_at < first[number].telling.steps[0].said_at:
                first[number] = case
        for number, case in enumerate(told):
            steps = case.telling.steps
            if first[case.person.number] is case and not case.person.known_before:
                contact = registration(case.person, case.telling.begun_at)
                steps[0] = steps[0]._replace(commands=(*contact, *steps[0].commands))
            yield from ((f"case {number:06d} {nth:03d}", step) for nth, step in enumerate(steps))

    def _all_told(self, people: list[Person]) -> list[Told]:
        """Every case with its steps: each by itself, then those that another one takes in, then what is put right."""
        told: list[Told] = []
        latest: dict[int, Told] = {}
        for number, at in enumerate(self._receipts()):
            case = self._told(number, people, at)
            before = latest.get(case.person.number)
            if before is not None and self._follows(before, case):
                case.follows = before.telling.case_id
            host = self._host(told) if number % DUPLICATE_EVERY == DUPLICATE_EVERY - 1 else None
            if host is not None and host.registered_at is not None:
                case = self._duplicate(number, host, host.registered_at)
                tell_duplicate(case, host.telling.case_id)
            else:
                tell_case(case)
                latest[case.person.number] = case
            told.append(case)
        long_over = self.end - LONG_OVER
        apart = [
            case for case in told
            if case.handler and not case.shared and not case.follows and case.telling.said_at < long_over
        ]  # fmt: skip
        amended = max(len(SCRIPTS), self.cases // AMENDED_EVERY)
        for nth, case in enumerate(apart[:: max(1, len(apart) // amended)][:amended]):
            put_right(nth, case)
        return told

    def _follows(self, before: Told, case: Told) -> bool:
        """Whether a customer's case has to do with the one before it, which was written down by then."""
        at = case.telling.begun_at
        return at > before.telling.begun_at + PAPER and case.telling.random.random() < FOLLOWING

    def _host(self, told: list[Told]) -> Told | None:
        """A late case that was open long enough for the customer to come with the same matter again."""
        for case in reversed(told[-20:]):
            if case.registered_at is None or case.open_until is None or case.shared or case.anonymous:
                continue
            if case.open_until - case.registered_at > WINDOW and case.registered_at + WINDOW < self.end:
                return case
        return None

    def _duplicate(self, number: int, host: Told, since: datetime) -> Told:
        """The same matter, brought by the same customer on the phone while it is open."""
        random = self._random(f"case {number}")
        host.shared = True
        at = since + timedelta(minutes=random.randrange(5, 60))
        telling = Telling(uuid5(self.namespace, f"case {number}"), at, random)
        return Told(
            telling, host.person, host.matter, host.kind, Channel.HOTLINE, host.branch, anonymous=False,
            department=host.department, shared=True,
        )  # fmt: skip

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
            regulated=kind is CaseKind.COMPLAINT and channel not in SPOKEN and random.random() < REGULATED,
        )

    @property
    def _cut(self) -> int:
        """The day on which the cable is cut."""
        return self._random("outage").randrange(60, DAYS - 60)

    def _receipts(self) -> list[datetime]:
        """When cases are received: by day more than by night, on workdays more than at the weekend, each month more."""
        random, cut = self._random("receipts"), self._cut
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
