from collections.abc import Iterator
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
from domain.envelope import Submission
from domain.personal import Personal
from ledger.database import Database
from ledger.decision import tip_of
from ledger.embedded import Embedded
from ledger.ledger import Ledger
from ledger.recorder import LedgerMapper, Row
from projections.case_file import CASE_FILE
from projections.runner import Runner
from tests.benchmarks.durable import AT, a_ledger, submission
from tests.benchmarks.library_case import Cases, LibraryCase, LibraryProjection, LibraryView, a_library_case
from tests.benchmarks.side_by_side import Work, compare
from tests.conftest import Database as Clone

CASES = 300
EVENTS_A_CASE = 7


@pytest.fixture
def ledger(database: Clone) -> Iterator[Ledger]:
    """A book with that many whole cases in it."""
    ledger = a_ledger(database.writer_url)
    ledger.carry_out_all([_a_case(number) for number in range(CASES)])
    yield ledger
    ledger.close()
    ledger.database.close()


@pytest.fixture
def library(server: Embedded, database: Clone) -> Iterator[dict[str, str]]:
    """The library's environment, with as many cases of its own saved in the same database."""
    info: Any = psycopg.conninfo.conninfo_to_dict(database.owner_url)
    env = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": info["dbname"],
        "POSTGRES_HOST": info["host"],
        "POSTGRES_USER": info["user"],
        "POSTGRES_PASSWORD": "",
    }
    with Cases(env) as cases:
        cases.save(*(a_library_case(number, uuid4(), AT) for number in range(CASES)))
        yield env


def test_projection_catch_up(ledger: Ledger, database: Clone, library: dict[str, str]) -> None:
    with Database(database.projector_url) as views, psycopg.connect(database.owner_url, autocommit=True) as owner:
        runner = Runner(ledger, views, [CASE_FILE])
        runner.prepare()
        genesis = 1

        def begin_anew() -> None:
            owner.execute(f"TRUNCATE views.{CASE_FILE.table}; UPDATE views.cursor SET position = 0")
            owner.execute("DROP TABLE IF EXISTS library_case_file_tracking, library_case_file")

        def caught_up(_: None) -> int:
            return runner.catch_up() - genesis

        def read_alone(_: None) -> int:
            return len(ledger.since(0)) - genesis

        def library_runner(_: None) -> int:
            with ProjectionRunner(
                application_class=Cases, projection_class=LibraryProjection, view_class=LibraryView, env=library
            ) as running:
                running.wait(CASES * EVENTS_A_CASE, timeout=60)
                return running.view.max_tracking_id(Cases.name) or 0

        compare(
            "Projection catch-up: the case file, events decoded and validated",
            Work("daybook runner", caught_up, None, begin_anew),
            (Work("library's ProjectionRunner", library_runner, None, begin_anew), "60 or more"),
            (Work("reading and decoding alone", read_alone, None, begin_anew), "0.5 or more"),
        )
        assert views.rows(f"SELECT count(*), sum(responses) FROM views.{CASE_FILE.table}") == [(CASES, CASES)]


def test_replay(ledger: Ledger, library: dict[str, str]) -> None:
    streams = sorted({recorded.stream for recorded in ledger.since(1)})
    by_stream = {stream: ledger.rows.rows_of([stream]) for stream in streams}
    mapper = LedgerMapper(ledger.codec, ledger.book)
    with Cases(library) as cases:
        stored: dict[Any, list[StoredEvent]] = {}
        for notification in cases.recorder.select_notifications(1, CASES * EVENTS_A_CASE):
            stored.setdefault(notification.originator_id, []).append(notification)

        def ours(_: None) -> int:
            return sum(_replayed(mapper, stream, rows) for stream, rows in by_stream.items())

        def theirs(_: None) -> int:
            return sum(_library_replayed(cases, events) for events in stored.values())

        compare(
            "Replay: bytes to state, one core",
            Work("daybook: decode, evolve", ours),
            (Work("library's Aggregate as shipped", theirs), "6 or more"),
        )


def _replayed(mapper: LedgerMapper, stream: str, rows: list[Row]) -> int:
    tip = tip_of(stream, map(mapper.recorded, rows))
    state = tip.state
    assert isinstance(state, Case)
    assert state.closing is not None
    return tip.version


def _library_replayed(cases: Cases, events: list[StoredEvent]) -> int:
    found: MutableOrImmutableAggregate[Any] | None = None
    for event in map(cases.mapper.to_domain_event, events):
        found = event.mutate(found)  # type: ignore[attr-defined]
    assert isinstance(found, LibraryCase)
    assert found.status == "closed"
    return found.version


def _a_case(number: int) -> Submission:
    case_id, customer_id = uuid4(), uuid4()
    said = Personal.open(customer_id, f"电费多收了一倍，请核查。 {number}")
    reply = Personal.open(customer_id, "We have read your meter and will call you.")
    return submission(
        ReceiveCase(at=AT, case_id=case_id, kind=CaseKind.COMPLAINT, customer_id=customer_id, channel=Channel.HOTLINE,
                    words=said),
        RegisterCase(at=AT, case_id=case_id, unit="East branch desk", registered_by="李娜"),
        PrioritiseCase(at=AT, case_id=case_id, priority=Priority.MODERATE, impact=Level.MEDIUM, urgency=Level.MEDIUM),
        TransferCase(at=AT, case_id=case_id, to_unit="Metering", handler="张伟"),
        SendResponse(at=AT, case_id=case_id, kind=ResponseKind.UPDATE, channel=Channel.HOTLINE, by="李娜", words=reply),
        ResolveCase(at=AT, case_id=case_id, outcome=Outcome.UPHELD, resolved_by="张伟"),
        CloseCase(at=AT, case_id=case_id, code="meter replaced"),
    )  # fmt: skip
