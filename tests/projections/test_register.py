from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args
from uuid import UUID

import psycopg
import pytest

from domain.attachment import AttachmentAdded
from domain.case.commands import (
    ClassifyCase,
    DispatchCase,
    RecordAttributes,
    RegisterCase,
    ResolveCase,
    StartWork,
)
from domain.case.deadline import DeadlineEvent
from domain.case.dialogue import CaseAcknowledged, CustomerReplied, FeedbackGiven, FollowUpMade
from domain.case.due import DueStated
from domain.case.escalation import CaseEscalated, EscalationAcknowledged
from domain.case.events import (
    Attribute,
    CaseAttributesRecorded,
    CaseChannelChanged,
    CaseClassified,
    CaseCustomerChanged,
    CasePrioritised,
    CaseReceived,
    CaseRegistered,
    KindChanged,
    Outcome,
)
from domain.case.extension import ExtensionEvent
from domain.case.life import CASE
from domain.case.outside import RegulatorForwarded, RegulatorReceived, ReturnSubmitted, SentToPortal
from domain.case.relations import CaseAbsorbed, CaseLinked, CaseMerged, CaseUnlinked
from domain.case.settlement import CaseWithdrawn
from domain.case.terms import TermsEvent
from domain.correction import applied
from domain.envelope import Recorded, RegisterNumber
from domain.event import Precision
from domain.imports import StartImport
from domain.stream import Category, category_of, stream_of, subject_of
from ledger.database import Database
from ledger.ledger import Ledger
from projections import register
from projections.paging import Page, Window
from projections.register import DELAY, EARLY, NUMBER, EarlyStep, RegisterEntry, SeriesState
from projections.runner import Runner
from tests import conftest
from tests.ledger.submissions import OPENED, case_stream, submission
from tests.projections.books import case_id, fill, received, rows, write
from tests.projections.righted import corrected

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FACTS = (
    CaseReceived,
    CaseRegistered,
    CaseClassified,
    CasePrioritised,
    CaseCustomerChanged,
    CaseChannelChanged,
    CaseAttributesRecorded,
    KindChanged,
    DueStated,
    CaseAcknowledged,
    CustomerReplied,
    FeedbackGiven,
    FollowUpMade,
    CaseEscalated,
    EscalationAcknowledged,
    CaseLinked,
    CaseUnlinked,
    CaseMerged,
    CaseAbsorbed,
    CaseWithdrawn,
    SentToPortal,
    RegulatorReceived,
    RegulatorForwarded,
    ReturnSubmitted,
    *get_args(TermsEvent),
    *get_args(ExtensionEvent),
    *get_args(DeadlineEvent),
    AttachmentAdded,
)
"""What may come before a registration: the receipt, what becomes known, what is said, and how else a case may end."""


def test_every_event_of_a_case_is_handling_or_may_come_before_the_registration() -> None:
    assert {*FACTS, *register.HANDLING} == set(CASE.events)
    assert set(FACTS) & set(register.HANDLING) == set()


@pytest.fixture
def ask(ledger: Ledger, runner: Runner, written: Database) -> Callable[..., Page[RegisterEntry]]:
    """Asks for a page of the register, once the views show everything."""

    def asking(order: Any = NUMBER, *, limit: int = 500, descending: bool = False, **rest: Any) -> Page[RegisterEntry]:
        assert runner.catch_up() == ledger.head()
        places = {"after": None, "before": None, "from_end": False} | rest
        series = places.pop("series", None)
        return register.page(written, "main", Window(order, descending, limit=limit, **places), series)

    return asking


def import_started(number: int) -> StartImport:
    digest = f"{number:064x}"
    return StartImport(
        at=OPENED,
        import_id=UUID(int=0x1_0000 + number),
        file_name="工单.csv",
        file_digest=digest,
        mapping="m",
        mapping_digest=digest,
        file_zone="UTC",
        zone_assumed=False,
    )


