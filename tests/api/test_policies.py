from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from api.policies import (
    Example,
    PolicyFile,
    UnreadableFile,
    library,
    library_policy,
    policy_in,
    read_policy,
    rules_of_counting,
)
from api.toml_lines import line_at, lines_of
from domain.sla.clock import Clock, State
from domain.sla.expression import leaves, read
from domain.sla.naming import category_of_event
from domain.sla.policy import BusinessDays, CalendarDays, PolicyDocument
from tests.api.library_clocks import NUMBERED
from tests.api.lived import Life, Told, with_clock
from tests.conftest import PROJECT

EXAMPLES = PROJECT / "examples"
SHIPPED = [
    *(pytest.param(library_policy(name), id=name) for name in library()),
    *(pytest.param(read_policy(file), id=file.stem) for file in sorted((EXAMPLES / "policies").glob("*.toml"))),
]
CLOCKS = {
    "fca-ack": ("fca-disp", "acknowledgement"),
    "fca-3bd": ("fca-disp", "summary-resolution"),
    "fca-8w": ("fca-disp", "eight-weeks"),
    "fca-psd-15": ("fca-disp", "psd-15-days"),
    "fca-psd-35": ("fca-disp", "psd-35-days"),
    "fca-split": ("fca-disp", "part-15-days", "part-35-days", "part-eight-weeks"),
    "fca-records": ("fca-disp", "records", "records-five-years"),
    "fca-report": ("fca-disp", "report"),
    "cfpb-15": ("cfpb", "response"),
    "cfpb-60": ("cfpb", "final-response"),
    "eu-jc": ("eu-complaints", "response"),
    "cn-bank-15": ("cn-bank", "decision"),
    "cn-bank-review": ("cn-bank", "review-request", "review-decision"),
    "cn-bank-forward": ("cn-bank", "forwarding"),
    "cn-bank-records": ("cn-bank", "records"),
    "cn-telecom-15": ("cn-telecom", "reply"),
    "cn-telecom-accept": ("cn-telecom", "acceptance"),
    "cn-telecom-30": ("cn-telecom", "answer"),
    "cn-12345-sd": ("cn-12345-shandong", "return", "handling"),
    "cn-12345-bureau": ("cn-12345-bureau", "inquiry", "complaint", "call-back"),
    "cn-samr-7": ("cn-samr", "acceptance", "mediation"),
    "iso-10002": ("iso-10002", "acknowledgement", "status"),
    "gdpr-17": ("gdpr-erasure", "answer"),
    "pipl-47": ("pipl-erasure", "deletion"),
}
"""Every clock of laws and rules that was collected, and the targets in which it ships."""
READ_IN_PART = {
    "eu-jc": "the wording of the guidelines",
    "cn-bank-review": "the number of days",
    "cn-bank-forward": "the rule itself",
    "cn-bank-records": "the number of years in the first of the two",
    "cn-samr-7": "the articles themselves",
    "iso-10002": "the numbering of the 2018 edition",
    "gdpr-17": "article 12(3), which has the month and the two further ones",
    "pipl-47": "the wording of paragraph 2",
}
"""Those that were not read at their source in full, and what of them was not."""


@pytest.mark.parametrize("file", SHIPPED)
def test_a_policy_that_ships_is_right_and_names_only_events_that_there_are(file: PolicyFile) -> None:
    assert file.problems() == ()
    for target in file.document().targets:
        told = [target.start, target.stop, target.cancel, *([target.measured_from] if target.measured_from else [])]
        names = {leaf.name for text in told for leaf in leaves(read(text))}
        assert {category_of_event(name) for name in names} <= {"case"}


def test_every_collected_clock_ships_as_a_target_of_its_own() -> None:
    shipped = {name: [target.id for target in library_policy(name).document().targets] for name in library()}
    for policy, *targets in CLOCKS.values():
        assert set(targets) <= set(shipped[policy])
    assert sum(map(len, shipped.values())) == sum(len(targets) for _, *targets in CLOCKS.values())


def test_every_target_of_the_library_names_its_clause_and_where_that_was_read() -> None:
    for name in library():
        assert [target.id for target in library_policy(name).document().targets if target.statute is None] == []


