from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any, ClassVar
from uuid import uuid4

import psycopg
import pytest
from typing_extensions import override

from api.alarms.candidates import Waiting, next_due, waiting
from api.alarms.following import Alarms, nobody
from api.alarms.sweeping import Raised, Sweeper
from domain.amending import ApproveAmendment, RequestVoid
from domain.book import BookTime
from domain.case.commands import PauseCase, ReopenCase, ResolveCase, ResumeCase, SendResponse
from domain.case.deadline import DeadlineMissed, DeadlineWarned
from domain.case.due import DueOrigin, StateDue
from domain.case.escalation import CaseEscalated, EscalateCase, EscalatedBy
from domain.case.events import Outcome, PauseGround, ResponseKind
from domain.case.extension import ApproveExtension, RequestExtension
from domain.channel import Channel
from domain.envelope import ActorKind, Recorded, Source, Submission
from domain.event import Event as DomainEvent
from domain.imports import FinishImport, StartImport
from ledger.database import Database
from ledger.ledger import Ledger
from ledger.opening import Unread
from ledger.outcome import Outcome as Answer
from ledger.recorder import LAST_POSITION
from projections.runner import Runner
from projections.sla_timer import SLA_TIMER
from tests import conftest
from tests.api.alarmed import MONDAY, REPLY, alarms, case_id, events, hours, policy, publish, receipt, receive, tell
from tests.ledger.submissions import MASTER, OPENED, case_stream, opened, submission

DUE = MONDAY + hours(8)
WARNED, AGAIN = ("warned", 0, MONDAY + hours(4)), ("warned", 1, MONDAY + hours(6))
MISSED, FIRST, SECOND = ("missed", None, DUE), ("escalated", 1, DUE), ("escalated", 2, DUE + hours(4))


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
    """A simulated book whose policy gives eight hours for the first reply."""
    made = opened(written, "main")
    publish(made, OPENED)
    return made


@pytest.fixture
def noted(ledger: Ledger, views: Database) -> Alarms:
    return Alarms(ledger, views, keeps_view=True)


def respond(number: int, at: datetime) -> SendResponse:
    return SendResponse(at=at, case_id=case_id(number), kind=ResponseKind.FIRST, channel=Channel.EMAIL, by="刘洋")


def pause(number: int, at: datetime) -> PauseCase:
    return PauseCase(at=at, case_id=case_id(number), ground=PauseGround.CUSTOMER)


def test_each_alarm_is_noted_when_it_is_due_and_not_before(ledger: Ledger, noted: Alarms) -> None:
    receive(ledger, [1], MONDAY)
    seen = []
    for after in (4, 4.5, 7, 8, 8.5, 12.5, 48):
        noted.sweep(until=MONDAY + hours(after))
        seen.append(alarms(ledger, 1))
    every = [WARNED, AGAIN, MISSED, FIRST, SECOND]
    assert seen == [[], every[:1], every[:2], every[:2], every[:4], every, every]


def test_what_is_noted_says_by_what_it_was_due_and_who_noted_it(ledger: Ledger, noted: Alarms) -> None:
    receive(ledger, [1], MONDAY)
    noted.sweep(until=MONDAY + hours(5))
    basis = ledger.head()
    noted.sweep(until=DUE + hours(5))
    said = (
        "First reply: due by 2026-03-02 17:00:00 (Asia/Shanghai), measured from 2026-03-02 09:00:00 "
        "(Asia/Shanghai), by rule all of the policy service, version 1, on the calendar round-the-clock, version 1."
    )
    about: dict[str, Any] = {
        "policy": "service", "target": "reply", "part": None, "cycle": 1, "instance": 1, "due_at": DUE, "due_on": None,
        "explanation": said,
    }  # fmt: skip
    told = [one for one in events(ledger, 1) if one.metadata.actor.kind is ActorKind.ALARM]
    missed = told[1].event
    assert isinstance(missed, DeadlineMissed)
    assert [one.event for one in told] == [
        DeadlineWarned(**about, number=0),
        DeadlineMissed(**about, policy_version=1, calendar="round-the-clock", calendar_version=1,
                       zone_data=missed.zone_data, engine=1, basis=basis, counted=8 * 3600),
        CaseEscalated(level=1, to_unit="North", to_staff=None, by=EscalatedBy.ALARM,
                      reason="First reply: due by 2026-03-02 17:00:00 (Asia/Shanghai)"),
        CaseEscalated(level=2, to_unit=None, to_staff="Director Li", by=EscalatedBy.ALARM,
                      reason="First reply: due by 2026-03-02 17:00:00 (Asia/Shanghai)"),
    ]  # fmt: skip
    assert {one.recorded_at for one in told[1:]} == {DUE + hours(5)}


