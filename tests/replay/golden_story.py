"""Tells the golden books anew: `python -m tests.replay.golden_story`, and then `python -m tests.replay.golden_answers`.

Salts, and so commitments, are drawn by lot: every telling has other bytes. So the books are told anew only when what is
stored has changed, and never once anything was released.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any, TypeAlias
from uuid import UUID

import psycopg

from api.demo.fill import fill
from api.demo.year import Year
from domain.book import BookTime
from domain.case.commands import (
    CloseCase,
    PauseCase,
    ReceiveCase,
    RegisterCase,
    ReopenCase,
    ResolveCase,
    ResumeCase,
)
from domain.case.dialogue import AcknowledgeCase
from domain.case.events import CaseKind, CaseReceived, CaseResolved, Outcome, PauseGround
from domain.case.extension import ApproveExtension, DeclineExtension, ExtensionRequested, RequestExtension
from domain.case.relations import MergeCase
from domain.channel import Channel
from domain.customer import MergeCustomers
from domain.envelope import Actor, ActorKind, Source, Submission
from domain.event import Command, Precision
from domain.imports import FinishImport, StartImport
from domain.revealing import RevealedValue, RevealPersonal
from domain.stream import Category, stream_of
from domain.unit.commands import OpenUnit, RenameUnit
from domain.unit.events import UnitKind, id_of_unit
from ledger.book import open_book
from ledger.database import Database
from ledger.embedded import FAST, Embedded
from ledger.ledger import Ledger
from ledger.migrate import migrate
from tests.conftest import PROJECTOR, WRITER
from tests.ledger.submissions import MASTER, opened, register_customer, submission
from tests.projections import regulated
from tests.projections.amended import Writers
from tests.projections.books import customer_id
from tests.projections.righted import corrected, voided
from tests.replay.golden_book import BOOKS, FOLDER, kept

YEAR = Year(date(2026, 7, 1), seed=11, cases=10)
SEED, CUSTOMERS, CASES, COMMANDS = 7, 5, 14, 300
ZONES = {"atlantic": "America/St_Johns", "islands": "Pacific/Apia", "london": "Europe/London"}
"""Half an hour beside everybody else, a day ahead of nearly everybody, and one whose clocks change in March."""
TOLD = datetime(2026, 3, 6, 9, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
IMPORTER = Actor("migration", ActorKind.IMPORT)
IMPORT = UUID(int=0x1A90)
Said: TypeAlias = Callable[[Ledger], Sequence[Command]]
"""What is asked for, given what stands in the book by then."""


def demo(writes: Database, views: Database) -> Ledger:
    """A year of the demo."""
    system = Actor("installation", ActorKind.SYSTEM)
    ledger = open_book(
        writes, MASTER, "demo", origin=YEAR.name, zone="Asia/Shanghai", time=BookTime.SIMULATED, at=YEAR.start,
        actor=system,
    )  # fmt: skip
    fill(ledger, views, YEAR, lambda told, of: None)
    return ledger


def main(writes: Database, views: Database) -> Ledger:
    """A book of promises in several zones, in which much is corrected, made void, and told late."""
    del views
    ledger = opened(writes, "main")
    _organised(ledger)
    for name, zone in ZONES.items():
        regulated.publish_calendar(ledger, {**regulated.calendar(1, date(2026, 3, 16)), "name": name, "zone": zone})
        policy = {**regulated.POLICY, "name": f"{name}-promises", "regime": name, "zone": zone, "calendar": name}
        regulated.publish_policy(ledger, policy)
    Writers(ledger, SEED, customers=CUSTOMERS, cases=CASES, amending=0.25).write(COMMANDS)
    regulated.something_new(ledger, Random(SEED), 3, TOLD - DAY)
    _told_by_hand(ledger)
    _brought_from_elsewhere(ledger, TOLD + 40 * DAY)
    _put_right(ledger, TOLD + 45 * DAY)
    return ledger


def _tell(ledger: Ledger, *commands: Command, at: datetime) -> None:
    ledger.carry_out(submission(*commands, at=at))


def _organised(ledger: Ledger) -> None:
    begin = datetime(2026, 1, 5, 1, tzinfo=UTC)
    group = id_of_unit("集团")
    _tell(ledger, OpenUnit(at=begin, name="集团", kind=UnitKind.GROUP), at=begin)
    for name in ("North", "East"):
        _tell(ledger, OpenUnit(at=begin, name=name, kind=UnitKind.BRANCH, parent=group), at=begin)
    _tell(ledger, OpenUnit(at=begin, name="South", kind=UnitKind.DESK, parent=id_of_unit("East")), at=begin)
    _tell(ledger, RenameUnit(at=begin + DAY, unit_id=id_of_unit("North"), name="北方"), at=begin + DAY)


def _case(number: int) -> UUID:
    return UUID(int=0x601D_0000 + number)


def _told_by_hand(ledger: Ledger) -> None:
    """Cases that go on while clocks change in one zone or another, each record in the order in which it is made."""
    told = [step for number in range(6) for step in _steps(number, TOLD + number * DAY)]
    for at, said in sorted(told, key=itemgetter(0)):
        _tell(ledger, *said(ledger), at=at)


def _steps(number: int, at: datetime) -> Iterator[tuple[datetime, Said]]:
    """A case, with when each step is written down; the waiting and some outcomes long after they occurred."""
    case, customer = _case(number), customer_id(40 + number)
    about: dict[str, Any] = {"case_id": case, "zone": (*ZONES.values(), "Asia/Shanghai")[number % 4]}
    receive = ReceiveCase(
        at=at, **about, kind=CaseKind.COMPLAINT, channel=Channel.LETTER, customer_id=customer,
        precision=Precision.DAY if number % 2 else Precision.INSTANT,
    )  # fmt: skip
    register = RegisterCase(at=at + HOUR, **about, unit=("South", "East", "北方")[number % 3])
    yield at + HOUR, lambda _: (register_customer(customer, f"客户 {number}", at=at), receive, register)
    acknowledge = AcknowledgeCase(at=at + 2 * HOUR, **about, channel=Channel.LETTER)
    yield acknowledge.at, lambda _: (acknowledge,)
    asked = RequestExtension(
        at=at + DAY, **about, policy="promises", target="resolution", step="more", reason="复杂", requested_by="王芳"
    )
    yield asked.at, lambda _: (asked,)

    def decided(ledger: Ledger) -> Sequence[Command]:
        history = ledger.history(stream_of(Category.CASE, case))
        request = next(one.version for one in reversed(history) if isinstance(one.event, ExtensionRequested))
        said: dict[str, Any] = {"at": at + 2 * DAY, **about, "request": request}
        if number % 2:
            return (ApproveExtension(**said, approved_by="Director Li"),)
        return (DeclineExtension(**said, reason="no", declined_by="Director Li"),)

    yield at + 2 * DAY, decided
    ground = PauseGround.CUSTOMER if number % 2 else PauseGround.VENDOR
    pause, resume = (
        PauseCase(at=at + 2 * DAY, **about, ground=ground),
        ResumeCase(at=at + 6 * DAY, **about, ground=ground),
    )
    yield at + 9 * DAY, lambda _: (pause,)
    yield at + 9 * DAY + HOUR, lambda _: (resume,)
    if number == 5:
        merge = MergeCase(at=at + 10 * DAY, **about, into=_case(4))
        yield merge.at, lambda _: (merge,)
        return
    resolve = ResolveCase(at=at + 23 * DAY, **about, outcome=Outcome.PARTLY_UPHELD)
    yield at + (30 if number % 3 else 23) * DAY, lambda _: (resolve,)
    end = at + 31 * DAY
    last = ReopenCase(at=end, **about, reason="again") if number == 4 else CloseCase(at=end, **about, code="done")
    yield end, lambda _: (last,)


def _brought_from_elsewhere(ledger: Ledger, at: datetime) -> None:
    """Cases out of a file of another system, which says when it had recorded what."""
    digest = "5a" * 32
    start = StartImport(at=at, import_id=IMPORT, file_name="老系统.csv", file_digest=digest, mapping="old",
                        mapping_digest="a5" * 32, file_zone="Pacific/Apia", zone_assumed=True)  # fmt: skip
    ledger.carry_out(Submission(UUID(int=0x1A91), (start,), IMPORTER, "import", said_at=at, imported=True))
    count = 0
    for number, (occurred, source, commands) in enumerate(_lines()):
        count += len(commands)
        ledger.carry_out(
            Submission(
                UUID(int=0x1B00 + number), commands, IMPORTER, "import", said_at=at, source=Source(digest, number + 2),
                source_recorded_at=source, imported=True,
            )
        )  # fmt: skip
        assert occurred <= source
    done = FinishImport(at=at, import_id=IMPORT, rows=8, unchanged=0, rejected=0, cases=2, events=count)
    ledger.carry_out(Submission(UUID(int=0x1A92), (done,), IMPORTER, "import", said_at=at, imported=True))


def _lines() -> Iterator[tuple[datetime, datetime, tuple[Command, ...]]]:
    for number in (90, 91):
        case, at = _case(number), datetime(2025, 12, 28, 22, 30, tzinfo=UTC) + (number - 90) * DAY
        receive = ReceiveCase(
            at=at, case_id=case, kind=CaseKind.COMPLAINT, channel=Channel.EMAIL, source_key=f"旧-{number}"
        )
        yield at, at + HOUR, (receive, RegisterCase(at=at, case_id=case, unit="South"))
        yield at + DAY, at + 3 * DAY, (PauseCase(at=at + DAY, case_id=case, ground=PauseGround.CUSTOMER),)
        yield at + 2 * DAY, at + 3 * DAY, (ResumeCase(at=at + 2 * DAY, case_id=case, ground=PauseGround.CUSTOMER),)
        # The source wrote the end down before it wrote down the wait, and long after it.
        yield at + 9 * DAY, at + 60 * DAY, (ResolveCase(at=at + 9 * DAY, case_id=case, outcome=Outcome.UPHELD),)


def _put_right(ledger: Ledger, at: datetime) -> None:
    """Corrections of what was corrected, a void taken back, a merger after all that, and a look at who it is."""
    streams = [stream_of(Category.CASE, _case(number)) for number in (0, 1, 2, 90)]
    for stream in streams:
        receipt = next(one for one in ledger.history(stream) if isinstance(one.event, CaseReceived))
        by_mail = receipt.event.model_copy(update={"channel": Channel.EMAIL, "words": None})
        corrected(ledger, stream, receipt.version, by_mail, at=receipt.occurred_at - 3 * DAY, asked=at)
        again = len(ledger.history(stream))
        corrected(ledger, stream, again, by_mail.model_copy(update={"channel": Channel.SMS}), asked=at + HOUR)
    for stream in streams[:2]:
        outcome = next(one for one in ledger.history(stream) if isinstance(one.event, CaseResolved))
        voided(ledger, stream, outcome.version, asked=at + 2 * HOUR)
    voided(ledger, streams[1], len(ledger.history(streams[1])), asked=at + 3 * HOUR)
    merge = MergeCustomers(at=at + DAY, customer_id=customer_id(45), into=customer_id(44))
    _tell(ledger, merge, at=at + DAY)
    name = RevealedValue(stream=stream_of(Category.CUSTOMER, customer_id(44)), version=1, path="/name", as_read=False)
    reveal = RevealPersonal(at=at + 2 * DAY, access_id=UUID(int=0xACCE55), purpose="a call back", values=(name,))
    _tell(ledger, reveal, at=at + 2 * DAY)


STORIES = {"demo": demo, "main": main}


def write() -> None:
    """Writes the files of all golden books."""
    FOLDER.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="daybook-golden-"))
    folder.chmod(0o755)
    with Embedded(folder / "pg", settings=FAST) as server:
        for name in BOOKS:
            with psycopg.connect(server.url(), autocommit=True) as connection:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
            migrate(server.url(name))
            with ExitStack() as open_:
                writes = open_.enter_context(Database(server.url(name, user=WRITER)))
                views = open_.enter_context(Database(server.url(name, user=PROJECTOR)))
                ledger = STORIES[name](writes, views)
                (FOLDER / f"{name}.jsonl").write_text(kept(ledger.rows.rows_since(0, None, None)), "utf-8")
                ledger.close()


if __name__ == "__main__":
    write()