def test_a_target_says_what_of_its_law_was_not_read_at_the_source() -> None:
    said = {}
    for clock, (policy, *targets) in CLOCKS.items():
        for name in targets:
            target = library_policy(policy).document().target(name)
            assert target is not None
            assert target.statute is not None
            said[clock, name] = target.statute.unverified
    assert said == {
        (clock, name): READ_IN_PART.get(clock) for clock, (_, *targets) in CLOCKS.items() for name in targets
    }


def test_the_traps_of_the_regulators_are_kept_to() -> None:
    fca, bank = (library_policy(name).document() for name in ("fca-disp", "cn-bank"))
    acknowledgement, decision = fca.target("acknowledgement"), bank.target("decision")
    assert acknowledgement is not None
    assert decision is not None
    assert acknowledgement.clock.type == "no_number"
    assert [(step.length, step.mode) for step in decision.extensions] == [(30, "total_from_start"), (30, "add_to_raw")]
    assert (decision.cap, decision.stop) == (
        60,
        "all(decision-made, complainant-notified(of=decision, version=@decision-made))",
    )


def test_rules_of_counting_are_no_clocks_and_say_by_which_fields_they_are_declared() -> None:
    declared = {rule.id: rule.fields for rule in rules_of_counting()}
    assert declared == {
        "eu-1182": {"roll": "next_working_day"},
        "cn-civil-201-203": {"first_day": "excluded", "roll": "next_working_day", "ends": "end_of_day"},
    }
    fields = {name for kind in (CalendarDays, BusinessDays) for name in kind.model_fields}
    assert {field for each in declared.values() for field in each} <= fields


def worked() -> list[Any]:
    files = {name: library_policy(name) for name in library()}
    return [
        pytest.param(name, example, id=f"{name}-{example.target}")
        for name, file in files.items()
        for example in file.worked()
    ]


def counted(name: str, example: Example, document: PolicyDocument) -> Clock:
    """The clock of the case in which the target is told, as many days earlier or later as the example is."""
    told = next(each for each in NUMBERED if (each.policy, each.target) == (name, example.target))
    life = Life(document).told(*told.begun)
    last = life.clocks(life.instant(told.due[:10]))[(told.target, told.part)]
    assert last.measured_from is not None
    days = example.start - last.measured_from.astimezone(life.zone).date()
    shifted = [Told((datetime.fromisoformat(at) + days).isoformat(" ", "minutes"), each) for at, each in told.begun]
    other = Life(document).told(*shifted)
    return other.clocks(other.instant(f"{example.due} 12:00"))[(told.target, told.part)]


@pytest.mark.parametrize(("name", "example"), worked())
def test_a_worked_example_of_the_library_comes_out_of_the_engine(name: str, example: Example) -> None:
    document = library_policy(name).document()
    clock = counted(name, example, document)
    assert clock.due is not None
    assert (clock.due.on, clock.state) == (example.due, State.RUNNING)
    if example.rolled is not None:
        moved = counted(name, example, with_clock(document, example.target, roll="next_working_day"))
        assert moved.due is not None
        assert moved.due.on == example.rolled


def test_there_are_worked_examples_for_each_kind_of_counting() -> None:
    assert len(worked()) == 8


SMALL = """\
name = "small"
title = { en = "Small", zh = "小" }
regime = "internal"
zone = "Asia/Shanghai"
calendar = "china"

[[rule]]
id = "all"
when.kind = ["complaint"]
targets = ["reply"]

[[target]]
id = "reply"
title = { en = "Reply" }
kind = "first_response"
clock = { type = "working_time", amount = "PT4H" }
stop = "response-sent"
note = \"\"\"
stop = "nothing"
\"\"\"

  [[target.warning]]
  at_percent = 75

  [[target.warning]]
  at_percent = 90

[[example]]
target = "reply"
start = 2026-01-05
due = 2026-01-05
"""