def test_after_a_day_without_anybody_alarms_say_when_they_were_due_and_when_they_were_noted(
    ledger: Ledger, noted: Alarms
) -> None:
    receive(ledger, [1, 2], MONDAY)
    tell(ledger, respond(2, DUE + hours(1)), at=DUE + hours(1))
    noted.sweep(until=DUE + hours(24))
    assert alarms(ledger, 1) == [MISSED, FIRST, SECOND]  # a warning behind the miss would warn of nothing
    assert alarms(ledger, 2) == [MISSED]  # it was answered late, and nobody is called about it any more
    told = [one.recorded_at for one in events(ledger, 1) if one.metadata.channel == "alarm"]
    assert told == [DUE + hours(24)] * 3


def test_a_clock_that_stands_still_raises_nothing_until_it_goes_on(ledger: Ledger, noted: Alarms) -> None:
    receive(ledger, [1], MONDAY)
    tell(ledger, pause(1, MONDAY + hours(3)), at=MONDAY + hours(3))
    assert noted.sweep(until=MONDAY + hours(20)) == 0
    resumed = ResumeCase(at=MONDAY + hours(21), case_id=case_id(1), ground=PauseGround.CUSTOMER)
    tell(ledger, resumed, at=MONDAY + hours(21))
    noted.sweep(until=MONDAY + hours(23))
    assert alarms(ledger, 1) == [("warned", 0, MONDAY + hours(22))]


def test_what_has_come_since_the_view_was_brought_up_is_not_overlooked(ledger: Ledger, views: Database) -> None:
    """The view shows all of them as due; it is read, and the cases move on, before the alarms are decided."""
    receive(ledger, range(1, 5), MONDAY)
    Runner(ledger, views, (SLA_TIMER,)).catch_up()
    sweeper = Sweeper(ledger, views, nobody)
    at = MONDAY + hours(3)
    tell(ledger, pause(1, at), at=at)
    tell(ledger, respond(2, at), at=at)
    more = RequestExtension(
        at=at, case_id=case_id(3), policy="service", target="reply", step="goodwill", reason="complex",
        requested_by="刘洋",
    )  # fmt: skip
    request = len(events(ledger, 3)) + 1
    tell(ledger, more, ApproveExtension(at=at, case_id=case_id(3), request=request, approved_by="Chen"), at=at)
    assert sweeper.sweep(DUE + hours(1.5), Event()) == 4
    assert [alarms(ledger, number) for number in (1, 2)] == [[], []]
    assert [kind for kind, *_ in alarms(ledger, 3)] == ["warned", "warned"]
    assert alarms(ledger, 4) == [MISSED, FIRST]


class Interrupted(Ledger):
    """A ledger that is written to by somebody else at the last moment before a batch."""

    first: Submission | None = None

    @override
    def carry_out_all(self, submissions: Sequence[Submission]) -> list[Answer]:
        if self.first is not None:
            super().carry_out(self.first)
            self.first = None
        return super().carry_out_all(submissions)


def test_a_pause_that_comes_between_looking_and_noting_leaves_nothing_to_be_noted(
    ledger: Ledger, views: Database
) -> None:
    """Not even the second of two alarms, which builds on the version that the pause has taken."""
    receive(ledger, [1, 2], MONDAY)
    interrupted = Interrupted(ledger.database, MASTER)
    interrupted.first = submission(pause(1, MONDAY + hours(1)), at=DUE)
    assert Alarms(interrupted, views, keeps_view=True).sweep(until=DUE + hours(1)) == 2
    assert (alarms(ledger, 1), alarms(ledger, 2)) == ([], [MISSED, FIRST])


