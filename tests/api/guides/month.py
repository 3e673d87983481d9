"""A month of a small group, March 2026, as the guides tell of it: the same book for every example that they show."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from api.correcting import replacement_of
from api.imports.loading import parsed
from api.imports.run import run_import
from api.policies import policy_in
from domain.amending import ApproveAmendment, DeclineAmendment, RequestCorrection, RequestVoid
from domain.book import AllowSelfApproval, id_of_book
from domain.calendar import ProposeCalendar, PublishCalendar
from domain.case.commands import (
    ClassifyCase,
    CloseCase,
    DispatchCase,
    PauseCase,
    ReceiveCase,
    RegisterCase,
    ResolveCase,
    ResumeCase,
    ReturnDispatch,
    SendResponse,
    TransferCase,
)
from domain.case.dialogue import FollowUpResult, GiveFeedback, MakeFollowUp
from domain.case.due import DueOrigin, StateDue
from domain.case.events import CaseKind, Outcome, PauseGround, ResponseKind
from domain.case.pausing import ApprovePause, RequestPause
from domain.channel import Channel
from domain.customer import AssignTier, CustomerKind, RegisterCustomer, Tier
from domain.envelope import Actor, ActorKind, Submission
from domain.event import Command, Precision
from domain.money import Money
from domain.obligation import MeetObligation, ObligationKind, OpenObligation
from domain.personal import Personal
from domain.policy import ProposePolicy, PublishPolicy
from domain.sla.calendar import document_of
from domain.sla.policy import PolicyDocument
from domain.staff import GrantCertificate, RegisterStaff, id_of_staff
from domain.stream import Category, stream_of
from domain.unit.commands import MoveUnit, OpenUnit
from domain.unit.events import UnitKind, id_of_unit
from ledger.ledger import Ledger
from tests.conftest import PROJECT

ZONE = "Asia/Shanghai"
NAMESPACE = UUID("00000000-0000-4000-8000-00000000b00c")
CUSTOMER = uuid5(NAMESPACE, "冯小明")
CASES = tuple(uuid5(NAMESPACE, f"case {number}") for number in (1, 2, 3, 4))
GROUP, NORTH, SOUTH, DESK = "华安集团", "北京分部", "上海分部", "客户服务处"
WANG = Actor("王芳", ActorKind.PERSON, unit=NORTH, role="agent")
LIU = Actor("刘洋", ActorKind.PERSON, unit=SOUTH, role="agent")
CHEN = Actor("陈洁", ActorKind.PERSON, unit=DESK, role="quality")
LI = Actor("Director Li", ActorKind.PERSON, unit=GROUP, role="supervisor")
OPENED = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)

LETTERS = """\
letter,step,day,written
L-7,received,2026-02-10,2026-02-13
L-7,sent to branch,2026-02-10,2026-02-13
L-7,entered,2026-02-13,2026-02-13
L-7,filed,2026-02-20,2026-02-20
"""
LETTERS_MAPPING = """
name = "letters"
shape = "event"
source = "old-desk.letters"

[rows]
case = "letter"
key = ["step"]

[time]
format = "%Y-%m-%d"
zone = "Asia/Shanghai"
zone_assumed = false
occurred = "day"
recorded = "written"

[case]
kind = "complaint"
channel = "letter"

[activity]
column = "step"

[activities]
received = { do = "receive-case" }
"sent to branch" = { do = "dispatch-case", unit = "上海分部" }
entered = { do = "register-case" }
filed = { do = "close-case" }
"""


def promise(hours: int) -> PolicyDocument:
    """What the desk promises: a first reply in so many hours, and a solution in ten working days."""
    text = Path(PROJECT / "docs" / "compliance.md").read_text("utf-8")
    (told,) = re.findall(r"^```toml\n(name = \"desk-promise\".*?)^```$", text, re.DOTALL | re.MULTILINE)
    return policy_in(told.replace("PT24H", f"PT{hours}H"), "compliance.md").document()


def at(day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A time of that month in its zone."""
    return datetime(2026, 3, day, hour, minute, tzinfo=ZoneInfo(ZONE))


