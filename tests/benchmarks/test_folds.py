from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.domain import MutableOrImmutableAggregate
from eventsourcing.persistence import StoredEvent
from eventsourcing.projection import ProjectionRunner

from domain.case.commands import (
    CloseCase,
    PrioritiseCase,
    ReceiveCase,
    RegisterCase,
    ResolveCase,
    SendResponse,
    TransferCase,
)
from domain.case.events import CaseKind, Level, Outcome, Priority, ResponseKind
from domain.case.state import Case
from domain.channel import Channel
from domain.event import Command
from domain.personal import Personal
from ledger.database import Database
from ledger.decision import tip_of
from ledger.ledger import Ledger
from ledger.outcome import Accepted
from ledger.recorder import LedgerMapper, Row
from projections.case_file import CASE_FILE
from projections.runner import BATCH_EVENTS, Runner
from tests.benchmarks.durable import AT, a_ledger, submission
from tests.benchmarks.library_case import CASES, Cases, LibraryCase, LibraryProjection, LibraryView
from tests.benchmarks.side_by_side import Work, compare
from tests.conftest import Database as Clone

LONG_BOOK_CASES = 3_000
EVENTS_A_CASE = 7
GENESIS = 1
SUBMISSIONS_A_TRANSACTION = 1_000


@pytest.fixture
def views(database: Clone) -> Iterator[Database]:
    with Database(database.projector_url) as views:
        yield views


@pytest.fixture
def owner(database: Clone) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        yield owner


@contextmanager
def book_of_cases(clone: Clone, cases: int, *, open_at_once: int = 1) -> Iterator[Ledger]:
    """A book of whole cases, of which about so many are under way at any time."""
    of_case = [_commands(number) for number in range(cases)]
    order = sorted(
        (number + step * open_at_once / EVENTS_A_CASE, number, step)
        for number in range(cases)
        for step in range(EVENTS_A_CASE)
    )
    submissions = [submission(of_case[number][step]) for _, number, step in order]
    ledger = a_ledger(clone.writer_url)
    for first in range(0, len(submissions), SUBMISSIONS_A_TRANSACTION):
        answers = ledger.carry_out_all(submissions[first : first + SUBMISSIONS_A_TRANSACTION])
        assert all(isinstance(answer, Accepted) for answer in answers)
    yield ledger
    ledger.close()
    ledger.database.close()


def _nothing_folded(owner: psycopg.Connection) -> None:
    owner.execute(f"TRUNCATE views.{CASE_FILE.table}; UPDATE views.cursor SET position = 0")


def _whole_view(owner: psycopg.Connection) -> tuple[Any, ...] | None:
    """The rows of our view, and the answers that they count."""
    return owner.execute(f"SELECT count(*), sum(responses) FROM views.{CASE_FILE.table}").fetchone()


def test_projection_catch_up(
    rounds: int, database: Clone, library: dict[str, str], views: Database, owner: psycopg.Connection
) -> None:
    with book_of_cases(database, CASES) as ledger, ExitStack() as running:
        runner = Runner(ledger, views, [CASE_FILE])
        runner.prepare()

        def library_begins_anew() -> None:
            running.close()
            owner.execute("DROP TABLE IF EXISTS library_case_file_tracking, library_case_file")

        def caught_up(_: None) -> int:
            return runner.catch_up() - GENESIS

        def library_runner(_: None) -> int:
            of_library = running.enter_context(
                ProjectionRunner(
                    application_class=Cases, projection_class=LibraryProjection, view_class=LibraryView, env=library
                )
            )
            of_library.wait(CASES * EVENTS_A_CASE, timeout=60)
            return of_library.view.max_tracking_id(Cases.name) or 0

        compare(
            "Projection catch-up: the case file against the library",
            rounds,
            Work("daybook runner", caught_up, None, lambda: _nothing_folded(owner)),
            (Work("library's ProjectionRunner", library_runner, None, library_begins_anew), "60 or more"),
        )
        assert _whole_view(owner) == (CASES, CASES)


