from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from domain.calendar import BookCalendars
from domain.case.life import CASE
from domain.case.promise import Ground, PromisedDue, Terms
from domain.case.terms import TermsAssigned
from domain.envelope import Context, Occurred, When
from domain.event import Precision
from domain.obligation import (
    OBLIGATION,
    CancelObligation,
    MeetObligation,
    ObligationCancelled,
    ObligationCommand,
    ObligationKind,
    ObligationMet,
    ObligationOpened,
    ObligationReassigned,
    ObligationReopened,
    ObligationVerified,
    OpenObligation,
    ReassignObligation,
    ReopenObligation,
    VerifyObligation,
)
from domain.personal import Personal
from domain.policy_events import BookPolicies
from domain.sla.clock import ENGINE
from domain.sla.zones import ZONE_DATA
from domain.standards import streams_of_standards
from domain.stream import Category, stream_of
from tests.domain.case import histories as h
from tests.domain.sla.history import calendar, policy, published, target
from tests.domain.story import MONDAY, Story

OWED = UUID(int=1)
FRIDAY = MONDAY + timedelta(days=4)
of_case, of_owed = stream_of(Category.CASE, h.CASE_ID), stream_of(Category.OBLIGATION, OWED)

story, imported = Story(OBLIGATION), Story(OBLIGATION, imported=True)
opened = ObligationOpened(
    kind=ObligationKind.TASK,
    title="mend the line",
    case_id=None,
    unit="后台支持",
    owner="李四",
    due_at=FRIDAY,
    due_precision=Precision.DAY,
)
open_it = OpenObligation(
    at=MONDAY,
    obligation_id=OWED,
    kind=ObligationKind.TASK,
    title="mend the line",
    unit="后台支持",
    owner="李四",
    due_at=FRIDAY,
    due_precision=Precision.DAY,
)
met = ObligationMet(by="李四", evidence="letter 12", words=None)
meet = MeetObligation(at=MONDAY, obligation_id=OWED, by="李四", evidence="letter 12")
reassigned = ObligationReassigned(unit="后台支持", owner="赵六", reason="on leave")
reassign = ReassignObligation(at=MONDAY, obligation_id=OWED, unit="后台支持", owner="赵六", reason="on leave")
verified = ObligationVerified(by="王芳", effective=False)
verify = VerifyObligation(at=MONDAY, obligation_id=OWED, by="王芳", effective=False)
cancelled = ObligationCancelled(reason="overtaken")
cancel = CancelObligation(at=MONDAY, obligation_id=OWED, reason="overtaken")
reopened = ObligationReopened(reason="the cause came back")
reopen = ReopenObligation(at=MONDAY, obligation_id=OWED, reason="the cause came back")


def test_somebody_owes_something_by_a_day() -> None:
    story.when(open_it).then(opened)
    story.given(opened).when(open_it).then_nothing()
    other = open_it.model_copy(update={"title": "call back"})
    story.given(opened).when(other).then_refused("OBLIGATION_ALREADY_OPENED", "as mend the line; open another")


def test_what_is_owed_without_a_date_has_no_precision_of_one() -> None:
    undated = open_it.model_copy(update={"due_at": None})
    story.when(undated).then(opened.model_copy(update={"due_at": None, "due_precision": None}))


def test_what_is_owed_for_a_case_is_owed_for_one_that_is_there() -> None:
    for_case = open_it.model_copy(update={"case_id": h.CASE_ID})
    owed = opened.model_copy(update={"case_id": h.CASE_ID})
    assert list(OBLIGATION.needs(for_case, Context(book="test"))) == [*streams_of_standards("test"), of_case]
    story.beside(of_case, CASE, h.received).when(for_case).then(owed)
    story.when(for_case).then_refused("UNKNOWN_CASE", "no such case")
    imported.when(for_case).then(Occurred(owed, departures=("unknown-case",)))


def test_what_is_owed_is_promised_what_the_policies_say_of_its_kind_and_unit() -> None:
    rules = [
        {"id": "all", "targets": ["resolution"]},
        {"id": "back-office", "when": {"obligation": ["task"], "unit": ["后台支持"]}, "targets": ["done"]},
    ]
    about = {"subject": "obligation", "start": "obligation-opened", "stop": "obligation-met"}
    done = target({"type": "business_days", "amount": 2}, id="done", **about)
    rulings = policy(target(), done, rules=rules)
    of_policies, of_calendars = streams_of_standards("test")
    others = {of_policies: BookPolicies((published(rulings),)), of_calendars: BookCalendars((calendar(),))}
    promised = replace(story, others=others)
    due = PromisedDue(
        target="done", calendar="office", calendar_version=1,
        due_at=datetime(2026, 3, 5, tzinfo=UTC), due_on=date(2026, 3, 4),
    )  # fmt: skip
    terms = Terms(
        policy="service",
        policy_version=1,
        rule="back-office",
        ground=(Ground(field="obligation", value="task"), Ground(field="unit", value="后台支持")),
        dues=(due,),
    )
    assigned = TermsAssigned(terms=(terms,), zone_data=ZONE_DATA, engine=ENGINE)
    promised.when(open_it).then(opened, assigned)
    promised.given(opened, assigned).when(open_it).then_nothing()
    promised.given(opened, assigned).when(reassign).then(reassigned)
    elsewhere = open_it.model_copy(update={"unit": "前台"})
    promised.when(elsewhere).then(opened.model_copy(update={"unit": "前台"}))


