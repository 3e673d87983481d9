"""A day of an invented company, told over and over: the same two thousand cases, under other ids and another date."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import NamedTuple, TypeVar
from uuid import UUID

from domain.case.commands import (
    ClassifyCase,
    CloseCase,
    DispatchCase,
    PauseCase,
    PrioritiseCase,
    ReceiveCase,
    RegisterCase,
    ResolveCase,
    ResumeCase,
    SendResponse,
    StartWork,
)
from domain.case.events import CaseKind, Level, Outcome, PauseGround, Priority, ResponseKind
from domain.channel import Channel, Direction
from domain.customer import AssignTier, ContactKind, CustomerKind, RecordContact, RegisterCustomer, Tier
from domain.envelope import Actor, ActorKind, Submission
from domain.event import Command
from domain.personal import Personal
from domain.touchpoint import RecordTouchpoint

T = TypeVar("T")
Told = Callable[..., Command]
"""A command, all but its time."""

FIRST_DAY = datetime(2026, 3, 3, tzinfo=UTC)
ZONE = "Asia/Shanghai"
CASES = 2_000
MOST_STEPS = 9
LIFE = timedelta(hours=11, minutes=30)
"""By noon some twelve hundred cases are under way, so that five thousand events hold three of a case."""

CHANNELS = {Channel.HOTLINE: 50, Channel.WECHAT: 20, Channel.WEB: 12, Channel.COUNTER: 10, Channel.EMAIL: 8}
KINDS = {CaseKind.COMPLAINT: 5, CaseKind.REQUEST: 3, CaseKind.INQUIRY: 2}
PRIORITIES = {Priority.HIGH: 3, Priority.MODERATE: 10, Priority.LOW: 6}
WORDS = (
    "电费多收了一倍，请核查。",
    "楼下的有线电视又断了，打了三次电话都没有人来。",
    "The map update overwrote our district layer; we need it back before Monday.",
    "Ihr Techniker war heute um neun Uhr da und hat den Zähler nicht gefunden.",
    "The parcel was signed for by somebody I do not know.",
)
ANSWERS = (
    "We have read your meter and will call you.",
    "已安排师傅明天上午上门，请保持电话畅通。",
    "We are sorry. The line was repaired this morning, and your bill has been corrected by the two days.",
)
NAMES = ("王秀英", "李伟", "Aylin Yılmaz", "O'Connor, Niamh", "Γεώργιος Παπαδόπουλος", "محمد الحسن")


class Step(NamedTuple):
    """What is told at one time about one case."""

    said_at: datetime
    case: int
    actor: Actor
    commands: tuple[Command, ...]


class Day:
    """Equal seeds and numbers make equal days. Days of one seed differ in their ids and their date only.

    Every customer comes twice, a quarter of a day apart.
    """

    def __init__(self, seed: int, number: int, cases: int = CASES) -> None:
        self.seed = seed
        self.number = number
        self.cases = cases
        self.date = FIRST_DAY + timedelta(days=number)
        random = Random(f"{seed} day {number}")
        bits = random.randbytes(16 * cases * (3 + MOST_STEPS))
        self.ids = [UUID(bytes=bits[at : at + 16], version=4) for at in range(0, len(bits), 16)]
        """All of them: of cases, of touchpoints, of customers, of commands."""
        self.case_ids, self._touchpoint_ids = self.ids[:cases], self.ids[cases : 2 * cases]
        self._customer_ids, self._command_ids = self.ids[2 * cases : 3 * cases], self.ids[3 * cases :]

    def customer_of(self, case: int) -> UUID:
        """Whose case it is."""
        return self._customer_ids[case % (self.cases // 2)]

    def submissions(self) -> list[Submission]:
        """All that is told on the day, in its order."""
        steps = [step for case in range(self.cases) for step in self._life(case, Random(f"{self.seed} case {case}"))]
        return [
            Submission(command_id, step.commands, step.actor, "benchmark", said_at=step.said_at)
            for command_id, step in zip(self._command_ids, sorted(steps, key=lambda step: step[:2]), strict=False)
        ]

    def _life(self, case: int, random: Random) -> Iterator[Step]:
        """The steps of a case, spread over half a day, to the second."""
        begun_at = self.date + case * timedelta(hours=12) / self.cases
        for nth, (actor, commands) in enumerate(self._steps(case, random)):
            at = (begun_at + (nth + random.random()) * LIFE / MOST_STEPS).replace(microsecond=0)
            yield Step(at, case, actor, tuple(command(at=at, zone=ZONE) for command in commands))

    def _steps(self, case: int, random: Random) -> Iterator[tuple[Actor, list[Told]]]:
        case_id, customer_id = self.case_ids[case], self.customer_of(case)
        unit, handler = f"Branch {random.randrange(40):02d}", f"张伟 {random.randrange(400):03d}"
        desk = Actor(f"李娜 {random.randrange(60):02d}", ActorKind.PERSON, unit="Hotline", role="agent")
        worker = Actor(handler, ActorKind.PERSON, unit=unit, role="agent")
        channel, kind, priority = _one(random, CHANNELS), _one(random, KINDS), _one(random, PRIORITIES)
        known = case >= self.cases // 2
        yield desk, [
            *([] if known else _introduced(customer_id, random)),
            partial(RecordTouchpoint, touchpoint_id=self._touchpoint_ids[case], customer_id=customer_id,
                    case_id=case_id, channel=channel, direction=Direction.IN, staff=desk.name, unit=desk.unit),
            partial(ReceiveCase, case_id=case_id, kind=kind, customer_id=customer_id, channel=channel,
                    touchpoint_id=self._touchpoint_ids[case], received_by=desk.name,
                    words=Personal.open(customer_id, random.choice(WORDS))),
        ]  # fmt: skip
        registered: list[Told] = [
            partial(RegisterCase, case_id=case_id, registered_by=desk.name),
            partial(ClassifyCase, case_id=case_id, category=f"category {random.randrange(30):02d}", taxonomy="1"),
            partial(PrioritiseCase, case_id=case_id, priority=priority, impact=Level.MEDIUM, urgency=Level.MEDIUM),
        ]
        yield desk, registered[: random.choice((2, 3, 3))]
        yield desk, [partial(DispatchCase, case_id=case_id, unit=unit, handler=handler)]
        yield worker, [partial(StartWork, case_id=case_id, by=handler)]
        if random.random() < 0.9:
            words = Personal.open(customer_id, random.choice(ANSWERS))
            first = partial(SendResponse, case_id=case_id, kind=ResponseKind.FIRST, channel=channel, by=handler)
            yield worker, [partial(first, words=words)]
        if random.random() < 0.2:
            yield worker, [partial(PauseCase, case_id=case_id, ground=PauseGround.CUSTOMER)]
            yield worker, [partial(ResumeCase, case_id=case_id, ground=PauseGround.CUSTOMER)]
        if not stays_open(case):
            outcome = random.choice((Outcome.UPHELD, Outcome.PARTLY_UPHELD, Outcome.REJECTED, Outcome.SOLVED))
            yield worker, [partial(ResolveCase, case_id=case_id, outcome=outcome, resolved_by=handler)]
            yield worker, [partial(CloseCase, case_id=case_id, code="customer agrees")]


def _introduced(customer_id: UUID, random: Random) -> list[Told]:
    """A customer who is new."""
    name = Personal.open(customer_id, random.choice(NAMES))
    phone = Personal.open(customer_id, f"+8613{random.randrange(10**9):09d}")
    tier = partial(AssignTier, customer_id=customer_id, tier=random.choice(list(Tier)), rule_version="2026-1")
    return [
        partial(RegisterCustomer, customer_id=customer_id, kind=CustomerKind.PERSON, language="zh", name=name),
        partial(RecordContact, customer_id=customer_id, kind=ContactKind.PHONE, value=phone),
        *([tier] if random.random() < 0.3 else []),
    ]


def stays_open(case: int) -> bool:
    """Whether a case of the day is never resolved."""
    return case % 5 == 4


def _one(random: Random, of: Mapping[T, int]) -> T:
    (chosen,) = random.choices(list(of), list(of.values()))
    return chosen
