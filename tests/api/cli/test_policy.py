import re
from pathlib import Path
from typing import Any

import pytest

from api.policies import library, library_text
from api.workspace import Workspace
from tests.api.cli.conftest import CommandLine
from tests.conftest import PROJECT

EXAMPLES = PROJECT / "examples"
GROUP = str(EXAMPLES / "policies" / "group-service.toml")
TWO = ("--by", "陈洁", "--approved-by", "Director Li")
FROM = ("--effective", "2026-01-01")


@pytest.fixture(autouse=True)
def book(workspace: Workspace, daybook: CommandLine) -> str:
    """A simulated book with a calendar for China."""
    opened = workspace.ledger.book
    daybook.json("calendar", "publish", str(EXAMPLES / "calendars" / "china.toml"), *TWO, *FROM)
    return opened


def changed(folder: Path, *pairs: tuple[str, str]) -> str:
    """The group's policy with some of its text replaced."""
    text = Path(GROUP).read_text("utf-8")
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    file = folder / "changed.toml"
    file.write_text(text, "utf-8")
    return str(file)


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def told(answer: Any) -> Any:
    """An answer without when it was given."""
    return {name: value for name, value in answer.items() if name not in ("known_at", "valid_at")}


def rows(answer: Any, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in answer]


def test_a_policy_is_published_by_two_people_and_listed(daybook: CommandLine) -> None:
    done = daybook.json("policy", "publish", GROUP, *TWO, *FROM)
    assert rows(done["policies"], "name", "version", "effective_from", "approved_by") == [
        ("group-service", 1, "2026-01-01", "Director Li")
    ]
    assert done["requests"] == []
    again = daybook("policy", "publish", GROUP, *TWO, *FROM)
    assert (again.exit_code, "nothing was written" in again.stderr) == (0, True)
    assert told(daybook.json("policy", "list")) == told(done)
    assert rows(done["policies"], "in_force") == [(True,)]


def test_who_asks_may_not_approve_and_leaves_no_proposal_behind(daybook: CommandLine) -> None:
    refused = daybook("policy", "publish", GROUP, "--by", "陈洁", "--approved-by", "陈洁", *FROM)
    assert (refused.exit_code, "cannot approve it as well" in refused.stderr) == (1, True)
    assert daybook.json("policy", "list")["requests"] == []
    allowed = daybook("amend", "own-approval", "--allow", "--reason", "two people", "--by", "Director Li")
    assert allowed.exit_code == 0
    assert daybook("policy", "publish", GROUP, "--by", "陈洁", "--approved-by", "陈洁", *FROM).exit_code == 0


def test_a_policy_is_proposed_declined_proposed_again_and_approved(daybook: CommandLine) -> None:
    (asked,) = daybook.json("policy", "propose", GROUP, "--by", "陈洁", *FROM)["requests"]
    assert asked == {
        "request": 1,
        "what": "publish",
        "name": "group-service",
        "day": "2026-01-01",
        "requested_by": "陈洁",
        "reason": "group-service.toml",
    }
    declined = daybook("policy", "decline", "1", "--reason", "hours not agreed", "--by", "Director Li")
    assert "has no policy" in declined.stdout
    daybook.json("policy", "propose", GROUP, "--by", "陈洁", *FROM)
    published = daybook.json("policy", "approve", "3", "--by", "Director Li")["policies"]
    assert rows(published, "name", "version") == [("group-service", 1)]
    late = daybook("policy", "approve", "1", "--by", "Director Li")
    assert (late.exit_code, "declined this already" in late.stderr) == (1, True)


def test_a_policy_is_withdrawn_by_two_people(daybook: CommandLine) -> None:
    daybook.json("policy", "publish", GROUP, *TWO, *FROM)
    words = ("--before", "2027-01-01", "--reason", "replaced", "--by", "陈洁")
    (asked,) = daybook.json("policy", "withdraw", "group-service", *words)["requests"]
    assert (asked["request"], asked["what"], asked["day"]) == (3, "withdraw", "2027-01-01")
    (ended,) = daybook.json("policy", "approve", "3", "--by", "Director Li")["policies"]
    assert ended["effective_before"] == "2027-01-01"


def test_what_applied_is_not_preceded_unless_cases_are_reassigned(daybook: CommandLine, tmp_path: Path) -> None:
    daybook.json("policy", "publish", GROUP, *TWO, "--effective", "2026-03-01")
    file = changed(tmp_path, ("PT24H", "PT12H"))
    refused = daybook("policy", "publish", file, *TWO, *FROM)
    assert (refused.exit_code, "Version 1 of group-service has applied since 2026-03-01" in refused.stderr) == (1, True)
    done = daybook.json("policy", "publish", file, *TWO, *FROM, "--reassign")["policies"]
    assert rows(done, "version", "effective_from") == [(1, "2026-03-01"), (2, "2026-01-01")]


