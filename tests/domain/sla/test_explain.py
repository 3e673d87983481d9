from datetime import date, timedelta
from string import Formatter
from typing import Any

from hypothesis import given, settings

from domain.case.events import CasePaused, CasePrioritised, CaseResolved, CaseResumed
from domain.sla.clocks import clocks
from domain.sla.dues import Added
from domain.sla.explain import Explanation, explained
from domain.sla.wording import SENTENCES, lasting
from tests.domain.sla.history import Case, calendar, clock_of, instant, policy, standards, target
from tests.domain.sla.test_engine_laws import MINUTES, STANDARDS, START, STEPS, told

CHINA = calendar("china", zone="Asia/Shanghai", holidays=[{"date": "2026-03-17", "name": "假日"}])


CHANGED = (
    "At 2026-03-02 12:00 UTC it changed, because another rule fits: the due went from 2026-03-03 10:00 UTC to "
    "2026-03-02 14:00 UTC."
)
EXTENDED = (
    "Extension more, approved at 2026-03-02 13:00 UTC (event 8), moved the due from 2026-03-02 14:00 UTC to "
    "2026-03-02 16:00 UTC."
)


def explanation(case: Case, by: Any, at: str, name: str = "resolution") -> Explanation:
    found = explained(case.told, by, instant(at, case.zone), clock_of(case, by, at, name).key)
    assert found is not None
    return found


def test_a_clock_is_explained_with_its_rule_its_events_and_its_arithmetic() -> None:
    fifteen = target(
        {"type": "calendar_days", "amount": 15, "roll": "next_working_day"},
        title={"en": "Decision", "zh": "作出处理决定"},
        statute={"clause": "art. 15", "source": "the text of 2020"},
    )
    rules = [
        {"id": "gold", "when": {"tier": ["gold"]}, "targets": ["resolution"]},
        {"id": "complaints", "when": {"kind": ["complaint"]}, "targets": ["resolution"]},
    ]
    document = policy(fifteen, zone="Asia/Shanghai", calendar="china", rules=rules)
    case = (
        Case("Asia/Shanghai").received("2026-03-02 09:00").registered("2026-03-02 09:30", document, rule="complaints")
    )
    case.then("2026-03-18 17:00", CaseResolved, outcome="upheld")
    found = explanation(case, standards(document, calendars=[CHINA]), "2026-03-20 09:00")
    assert [(step.what, step.amount, step.on) for step in found.arithmetic] == [
        (Added.AMOUNT, 15, date(2026, 3, 17)),
        (Added.ROLL, 1, date(2026, 3, 18)),
    ]
    assert found.en == (
        "Decision: a statutory target (art. 15), by rule complaints of policy service, version 1.",
        "Rule gold of service comes before it and does not fit: it asks for tier gold; the case has none.",
        "The rule asks for kind complaint, which is what the case has.",
        "It started at 2026-03-02 09:00 Asia/Shanghai with event 1, case-received.",
        "15 calendar days lead to 2026-03-17.",
        "Nobody works on that day, so that it moves to 2026-03-18.",
        "It is due by the end of 2026-03-18, by calendar china, version 1.",
        "Event 4, case-resolved, stopped it at 2026-03-18 17:00 Asia/Shanghai, in time, after 377 h of its own time.",
        "As known when due it was kept; as known now it is kept.",
    )
    assert found.zh[0] == "作出处理决定:法定时限(art. 15),依据服务标准 service 第 1 版的规则 complaints。"
    assert found.zh[-1] == "到期时已知:按时;目前已知:按时。"


