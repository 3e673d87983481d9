"""What people get wrong in files of policies and calendars: each is named with its line, and nothing is written."""

from pathlib import Path

import pytest

from api.workspace import Workspace
from tests.api.cli.conftest import CommandLine
from tests.conftest import PROJECT

EXAMPLES = PROJECT / "examples"
TWO = ("--by", "陈洁", "--approved-by", "Director Li")
FROM = ("--effective", "2026-01-01")
OFFICE = """name = "office"
title = { en = "Office" }
zone = "Asia/Shanghai"
source = "the office"

[week]
mon = ["09:00-12:00", "13:00-17:00"]
"""
SERVICE = """name = "service"
title = { en = "Service" }
regime = "internal"
zone = "Asia/Shanghai"
calendar = "office"

[[rule]]
id = "all"
targets = ["solved"]

[[target]]
id = "solved"
title = { en = "Solved" }
kind = "resolution"
clock = { type = "business_days", amount = 10 }
stop = "case-resolved"
"""
LADDER = """
[[target.escalation]]
level = 2
at_percent = 50
to_unit = "North"

[[target.escalation]]
level = 1
at_percent = 100
to_unit = "North"
"""


@pytest.fixture
def ledger(workspace: Workspace, daybook: CommandLine, tmp_path: Path) -> Workspace:
    """A book with a calendar and a policy that has applied for a while."""
    assert workspace.ledger.head() == 1
    for kind, text in (("calendar", OFFICE), ("policy", SERVICE)):
        daybook.json(kind, "publish", written(tmp_path, text), *TWO, *FROM)
    return workspace


def written(folder: Path, text: str) -> str:
    file = folder / "standard.toml"
    file.write_text(text, "utf-8")
    return str(file)


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("policy", SERVICE + 'until = "case-closed"\n', "line 17, targets[0].until: There is no field 'until' here"),
        ("policy", SERVICE.replace("case-resolved", "case-solved"), "line 16, targets[0].stop: There is no event"),
        ("policy", SERVICE + LADDER, "Level 1 comes after level 2"),
        ("policy", SERVICE + 'on_expiry = "opens"\nopens = "solved"\n', "line 18, targets[0].opens"),
        ("calendar", OFFICE + 'funday = ["09:00-17:00"]\n', "line 8, week.funday: there is no such field here"),
        ("calendar", OFFICE.replace("13:00", "11:00"), "line 7, week.mon[1]"),
        ("calendar", OFFICE.replace('"09:00-12:00", "13:00-17:00"', ""), "line 6, week"),
    ],
    ids=[
        "policy: a field that there is not", "no event stops it", "a ladder that leads back",
        "a target that opens itself",
        "calendar: a field that there is not", "frames overlap", "a week without hours",
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_before_anything_is_written(
    ledger: Workspace, daybook: CommandLine, tmp_path: Path, kind: str, text: str, told: str
) -> None:
    head, file = ledger.ledger.head(), written(tmp_path, text)
    for words in (("check", file), ("propose", file, "--by", "陈洁", *FROM), ("publish", file, *TWO, *FROM)):
        answer = daybook(kind, *words)
        said = " ".join((answer.stdout + answer.stderr).split())
        assert (answer.exit_code, told in said) == (2, True), said
    assert ledger.ledger.head() == head


def test_a_day_before_what_has_applied_is_refused_at_the_proposal_unless_cases_are_to_be_reassigned(
    ledger: Workspace, daybook: CommandLine, tmp_path: Path
) -> None:
    head = ledger.ledger.head()
    file = written(tmp_path, SERVICE.replace("amount = 10", "amount = 5"))
    earlier = (file, "--by", "陈洁", "--effective", "2025-06-01")
    refused = daybook("policy", "propose", *earlier)
    assert refused.exit_code == 1
    assert "Version 1 of service has applied since 2026-01-01" in refused.stderr
    assert "or say that cases are to be reassigned" in refused.stderr
    assert ledger.ledger.head() == head
    assert daybook("policy", "propose", *earlier, "--reassign").exit_code == 0
