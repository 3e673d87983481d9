"""Cases against the declared process, on the command line and in GraphQL."""

from pathlib import Path
from typing import Any

import pytest

from api.graphql import conformance
from api.processes import shipped_text
from tests.api.cli.conftest import CommandLine
from tests.api.graphql.asking import FrontEnd

REPORT = """
query Conformance($knownAt: DateTime, $validAt: DateTime, $rules: [String!], $first: Int! = 20, $after: ID) {
  conformance(knownAt: $knownAt, validAt: $validAt, rules: $rules) {
    process processVersion knownPosition caseCount departedCount openCount
    rules { rule title { en zh } departed cases marked open departures }
    noticed { departure events found }
    cases(first: $first, after: $after) {
      caseId number sourceKey case { id number }
      findings { rule standing found step version position topic otherVersion marked expected { zh } observed { en } }
    }
  }
}
"""
FOUND = {
    "C2026-000002": [
        ("replied-before-resolved", "departed", "never", 12),
        ("fed-back-once-resolved", "open", "not-yet", 12),
    ],
    "C2026-000003": [
        ("replied-before-resolved", "departed", "never", 5),
        ("visited-once-closed", "open", "not-yet", 7),
    ],
    "C2026-000004": [
        ("registered-before-handled", "departed", "later", 2),
        ("resolved-before-closed", "departed", "never", 4),
        ("visited-once-closed", "open", "not-yet", 4),
    ],
}
"""Of the month: the first complaint went as it should, and the fifth."""


def found_by(cases: list[Any]) -> dict[str, list[tuple[str, str, str, int]]]:
    return {
        case["number"]: [
            (each["rule"], each["standing"].lower(), each["found"].lower().replace("_", "-"), each["version"])
            for each in case["findings"]
        ]
        for case in cases
    }


def test_both_doors_list_the_same_cases_with_the_step_in_which_each_departed(
    daybook: CommandLine, screen: FrontEnd
) -> None:
    typed = daybook.json("conformance")
    shown = screen.ask(REPORT)["conformance"]
    assert found_by(typed["cases"]) == found_by(shown["cases"]) == FOUND
    assert typed["totals"] == {"cases": 5, "departed": 3, "open": 3}
    assert (shown["caseCount"], shown["departedCount"], shown["openCount"]) == (5, 3, 3)
    same = ("rule", "departed", "cases", "marked", "open")
    assert [{name: each[name] for name in same} for each in shown["rules"]] == typed["rules"]
    assert [case["case"]["number"] for case in shown["cases"]] == list(FOUND)


def test_what_an_import_noticed_stands_beside_what_the_process_finds(daybook: CommandLine, screen: FrontEnd) -> None:
    typed = daybook.json("conformance")
    assert typed["noticed"] == [
        {"departure": "closed-unresolved", "events": 1, "found": 1},
        {"departure": "not-registered", "events": 1, "found": 1},
    ]
    assert screen.ask(REPORT)["conformance"]["noticed"] == [
        {"departure": "CLOSED_UNRESOLVED", "events": 1, "found": 1},
        {"departure": "NOT_REGISTERED", "events": 1, "found": 1},
    ]
    letters = typed["cases"][-1]
    assert [each["marked"] for each in letters["findings"]] == [True, True, False]


def test_counts_stand_first_and_a_finding_is_told_in_words(daybook: CommandLine) -> None:
    lines = daybook("conformance").stdout.splitlines()
    counted = next(place for place, line in enumerate(lines) if line.startswith("registered-before-handled"))
    listed = next(place for place, line in enumerate(lines) if line.startswith("C2026-000002"))
    assert counted < listed
    assert (
        "    2  2026-02-10 00:00  handled: handled before it was registered (未登记先处理); expected registered first, "
        "found registered later, in version 3 [marked]"
    ) in lines


@pytest.mark.parametrize("words", [("--limit", "1"), ("--all",), ("--limit", "2")], ids=" ".join)
def test_the_counts_are_of_all_cases_however_few_are_listed(daybook: CommandLine, words: tuple[str, ...]) -> None:
    result = daybook("conformance", *words)
    assert "Cases: 5, departed from it: 3, still owed something: 3." in result.stdout
    listed = [line for line in result.stdout.splitlines() if line.startswith("C2026-")]
    assert len(listed) == (3 if words == ("--all",) else int(words[1]))
    assert ("These are the first" in result.stderr) is (words != ("--all",))
    assert daybook.json("conformance", *words)["totals"] == {"cases": 5, "departed": 3, "open": 3}


def test_cases_are_chosen_by_kind_unit_time_name_and_rule(daybook: CommandLine) -> None:
    def numbers(*words: str) -> list[str]:
        return [case["number"] for case in daybook.json("conformance", *words)["cases"]]

    assert numbers("--unit", "北京分部") == ["C2026-000003"]
    assert numbers("--kind", "praise") == []
    assert numbers("--from", "2026-03-10") == ["C2026-000003"]
    assert numbers("--to", "2026-02-28") == ["C2026-000004"]
    assert numbers("--case", "C2026-000002", "--case", "C2026-000001") == ["C2026-000002"]
    assert numbers("--rule", "visited-once-closed") == ["C2026-000003", "C2026-000004"]
    assert daybook.json("conformance", "--rule", "visited-once-closed")["noticed"] == []