def test_an_alarm_that_was_made_void_is_not_noted_again(ledger: Ledger, noted: Alarms) -> None:
    receive(ledger, [1], MONDAY)
    noted.sweep(until=MONDAY + hours(5))
    at, version = MONDAY + hours(5), events(ledger, 1)[-1].version
    stream = case_stream(case_id(1))
    asked = RequestVoid(at=at, about=stream, version=version, reason="a slip", requested_by="刘洋")
    tell(ledger, asked, at=at)
    tell(ledger, ApproveAmendment(at=at, about=stream, request=version + 1, approved_by="Chen"), at=at)
    assert noted.sweep(until=MONDAY + hours(5.5)) == 0
    assert noted.sweep(until=DUE + hours(1)) == 2
    assert alarms(ledger, 1) == [WARNED, MISSED, FIRST]


# Imports --------------------------------------------------------------------------------------------------------------

FILE = "ab" * 32
IMPORT = uuid4()


def start_import(ledger: Ledger, at: datetime) -> None:
    start = StartImport(
        at=at, import_id=IMPORT, file_name="old.csv", file_digest=FILE, mapping="old", mapping_digest="cd" * 32,
        file_zone="Asia/Shanghai", zone_assumed=False,
    )  # fmt: skip
    tell(ledger, start, at=at)


def finish_import(ledger: Ledger, at: datetime) -> None:
    tell(ledger, FinishImport(at=at, import_id=IMPORT, rows=1, unchanged=0, rejected=0, cases=1, events=2), at=at)


def imported(ledger: Ledger, number: int, at: datetime, said_at: datetime) -> None:
    ledger.carry_out(submission(*receipt(number, at), at=said_at, imported=True, source=Source(FILE, number)))


def test_a_case_of_an_import_that_is_not_finished_is_left_alone(ledger: Ledger, noted: Alarms) -> None:
    start_import(ledger, MONDAY)
    imported(ledger, 1, MONDAY, MONDAY)
    receive(ledger, [2], MONDAY)
    assert noted.sweep(until=MONDAY + hours(5)) == 1
    assert noted.sweep(until=MONDAY + hours(5.1)) == 0
    assert (alarms(ledger, 1), alarms(ledger, 2)) == ([], [WARNED])
    finish_import(ledger, MONDAY + hours(5.2))
    assert noted.sweep(until=MONDAY + hours(5.3)) == 1
    assert alarms(ledger, 1) == [WARNED]


def test_a_deadline_that_was_past_when_it_was_imported_raises_nothing(ledger: Ledger, noted: Alarms) -> None:
    """What was still to come when it was imported does."""
    start_import(ledger, MONDAY + hours(100))
    imported(ledger, 1, MONDAY, MONDAY + hours(100))
    imported(ledger, 2, MONDAY + hours(95), MONDAY + hours(100))
    finish_import(ledger, MONDAY + hours(100))
    noted.sweep(until=MONDAY + hours(110))
    assert alarms(ledger, 1) == []
    assert [(kind, at) for kind, _, at in alarms(ledger, 2)] == [
        ("missed", MONDAY + hours(103)),
        ("escalated", MONDAY + hours(103)),
        ("escalated", MONDAY + hours(107)),
    ]


# Other clocks ---------------------------------------------------------------------------------------------------------


def test_a_date_that_was_stated_is_missed_without_a_policy(written: Database, views: Database) -> None:
    ledger = opened(written, "main")
    receive(ledger, [1], MONDAY)
    tell(
        ledger,
        StateDue(at=MONDAY, case_id=case_id(1), target="a call", due_at=DUE, stated_by=DueOrigin.COMPANY),
        at=MONDAY,
    )
    Alarms(ledger, views, keeps_view=True).sweep(until=DUE + hours(1))
    (missed,) = (one.event for one in events(ledger, 1) if isinstance(one.event, DeadlineMissed))
    assert (missed.policy, missed.policy_version, missed.calendar, missed.calendar_version) == (
        "stated",
        None,
        None,
        None,
    )
    assert alarms(ledger, 1) == [MISSED]