@dataclass
class Month:
    """Tells the month to a simulated book, in the order in which people wrote it down."""

    ledger: Ledger
    folder: Path
    """Where the file lies that is imported."""
    told: int = field(default=0)

    def tell(self, who: Actor, when: datetime, *commands: Command, door: str = "graphql") -> None:
        """Carries commands out; `when` is when they are written down."""
        self.told += 1
        identity = uuid5(NAMESPACE, f"submission {self.told}")
        self.ledger.carry_out(Submission(identity, commands, who, door, said_at=when))

    def whole(self) -> None:
        """All of it."""
        self.organisation()
        self.kept()
        self.handed_on()
        self.amended()
        self.owed()
        self.letters()
        self.calendars()
        self.policies()
        self.promised()

    def organisation(self) -> None:
        """Two branches and a desk, their people, and a customer who rises."""
        opening: dict[str, Any] = {"at": at(1), "zone": ZONE}
        group, north = id_of_unit(GROUP), id_of_unit(NORTH)
        self.tell(LI, at(1), OpenUnit(**opening, name=GROUP, kind=UnitKind.GROUP))
        self.tell(
            LI,
            at(1),
            OpenUnit(**opening, name=NORTH, kind=UnitKind.BRANCH, parent=group),
            OpenUnit(**opening, name=SOUTH, kind=UnitKind.BRANCH, parent=group),
        )
        self.tell(LI, at(1), OpenUnit(**opening, name=DESK, kind=UnitKind.DESK, parent=north))
        self.tell(LI, at(1), RegisterStaff(**opening, name="王芳", unit=NORTH, post="agent"))
        until = datetime(2026, 3, 10, tzinfo=ZoneInfo(ZONE))
        certified = GrantCertificate(**opening, staff_id=id_of_staff("王芳"), certificate="客服上岗证", until=until)
        self.tell(LI, at(1), certified)
        named = Personal.open(CUSTOMER, "冯小明")
        about: dict[str, Any] = {"customer_id": CUSTOMER, "zone": ZONE}
        self.tell(
            WANG,
            at(1, 10),
            RegisterCustomer(**about, at=at(1, 10), kind=CustomerKind.PERSON, name=named, source_key="K-1"),
            AssignTier(**about, at=at(1, 10), tier=Tier.STANDARD, rule_version="2026-1"),
        )

    def case(self, number: int) -> dict[str, Any]:
        """What commands about a case of the month share."""
        return {"case_id": CASES[number - 1], "zone": ZONE}

    def received(self, number: int, when: datetime, channel: Channel, words: str, **more: Any) -> ReceiveCase:
        """A complaint of the customer's."""
        said = Personal.open(CUSTOMER, words)
        about = self.case(number) | {"at": when, "kind": CaseKind.COMPLAINT, "customer_id": CUSTOMER}
        return ReceiveCase(**about | more, channel=channel, words=said)

    def kept(self) -> None:
        """The first complaint goes as it should: told, registered, dispatched, answered, closed, and asked after."""
        one = self.case(1)
        self.tell(WANG, at(2), self.received(1, at(2), Channel.HOTLINE, "宽带一直断线。", received_by="王芳"))
        self.tell(WANG, at(2, 9, 5), RegisterCase(**one, at=at(2, 9, 5), registered_by="王芳"))
        self.tell(WANG, at(2, 9, 20), DispatchCase(**one, at=at(2, 9, 20), unit=NORTH, handler="王芳"))
        first = SendResponse(**one, at=at(2, 10), kind=ResponseKind.FIRST, channel=Channel.HOTLINE, by="王芳")
        self.tell(WANG, at(2, 10), first)
        money = Money(minor_units=5_000, currency="CNY")
        resolved = ResolveCase(**one, at=at(4, 16), outcome=Outcome.UPHELD, redress=money, resolved_by="王芳")
        self.tell(WANG, at(4, 16), resolved)
        self.tell(WANG, at(4, 17), GiveFeedback(**one, at=at(4, 17), channel=Channel.HOTLINE, by="王芳"))
        self.tell(WANG, at(5), CloseCase(**one, at=at(5)))
        visit = MakeFollowUp(**one, at=at(6), result=FollowUpResult.SATISFIED, channel=Channel.HOTLINE, by="陈洁")
        self.tell(CHEN, at(6), visit)

    def handed_on(self) -> None:
        """The second is written down late, goes from hand to hand, and is resolved later than was promised."""
        two, day = self.case(2), datetime(2026, 3, 2, tzinfo=ZoneInfo(ZONE))
        received = self.received(2, day, Channel.LETTER, "账单错了。", precision=Precision.DAY)
        self.tell(LIU, at(6, 9, 30), received, RegisterCase(**two, at=at(6, 9, 30), registered_by="刘洋"))
        due = datetime(2026, 3, 10, tzinfo=ZoneInfo(ZONE))
        promised: dict[str, Any] = {"target": "resolution", "due_at": due, "due_precision": Precision.DAY}
        self.tell(LIU, at(6, 9, 40), StateDue(**two, at=at(6, 9, 40), **promised, stated_by=DueOrigin.COMPANY))
        self.tell(LIU, at(6, 10), DispatchCase(**two, at=at(6, 10), unit=SOUTH))
        self.tell(LIU, at(6, 11), ReturnDispatch(**two, at=at(6, 11), unit=SOUTH, reason="not ours"))
        self.tell(WANG, at(6, 14), DispatchCase(**two, at=at(6, 14), unit=NORTH, handler="王芳"))
        self.tell(WANG, at(7), TransferCase(**two, at=at(7), to_unit=SOUTH, reason="billing"))
        self.tell(LIU, at(7, 10), RequestPause(**two, at=at(7, 10), reason="court case", requested_by="刘洋"))
        self.tell(LI, at(7, 11), ApprovePause(**two, at=at(7, 11), approved_by="Director Li"))
        self.tell(LIU, at(11), ResumeCase(**two, at=at(11), ground=PauseGround.OTHER))
        rejected = ResolveCase(**two, at=at(12, 15), outcome=Outcome.REJECTED, resolved_by="刘洋")
        self.tell(LIU, at(12, 15), rejected)

    def amended(self) -> None:
        """The third is closed without a visit, and what was written of it is put right again and again."""
        three = self.case(3)
        received = self.received(3, at(13, 10), Channel.WECHAT, "又断线了。")
        self.tell(WANG, at(13, 10, 2), received, RegisterCase(**three, at=at(13, 10, 2), registered_by="王芳"))
        self.tell(WANG, at(13, 10, 12), DispatchCase(**three, at=at(13, 10, 12), unit=NORTH, handler="王芳"))
        self.tell(WANG, at(13, 10, 15), ClassifyCase(**three, at=at(13, 10, 15), category="billing"))
        resolved = ResolveCase(**three, at=at(16, 11), outcome=Outcome.UPHELD, resolved_by="王芳")
        self.tell(WANG, at(16, 11), resolved)
        self.tell(WANG, at(16, 12), GiveFeedback(**three, at=at(16, 12), channel=Channel.WECHAT, by="王芳"))
        self.tell(WANG, at(17), CloseCase(**three, at=at(17)))
        self.correct(5, at(18), "mistyped", outcome="partly-upheld")
        self.approve(8, at(18, 10))
        self.correct(9, at(19), "read the letter again", outcome="rejected")
        self.approve(10, at(19, 10))
        self.void(11, at(20), "it was right before")
        self.approve(12, at(20, 10))
        allowed: dict[str, Any] = {
            "book_id": id_of_book(self.ledger.book),
            "reason": "one of two is ill",
            "decided_by": "Director Li",
        }
        self.tell(LI, at(23), AllowSelfApproval(at=at(23), zone=ZONE, **allowed), door="command-line")
        self.void(4, at(23, 10), "another case's category")
        self.approve(14, at(23, 11), CHEN)
        self.void(6, at(23, 12), "entered twice")
        declined = DeclineAmendment(
            at=at(23, 14), zone=ZONE, about=self.third, request=16, reason="it was so", declined_by="Director Li"
        )
        self.tell(LI, at(23, 14), declined, door="command-line")

    @property
    def third(self) -> str:
        """The stream of the third complaint."""
        return stream_of(Category.CASE, CASES[2])

    def correct(self, version: int, when: datetime, reason: str, **fields: Any) -> None:
        """Somebody asks that an event of the third complaint be read otherwise."""
        replacement = replacement_of(self.ledger.history(self.third, opened=True), version, fields)
        asked: dict[str, Any] = {
            "at": when,
            "zone": ZONE,
            "about": self.third,
            "version": version,
            "reason": reason,
            "requested_by": CHEN.name,
        }
        self.tell(CHEN, when, RequestCorrection(**asked, replacement=replacement), door="command-line")

    def void(self, version: int, when: datetime, reason: str) -> None:
        """Somebody asks that an event of the third complaint count no longer."""
        asked: dict[str, Any] = {
            "at": when,
            "zone": ZONE,
            "about": self.third,
            "version": version,
            "reason": reason,
            "requested_by": CHEN.name,
        }
        self.tell(CHEN, when, RequestVoid(**asked), door="command-line")

    def approve(self, request: int, when: datetime, who: Actor = LI) -> None:
        """Somebody approves a request about the third complaint."""
        approval = ApproveAmendment(at=when, zone=ZONE, about=self.third, request=request, approved_by=who.name)
        self.tell(who, when, approval, door="command-line")

    def owed(self) -> None:
        """What follows from the second complaint is owed; the desk goes to the other branch, the customer rises."""
        about: dict[str, Any] = {"zone": ZONE, "at": at(24)}
        self.tell(LI, at(24), MoveUnit(**about, unit_id=id_of_unit(DESK), parent=id_of_unit(SOUTH)))
        self.tell(CHEN, at(24), AssignTier(**about, customer_id=CUSTOMER, tier=Tier.GOLD, rule_version="2026-1"))
        action, call = uuid5(NAMESPACE, "action"), uuid5(NAMESPACE, "call")
        opening: dict[str, Any] = about | {"case_id": CASES[1], "unit": SOUTH, "owner": "刘洋"}
        by_day: dict[str, Any] = {
            "due_at": datetime(2026, 3, 26, tzinfo=ZoneInfo(ZONE)),
            "due_precision": Precision.DAY,
        }
        self.tell(
            LI,
            at(24),
            OpenObligation(
                **opening, **by_day, obligation_id=action, kind=ObligationKind.CORRECTIVE_ACTION,
                title="two people read each bill",
            ),
            OpenObligation(
                **opening, due_at=at(28, 17), obligation_id=call, kind=ObligationKind.TASK, title="call the customer"
            ),
        )  # fmt: skip
        met = MeetObligation(at=at(27, 15), zone=ZONE, obligation_id=action, by="刘洋", evidence="minutes of 27 March")
        self.tell(LIU, at(27, 15), met)

    def letters(self) -> None:
        """The letters of a desk that is no more."""
        file = self.folder / "letters.csv"
        file.write_text(LETTERS, "utf-8")
        importer = Actor("Director Li", ActorKind.PERSON, unit=GROUP, role="supervisor")
        run_import(self.ledger, file, parsed(LETTERS_MAPPING, "letters.toml"), actor=importer, said_at=at(30))

    def calendars(self) -> None:
        """The desk's calendar, and one more version of it when the holidays of May are announced."""
        week = {day: ["09:00-12:00", "13:30-17:30"] for day in ("mon", "tue", "wed", "thu", "fri")}
        document: dict[str, Any] = {
            "name": "service-desk",
            "title": {"en": "Service desk", "zh": DESK},
            "zone": ZONE,
            "week": week,
            "holidays": {"2026-04-06": "清明节", "2026-05-01": "劳动节"},
            "source": "notice of December",
        }
        self.publish(document, at(31, 9), 1, "the desk's hours")
        document["holidays"] |= {"2026-05-04": "劳动节", "2026-05-05": "劳动节"}
        document["working_days"] = {"2026-05-09": {"like": "tue", "name": "2026-05-05 调休"}}
        document["source"] = "notices of December and March"
        self.publish(document, at(31, 15), 3, "May was announced")

    def policies(self) -> None:
        """What the desk promises, and one more version of it from May on."""
        about: dict[str, Any] = {"zone": ZONE, "book_id": id_of_book(self.ledger.book)}
        for hours, effective, when, proposal in (
            (24, date(2026, 4, 1), at(31, 16), 1),
            (12, date(2026, 5, 1), at(31, 17), 3),
        ):
            proposed = ProposePolicy(
                **about, at=when, document=promise(hours), effective_from=effective, reason="promised in public",
                requested_by=CHEN.name,
            )  # fmt: skip
            self.tell(CHEN, when, proposed, door="command-line")
            later = when + timedelta(minutes=30)
            published = PublishPolicy(**about, at=later, proposal=proposal, approved_by=LI.name)
            self.tell(LI, later, published, door="command-line")

    def promised(self) -> None:
        """The fourth comes under the policy: it waits for the customer, and a holiday lies in its time."""
        four = self.case(4)
        times = ((1, 9), (1, 11), (2, 10), (9, 14), (16, 10))
        came, waits, goes_on, answered, solved = (
            datetime(2026, 4, day, hour, tzinfo=ZoneInfo(ZONE)) for day, hour in times
        )
        received = self.received(4, came, Channel.WEB, "重复收费。")
        self.tell(WANG, came, received, RegisterCase(**four, at=came, unit=NORTH, registered_by="王芳"))
        self.tell(WANG, waits, PauseCase(**four, at=waits, ground=PauseGround.CUSTOMER))
        self.tell(WANG, goes_on, ResumeCase(**four, at=goes_on, ground=PauseGround.CUSTOMER))
        first = SendResponse(**four, at=answered, kind=ResponseKind.FIRST, channel=Channel.WEB, by="王芳")
        self.tell(WANG, answered, first)
        resolved = ResolveCase(**four, at=solved, outcome=Outcome.UPHELD, resolved_by="王芳")
        told = GiveFeedback(**four, at=solved, channel=Channel.WEB, by="王芳")
        self.tell(WANG, solved, resolved, told)

    def publish(self, document: dict[str, Any], when: datetime, proposal: int, reason: str) -> None:
        """One person proposes a calendar from the new year on, and another publishes it half an hour later."""
        about: dict[str, Any] = {"zone": ZONE, "book_id": id_of_book(self.ledger.book)}
        proposed = ProposeCalendar(
            **about, at=when, document=document_of(document), effective_from=date(2026, 1, 1), reason=reason,
            requested_by=CHEN.name,
        )  # fmt: skip
        later = when + timedelta(minutes=30)
        self.tell(CHEN, when, proposed, door="command-line")
        published = PublishCalendar(**about, at=later, proposal=proposal, approved_by=LI.name)
        self.tell(LI, later, published, door="command-line")
