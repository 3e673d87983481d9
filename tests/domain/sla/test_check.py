import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.sla.check import BadPolicy, document_of, document_problems, problems
from domain.sla.policy import PolicyDocument, Span, duration
from tests.domain.sla.documents import POLICY, mistakes, policy, warnings


def test_a_policy_without_mistakes_is_the_document_that_was_written() -> None:
    assert problems(POLICY) == ()
    document = document_of(POLICY)
    assert (document.name, [rule.id for rule in document.rules]) == ("group-service", ["pressing", "complaints"])
    assert document_problems(document) == ()
    assert PolicyDocument.model_validate_json(document.model_dump_json()) == document


def test_all_mistakes_are_told_at_once_in_the_order_of_the_document() -> None:
    raw = policy(
        ("zone", "Asia/Shangai"),
        ("rules.1.targets", ["repli"]),
        ("targets.0.kind", "first-response"),
        ("targets.0.stop", "response-sent(kind=finel)"),
        ("targets.1.clock", {"type": "businessdays", "amount": 3}),
    )
    assert [place for place, _ in mistakes(raw)] == [
        "zone",
        "rules[1].targets[0]",
        "targets[0].kind",
        "targets[0].stop",
        "targets[1].clock",
    ]
    with pytest.raises(BadPolicy, match=r"This policy cannot be used: zone: There is no zone .*; rules\[1\]") as error:
        document_of(raw)
    assert len(error.value.mistakes) == 5


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("targets.0.stopp", "x", "There is no field 'stopp' here; did you mean stop?"),
        ("targets.0.title", {}, "en is missing."),
        ("targets.0.clock.amount", "four hours", "amount has to be a duration such as PT4H (four hours)"),
        ("targets.0.clock.amount", 4, "4 has no unit; write a duration such as PT4H"),
        ("targets.0.clock.amount", 1.5, "1.5 has no unit; write a duration such as PT4H"),
        ("targets.0.clock.amount", "P1M", "'P1M' has months or years, which are not of one length; write days"),
        ("targets.0.warnings", [{"before": 30}], "30 has no unit; write a duration such as PT4H"),
        ("targets.0.cut_off", {"at": "17:00+08:00"}, "it is a time of day in the target's own zone; leave the offset"),
        ("targets.1.clock.amount", 0, "amount is 0; it has to be at least 1."),
        ("targets.1.clock", {"type": "years", "amount": 9_000}, "amount is 9000; it has to be at most 100."),
        ("targets.1.clock.type", "businessdays", "did you mean business_days?"),
        ("targets.1.cut_off", {"at": "noon"}, "at has to be a time of day such as 17:30:00, or: 'noon' is none of"),
        ("rules.0.when.kind", ["complaintt"], "'complaintt' is none of complaint, request"),
        ("rules.0.when.attributes", {"Product": ["loan"]}, "write small ASCII letters, digits and underscores"),
        ("rules", [], "rules has too few entries; at least 1 are needed."),
        ("name", "Group service", "'Group service' is no name; write small ASCII letters, digits and dashes"),
        ("zone", "here", "There is no zone 'here' in the zone data"),
        ("zone", "no zone", "'no zone' is no IANA zone"),
        ("targets.0.stop", "any(response-sent", "ends where ')' should stand"),
    ],
)
def test_a_mistake_of_form_is_told_in_words_and_with_what_was_meant(place: str, value: Any, message: str) -> None:
    (only,) = mistakes(policy((place, value)))
    assert message in only[1]


@pytest.mark.parametrize("raw", [{}, {"rules": 3, "targets": {}}, {"rules": ["x"], "targets": [None]}])
def test_whatever_stands_in_place_of_a_policy_is_a_list_of_mistakes_and_no_fault(raw: dict[str, Any]) -> None:
    assert mistakes(raw)