def test_a_target_that_only_lapses_tells_nobody(ledger: Ledger, noted: Alarms) -> None:
    publish(ledger, OPENED, policy(REPLY | {"id": "lapse", "on_expiry": "right_arises", "warnings": []}))
    receive(ledger, [1], MONDAY)
    assert noted.sweep(until=DUE + hours(24)) == 0


def test_a_rung_that_a_person_has_overtaken_is_passed_over(ledger: Ledger, noted: Alarms) -> None:
    receive(ledger, [1], MONDAY)
    called = EscalateCase(at=MONDAY, case_id=case_id(1), level=1, reason="the customer is upset", by=EscalatedBy.PERSON)
    tell(ledger, called, at=MONDAY)
    noted.sweep(until=DUE + hours(5))
    assert alarms(ledger, 1) == [MISSED, SECOND]


def test_a_case_that_is_reopened_is_warned_of_anew(ledger: Ledger, noted: Alarms) -> None:
    receive(ledger, [1], MONDAY)
    noted.sweep(until=MONDAY + hours(5))
    at = MONDAY + hours(5)
    resolved = ResolveCase(at=at, case_id=case_id(1), outcome=Outcome.UPHELD, resolved_by="刘洋")
    tell(ledger, respond(1, at), resolved, at=at)
    tell(ledger, ReopenCase(at=at + hours(1), case_id=case_id(1), reason="not so"), at=at + hours(1))
    noted.sweep(until=at + hours(6))
    assert alarms(ledger, 1) == [WARNED, ("warned", 0, at + hours(5))]


# The process ----------------------------------------------------------------------------------------------------------


