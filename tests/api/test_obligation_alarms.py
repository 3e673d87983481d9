"""What somebody owes is missed, and said so once, by the same process that notes the alarms of cases."""

from collections.abc import Iterator
from threading import Thread
from typing import Any
from uuid import UUID, uuid5

import pytest

from api.alarms.candidates import Waiting, waiting
from api.alarms.following import Alarms
from api.alarms.sweeping import Raised
from domain.amending import ApproveAmendment, RequestVoid
from domain.case.deadline import Cause, DeadlineMissed
from domain.case.terms import TermsAssigned
from domain.envelope import ActorKind
from domain.event import Precision
from domain.obligation import (
    CancelObligation,
    MeetObligation,
    ObligationKind,
    OpenObligation,
    ReassignObligation,
    ReopenObligation,
)
from domain.obligation_deadlines import ApproveObligationRevision, ObligationEscalated, RequestObligationRevision
from domain.sla.clock import Verdict
from domain.sla.zones import ZONE_DATA
from domain.stream import Category, stream_of
from ledger.database import Database
from ledger.ledger import Ledger
from projections.deadlines import of_streams
from projections.obligation import OBLIGATION
from projections.runner import Runner
from projections.sla_timer import SLA_TIMER
from tests import conftest
from tests.api.alarmed import MONDAY, NAMESPACE, POLICY, REPLY, hours, publish, receive, tell
from tests.ledger.submissions import MASTER, OPENED, opened
from tests.projections.amended import expected, kept

DUE = MONDAY + hours(8)
EXPLAINED = "Obligation: task: due by 2026-03-02 09:00:00 (UTC), measured from 2026-03-02 01:00:00 (UTC)."


@pytest.fixture
def written(database: conftest.Database) -> Iterator[Database]:
    with Database(database.writer_url) as connected:
        yield connected


@pytest.fixture
def views(database: conftest.Database) -> Iterator[Database]:
    with Database(database.projector_url) as connected:
        yield connected


@pytest.fixture
def ledger(written: Database) -> Ledger:
    return opened(written, "main")


@pytest.fixture
def noted(ledger: Ledger, views: Database) -> Alarms:
    return Alarms(ledger, views, keeps_view=True)


def owed(number: int) -> UUID:
    return uuid5(NAMESPACE, f"owed {number}")


def stream(number: int) -> str:
    return stream_of(Category.OBLIGATION, owed(number))


def opens(number: int, **more: Any) -> OpenObligation:
    return OpenObligation(
        at=MONDAY, obligation_id=owed(number), title="Look at the meter",
        **{"kind": ObligationKind.TASK, "due_at": DUE, **more},
    )  # fmt: skip


def alarms(ledger: Ledger, number: int) -> list[tuple[str, Any]]:
    found = [one for one in ledger.history(stream(number)) if one.metadata.channel == "alarm"]
    assert {one.metadata.actor.kind for one in found} <= {ActorKind.ALARM}
    return [(one.event.TOPIC, one.occurred_at) for one in found]


def test_what_is_not_done_in_time_is_missed_once_with_its_explanation(ledger: Ledger, noted: Alarms) -> None:
    tell(ledger, opens(1), at=MONDAY)
    tell(ledger, opens(2, due_at=DUE, due_precision=Precision.DAY, zone="Asia/Shanghai"), at=MONDAY)
    tell(ledger, opens(3, due_at=None), at=MONDAY)
    assert noted.sweep(until=DUE) == 0
    assert noted.sweep(until=DUE + hours(1)) == 1
    assert noted.sweep(until=DUE + hours(2)) == 0
    assert alarms(ledger, 1) == [("deadline-missed.1", DUE)]
    basis = next(one.position for one in ledger.history(stream(1)) if one.metadata.channel == "alarm") - 1
    assert ledger.history(stream(1))[-1].event == DeadlineMissed(
        policy="stated", target="obligation", part=None, cycle=1, instance=1, policy_version=None, due_at=DUE,
        due_on=None, calendar=None, calendar_version=None, zone_data=ZONE_DATA, engine=1, basis=basis,
        counted=8 * 3600, explanation=EXPLAINED,
    )  # fmt: skip
    assert noted.sweep(until=DUE + hours(24)) == 1
    midnight = MONDAY.replace(hour=16)
    assert (alarms(ledger, 2), alarms(ledger, 3)) == ([("deadline-missed.1", midnight)], [])