@pytest.mark.parametrize(
    ("stop", "message"),
    [
        ("responce-sent", "There is no event 'responce-sent'; did you mean response-sent?"),
        ("customer-renamed", "'customer-renamed' happens to a customer; the clock of a case cannot see it."),
        ("response-sent(kind=finel)", "kind of response-sent is never 'finel'"),
        ("response-sent(knd=final)", "response-sent has no field 'knd'; it has kind, channel, by; did you mean kind?"),
        ("response-sent(words=yes)", "words of response-sent cannot be compared"),
        ("response-sent(kind=first, kind=final)", "response-sent has kind 2 times"),
        ("complainant-notified(version=first)", "version of complainant-notified is a number"),
        ("complainant-notified(version=@decision-made)", "write all(decision-made, complainant-notified(...))"),
        ("all(decision-made, response-sent(kind=@decision-made))", "kind of response-sent is no version"),
        (
            "all(decision-made, any(complainant-notified(version=@decision-made), case-withdrawn))",
            "@decision-made refers to an event that does not stand beside it",
        ),
        ("all(complainant-notified(version=@complainant-notified), case-closed)", "refers to itself"),
        ("case-received", "It stops with what starts it, case-received."),
    ],
)
def test_an_expression_that_no_event_can_match_is_a_mistake(stop: str, message: str) -> None:
    (only,) = mistakes(policy(("targets.0.stop", stop)))
    assert only[0] == "targets[0].stop"
    assert message in only[1]


def test_a_decision_and_the_notice_of_it_stop_a_clock() -> None:
    stop = "all(decision-made, complainant-notified(of=decision, version=@decision-made))"
    assert problems(policy(("targets.0.stop", stop))) == ()


def test_the_clock_of_an_obligation_sees_the_obligations_own_events() -> None:
    about: dict[str, Any] = {"subject": "obligation", "start": "obligation-opened", "cancel": "obligation-cancelled"}
    target = POLICY["targets"][0] | about
    owed = {"id": "owed", "when": {"obligation": ["task"], "unit": ["North"]}, "targets": ["reply"]}
    of_cases = {"id": "all", "targets": ["solve"]}
    assert problems(policy(("targets.0", target | {"stop": "obligation-met"}), rules=[of_cases, owed])) == ()
    (only,) = mistakes(policy(("targets.0", target), rules=[owed, of_cases]))
    assert only == ("targets[0].stop", "'response-sent' happens to a case; the clock of an obligation cannot see it.")


def test_a_rule_is_for_cases_or_for_obligations_and_names_their_targets() -> None:
    about = {"subject": "obligation", "start": "obligation-opened", "stop": "obligation-met"}
    target = POLICY["targets"][0] | about | {"cancel": "obligation-cancelled"}
    owed = {"id": "owed", "when": {"obligation": ["task"], "priority": ["high"]}, "targets": ["reply", "solve"]}
    of_cases = {"id": "all", "targets": ["reply", "solve"]}
    whose = "{} is about {}, and {} is for {}; {}."
    assert mistakes(policy(("targets.0", target), rules=[owed, of_cases])) == [
        ("rules[0].when.priority", "An obligation has no priority, so the rule would never fit; leave it out."),
        (
            "rules[0].targets[1]",
            whose.format("solve", "a case", "owed", "obligations", "give the target subject = obligation"),
        ),
        (
            "rules[1].targets[0]",
            whose.format("reply", "an obligation", "all", "cases", "say which kinds in when.obligation"),
        ),
    ]
    no_more = {
        "pauses": {"grounds": ["customer"]},
        "extensions": [{"id": "more", "length": "PT4H", "mode": "add_to_raw"}],
    }
    rules = [{"id": "owed", "when": {"obligation": ["task"]}, "targets": ["reply"]}]
    found = mistakes(policy(("targets.0", target | no_more), ("targets.1", target | {"id": "solve"}), rules=rules))
    assert found == [
        ("targets[0].pauses.grounds", "An obligation is never paused on a ground; name events with between."),
        ("targets[0].extensions", "An obligation is given no more time by steps; leave them out."),
    ]


def test_rules_name_targets_that_there_are_and_every_id_once() -> None:
    raw = policy(("rules.1", {"id": "pressing", "targets": ["solvd"]}), ("targets.1.id", "reply"))
    assert mistakes(raw) == [
        ("rules[0].targets[1]", "There is no target 'solve'."),
        ("rules[1].id", "rules[0] is called 'pressing' as well."),
        ("rules[1].targets[0]", "There is no target 'solvd'."),
        ("targets[1].id", "targets[0] is called 'reply' as well."),
    ]
    assert mistakes(policy(("rules.0.targets", []))) == [
        ("rules[0].targets", "It names no target, so nothing would be promised under it.")
    ]


