"""The customers' own year: key accounts with a manager who visits them, and files that prove to be one customer's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from api.demo.group import MANAGERS, REGISTRAR, SUCCESSOR, ZONE
from api.demo.organisation import LEFT_AFTER
from api.demo.people import Person, registration
from api.demo.telling import History, Later, Step, latest
from domain.channel import Channel, Direction
from domain.customer import (
    ChangeLanguage,
    ContactRecorded,
    CustomerKind,
    MergeCustomers,
    RenameCustomer,
    WithdrawContact,
)
from domain.envelope import Actor, ActorKind
from domain.event import Command, Precision
from domain.key_account import AssignManager, CancelVisit, MakeVisit, PlanVisit, ReleaseManager
from domain.personal import Personal
from domain.stream import Category, stream_of
from domain.touchpoint import RecordTouchpoint

VISITS_A_YEAR = 4
RESULTS = {"content": 6, "wants an offer": 3, "thinks of leaving": 1}


class Accounts(NamedTuple):
    """What the customers' year is told from."""

    start: datetime
    namespace: UUID
    random: Callable[[str], Random]
    people: Sequence[Person]

    def told(self) -> Iterator[tuple[str, Step]]:
        """All of it, each step with its name."""
        organisations = [one for one in self.people if one.kind is CustomerKind.ORGANISATION]
        for one in organisations[: max(2, len(organisations) // 4)]:
            for nth, step in enumerate(self._key_account(one)):
                yield f"key account {one.number:06d} {nth:02d}", step
        before = [one for one in self.people if one.known_before]
        for one in before[1 :: max(1, len(before) // 4)]:
            for place, step in enumerate(self._changed(one)):
                yield f"changed {one.number:06d} {place}", step
        for nth, one in enumerate(before[: 1 + len(self.people) // 300]):
            for place, step in enumerate(self._double(one, nth)):
                yield f"double {nth:04d} {place}", step

    def _key_account(self, one: Person) -> Iterator[Step]:
        """A manager, who plans visits and makes most of them."""
        random = self.random(f"key account {one.number}")
        whose: dict[str, Any] = {"zone": ZONE, "customer_id": one.customer_id}
        manager, left = MANAGERS[one.branch], self.start + timedelta(days=LEFT_AFTER - 2, hours=9, minutes=30)
        at = self.start + timedelta(days=8, hours=10, seconds=one.number)
        yield Step(at, REGISTRAR, (AssignManager(at=at, **whose, manager=manager),))
        if manager == MANAGERS[0]:
            handed_on = (
                ReleaseManager(at=left, **whose, manager=manager), AssignManager(at=left, **whose, manager=SUCCESSOR)
            )  # fmt: skip
            yield Step(left, REGISTRAR, handed_on)
        for nth in range(VISITS_A_YEAR):
            planned_at = at + timedelta(days=12 + 90 * nth + random.randrange(20))
            day = planned_at + timedelta(days=random.randrange(5, 20))
            by = SUCCESSOR if manager == MANAGERS[0] and day > left else manager
            goes = Actor(by, ActorKind.PERSON, unit=REGISTRAR.unit, role="agent")
            visit = uuid5(one.customer_id, f"visit {nth}")
            plan = PlanVisit(
                at=planned_at, **whose, visit_id=visit, planned_for=day, planned_precision=Precision.DAY, by=by
            )
            yield Step(planned_at, goes, (plan,))
            if random.random() < 0.12:
                off = day - timedelta(days=1)
                yield Step(off, goes, (CancelVisit(at=off, **whose, visit_id=visit, reason="the customer cannot"),))
                continue
            (result,) = random.choices(list(RESULTS), list(RESULTS.values()))
            words = "希望安装更快一些。" if one.language.startswith("zh") else "We would like faster installations."
            made = MakeVisit(
                at=day, **whose, visit_id=visit, by=by, result=result, words=Personal.open(one.customer_id, words)
            )
            yield Step(day + timedelta(hours=random.randrange(2, 60)), goes, (made,))

    def _changed(self, one: Person) -> Iterator[Step]:
        """Another name, another language, and a number that nobody answers any more."""
        whose: dict[str, Any] = {"zone": ZONE, "customer_id": one.customer_id}
        random = self.random(f"changed {one.number}")
        at = self.start + timedelta(days=random.randrange(40, 330), hours=10, minutes=random.randrange(60))
        name = f"{one.name} (formerly {one.number})" if one.kind is CustomerKind.ORGANISATION else f"{one.name} 小"
        language = "en" if one.language.startswith("zh") else "zh-Hans-CN"
        renamed = RenameCustomer(at=at, **whose, name=Personal.open(one.customer_id, name))
        yield Step(at, REGISTRAR, (renamed, ChangeLanguage(at=at, **whose, language=language)))
        gone = at + timedelta(days=1)

        def withdrawn(history: History) -> Sequence[Command]:
            contact = latest(history, ContactRecorded)
            return () if contact is None else (WithdrawContact(at=gone, **whose, version=contact.version),)

        yield Step(gone, REGISTRAR, (), Later(stream_of(Category.CUSTOMER, one.customer_id), withdrawn))

    def _double(self, one: Person, nth: int) -> Iterator[Step]:
        """A second file of the same customer, opened when they wrote from another address, until somebody sees it."""
        number = len(self.people) + nth
        other = one._replace(customer_id=uuid5(self.namespace, f"customer {number}"), number=number)
        random = self.random(f"double {nth}")
        at = self.start + timedelta(days=random.randrange(20, 200), hours=11)
        contact = RecordTouchpoint(
            at=at, zone=ZONE, touchpoint_id=uuid5(other.customer_id, "touchpoint"), customer_id=other.customer_id,
            channel=Channel.WECHAT, direction=Direction.IN, medium_id="service account",
        )  # fmt: skip
        yield Step(at, REGISTRAR, (*registration(other, at), contact))
        seen = at + timedelta(days=random.randrange(10, 90))
        merged = MergeCustomers(at=seen, zone=ZONE, customer_id=other.customer_id, into=one.customer_id)
        yield Step(seen, REGISTRAR, (merged,))