def test_what_was_done_cancelled_or_given_to_somebody_else_in_time(ledger: Ledger, noted: Alarms) -> None:
    for number in (1, 2, 3):
        tell(ledger, opens(number), at=MONDAY)
    at = MONDAY + hours(7)
    tell(ledger, MeetObligation(at=at, obligation_id=owed(1), by="李四"), at=at)
    tell(ledger, CancelObligation(at=at, obligation_id=owed(2), reason="overtaken"), at=at)
    tell(ledger, ReassignObligation(at=at, obligation_id=owed(3), unit="North", owner="赵六"), at=at)
    assert noted.sweep(until=DUE + hours(1)) == 1
    assert [alarms(ledger, number) for number in (1, 2, 3)] == [[], [], [("deadline-missed.1", DUE)]]


def test_a_miss_stays_what_was_known_when_the_deadline_came(ledger: Ledger, views: Database, noted: Alarms) -> None:
    tell(ledger, opens(1), at=MONDAY)
    noted.sweep(until=DUE + hours(1))
    done = MeetObligation(at=DUE - hours(1), obligation_id=owed(1), by="李四", evidence="letter 12")
    tell(ledger, done, at=DUE + hours(2))
    runner = Runner(ledger, views, (SLA_TIMER, OBLIGATION))
    runner.catch_up()
    (clock,) = of_streams(ledger.database, "main", [stream(1)])[stream(1)]
    assert (clock.when_due, clock.now_verdict, clock.rests_on_late) == (Verdict.MISSED, Verdict.KEPT, True)
    for view in (SLA_TIMER, OBLIGATION):
        assert kept(ledger, view) == expected(ledger, view)
    assert noted.sweep(until=DUE + hours(3)) == 0


def test_what_is_owed_again_after_its_date_is_missed_again(ledger: Ledger, noted: Alarms) -> None:
    tell(ledger, opens(1), at=MONDAY)
    at = MONDAY + hours(5)
    tell(ledger, MeetObligation(at=at, obligation_id=owed(1), by="李四"), at=at)
    again = DUE + hours(3)
    tell(ledger, ReopenObligation(at=again, obligation_id=owed(1), reason="it came back"), at=again)
    assert noted.sweep(until=DUE + hours(4)) == 1
    (missed,) = (one.event for one in ledger.history(stream(1)) if isinstance(one.event, DeadlineMissed))
    assert (missed.cycle, alarms(ledger, 1)) == (2, [("deadline-missed.1", again)])


def test_an_alarm_of_an_obligation_that_was_made_void_is_not_raised_again(ledger: Ledger, noted: Alarms) -> None:
    tell(ledger, opens(1), at=MONDAY)
    noted.sweep(until=DUE + hours(1))
    at = DUE + hours(1)
    asks = RequestVoid(at=at, about=stream(1), version=2, reason="a slip", requested_by="王芳")
    tell(ledger, asks, at=at)
    tell(ledger, ApproveAmendment(at=at, about=stream(1), request=3, approved_by="李四"), at=at)
    assert noted.sweep(until=DUE + hours(5)) == 0