OPENS = {"on_expiry": "opens", "opens": "solve"}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"on_expiry": "opens"}, "on_expiry is opens; name the target that begins then."),
        ({"opens": "solve"}, "It says nothing while on_expiry is miss"),
        (OPENS | {"opens": "solv"}, "There is no target 'solv'; did you mean solve?"),
        (OPENS | {"opens": "reply"}, "reply opens reply, which leads back to it."),
    ],
)
def test_what_opens_on_expiry_is_another_target(target: dict[str, Any], message: str) -> None:
    (only,) = mistakes(policy(("targets.0", POLICY["targets"][0] | target)))
    assert only[0] == "targets[0].opens"
    assert message in only[1]


def test_a_target_that_another_opens_need_not_be_named_by_a_rule() -> None:
    raw = policy(("targets.0", POLICY["targets"][0] | OPENS), ("rules.0.targets", ["reply"]))
    assert problems(raw) == ()
    assert [place for place, _ in warnings(policy(("rules.0.targets", ["reply"])))] == ["targets[1]"]


def test_targets_do_not_open_one_another_in_a_circle() -> None:
    raw = policy(("rules.1.targets", ["reply", "solve"]))
    raw["targets"][0] |= OPENS
    raw["targets"][1] |= {"on_expiry": "opens", "opens": "reply"}
    assert mistakes(raw) == [
        ("targets[0].opens", "reply opens solve, which leads back to it."),
        ("targets[1].opens", "solve opens reply, which leads back to it."),
    ]


@pytest.mark.parametrize(
    ("rungs", "message"),
    [
        ([{"level": 2, "at_percent": 50}, {"level": 1, "after_due": "PT1H"}], "Level 1 comes after level 2"),
        ([{"level": 1, "at_percent": 100}, {"level": 1, "after_due": "PT1H"}], "Level 1 comes after level 1"),
        ([{"level": 2, "after_due": "PT9H"}, {"level": 3, "after_due": "PT1H"}], "Level 2 comes after level 3"),
        ([{"level": 1}], "It does not say when: give one of at_percent or after_due."),
        ([{"level": 1, "at_percent": 5, "after_due": "PT1H"}], "It has at_percent and after_due; give one of them."),
    ],
)
def test_a_ladder_goes_up_with_time(rungs: list[dict[str, Any]], message: str) -> None:
    told = [rung | {"to_unit": "客户服务处"} for rung in rungs]
    (only,) = mistakes(policy(("targets.0.escalations", told)))
    assert message in only[1]


@pytest.mark.parametrize(
    ("reminder", "message"),
    [
        ({}, "It does not say when: give one of at_percent, before or before_business_days."),
        ({"at_percent": 75, "before": "PT1H"}, "It has at_percent and before; give one of them."),
    ],
)
def test_a_warning_comes_at_one_time(reminder: dict[str, Any], message: str) -> None:
    assert mistakes(policy(("targets.0.warnings", [reminder]))) == [("targets[0].warnings[0]", message)]


STEP: dict[str, Any] = {"id": "complex", "length": 5, "mode": "add_to_raw"}


@pytest.mark.parametrize(
    ("target", "place", "message"),
    [
        ({"extensions": [STEP | {"length": "PT4H"}]}, "extensions[0].length", "takes a whole number here"),
        ({"extensions": [STEP, STEP]}, "extensions[1].id", "another extension 'complex'"),
        ({"extensions": [STEP], "cap": 2}, "cap", "It is below the target's own amount, 3."),
        ({"extensions": [STEP], "cap": "PT9H"}, "cap", "takes a whole number here"),
        (
            {"extensions": [STEP | {"length": 3, "mode": "total_from_start"}]},
            "extensions[0].length",
            "no more than the target's 3",
        ),
        (
            {"extensions": [STEP | {"length": 9, "mode": "total_from_start"}], "cap": 8},
            "extensions[0].length",
            "beyond the cap of 8",
        ),
        ({"late_record": "accept_within"}, "late_record", "say within what time"),
        ({"late_record_within": "PT4H"}, "late_record_within", "says nothing unless"),
        ({"pauses": {"between": [{"ground": "post", "begins": "case-paused", "ends": "case-paused"}]}},
         "pauses.between[0].ends", "ends with what begins it"),
    ],
)  # fmt: skip
def test_a_target_agrees_with_itself(target: dict[str, Any], place: str, message: str) -> None:
    (only,) = mistakes(policy(("targets.1", POLICY["targets"][1] | target)))
    assert only[0] == f"targets[1].{place}"
    assert message in only[1]