@pytest.mark.parametrize(
    ("before", "after", "line", "place"),
    [
        ('stop = "response-sent"', 'stop = "response-send"', 17, "targets[0].stop"),
        ("at_percent = 90", "at_percent = 190", 26, "targets[0].warnings[1].at_percent"),
        ('"PT4H"', '"4 hours"', 16, "targets[0].clock.amount"),
        ('["complaint"]', '["complain"]', 9, "rules[0].when.kind[0]"),
        ('kind = "first_response"\n', "", 12, "targets[0].kind"),
        ('zone = "Asia/Shanghai"', 'zone = "Asia/Shangai"', 4, "zone"),
        ('regime = "internal"\n', "", None, "regime"),
        ('[[rule]]\nid = "all"', '[[rules]]\nid = "all"\nx = 1', 9, "rules[0].x"),
        ('target = "reply"', 'target = "answer"', 29, "example[0].target"),
        ("due = 2026-01-05", "due = 5", 31, "example[0].due"),
    ],
)
def test_a_mistake_is_told_with_the_line_in_which_it_stands(
    before: str, after: str, line: int | None, place: str
) -> None:
    ((problem, found),) = policy_in(SMALL.replace(before, after), "small.toml").problems()
    assert (problem.place, found) == (place, line)


def test_what_is_no_file_no_text_or_no_toml_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'name = "caf\xe9"')
    (tmp_path / "huge.toml").write_text("#" * (1 << 20) + "\n", "utf-8")
    (tmp_path / "broken.toml").write_text("name = ", "utf-8")
    (tmp_path / "digits.toml").write_text(f"name = {'1' * 5000}", "utf-8")
    (tmp_path / "lists.toml").write_text("name = " + "[" * 20_000, "utf-8")
    (tmp_path / "tables.toml").write_text("a." * 4_000 + "b = 1", "utf-8")
    for name, why in (
        ("none.toml", "cannot be read"),
        ("huge.toml", "has more than 1048576 bytes"),
        ("latin.toml", "is not UTF-8"),
        ("broken.toml", "is not TOML"),
        ("digits.toml", "more digits than anybody counts"),
        ("lists.toml", "nested too deep"),
        ("tables.toml", "nested too deep"),
    ):
        with pytest.raises(UnreadableFile, match=why):
            read_policy(tmp_path / name)
    with pytest.raises(UnreadableFile, match="There is no policy 'fca' in the library; there are cfpb"):
        library_policy("fca")


@pytest.mark.parametrize(
    "targets", ["targets = 5", 'targets = ["reply"]', "[[target]]\nid = []", "[[target]]\nid = {}"]
)
def test_targets_of_any_other_shape_are_a_mistake_and_no_fault(targets: str) -> None:
    found = policy_in(f"{targets}\n[[example]]\ntarget = 'reply'\nstart = 2026-01-05\ndue = 2026-01-05", "x").problems()
    assert "example[0].target" in [problem.place for problem, _ in found]
    assert any(problem.place.startswith("targets") for problem, _ in found)


def test_an_empty_file_lacks_everything() -> None:
    places = [found.problem.place for found in policy_in("", "empty.toml").problems()]
    assert places == ["name", "title", "regime", "zone", "calendar", "rules", "targets"]


NESTED = '''\
a = 1
[[t]]
"b c" = 2
  [[t.u]]
  d.e = { f = 1, g = 2 }
[[t.u]]
[[t]]
[x.y]
z = """
a = 1
"""
w = 2
'''


def test_lines_are_found_through_lists_of_tables_and_quoted_keys() -> None:
    lines = lines_of(NESTED)
    assert lines == {
        ("a",): 1,
        ("t", 0): 2,
        ("t", 0, "b c"): 3,
        ("t", 0, "u", 0): 4,
        ("t", 0, "u", 0, "d", "e"): 5,
        ("t", 0, "u", 0, "d", "e", "f"): 5,
        ("t", 0, "u", 0, "d", "e", "g"): 5,
        ("t", 0, "u", 1): 6,
        ("t", 1): 7,
        ("x", "y"): 8,
        ("x", "y", "z"): 9,
        ("x", "y", "w"): 12,
    }
    assert line_at(lines, ("t", 1, "nowhere", 3)) == 7
    assert line_at(lines, ("nowhere",)) is None
