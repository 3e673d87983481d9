"""A process in a file: read, and every mistake of it told with its line."""

from pathlib import Path

import pytest

from api.processes import BadProcessFile, process_in, read_process, shipped_process, shipped_text
from replay.conformance import JUDGES
from replay.process import RuleKind, process_of
from tests.replay.judging import process, rule


def test_the_process_that_ships_says_each_rule_in_both_languages_and_tries_every_kind_but_who() -> None:
    shipped = shipped_process()
    assert {each.kind for each in shipped.rules} == set(RuleKind) - {RuleKind.WHO}
    assert JUDGES.keys() == set(RuleKind)
    titles = [*(step.title for step in shipped.steps), *(each.title for each in shipped.rules)]
    assert [title for title in titles if not title.en.isascii() or title.zh.isascii()] == []


def test_a_process_reads_the_same_out_of_what_it_says() -> None:
    shipped = shipped_process()
    assert process_of(shipped.model_dump(mode="json")) == shipped


def test_every_step_that_ships_is_spoken_of_by_a_rule() -> None:
    shipped = shipped_process()
    named = {name for each in shipped.rules for name in (each.step, each.other, each.until, each.waived_by)}
    assert {step.id for step in shipped.steps} - named - {shipped.cycle} == set()


def odd(when: str, more: str = "") -> str:
    """A step in a file."""
    return f'[[step]]\nid = "odd"\ntitle = {{ en = "odd", zh = "奇" }}\nwhen = "{when}"\n{more}'


MISTAKES = {
    "a step that there is not": (
        rule(step='"closed"', needs='"resolvd"'),
        "line 49, rules[0].needs: There is no step 'resolvd'; did you mean resolved?",
    ),
    "nothing asked": (
        rule(step='"closed"'),
        "rules[0]: It asks nothing of the step; give one of needs, not_after, most, actors or roles",
    ),
    "two things asked": (rule(step='"closed"', needs='"resolved"', most="1"), "It has needs and most; make a rule of"),
    "a bound of what is not owed": (
        rule(step='"closed"', needs='"resolved"', until='"closed"'),
        "line 50, rules[0].until: It is about what is owed; give owed_after as well, or leave it out.",
    ),
    "a time of nothing": (rule(step='"closed"', owed_after='"resolved"', within='"PT0S"'), "rules[0].within"),
    "a kind of case that there is not": (
        rule(step='"closed"', needs='"resolved"', kinds='["complaints"]'),
        "'complaints' is none of complaint, request",
    ),
    "a rule twice": (rule(step='"closed"', most="1") * 2, "rules[1].id: rules[0] is called 'it' as well."),
    "an event that there is not": (
        odd("case-shut"),
        "Nothing called 'case-shut' happens to a case",
    ),
    "an event of something else": (
        odd("unit-opened"),
        "Nothing called 'unit-opened' happens to a case",
    ),
    "a field that there is not": (
        odd("response-sent(sort=first)"),
        "response-sent has no field 'sort'",
    ),
    "all of several": (
        odd("all(case-closed, feedback-given)"),
        "A step is done by one event: name one, or any of several",
    ),
    "an expression that does not end": (
        odd("any(case-closed"),
        "steps[10].when",
    ),
    "a field of another event that names nothing": (
        odd("case-closed", 'or_naming = { case-registered = ["us"] }\n'),
        "case-registered has no field 'us'",
    ),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_its_line_and_what_to_do(text: str, message: str) -> None:
    more = "" if "[[rule]]" in text else rule(step='"closed"', most="1")
    with pytest.raises(BadProcessFile) as told:
        process(text + more)
    assert str(told.value).startswith("The process own.toml is not right: line ")
    assert message in str(told.value)


def test_a_rule_within_a_cycle_needs_a_step_that_begins_one() -> None:
    with pytest.raises(BadProcessFile, match="does not say with which step another cycle begins; give it cycle"):
        process(rule(step='"closed"', most="1", per='"cycle"'), cycle="")


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(BadProcessFile) as told:
        process(rule(step='"closd"', needs='"resolvd"'))
    assert str(told.value).count("There is no step") == 2


def test_a_file_that_is_none_is_told_by_name(tmp_path: Path) -> None:
    places = {name: tmp_path / name for name in ("gone.toml", "bytes.toml", "large.toml", "odd.toml", "empty.toml")}
    places["bytes.toml"].write_bytes(b"\xff\xfe")
    places["large.toml"].write_bytes(b"#" * (2 << 20))
    places["odd.toml"].write_text("what is this", "utf-8")
    places["empty.toml"].write_text("", "utf-8")
    because = {
        "gone.toml": "cannot be read: No such file",
        "bytes.toml": "is not UTF-8",
        "large.toml": "more than",
        "odd.toml": "is not TOML",
        "empty.toml": "steps is missing",
    }
    for name, why in because.items():
        with pytest.raises(BadProcessFile, match=why):
            read_process(places[name])


def test_a_copy_of_the_file_that_ships_is_the_same_process(tmp_path: Path) -> None:
    copy = tmp_path / "流程.toml"
    copy.write_text(shipped_text(), "utf-8")
    assert read_process(copy) == shipped_process() == process_in(shipped_text(), "case.toml")
