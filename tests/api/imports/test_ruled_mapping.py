import re
from typing import get_args

import pytest

from api.imports.errors import BadMapping
from api.imports.loading import SHIPPED, parsed
from api.imports.rules import COMMANDS
from domain.case.commands import CaseCommand
from tests.api.imports.made_up import MAPPING
from tests.api.imports.test_event_log import REQUESTS

BOSTON = (SHIPPED / "boston311.toml").read_text("utf-8")


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


def test_every_command_about_a_case_can_be_asked_for_by_its_name() -> None:
    assert set(COMMANDS.values()) == set(get_args(CaseCommand))
    assert {"receive-case", "send-response", "return-dispatch", "state-due"} <= COMMANDS.keys()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('shape = "event"', 'shape = "log"', "shape: there is no shape 'log'; there are snapshot, request, event"),
        (
            'do = "close-case"',
            'do = "shut-case"',
            "activities.Closed.do: there is no command 'shut-case'; there are rec",
        ),
        (
            'outcome = "solved"',
            'outcom = "solved"',
            "activities.Resolved.outcom: resolve-case has no such field; it has",
        ),
        ('outcome = "solved"', 'outcome = "fine"', "activities.Resolved.outcome: input should be 'upheld'"),
        (', outcome = "solved"', "", "activities.Resolved.outcome: resolve-case needs it; give a constant or a column"),
        ('outcome = "solved"', 'outcome = "solved", at = "now"', "activities.Resolved.at: the row gives it"),
        (
            '{ column = "team" }',
            '{ column = "team", values = { x = 7 } }',
            "activities.Assigned.unit.values.x: input should be a valid string",
        ),
        ('{ column = "team" }', '{ colum = "team" }', "activities.Assigned.unit: input should be a valid string"),
        ('{ column = "team" }', '{ column = "team", valeus = {} }', "activities.Assigned.unit.valeus: Extra inputs"),
        ('{ column = "team" }', '{ column = "team", pattern = "(" }', "unit.pattern: '\\(' is no regular expression"),
        ('{ column = "team" }', '{ column = "team", pattern = "x" }', "unit.pattern: 'x' has 0 groups"),
        ('{ column = "team" }', '{ column = "team", personal = true }', "unit: 'team' is personal, and this field is"),
        (
            'channel = "email" }',
            'channel = "email", words = "Dear" }',
            "activities.Answered.words: it is personal; take it from a column",
        ),
        (
            'channel = "email" }',
            'channel = "email", words = { column = "team" } }',
            "activities.Answered.words: it is personal; say so with personal = true",
        ),
        ('"Remark" = "among', '"Closed" = "among', "ignored.activities: 'Closed' has a rule"),
        (
            '"Opened" = [{ do = "receive-case" }, { do = "register-case" }]\n',
            "",
            "case.begins: no activity does receive-case",
        ),
        ('kind = "request"\n', "", "activities.Opened.0.kind: receive-case needs it"),
        (
            'column = "activity"',
            'column = "case"',
            r"a column has one rule, .*'case' \(rows.case and activity.column\)",
        ),
        (
            "[ignored.activities]",
            '[ignored]\nhindsight = ["team"]\n[ignored.activities]',
            r"'team' \(activities.Assigned.unit and ignored.hindsight\)",
        ),
        (
            "[customer]",
            '[personal]\nwords = ["team"]\n[customer]',
            r"'team' \(activities.Assigned.unit and personal\)",
        ),
        ('key = ["activity", "time"]', "key = []", "rows.key: tuple should have at least 1 item"),
        ('formats = ["iso"]', "formats = []", "time.formats: tuple should have at least 1 item"),
        ('formats = ["iso"]', 'formats = ["iso"]\nformat = "iso"', "time: give either format or formats"),
        ('formats = ["iso"]', 'formats = ["%Y-%m-%d %Z"]', "time.formats.0: .* reads names of zones"),
        ('formats = ["iso"]', 'formats = ["%d %b"]', "time.formats.0: '%d %b' loses part of a time"),
        ("[case]", "[columns.mood]\noptional = true\n[case]", "columns: 'mood' is named nowhere else"),
        ('kind = "person"', 'kind = "dog"', "customer.kind: input should be 'person' or 'organisation'"),
        (
            "source_recorded = true\n",
            'source_recorded = true\nrecorded = "via"\n',
            r"time.recorded: the source recorded it then|'via' \(time.recorded and",
        ),
    ],
)
def test_what_is_wrong_with_an_event_mapping_is_told_with_its_key(old: str, new: str, message: str) -> None:
    with pytest.raises(BadMapping, match=rf"^The mapping mine\.toml is not right: .*{message}"):
        parsed(changed(MAPPING, old, new), "mine.toml")


def test_a_personal_name_without_a_customer_is_told() -> None:
    text = changed(MAPPING, '[customer]\ncolumn = "customer"\nkind = "person"', '[personal]\nname = "customer"')
    with pytest.raises(BadMapping, match=r"personal: a name and contacts are a customer's; add a \[customer\]"):
        parsed(text, "mine.toml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('came = [{ do = "receive-case" }, ', "came = [", "dates.came: the first date begins the case"),
        (
            "went = [{ do",
            'went = [{ do = "receive-case" }, { do',
            "dates.went: the case was received at the first date",
        ),
        ('case = "id"', 'case = "came"', r"'came' \(rows.case and dates.came\)"),
    ],
)
def test_what_is_wrong_with_a_request_mapping_is_told_with_its_key(old: str, new: str, message: str) -> None:
    with pytest.raises(BadMapping, match=message):
        parsed(changed(REQUESTS, old, new), "mine.toml")


def test_all_rules_that_are_wrong_are_told_together() -> None:
    text = changed(changed(MAPPING, "close-case", "shut-case"), 'outcome = "solved"', 'outcome = "fine"')
    with pytest.raises(BadMapping) as told:
        parsed(text, "mine.toml")
    assert re.findall(r"activities\.(\w+)\.", str(told.value)) == ["Resolved", "Closed"]


def test_columns_are_known_in_any_case_and_by_their_other_names() -> None:
    mapping = parsed(BOSTON, "boston311.toml")
    header = ["CASE_ENQUIRY_ID", "OnTime_Status", "ontime_status", "Reason", "weather"]
    assert mapping.known_as(header) == ["case_enquiry_id", "ontime", "ontime", "reason", "weather"]