def test_a_policy_needs_the_calendars_that_it_names(daybook: CommandLine) -> None:
    refused = daybook("policy", "publish", "--library", "fca-disp", *TWO, *FROM)
    assert refused.exit_code == 1
    assert "There is no calendar 'england-and-wales' in this book; publish it first. There are china." in refused.stderr


@pytest.mark.parametrize("name", library())
def test_every_policy_of_the_library_can_be_published_and_shown(daybook: CommandLine, name: str) -> None:
    for calendar in ("england-and-wales", "united-states", "ireland"):
        daybook.json("calendar", "publish", str(EXAMPLES / "calendars" / f"{calendar}.toml"), *TWO, *FROM)
    (row,) = daybook.json("policy", "publish", "--library", name, *TWO, *FROM)["policies"]
    shown = daybook("policy", "show", name).stdout
    assert f"{name}, version 1: from 2026-01-01, known since" in shown
    document = daybook.json("policy", "library", name)["document"]
    assert daybook.json("policy", "show", name)["document"] == document
    assert [target["id"] for target in document["targets"] if f"{target['id']}: " not in shown] == []
    assert row["title"].split(" ")[0] in shown


def test_a_policy_is_read_in_both_languages(daybook: CommandLine) -> None:
    daybook.json("policy", "publish", GROUP, *TWO, *FROM)
    shown = squeezed(daybook("policy", "show", "group-service").stdout)
    assert [re.sub(r"since \S+ \S+,", "since then,", line) for line in shown[1:4]] == [
        "group-service, version 1: from 2026-01-01, known since then, in force",
        "Service promises of the group 集团服务承诺",
        "regime internal, rank 100, zone Asia/Shanghai, calendar china",
    ]
    assert "key-accounts kind complaint or request or inquiry; tier key or gold " in " ".join(shown)
    first = shown.index("solved: Solved within 10 working days 10个工作日内办结")
    assert shown[first + 1 : first + 12] == [
        "internal (内部) resolution",
        "time (时限) 10 working days, until close of business (10个工作日，至营业结束)",
        "from (起) case-received",
        "until (止) case-resolved",
        "pauses (暂停) customer, evidence",
        (
            "extension (延期) complex: 5 working days more, after the due was moved to a working day, approved by "
            "supervisor, with notice to the complainant, at most 2 times"
        ),
        "at most (上限) 20 working days in all",
        "warnings (预警) at 75 %",
        "escalation (升级) level 1 at the due to 客户服务处",
        "escalation (升级) level 2 3 days after the due to 集团",
        "expiry (到期) missed (逾期)",
    ]


def test_what_a_policy_says_beside_the_defaults_is_shown(daybook: CommandLine, tmp_path: Path) -> None:
    other = changed(tmp_path, ("cap = 20", 'cap = 20\nboundary = "next_opening"\non_change = "final"'))
    daybook.json("policy", "publish", other, *TWO, *FROM)
    shown = squeezed(daybook("policy", "show", "group-service").stdout)
    first = shown.index("solved: Solved within 10 working days 10个工作日内办结")
    assert shown[first + 11 : first + 14] == [
        "at closing (营业结束) due at the next opening (顺延至下次营业开始)",
        (
            "another rule (规则变更) the rule that fits in the end decides, also over a due that had passed "
            "(以最终适用的规则为准，已过的期限亦然)"
        ),
        "expiry (到期) missed (逾期)",
    ]


def test_every_policy_and_every_calendar_among_the_examples_is_right(daybook: CommandLine) -> None:
    policies = sorted(map(str, (EXAMPLES / "policies").glob("*.toml")))
    assert daybook.json("policy", "check", *policies)
    assert len(policies) >= 2
    for calendar in (EXAMPLES / "calendars").glob("*.toml"):
        assert daybook("calendar", "check", str(calendar)).exit_code == 0, calendar


def test_a_policy_is_shown_as_it_was_known_and_in_force_at_an_instant(daybook: CommandLine, tmp_path: Path) -> None:
    daybook.json("policy", "publish", GROUP, *TWO, *FROM)
    later = changed(tmp_path, ("PT24H", "PT12H"))
    daybook.json("policy", "publish", later, *TWO, "--effective", "2199-01-01")
    assert daybook.json("policy", "show", "group-service")["version"] == 1
    assert daybook.json("policy", "show", "group-service", "--valid", "2199-01-01")["version"] == 2
    named = daybook.json("policy", "show", "group-service", "--version", "2")
    assert (named["version"], named["in_force"]) == (2, False)
    before = daybook("policy", "show", "group-service", "--known", "1", "--valid", "2026-03-01")
    assert (before.exit_code, "There was no policy 'group-service'" in before.stderr) == (1, True)
    none = daybook("policy", "show", "group-service", "--version", "9")
    assert (none.exit_code, "it has 1 to 2" in none.stderr) == (1, True)


