"""A case of the demo as it is told: who brings what, where it stands, and the words and touchpoints that pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.demo.group import ANSWERS, MEDIA, ZONE, Branch, Matter, agent, head
from api.demo.people import Person
from api.demo.telling import Telling
from domain.case.commands import SendResponse
from domain.case.events import CaseKind, ResponseKind
from domain.channel import Channel, Direction
from domain.envelope import Actor
from domain.event import Command, Words
from domain.personal import Personal
from domain.touchpoint import RecordTouchpoint


@dataclass(slots=True)
class Told:
    """A case, who brings it, and where it stands."""

    telling: Telling
    person: Person
    matter: Matter
    kind: CaseKind
    channel: Channel
    branch: Branch
    anonymous: bool
    """Whether the customer is not known at first."""
    department: str
    regulated: bool = False
    """Whether it is a complaint that comes from a regulator, with formal steps of its own."""
    follows: UUID | None = None
    """The customer's case before this one."""
    handler: str = ""
    registered_at: datetime | None = None
    """When its registration is written down."""
    open_until: datetime | None = None
    """When something was last written down while it was open for the first time."""
    posted: bool = False
    """Whether its first answer went by post, and was written down late."""
    shared: bool = False
    """Whether another case is merged into it, or it into another."""

    @property
    def unit(self) -> str:
        """The unit that has it."""
        return self.branch.unit(self.department)

    @property
    def worker(self) -> Actor:
        """The handler, at work."""
        return agent(self.handler, self.unit)

    @property
    def head(self) -> Actor:
        """The head of the branch, who decides what handlers ask for."""
        return head(self.branch)

    @property
    def answering(self) -> Channel:
        """By which channel the company answers."""
        return Channel.HOTLINE if self.channel in (Channel.LETTER, Channel.COUNTER) else self.channel

    @property
    def chinese(self) -> bool:
        """Whether the customer is spoken with in Chinese."""
        return self.person.language.startswith("zh")

    def said(self, chinese: str, english: str) -> Personal[Words]:
        """Words between the company and the customer, in the customer's language."""
        subject = self.telling.case_id if self.anonymous else self.person.customer_id
        return Personal.open(subject, chinese if self.chinese else english)

    def tell(self, *commands: Command) -> None:
        """Has the handler write down what occurs now."""
        self.telling.tell(self.worker, *commands)

    def response(self, kind: ResponseKind, by: Actor) -> Command:
        """An answer to the customer."""
        place = kind is ResponseKind.FINAL
        return self.telling.about(
            SendResponse,
            kind=kind,
            channel=self.answering,
            by=by.name,
            words=self.said(ANSWERS["zh"][place], ANSWERS["en"][place]),
        )

    def touchpoint(
        self, direction: Direction, unit: str, staff: str, *, known: bool = True, channel: Channel | None = None
    ) -> RecordTouchpoint:
        """A moment in which the customer and the company meet about the case."""
        return RecordTouchpoint(
            at=self.telling.now,
            zone=ZONE,
            touchpoint_id=self.telling.next_touchpoint(),
            customer_id=self.person.customer_id if known else None,
            case_id=self.telling.case_id,
            channel=channel or self.channel,
            direction=direction,
            medium_id=MEDIA.get(channel or self.channel),
            staff=staff,
            unit=unit,
        )