def test_a_due_that_passed_before_the_final_rule_came_is_told_as_missed_then() -> None:
    rules = [{"id": "low", "when": {"priority": ["low"]}, "targets": ["two"]}, {"id": "all", "targets": ["one"]}]
    final = [
        target({"type": "elapsed", "amount": f"PT{length}H"}, id=name, on_change="final")
        for name, length in (("one", 4), ("two", 48))
    ]
    document = policy(*final, rules=rules)
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:00", document, rule="all")
    case.then("2026-03-02 15:00", CasePrioritised, priority="low").then(
        "2026-03-02 16:00", CaseResolved, outcome="solved"
    )
    found = explanation(case, standards(document), "2026-03-05 09:00", "two")
    assert found.en[4:6] == (
        (
            "At 2026-03-02 15:00 UTC it changed, because another rule fits: the due went from 2026-03-02 13:00 UTC to "
            "2026-03-04 09:00 UTC."
        ),
        "The due before had passed, so that it was missed then; by the policy the rule that fits in the end decides.",
    )
    assert found.zh[5] == "变更前的期限当时已过,即当时已超时;依服务标准,以最终适用的规则为准。"


def test_pauses_extensions_and_changes_are_told_with_what_they_moved() -> None:
    ladder = [{"id": "more", "length": "PT2H", "mode": "add_to_raw"}]
    eight = target({"type": "working_time", "amount": "PT8H"}, pauses={"grounds": ["customer"]}, extensions=ladder)
    four = target(
        {"type": "working_time", "amount": "PT4H"}, id="four", pauses={"grounds": ["customer"]}, extensions=ladder
    )
    rules = [
        {"id": "urgent", "when": {"priority": ["high"]}, "targets": ["four"]},
        {"id": "all", "targets": ["resolution"]},
    ]
    document = policy(eight, four, rules=rules)
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:00", document, rule="all")
    case.then("2026-03-02 10:00", CasePaused, ground="customer").then(
        "2026-03-02 11:00", CaseResumed, ground="customer"
    )
    case.then("2026-03-02 12:00", CasePrioritised, priority="high").extended("2026-03-02 13:00", "more", target="four")
    found = explanation(case, standards(document), "2026-03-02 15:00", "four")
    assert [(step.what, step.amount, step.at) for step in found.arithmetic] == [
        (Added.AMOUNT, timedelta(hours=4), instant("2026-03-02 13:00")),
        (Added.EXTENSION, timedelta(hours=2), instant("2026-03-02 15:00")),
        (Added.PAUSE, timedelta(hours=1), instant("2026-03-02 16:00")),
    ]
    assert found.en[2:] == (
        "It started at 2026-03-02 09:00 UTC with event 1, case-received.",
        "4 h of working time lead to 2026-03-02 13:00 UTC.",
        "The extension more, 2 h of working time, leads to 2026-03-02 15:00 UTC.",
        "Pauses move that by 1 h of working time to 2026-03-02 16:00 UTC.",
        "It stood still from 2026-03-02 10:00 UTC to 2026-03-02 11:00 UTC (customer).",
        CHANGED,
        EXTENDED,
        "It is due by 2026-03-02 16:00 UTC, by calendar office, version 1.",
        "Nothing has stopped it by 2026-03-02 15:00 UTC; 1 h of its own time are left.",
    )
    assert found.choice is not None
    assert found.choice.rule == "urgent"


def test_a_target_that_has_not_begun_says_so() -> None:
    document = policy(target(start="material-completed"))
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", document)
    assert explanation(case, standards(document), "2026-03-03 09:00").en[-1] == "What starts it has not happened."
    assert explained(case.told, standards(), START, clock_of(case, standards(document), "2026-03-03").key) is None


def test_both_languages_have_the_same_gaps() -> None:
    def gaps(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    assert {key for key, (en, zh) in SENTENCES.items() if gaps(en) != gaps(zh)} == set()


def test_time_is_told_to_its_last_microsecond() -> None:
    assert lasting(timedelta(hours=30, minutes=5), ("", "")) == ("30 h 5 min", "30 小时 5 分钟")
    assert lasting(timedelta(microseconds=90_000_001), ("", ""))[0] == "1 min 30.000001 s"
    assert lasting(timedelta(), ("", "")) == ("0 min", "0 分钟")


@settings(max_examples=100)
@given(STEPS, MINUTES)
def test_every_clock_of_every_history_can_be_explained_in_both_languages(steps: Any, at: timedelta) -> None:
    history = told(steps)
    for clock in clocks(history, STANDARDS, START + at):
        found = explained(history, STANDARDS, START + at, clock.key)
        assert found is not None
        assert len(found.en) == len(found.zh) > 1