def test_versions_and_files_are_compared_field_by_field(daybook: CommandLine, tmp_path: Path) -> None:
    daybook.json("policy", "publish", GROUP, *TWO, *FROM)
    assert daybook("policy", "diff", GROUP, "group-service").stdout.splitlines()[-1] == "They say the same."
    file = changed(tmp_path, ('"PT30M"', '"PT20M"'), ('note = "Internal', 'note = "Inside'))
    told = daybook.json("policy", "diff", file, "group-service")["changes"]
    assert [change["place"] for change in told] == ["note", "targets[dispatch].clock.amount"]
    assert told[1] == {"place": "targets[dispatch].clock.amount", "before": "PT30M", "after": "PT20M"}
    daybook.json("policy", "publish", file, *TWO, "--effective", "2026-06-01")
    assert daybook.json("policy", "diff", "group-service", "1", "2")["changes"] == told
    wrong = daybook("policy", "diff", "group-service", "1", "7")
    assert (wrong.exit_code, "has no version 7" in wrong.stderr) == (1, True)
    assert daybook("policy", "diff", "group-service").exit_code == 2


def test_a_file_is_checked_without_a_book(tmp_path: Path) -> None:
    nowhere = CommandLine({"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"})
    right = nowhere("policy", "check", GROUP)
    assert (right.exit_code, right.stdout) == (0, f"{GROUP}: group-service, 4 rules, 8 targets; right.\n")
    file = changed(
        tmp_path,
        ('stop = "case-dispatched"', 'stop = "case-despatched"'),
        ('["dispatch", "reply", "solved"]', '["reply", "solvd"]'),
    )
    wrong = nowhere("policy", "check", GROUP, file)
    assert wrong.exit_code == 2
    assert wrong.stdout.splitlines()[1:] == [
        f"{file}: line 29, rules[3].targets[1]: There is no target 'solvd'; did you mean solved?",
        (
            f"{file}: line 37, targets[0].stop: There is no event 'case-despatched'; "
            "did you mean case-dispatched or case-escalated?"
        ),
    ]
    answer = nowhere("policy", "check", file, "--json")
    assert '"place": "targets[0].stop"' in answer.stdout
    assert nowhere("policy", "check", str(tmp_path / "none.toml")).exit_code == 2
    refused = nowhere("policy", "publish", file, *TWO)
    assert (refused.exit_code, "is not right: line 29" in refused.stderr) == (2, True)


def test_the_library_is_shown_in_short_in_words_and_as_its_file(daybook: CommandLine) -> None:
    short = squeezed(daybook("policy", "library").stdout)
    assert "fca-disp: Complaints under DISP (FCA) 英国金融行为监管局投诉规则" in short
    acknowledged = "acknowledgement prompt; no number, never missed DISP 1.6.1R FCA Handbook, DISP 1.6"
    assert any(line.startswith(acknowledged) for line in short)
    (forwarded,) = (line for line in short if line.startswith("forwarding 3 working days"))
    assert forwarded.endswith("wl2.net, a quiz on the rules the rule itself")
    counted = "cn-civil-201-203 first_day = excluded, roll = next_working_day, ends = end_of_day"
    assert f"{counted} 民法典, articles 201 to 203 neixun.cn, a bilingual text" in short
    assert daybook("policy", "library", "fca-disp", "--toml").stdout == library_text("fca-disp")
    assert "psd-15-days: Payment services: final or holding response" in daybook("policy", "library", "fca-disp").stdout
    examples = squeezed(daybook("policy", "library", "cn-bank").stdout)
    assert "not verified (未核实) the number of days" in examples
    assert examples[-1].startswith("decision 2025-09-20 2025-10-05 2025-10-09 The fifteenth day lies in the holiday")
    unknown = daybook("policy", "library", "fca")
    assert (unknown.exit_code, "There is no policy 'fca' in the library" in unknown.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("policy", "publish", *TWO), "Name either a FILE or a policy of the library"),
        (("policy", "publish", GROUP, "--library", "cfpb", *TWO), "Name either a FILE or a policy of the library"),
        (("policy", "publish", GROUP, *TWO, "--effective", "soon"), "--effective 'soon' is no date"),
        (("policy", "publish", GROUP, *TWO, *FROM, "--before", "2026-01-01"), "--before: it would end on 2026-01-01"),
        (("policy", "publish", GROUP, *TWO, *FROM, "--reason", "x" * 201), "--reason: "),
    ],
)
def test_what_is_typed_wrongly_is_told_by_its_option(daybook: CommandLine, words: tuple[str, ...], why: str) -> None:
    result = daybook(*words)
    assert (result.exit_code, why in " ".join(result.stderr.split())) == (2, True), result.stderr