def test_it_is_asked_as_known_then_and_as_far_as_it_had_occurred(daybook: CommandLine, screen: FrontEnd) -> None:
    known = daybook.json("conformance", "--known", "2026-03-16T12:00[Asia/Shanghai]")
    third = [("replied-before-resolved", "departed", "never", 5), ("fed-back-once-resolved", "open", "not-yet", 5)]
    assert found_by(known["cases"])["C2026-000003"] == third[:1]
    valid = daybook.json("conformance", "--known", "2026-03-16T12:00[Asia/Shanghai]", "--valid", "2026-03-16T03:30Z")
    assert found_by(valid["cases"])["C2026-000003"] == third
    shown = screen.ask(REPORT, knownAt="2026-03-16T04:00:00Z", validAt="2026-03-16T03:30:00Z")["conformance"]
    assert found_by(shown["cases"]) == found_by(valid["cases"])
    assert screen.ask(REPORT, knownAt="2020-01-01T00:00:00Z") == {"conformance": None}
    assert daybook("conformance", "--known", "2020-01-01").exit_code == 1


OWN = """
name = "fast"
version = "2026-2"
title = { en = "Fast", zh = "快速" }

[[step]]
id = "resolved"
title = { en = "resolved", zh = "办结" }
when = "case-resolved"

[[step]]
id = "asked-after"
title = { en = "asked after", zh = "回访" }
when = "follow-up-made"

[[rule]]
id = "soon-asked-after"
title = { en = "not asked after in two days", zh = "两天内未回访" }
step = "asked-after"
owed_after = "resolved"
within = "P2D"

[[rule]]
id = "by-supervisors"
title = { en = "resolved by who may not", zh = "非主管办结" }
step = "resolved"
roles = ["supervisor"]
"""


def test_an_installations_own_process_is_read_from_its_file(daybook: CommandLine, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(OWN, "utf-8")
    answer = daybook.json("conformance", "--process", str(own), "--known", "2026-03-31")
    assert answer["process"] == {"name": "fast", "version": "2026-2"}
    assert found_by(answer["cases"])["C2026-000002"] == [
        ("soon-asked-after", "departed", "overdue", 12), ("by-supervisors", "departed", "somebody-else", 12),
    ]  # fmt: skip
    shown = daybook("conformance", "--process", str(own)).stdout
    assert "expected asked after once resolved, within 2 days, found not by 2026-03-14T15:00+08:00" in shown
    assert "expected by a person as supervisor, found by agent" in shown


def test_the_process_that_ships_can_be_copied(daybook: CommandLine) -> None:
    assert daybook("conformance", "--show-process").stdout == shipped_text()


WRONG = {
    "a rule that there is not": (("--rule", "visited"), "has no rule 'visited'"),
    "a file that there is not": (("--process", "nowhere.toml"), "nowhere.toml cannot be read"),
    "a day that is none": (("--from", "yesterday"), "is no time of this ledger"),
    "what has not come": (("--known", "2190-01-01"), "has not come yet"),
}


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_asked_wrongly_is_refused_by_name(daybook: CommandLine, words: tuple[str, ...], message: str) -> None:
    result = daybook("conformance", *words)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


OF_A_CASE = """
query OfACase($number: String!) {
  case(number: $number) {
    conformance { rule standing found version }
    asOf(knownAt: "2026-03-14T00:00:00Z") { conformance { rule } }
  }
}
"""


def test_a_case_says_what_it_departed_from_itself_now_and_then(screen: FrontEnd) -> None:
    case = screen.ask(OF_A_CASE, number="C2026-000003")["case"]
    assert found_by([{"number": "it", "findings": case["conformance"]}])["it"] == FOUND["C2026-000003"]
    assert case["asOf"] == {"conformance": []}
    assert screen.ask(OF_A_CASE, number="C2026-000001")["case"]["conformance"] == []


def test_a_request_pages_through_what_was_found_and_is_bounded(
    screen: FrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, after = list[str](), None
    while page := screen.ask(REPORT, first=1, after=after)["conformance"]["cases"]:
        numbers += [case["number"] for case in page]
        assert page[-1]["caseId"] == page[-1]["case"]["id"]
        after = page[-1]["caseId"]
    assert numbers == list(FOUND)
    assert screen.code(REPORT, first=101) == "PAGE_TOO_LARGE"
    assert screen.code(REPORT, rules=["visited"]) == "BAD_ARGUMENTS"
    twice = "{ one: conformance { caseCount } other: conformance { caseCount } }"
    monkeypatch.setattr(conformance, "MOST_CASES", 10)
    assert screen.ask(twice) == {"one": {"caseCount": 5}, "other": {"caseCount": 5}}
    monkeypatch.setattr(conformance, "MOST_CASES", 9)
    assert [error["extensions"]["code"] for error in screen.errors(twice)] == ["TOO_MANY_CASES"]
    monkeypatch.setattr(conformance, "MOST_CASES", 2)
    (error,) = screen.errors(REPORT)
    assert error["extensions"]["code"] == "TOO_MANY_CASES"
    assert "daybook conformance" in error["message"]