def test_a_duty_without_a_number_neither_warns_nor_escalates_nor_is_extended() -> None:
    target = POLICY["targets"][0] | {
        "clock": {"type": "no_number", "word": {"en": "prompt"}},
        "warnings": [{"at_percent": 75}],
        "escalations": [{"level": 1, "at_percent": 100, "to_unit": "总部"}],
        "extensions": [STEP],
        "pauses": {"grounds": ["customer"]},
        "on_expiry": "right_arises",
    }
    assert [place for place, _ in mistakes(policy(("targets.0", target)))] == [
        "targets[0]." + each for each in ("pauses", "extensions[0]", "warnings[0]", "escalations[0]", "on_expiry")
    ]


def test_what_means_something_but_perhaps_not_what_was_meant_is_a_warning() -> None:
    raw = policy(("rules.0", {"id": "all", "targets": ["reply"]}))
    raw["targets"][0] |= {"statute": {"clause": "art. 1", "source": "law"}, "pauses": {"grounds": ["customer"]}}
    assert mistakes(raw) == []
    assert warnings(raw) == [
        ("rules[1].when", "The rule all before it takes every case that complaints is for; put complaints first."),
        (
            "targets[0].pauses",
            "A statutory target pauses for customer; few laws let one. See that art. 1 does.",
        ),
        ("targets[1]", "No rule names the target 'solve', so it never runs."),
    ]
    assert document_of(raw).name == "group-service"


def test_the_final_rule_may_not_decide_where_nothing_is_missed_and_rarely_where_a_law_asks() -> None:
    assert mistakes(policy(("targets.0.on_change", "final"), ("targets.0.on_expiry", "right_arises"))) == [
        (
            "targets[0].on_change",
            "final is about what was missed, and with on_expiry right_arises nothing is; set it to retarget.",
        )
    ]
    statute = ("targets.0.statute", {"clause": "art. 1", "source": "the gazette"})
    assert warnings(policy(("targets.0.on_change", "final"), statute)) == [
        (
            "targets[0].on_change",
            "By final, another rule may undo a miss of a statutory target. See that art. 1 lets it.",
        )
    ]


def test_a_tier_that_no_customer_is_in_is_a_warning() -> None:
    assert warnings(policy(("rules.0.when.tier", ["gold", "platinum"]))) == [
        ("rules[0].when.tier[1]", "No customer is in a tier 'platinum'; there are key, gold, silver, standard.")
    ]


def test_a_rule_for_some_of_a_field_hides_no_rule_for_others() -> None:
    some = {"id": "loans", "when": {"attributes": {"product": ["loan"]}}, "targets": ["reply", "solve"]}
    cards = {"id": "cards", "when": {"attributes": {"product": ["card", "loan"]}}, "targets": ["reply"]}
    assert problems(policy(rules=[some, cards])) == ()
    assert [place for place, _ in warnings(policy(rules=[cards, some]))] == ["rules[1].when"]


def test_a_document_that_no_event_can_hold_is_a_mistake() -> None:
    labels = [f"{number:03} {'类' * 190}" for number in range(100)]
    raw = policy(("rules.0.when.category", labels))
    ((place, message),) = mistakes(raw)
    assert place == ""
    assert re.fullmatch(r"The document has 5\d{4} bytes; at most 51200 are kept. Divide it into several.", message)


@given(st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=36_525)))
def test_a_duration_is_written_in_one_way_and_reads_back_as_it_was(span: timedelta) -> None:
    assert TypeAdapter(Span).validate_python(duration(span)) == span


def test_a_duration_of_a_day_is_written_in_hours() -> None:
    assert [
        duration(timedelta(**each)) for each in ({"days": 1}, {"minutes": 90}, {"seconds": 1, "milliseconds": 5})
    ] == [
        "PT24H",
        "PT1H30M",
        "PT1.005S",
    ]