def test_several_processes_note_each_miss_of_many_once(ledger: Ledger, database: conftest.Database) -> None:
    publish(ledger, OPENED)
    receive(ledger, range(20), MONDAY)
    for number in range(40):
        tell(ledger, opens(number), at=MONDAY)
    heard: list[Raised] = []

    def sweep() -> None:
        with Database(database.writer_url) as own, Database(database.projector_url) as views:
            Alarms(Ledger(own, MASTER), views, heard.append, keeps_view=True).sweep(until=DUE + hours(1))

    threads = [Thread(target=sweep) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [alarms(ledger, number) for number in range(40)] == [[("deadline-missed.1", DUE)]] * 40
    told = [one for one in heard if one.stream.startswith("obligation-")]
    assert (len(told), {one.number for one in told}, len(heard)) == (40, {None}, 80)


def under_a_policy() -> dict[str, Any]:
    """The cases' policy, which gives tasks of the back office eight hours, warns of half of them and calls twice."""
    done = REPLY | {
        "id": "done", "title": {"en": "Done", "zh": "完成"}, "kind": "other", "subject": "obligation",
        "start": "obligation-opened", "stop": "obligation-met", "cancel": "obligation-cancelled", "pauses": {},
        "extensions": [], "warnings": [{"at_percent": 50}], "late_record": "evidence_required",
    }  # fmt: skip
    owed_by_back_office = {"id": "back-office", "when": {"obligation": ["task"]}, "targets": ["done"]}
    return POLICY | {"rules": [*POLICY["rules"], owed_by_back_office], "targets": [*POLICY["targets"], done]}


def test_what_is_owed_under_a_policy_is_warned_of_missed_and_brought_before_somebody_else(
    ledger: Ledger, noted: Alarms
) -> None:
    publish(ledger, OPENED, under_a_policy())
    tell(ledger, opens(1, due_at=None, unit="Back"), at=MONDAY)
    tell(ledger, opens(2, due_at=None, kind=ObligationKind.FINDING), at=MONDAY)
    (terms,) = (one.event for one in ledger.history(stream(1)) if isinstance(one.event, TermsAssigned))
    assert [(each.policy, each.rule, [due.due_at for due in each.dues]) for each in terms.terms] == [
        ("service", "back-office", [DUE])
    ]
    for after in (5, 9, 13, 48):
        noted.sweep(until=MONDAY + hours(after))
    assert alarms(ledger, 1) == [
        ("deadline-warned.1", MONDAY + hours(4)),
        ("deadline-missed.1", DUE),
        ("obligation-escalated.1", DUE),
        ("obligation-escalated.1", DUE + hours(4)),
    ]
    called = [one.event for one in ledger.history(stream(1)) if isinstance(one.event, ObligationEscalated)]
    assert [(each.level, each.to_unit, each.to_staff) for each in called] == [
        (1, "North", None),
        (2, None, "Director Li"),
    ]
    assert len(ledger.history(stream(2))) == 1


def test_a_late_record_of_what_was_owed_counts_once_somebody_else_approves(
    ledger: Ledger, views: Database, noted: Alarms
) -> None:
    publish(ledger, OPENED, under_a_policy())
    tell(ledger, opens(1, due_at=None), at=MONDAY)
    noted.sweep(until=DUE + hours(1))
    at = DUE + hours(2)
    tell(ledger, MeetObligation(at=DUE - hours(1), obligation_id=owed(1), by="李四"), at=at)

    def verdicts() -> tuple[Any, Any]:
        Runner(ledger, views, (SLA_TIMER, OBLIGATION)).catch_up()
        assert kept(ledger, SLA_TIMER) == expected(ledger, SLA_TIMER)
        (clock,) = of_streams(ledger.database, "main", [stream(1)])[stream(1)]
        return clock.when_due, clock.now_verdict

    assert verdicts() == (Verdict.MISSED, Verdict.MISSED)
    asks = RequestObligationRevision(
        at=at, obligation_id=owed(1), policy="service", target="done", cycle=1, instance=1, now=Verdict.KEPT,
        cause=Cause.LATE_RECORD, reason="the meter says so", requested_by="王芳",
    )  # fmt: skip
    tell(ledger, asks, at=at)
    request = len(ledger.history(stream(1)))
    tell(ledger, ApproveObligationRevision(at=at, obligation_id=owed(1), request=request, approved_by="李四"), at=at)
    assert verdicts() == (Verdict.MISSED, Verdict.KEPT)


def test_what_waits_counts_what_is_owed(ledger: Ledger, views: Database) -> None:
    for number in (1, 2):
        tell(ledger, opens(number), at=MONDAY)
    Runner(ledger, views, (SLA_TIMER,)).catch_up()
    assert waiting(views, "main", DUE + hours(1)) == [Waiting("miss", 2, DUE)]