def early_plainly(ledger: Ledger) -> dict[UUID, list[EarlyStep]]:
    """What was handled before it was registered, told from the whole book without a view."""
    histories: dict[UUID, list[Recorded[Any]]] = {}
    for one in applied(ledger.since(0)):
        if category_of(one.stream) == Category.CASE:
            histories.setdefault(subject_of(one.stream), []).append(one)
    found: dict[UUID, list[EarlyStep]] = {}
    for case, history in histories.items():
        registered = next((one.version for one in history if isinstance(one.event, CaseRegistered)), None)
        found[case] = [
            EarlyStep(one.version, one.event.TOPIC, one.occurred_at)
            for one in history
            if (not isinstance(one.event, FACTS) and (registered is None or one.version < registered))
            or "not-registered" in one.metadata.departures
        ]
    return {case: steps for case, steps in found.items() if steps}


# Numbers ------------------------------------------------------------------------------------------------------


def test_the_register_says_what_each_number_was_given_to(
    ledger: Ledger, ask: Callable[..., Page[RegisterEntry]]
) -> None:
    write(ledger, received(1, at=OPENED), at=OPENED + HOUR)
    registration = RegisterCase(at=OPENED + 2 * HOUR, case_id=case_id(1), unit="北区", registered_by="林")
    write(ledger, registration, at=OPENED + 3 * HOUR)
    write(ledger, import_started(1))
    case, imported = ask().rows
    assert case == RegisterEntry(
        subject_id=case_id(1),
        stream=case_stream(case_id(1)),
        position=3,
        kind=Category.CASE,
        series="C2026",
        number=1,
        received_at=OPENED,
        received_zone="UTC",
        received_precision=Precision.INSTANT,
        received_recorded_at=OPENED + HOUR,
        received_source_recorded_at=None,
        delay_seconds=3600,
        registered_at=OPENED + 2 * HOUR,
        registered_precision=Precision.INSTANT,
        registered_recorded_at=OPENED + 3 * HOUR,
        registered_by="林",
        unit="北区",
        early_steps=(),
    )
    assert (imported.register, imported.kind, imported.stream) == (
        RegisterNumber("I2026", 1), Category.IMPORT, stream_of(Category.IMPORT, UUID(int=0x1_0001))
    )  # fmt: skip


def test_the_register_is_paged_by_number_from_both_ends(
    ledger: Ledger, ask: Callable[..., Page[RegisterEntry]]
) -> None:
    fill(ledger, cases=30)
    write(ledger, import_started(1), import_started(2))
    numbered = [str(one.register) for one in ledger.since(0) if one.register]
    assert len(numbered) > 20
    for descending in (False, True):
        whole = ask(descending=descending).rows
        assert [str(one.register) for one in whole] == sorted(numbered, reverse=descending)
        found: list[RegisterEntry] = []
        back: list[RegisterEntry] = []
        while len(found) < len(whole):
            place = NUMBER.place_of(found[-1]) if found else None
            found += ask(limit=7, after=place, descending=descending).rows
            place = NUMBER.place_of(back[0]) if back else None
            back = ask(limit=7, before=place, from_end=True, descending=descending).rows + back
        assert found == back == whole
    assert [one.number for one in ask(series="I2026").rows] == [1, 2]
    assert ask(series="C1999").rows == []


def test_a_register_without_gaps_says_so_and_how_far_it_reaches(
    ledger: Ledger, runner: Runner, written: Database
) -> None:
    assert register.series_states(written, "main") == [] if runner.catch_up() else None
    fill(ledger, cases=20)
    write(ledger, import_started(1))
    count = sum(1 for one in ledger.since(0) if isinstance(one.event, CaseRegistered))
    behind = SeriesState("C2026", given=count, last=0, missing=0, first_missing=None)
    assert register.series_states(written, "main", "C2026") == [behind]
    runner.catch_up()
    whole = SeriesState("C2026", given=count, last=count, missing=0, first_missing=None)
    assert register.series_states(written, "main") == [whole, SeriesState("I2026", 1, 1, 0, None)]
    assert register.series_states(written, "main", "C2026") == [whole]
    assert register.series_states(written, "main", "C1999") == []