@pytest.mark.parametrize("open_at_once", [1, 1_000])
def test_projection_beside_reading(
    rounds: int, open_at_once: int, database: Clone, views: Database, owner: psycopg.Connection
) -> None:
    with book_of_cases(database, LONG_BOOK_CASES, open_at_once=open_at_once) as ledger:
        runner = Runner(ledger, views, [CASE_FILE])
        runner.prepare()

        def caught_up(_: None) -> int:
            return runner.catch_up() - GENESIS

        def read_alone(_: None) -> int:
            position, head = GENESIS, ledger.head()
            while position < head:
                position = ledger.since(position, limit=BATCH_EVENTS)[-1].position
            return position - GENESIS

        compare(
            f"Projection catch-up: the case file beside reading alone, {open_at_once} cases under way at any time",
            rounds,
            Work("daybook runner", caught_up, None, lambda: _nothing_folded(owner)),
            (Work("reading and decoding alone", read_alone), "0.5 or more"),
        )
        assert _whole_view(owner) == (LONG_BOOK_CASES, LONG_BOOK_CASES)


def test_replay(rounds: int, database: Clone, library: dict[str, str]) -> None:
    with book_of_cases(database, CASES) as ledger, Cases(library) as cases:
        streams = sorted({recorded.stream for recorded in ledger.since(GENESIS)})
        by_stream = {stream: ledger.rows.rows_of([stream]) for stream in streams}
        mapper = LedgerMapper(ledger.codec, ledger.book)
        stored: dict[Any, list[StoredEvent]] = {}
        for notification in cases.recorder.select_notifications(1, CASES * EVENTS_A_CASE):
            stored.setdefault(notification.originator_id, []).append(notification)

        def ours(_: None) -> int:
            return sum(_replayed(mapper, stream, rows) for stream, rows in by_stream.items())

        def theirs(_: None) -> int:
            return sum(library_replayed(cases, events) for events in stored.values())

        compare(
            "Replay: bytes to state, one core",
            rounds,
            Work("daybook: decode, evolve", ours),
            (Work("library's Aggregate as shipped", theirs), "6 or more"),
        )


def _replayed(mapper: LedgerMapper, stream: str, rows: list[Row]) -> int:
    tip = tip_of(stream, map(mapper.recorded, rows))
    state = tip.state
    assert isinstance(state, Case)
    assert state.closing is not None
    return tip.version


def library_replayed(cases: Cases, events: list[StoredEvent]) -> int:
    found: MutableOrImmutableAggregate[Any] | None = None
    for event in map(cases.mapper.to_domain_event, events):
        found = event.mutate(found)  # type: ignore[attr-defined]
    assert isinstance(found, LibraryCase)
    assert found.status == "closed"
    return found.version


def _commands(number: int) -> tuple[Command, ...]:
    """The seven commands of a case, each of which leads to one event."""
    case_id, customer_id = uuid4(), uuid4()
    said = Personal.open(customer_id, f"电费多收了一倍，请核查。 {number}")
    reply = Personal.open(customer_id, "We have read your meter and will call you.")
    return (
        ReceiveCase(at=AT, case_id=case_id, kind=CaseKind.COMPLAINT, customer_id=customer_id, channel=Channel.HOTLINE,
                    words=said),
        RegisterCase(at=AT, case_id=case_id, unit="East branch desk", registered_by="李娜"),
        PrioritiseCase(at=AT, case_id=case_id, priority=Priority.MODERATE, impact=Level.MEDIUM, urgency=Level.MEDIUM),
        TransferCase(at=AT, case_id=case_id, to_unit="Metering", handler="张伟"),
        SendResponse(at=AT, case_id=case_id, kind=ResponseKind.UPDATE, channel=Channel.HOTLINE, by="李娜", words=reply),
        ResolveCase(at=AT, case_id=case_id, outcome=Outcome.UPHELD, resolved_by="张伟"),
        CloseCase(at=AT, case_id=case_id, code="meter replaced"),
    )  # fmt: skip