def test_somebody_else_owes_it() -> None:
    story.given(opened).when(reassign).then(reassigned)
    story.given(opened, reassigned).when(reassign).then_nothing()


def test_it_is_met_once() -> None:
    story.given(opened).when(meet).then(met)
    story.given(opened, met).when(meet).then_nothing()
    otherwise = meet.model_copy(update={"evidence": "letter 13"})
    story.given(opened, met).when(otherwise).then_refused("OBLIGATION_MET", "is met; reopen it first")


def test_whether_it_had_an_effect_is_looked_at_once_it_is_met() -> None:
    story.given(opened, met).when(verify).then(verified)
    story.given(opened, met, verified).when(verify).then_nothing()
    story.given(opened).when(verify).then_refused("OBLIGATION_NOT_MET", "no effect to look for")
    imported.given(opened).when(verify).then(Occurred(verified, departures=("verified-unmet",)))
    otherwise = verify.model_copy(update={"effective": True})
    story.given(opened, met, verified).when(otherwise).then_refused("OBLIGATION_VERIFIED", "王芳 has verified")
    imported.given(opened, met, verified).when(otherwise).then(
        Occurred(ObligationVerified(by="王芳", effective=True), departures=("verified-again",))
    )


def test_it_is_cancelled_and_owed_again() -> None:
    story.given(opened).when(cancel).then(cancelled)
    story.given(opened, cancelled).when(cancel).then_nothing()
    story.given(opened, cancelled).when(reopen).then(reopened)
    story.given(opened, met, verified).when(reopen).then(reopened)
    story.given(opened, met, reopened).when(reopen).then_nothing()
    story.given(opened, met, reopened).when(meet).then(met)
    story.given(opened).when(reopen).then_refused("OBLIGATION_STILL_OPEN", "nothing to reopen")
    imported.given(opened).when(reopen).then(Occurred(reopened, departures=("reopened-while-open",)))


@pytest.mark.parametrize(
    ("command", "event"), [(reassign, reassigned), (meet, met), (cancel, cancelled)], ids=lambda it: type(it).__name__
)
def test_what_has_ended_stays_as_it_ended(
    command: ObligationCommand, event: ObligationReassigned | ObligationMet | ObligationCancelled
) -> None:
    ends = (met.model_copy(update={"by": None}), ObligationCancelled(reason="a mistake"))
    for end, code in zip(ends, ("OBLIGATION_MET", "OBLIGATION_CANCELLED"), strict=True):
        story.given(opened, end).when(command).then_refused(code, "reopen it first")
        imported.given(opened, end).when(command).then(Occurred(event, departures=("after-its-end",)))


def test_nothing_is_done_about_it_before_it_is_owed() -> None:
    later = Occurred(opened, When(FRIDAY))
    story.given(later).when(meet).then_refused("BEFORE_OPENING", "nothing can have been done about it before")
    imported.given(later).when(meet).then(Occurred(met, departures=("time-runs-backwards",)))
    that_day = Occurred(opened, When(MONDAY + timedelta(hours=3), precision=Precision.DAY))
    story.given(that_day).when(meet).then(met)


@pytest.mark.parametrize(
    ("case_id", "customer_known", "subject"),
    [(h.CASE_ID, True, h.WANG), (h.CASE_ID, False, h.CASE_ID), (None, False, OWED)],
    ids=["the customer of the case", "the case of an unknown customer", "the obligation itself"],
)
def test_the_words_stand_under(case_id: UUID | None, customer_known: bool, subject: UUID) -> None:
    receipt = h.received if customer_known else h.received.model_copy(update={"customer_id": None, "words": None})
    owed = opened.model_copy(update={"case_id": case_id})
    told = story.given(owed).beside(of_case, CASE, receipt)
    words = Personal[str].open(subject, "线路已修好")
    told.when(meet.model_copy(update={"words": words})).then(met.model_copy(update={"words": words}))
    elsewhere = meet.model_copy(update={"words": Personal[str].open(UUID(int=99), "线路已修好")})
    told.when(elsewhere).then_refused("SUBJECT_MISMATCH", "somebody else")


def test_who_meets_it_in_words_asks_whom_its_case_is_about() -> None:
    in_words = meet.model_copy(update={"words": Personal[str].open(h.WANG, "线路已修好")})
    assert list(OBLIGATION.needs(in_words, Context())) == [of_owed]
    told = story.beside(of_owed, OBLIGATION, opened.model_copy(update={"case_id": h.CASE_ID}))
    assert list(OBLIGATION.needs(in_words, Context(others=told.others))) == [of_owed, of_case]
    assert list(OBLIGATION.needs(meet, Context(others=told.others))) == []


@pytest.mark.parametrize("command", [reassign, meet, verify, cancel, reopen], ids=lambda it: type(it).__name__)
def test_nothing_is_done_about_what_nobody_owes(command: ObligationCommand) -> None:
    story.when(command).then_refused("UNKNOWN_OBLIGATION", "open it first")