@pytest.mark.parametrize(("gone", "missing", "first"), [((1,), 1, 1), ((4, 5, 9), 3, 4), ((1, 7), 2, 1)])
def test_a_gap_in_the_register_is_named_by_the_first_number_that_is_missing(
    ledger: Ledger, runner: Runner, written: Database, projected: Database,
    gone: tuple[int, ...], missing: int, first: int,
) -> None:  # fmt: skip
    for number in range(10):
        write(ledger, received(number), RegisterCase(at=OPENED, case_id=case_id(number)))
    runner.catch_up()
    with projected.connection() as connection:  # somebody reached into the table
        connection.execute("DELETE FROM views.register_1 WHERE number = ANY(%s)", (list(gone),))
    assert register.series_states(written, "main") == [SeriesState("C2026", 10, 10, missing, first)]


# Before registration ------------------------------------------------------------------------------------------


def test_what_was_handled_before_it_was_registered_equals_what_the_book_tells_without_a_view(
    ledger: Ledger, ask: Callable[..., Page[RegisterEntry]]
) -> None:
    fill(ledger, cases=60, seed=2)
    for number in range(200, 206):  # handled first, and registered then
        write(ledger, received(number), StartWork(at=OPENED, case_id=case_id(number), by="林"), imported=True)
        write(ledger, RegisterCase(at=OPENED, case_id=case_id(number)), imported=True)
    expected = early_plainly(ledger)
    shown = ask(EARLY).rows
    assert {one.subject_id: list(one.early_steps) for one in shown} == expected
    assert len([one for one in shown if one.register]) >= 6
    assert [one.register for one in shown].count(None) > 0
    first, second = ask(EARLY, limit=3).rows, ask(EARLY, limit=3, after=EARLY.place_of(shown[2])).rows
    assert first + second == shown[:6]


def test_facts_and_classes_before_the_registration_are_nothing_handled(
    ledger: Ledger, ask: Callable[..., Page[RegisterEntry]]
) -> None:
    case = case_id(1)
    write(
        ledger,
        received(1),
        ClassifyCase(at=OPENED, case_id=case, category="broadband"),
        RecordAttributes(at=OPENED, case_id=case, attributes=(Attribute(name="location", value="L9"),)),
        RegisterCase(at=OPENED, case_id=case),
        DispatchCase(at=OPENED, case_id=case, unit="北区"),
    )
    assert ask(EARLY).rows == []
    assert ask().rows[0].early_steps == ()


def test_a_step_that_is_corrected_to_a_class_was_nothing_handled(
    ledger: Ledger, ask: Callable[..., Page[RegisterEntry]]
) -> None:
    case = case_id(1)
    commands = (received(1), ResolveCase(at=OPENED, case_id=case, outcome=Outcome.SOLVED))
    write(ledger, *commands, RegisterCase(at=OPENED, case_id=case), imported=True)
    write(
        ledger, ClassifyCase(at=OPENED, case_id=case, category="a"), StartWork(at=OPENED, case_id=case), imported=True
    )
    (entry,) = ask(EARLY).rows
    assert [step.topic for step in entry.early_steps] == ["case-resolved.1"]
    really = ledger.history(case_stream(case))[4].event
    corrected(ledger, case_stream(case), 2, really)  # it keeps its mark, and what is marked was handled
    (entry,) = ask(EARLY).rows
    assert [(step.version, step.topic) for step in entry.early_steps] == [(2, "work-started.1")]


# Back-dated ---------------------------------------------------------------------------------------------------


def late(written: Database, longer_than: timedelta, **rest: Any) -> list[UUID]:
    window = Window(DELAY, True, limit=100)
    page = register.back_dated(written, "main", window, longer_than, **rest)
    return [one.subject_id for one in page.rows]


