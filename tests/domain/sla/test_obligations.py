"""The clocks of what is owed under a policy: chosen by its kind and unit, run, and changed when it goes elsewhere."""

from datetime import date
from typing import Any

from domain.case.events import CaseReceived
from domain.case.promise import Terms
from domain.case.terms import TermsAssigned
from domain.obligation import ObligationMet, ObligationOpened, ObligationReassigned, ObligationReopened
from domain.sla.clock import ENGINE, State, Verdict
from domain.sla.explain import explained
from domain.sla.selection import CaseFacts, chosen
from domain.sla.standards import Standards
from domain.sla.unit_hours import UnitHours
from tests.domain.sla.history import (
    FOREVER,
    LONG_AGO,
    Case,
    calendar,
    clock_of,
    clocks_of,
    instant,
    policy,
    standards,
    target,
)

OWED: dict[str, Any] = {"subject": "obligation", "start": "obligation-opened", "stop": "obligation-met"}
DAYS = target({"type": "business_days", "amount": 3}, id="days", **OWED)
SOON = target({"type": "working_time", "amount": "PT4H"}, id="soon", **OWED)
RULES: list[dict[str, Any]] = [
    {"id": "all", "targets": ["resolution"]},
    {"id": "back-office", "when": {"obligation": ["task"], "unit": ["Back"]}, "targets": ["soon"]},
    {"id": "owed", "when": {"obligation": ["task", "finding"]}, "targets": ["days"]},
]
POLICY = policy(target({"type": "elapsed", "amount": "PT8H"}), DAYS, SOON, rules=RULES)
BY = standards(POLICY)


def rule_of(by: Standards, **facts: Any) -> list[str]:
    return [each.rule for each in chosen(by, CaseFacts(**facts), LONG_AGO.replace(year=2026), FOREVER)]


def owed(unit: str | None = "Front", rule: str = "owed", **more: Any) -> Case:
    case = Case()
    case.stream = "obligation-1"
    case.then("2026-03-02 09:00", ObligationOpened, kind="task", title="call", unit=unit, **more)
    terms = Terms(policy=POLICY.name, policy_version=1, rule=rule, ground=(), dues=())
    return case.then("2026-03-02 09:00", TermsAssigned, terms=(terms,), zone_data="test", engine=ENGINE)


def test_rules_for_obligations_fit_no_case_and_those_for_cases_no_obligation() -> None:
    assert rule_of(BY, kind="complaint", unit="Back") == ["all"]
    assert rule_of(BY, obligation="task", unit="Back") == ["back-office"]
    assert rule_of(BY, obligation="task", unit="Front") == ["owed"]
    assert rule_of(BY, obligation="finding") == ["owed"]
    assert rule_of(BY, obligation="milestone") == []


def test_what_is_owed_runs_by_its_policy_and_beside_it_by_the_date_it_was_opened_with() -> None:
    case = owed(due_at=instant("2026-03-03 12:00"), due_precision="instant")
    found = {name: clock for name, clock in clocks_of(case, BY, "2026-03-04 09:00").items() if "/" not in name}
    assert {name: (clock.state, clock.due and clock.due.on) for name, clock in found.items()} == {
        "days": (State.RUNNING, date(2026, 3, 5)),
        "obligation": (State.OVERDUE, None),
    }
    case.then("2026-03-05 16:00", ObligationMet)
    clock = clock_of(case, BY, "2026-03-06 09:00", "days")
    assert (clock.state, clock.now, clock.basis.rule) == (State.MET, Verdict.KEPT, "owed")


def test_what_is_owed_again_runs_again() -> None:
    case = owed().then("2026-03-03 09:00", ObligationMet).then("2026-03-10 09:00", ObligationReopened)
    found = clocks_of(case, BY, "2026-03-11 09:00")
    assert (found["days/1/1"].state, found["days/2/1"].due and found["days/2/1"].due.on) == (
        State.MET, date(2026, 3, 13),
    )  # fmt: skip


def test_another_unit_that_owes_it_has_another_rule() -> None:
    case = owed().then("2026-03-02 10:00", ObligationReassigned, unit="Back")
    found = clocks_of(case, BY, "2026-03-02 11:00")
    assert found["soon"].due is not None
    assert (found["soon"].due.at, found["soon"].started_at) == (
        instant("2026-03-02 13:00"), instant("2026-03-02 09:00"),
    )  # fmt: skip
    told = explained(case.told, BY, instant("2026-03-02 11:00"), found["soon"].key)
    assert told is not None
    assert told.choice is not None
    assert told.choice.rule == "back-office"


def test_what_goes_to_a_unit_with_hours_of_its_own_goes_by_them() -> None:
    moving = policy({**SOON, "on_transfer": "move"}, rules=[{**RULES[1], "when": {"obligation": ["task"]}}])
    night = calendar("night", week={day: ["18:00-24:00"] for day in ("mon", "tue")})
    by = standards(moving, calendars=[calendar(), night], units={"Night": UnitHours("night", "UTC")})
    case = owed(rule="back-office").then("2026-03-02 11:00", ObligationReassigned, unit="Night")
    clock = clock_of(case, by, "2026-03-02 12:00", "soon")
    assert clock.due is not None
    assert clock.due.at == instant("2026-03-02 20:00")


def test_a_case_that_shares_a_policy_with_obligations_has_no_clock_of_theirs() -> None:
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:00", POLICY, rule="all", unit="Back")
    assert isinstance(case.told[0].event, CaseReceived)
    names = {name for name in clocks_of(case, BY, "2026-03-03 09:00") if "/" not in name}
    assert names == {"resolution"}