def test_several_processes_note_each_alarm_once(ledger: Ledger, database: conftest.Database) -> None:
    receive(ledger, range(60), MONDAY)
    heard: list[Raised] = []

    def sweep() -> None:
        with Database(database.writer_url) as own, Database(database.projector_url) as views:
            Alarms(Ledger(own, MASTER), views, heard.append, keeps_view=True).sweep(until=DUE + hours(1))

    threads = [Thread(target=sweep) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [alarms(ledger, number) for number in range(60)] == [[MISSED, FIRST]] * 60
    assert sorted((one.stream, one.alarm.kind) for one in heard) == sorted(
        (case_stream(case_id(number)), kind) for number in range(60) for kind in ("miss", "escalation")
    )


class Counting(Ledger):
    """A ledger that says of which cases it was asked."""

    asked: ClassVar[set[str]] = set()

    @override
    def histories(
        self,
        streams: Iterable[str],
        *,
        opened: bool = False,
        upto: int = LAST_POSITION,
        unread: list[Unread] | None = None,
    ) -> Mapping[str, list[Recorded[DomainEvent]]]:
        wanted = list(streams)
        self.asked.update(stream for stream in wanted if stream.startswith("case-"))
        return super().histories(wanted, opened=opened, upto=upto, unread=unread)


def test_candidates_that_lead_nowhere_are_looked_at_once(ledger: Ledger, views: Database) -> None:
    """The alarm of an import that does not end stays due in the view."""
    counting = Counting(ledger.database, MASTER)
    noted = Alarms(counting, views, keeps_view=True)
    start_import(ledger, MONDAY)
    imported(ledger, 1, MONDAY, MONDAY)
    noted.sweep(until=DUE + hours(1))
    assert [one.kind for one in waiting(views, "main", DUE + hours(1))] == ["escalation", "miss"]
    assert counting.asked == {case_stream(case_id(1))}
    counting.asked.clear()
    noted.sweep(until=DUE + hours(2))
    assert counting.asked == set()
    finish_import(ledger, DUE + hours(2))
    assert noted.sweep(until=DUE + hours(2)) == 2
    assert waiting(views, "main", DUE + hours(2)) == []


def test_what_waits_is_counted_by_kind_and_since_when(ledger: Ledger, views: Database, noted: Alarms) -> None:
    receive(ledger, [1, 2, 3], MONDAY)
    assert waiting(views, "main", DUE) == []  # there is no view yet
    Runner(ledger, views, (SLA_TIMER,)).catch_up()
    assert waiting(views, "main", MONDAY + hours(7)) == [Waiting("warning", 6, MONDAY + hours(4))]
    assert waiting(views, "main", DUE + hours(1)) == [Waiting("escalation", 3, DUE), Waiting("miss", 3, DUE)]
    assert next_due(views, "main", MONDAY + hours(1)) == MONDAY + hours(4)
    assert noted.sweep(until=DUE + hours(1)) == 6
    assert waiting(views, "main", DUE + hours(1)) == []


def test_a_view_that_has_stopped_still_says_where_to_look(ledger: Ledger, views: Database, noted: Alarms) -> None:
    receive(ledger, [1], MONDAY)
    Runner(ledger, views, (SLA_TIMER,)).catch_up()
    receive(ledger, [2], MONDAY)
    with views.connection() as connection:
        connection.execute("ALTER TABLE views.sla_timer_3 ADD CONSTRAINT one_case CHECK (source_key = 'K-1')")
    assert noted.sweep(until=DUE + hours(1)) == 2
    assert (alarms(ledger, 1), alarms(ledger, 2)) == ([MISSED, FIRST], [])


def test_a_case_that_cannot_be_read_does_not_hold_up_the_others(
    ledger: Ledger, views: Database, database: conftest.Database
) -> None:
    receive(ledger, [1, 2], MONDAY)
    Runner(ledger, views, (SLA_TIMER,)).catch_up()
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER ALL")
        owner.execute("UPDATE ledger.event SET topic = 'case-received.9' WHERE stream = %s AND version = 1",
                      [case_stream(case_id(1))])  # fmt: skip
    assert Sweeper(ledger, views, nobody).sweep(DUE + hours(1), Event()) == 2
    assert alarms(ledger, 2) == [MISSED, FIRST]


def test_the_process_notes_alarms_as_they_become_due_and_ends_when_told(written: Database, views: Database) -> None:
    ledger = opened(written, "main", BookTime.LIVE)
    soon = REPLY | {"clock": {"type": "elapsed", "amount": "PT1S"}, "warnings": []}
    publish(ledger, written.now(), policy(soon))
    stop, heard = Event(), Heard(2)
    following = Thread(target=Alarms(ledger, views, heard, keeps_view=True).follow, args=(stop,))
    following.start()
    at = written.now()
    receive(ledger, [1], at)
    assert heard.enough.wait(30)
    stop.set()
    following.join(10)
    assert not following.is_alive()
    missed = [one for one in events(ledger, 1) if one.metadata.channel == "alarm"]
    assert [one.occurred_at for one in missed] == [at + timedelta(seconds=1)] * 2
    assert timedelta() < missed[0].recorded_at - missed[0].occurred_at < timedelta(seconds=20)


def test_alarms_are_noted_after_the_database_has_cut_everybody_off(
    written: Database, views: Database, database: conftest.Database
) -> None:
    ledger = opened(written, "main", BookTime.LIVE)
    publish(ledger, written.now())
    stop, heard = Event(), Heard(2)
    following = Alarms(ledger, views, heard, keeps_view=True).following(stop)
    receive(ledger, [1], written.now() - hours(9))
    assert heard.enough.wait(30)
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                      "AND usename LIKE 'daybook%'")  # fmt: skip
    heard.wait_for(2)
    receive(ledger, [2], written.now() - hours(9))
    assert heard.enough.wait(30)
    stop.set()
    following.join(10)
    assert [len(alarms(ledger, number)) for number in (1, 2)] == [2, 2]


class Heard:
    """Who is told of alarms, and says when there have been enough."""

    def __init__(self, count: int) -> None:
        self.enough = Event()
        self.wait_for(count)

    def wait_for(self, count: int) -> None:
        self.enough.clear()
        self._left = count

    def __call__(self, raised: Raised) -> None:
        self._left -= 1
        if not self._left:
            self.enough.set()