def test_receipts_that_were_written_down_late_are_listed_the_latest_first(
    ledger: Ledger, runner: Runner, written: Database
) -> None:
    for number, delay in enumerate((timedelta(), HOUR, 3 * DAY, 2 * DAY)):
        write(ledger, received(number, at=OPENED + 10 * DAY - delay), at=OPENED + 10 * DAY)
    by_day = received(4, at=OPENED + 8 * DAY).model_copy(update={"precision": Precision.DAY})
    write(ledger, by_day, at=OPENED + 10 * DAY)  # written down on the second day after
    runner.catch_up()
    assert late(written, 30 * MINUTE) == [case_id(2), case_id(3), case_id(4), case_id(1)]
    assert late(written, DAY) == [case_id(2), case_id(3)]
    assert late(written, DAY, at_source=True) == []
    window = Window(DELAY, True, limit=1)
    first = register.back_dated(written, "main", window, DAY)
    assert (first.has_more, first.rows[0].delay_seconds) == (True, 3 * 86_400)
    place = Window(DELAY, True, DELAY.place_of(first.rows[0]), limit=5)
    assert [one.subject_id for one in register.back_dated(written, "main", place, DAY).rows] == [case_id(3)]


def test_what_came_with_the_time_of_its_source_is_measured_by_that(
    ledger: Ledger, runner: Runner, written: Database
) -> None:
    for number, delay in ((1, HOUR), (2, 5 * DAY)):
        asked = submission(received(number), at=OPENED + 300 * DAY, source_recorded_at=OPENED + delay, imported=True)
        ledger.carry_out(asked)
    runner.catch_up()
    assert late(written, DAY) == []
    assert late(written, DAY, at_source=True) == [case_id(2)]
    assert late(written, MINUTE, at_source=True) == [case_id(2), case_id(1)]


def test_a_receipt_whose_time_is_corrected_is_late_by_that_time(
    ledger: Ledger, runner: Runner, written: Database
) -> None:
    write(ledger, received(1))
    runner.catch_up()
    assert late(written, HOUR) == []
    receipt = ledger.history(case_stream(case_id(1)))[0].event
    corrected(ledger, case_stream(case_id(1)), 1, receipt, at=OPENED - 2 * DAY)
    runner.catch_up()
    assert late(written, HOUR) == [case_id(1)]


# Anew ---------------------------------------------------------------------------------------------------------


def test_a_register_that_was_built_anew_equals_the_one_that_grew(
    ledger: Ledger, runner: Runner, projected: Database, database: conftest.Database
) -> None:
    fill(ledger, cases=30)
    write(ledger, import_started(1))
    runner.catch_up(batch=7)
    receipt = next(one for one in ledger.since(0, opened=True) if isinstance(one.event, CaseReceived))
    corrected(ledger, receipt.stream, receipt.version, receipt.event, at=OPENED - DAY)
    runner.catch_up(batch=5)
    grown = rows(database, "register_1")
    with projected.connection() as connection:
        connection.execute("DELETE FROM views.cursor")
    Runner(ledger, projected).catch_up()
    assert rows(database, "register_1") == grown
    assert len(grown) == 31


def test_a_case_and_an_import_under_one_id_do_not_mix(ledger: Ledger, ask: Callable[..., Page[RegisterEntry]]) -> None:
    write(ledger, received(1), RegisterCase(at=OPENED, case_id=case_id(1)))
    write(ledger, import_started(1).model_copy(update={"import_id": case_id(1)}))
    assert [str(one.register) for one in ask().rows] == ["C2026-000001"]


@pytest.mark.parametrize(("order", "index"), [(NUMBER, "number"), (EARLY, "early"), (DELAY, "delay")])
def test_each_page_of_the_register_leans_on_the_index_that_it_names(
    ledger: Ledger, runner: Runner, database: conftest.Database, order: Any, index: str
) -> None:
    fill(ledger, cases=20)
    runner.catch_up()
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        # The table is small; where an index serves at all, it is to be seen.
        for way in ("seqscan", "bitmapscan", "sort"):
            connection.execute(f"SET enable_{way} = off")
        connection.execute("ANALYZE views.register_1")
        window = Window(order, True, limit=5)
        (only,), _ = window.condition()
        query = register.REGISTER.query("SELECT {columns} FROM {table} WHERE book = %(book)s")
        query += f" AND {only} ORDER BY {window.ordering()} LIMIT 5"
        explained = connection.execute(f"EXPLAIN {query}", {"book": "main"}).fetchall()
    plan = "\n".join(line for (line,) in explained)
    assert f" using register_1_{index} " in plan
    assert "Sort" not in plan
