"""The lists that an auditor asks for on the first day, on the command line and in GraphQL."""

from hashlib import sha256
from typing import Any

import pytest

from api.graphql import review
from api.populations import Population
from projections.audit_trail import Override
from tests.api.cli.conftest import CommandLine
from tests.api.graphql.asking import FrontEnd

HEAD = 79
"""The last position of the book."""

# Overrides ------------------------------------------------------------------------------------------------------------


def test_overrides_are_counted_by_actor_and_the_events_stand_behind_them(daybook: CommandLine) -> None:
    answer = daybook.json("review", "overrides", "--all")
    counts = {each["actor"]: each["counts"] for each in answer["overrides"]}
    assert counts["刘洋"] == {"back-dated": 1, "pause-requested": 1}
    assert counts["陈洁"]["own-approval"] == 1
    by_kind = dict.fromkeys(Override, 0)
    for each in counts.values():
        for kind, count in each.items():
            by_kind[Override(kind)] += count
    for kind in Override:
        found = daybook.json("review", "overrides", "--kind", kind, "--all")
        assert len(found["entries"]) == by_kind[kind]
        assert sum(each["total"] for each in found["overrides"]) == by_kind[kind]
    approved = daybook.json("review", "overrides", "--kind", "void-approved", "--actor", "陈洁")
    (entry,) = approved["entries"]
    assert (entry["requested_by"], entry["decided_by"]) == ("陈洁", "陈洁")


def test_what_counts_as_back_dated_is_for_the_asker_to_say(daybook: CommandLine) -> None:
    def back_dated(*over: str) -> int:
        return len(daybook.json("review", "overrides", "--kind", "back-dated", *over)["entries"])

    assert (back_dated(), back_dated("--over", "5d"), back_dated("--over", "1m") > 1) == (1, 0, True)
    assert daybook("review", "overrides", "--over", "0d").exit_code == 2


def test_a_list_is_narrowed_by_when_it_was_recorded(daybook: CommandLine) -> None:
    within = ("--recorded-from", "2026-03-18", "--recorded-to", "2026-03-18")
    entries = daybook.json("review", "overrides", *within)["entries"]
    assert [each["topic"] for each in entries] == ["correction-requested.1", "event-corrected.1"]
    shown = daybook("review", "overrides", *within).stdout
    assert "correction-requested 1" in shown
    assert "asked by 陈洁" in shown


def test_an_empty_list_says_so(daybook: CommandLine) -> None:
    result = daybook("review", "overrides", "--actor", "nobody")
    assert (result.exit_code, "Nothing was recorded that answers this." in result.stdout) == (0, True)


# Administrators -------------------------------------------------------------------------------------------------------

TRAIL = """
query Administration($after: String) {
  auditTrail(filter: { administration: true }, orderBy: { direction: ASC }, first: 100, after: $after) {
    nodes { position event { topic } }
  }
}
"""


def test_what_touches_the_book_itself_is_listed_with_who_asked_and_who_approved(
    daybook: CommandLine, screen: FrontEnd
) -> None:
    entries = daybook.json("review", "administrators", "--all")["entries"]
    names = {each["topic"].rpartition(".")[0] for each in entries}
    assert names == {
        "book-opened", "self-approval-allowed", "calendar-proposed", "calendar-published", "policy-proposed",
        "policy-published", "import-started", "import-finished",
    }  # fmt: skip
    published = [each for each in entries if each["topic"] == "policy-published.1"]
    assert {(each["requested_by"], each["decided_by"]) for each in published} == {("陈洁", "Director Li")}
    nodes = screen.ask(TRAIL)["auditTrail"]["nodes"]
    assert [each["position"] for each in nodes] == [each["position"] for each in entries]
    shown = daybook("review", "administrators").stdout
    assert "more" in shown, "a policy has hundreds of fields, of which a few are shown"


# Roles ----------------------------------------------------------------------------------------------------------------

CLAIMS = """
query Roles($at: DateTime, $role: String, $first: Int! = 100) {
  roleClaims(at: $at, role: $role, first: $first) {
    at hasMore claims { actor actorKind role unit claim firstAt lastAt events lastPosition }
  }
}
"""


def test_who_acted_in_which_role_by_a_day_and_what_was_recorded_of_staff(
    daybook: CommandLine, screen: FrontEnd
) -> None:
    early = daybook.json("review", "roles", "--as-of", "2026-03-05")
    claimed = {(each["actor"], each["role"]): each for each in early["claimed"]}
    assert ("刘洋", "agent") not in claimed, "she acted on the sixth for the first time"
    assert claimed["王芳", "agent"]["unit"] == "北京分部"
    assert claimed["王芳", "agent"]["claim"] is None
    (wang,) = early["recorded"]
    assert (wang["name"], wang["unit"], wang["post"]) == ("王芳", "北京分部", "agent")
    assert [each["name"] for each in wang["certificates"]] == ["客服上岗证"]
    later = daybook.json("review", "roles", "--as-of", "2026-03-20")
    assert [each["certificates"] for each in later["recorded"]] == [[]], "the certificate was for nine days"
    found = screen.ask(CLAIMS, at="2026-03-05T16:00:00Z")["roleClaims"]["claims"]
    same = {"actor": "actor", "role": "role", "unit": "unit", "events": "events", "last_position": "lastPosition"}
    assert [{name: each[shown] for name, shown in same.items()} for each in found] == [
        {name: each[name] for name in same} for each in early["claimed"]
    ]
    page = screen.ask(CLAIMS, first=1)["roleClaims"]
    assert (len(page["claims"]), page["hasMore"]) == (1, True)
    assert screen.code(CLAIMS, first=1_001) == "PAGE_TOO_LARGE"


def test_what_was_known_of_roles_earlier_leaves_out_what_was_recorded_since(daybook: CommandLine) -> None:
    known = daybook.json("review", "roles", "--known", "13", "--as-of", "2026-04-10")
    assert max(each["last_position"] for each in known["claimed"]) == 13
    shown = daybook("review", "roles", "--as-of", "2026-03-20", "--role", "quality").stdout
    assert "陈洁" in shown
    assert "王芳" not in shown


# Samples --------------------------------------------------------------------------------------------------------------

SAMPLE = """
query Sample($input: ReviewSampleInput!) {
  reviewSample(input: $input) {
    method seed knownPosition count numbered firstNumber lastNumber digest
    amounts { sum { minorUnits currency } members }
    sample { place member key number version subject { __typename } }
  }
}
"""


def sampled(daybook: CommandLine, population: str, *more: str, size: int = 2, seed: str = "7319") -> Any:
    words = ("--population", population, "--size", f"{size}", "--seed", seed, "--known", f"{HEAD}")
    return daybook.json("review", "sample", *words, *more)


@pytest.mark.parametrize("population", Population)
def test_both_doors_draw_the_same_sample_from_the_same_population(
    daybook: CommandLine, screen: FrontEnd, population: Population
) -> None:
    typed = sampled(daybook, population)
    asked = {"population": population.name, "size": 2, "seed": "7319", "knownPosition": HEAD}
    shown = screen.ask(SAMPLE, input=asked)["reviewSample"]
    assert (shown["count"], shown["digest"]) == (typed["totals"]["count"], typed["totals"]["digest"])
    assert (shown["method"], shown["knownPosition"]) == (typed["method"], HEAD)
    assert [(each["place"], each["member"], each["key"], each["number"]) for each in shown["sample"]] == [
        (each["place"], each["id"], each["key"], each["number"]) for each in typed["sample"]
    ]
    assert shown["count"] >= 2
    assert sampled(daybook, population) == typed


def test_a_second_person_draws_the_sample_by_hand_and_proves_the_population(daybook: CommandLine) -> None:
    """A sample as large as the population lists it."""
    every = sampled(daybook, "cases", size=100)
    ids = [each["id"] for each in every["sample"]]
    assert len(ids) == every["totals"]["count"] == 5
    assert every["totals"]["digest"] == sha256("".join(f"{each}\n" for each in ids).encode()).hexdigest()
    assert every["totals"] | {"digest": ""} == {
        "count": 5, "numbered": 5, "first_number": "C2026-000001", "last_number": "C2026-000005",
        "amounts": [{"currency": "CNY", "minor_units": 5_000, "members": 1}], "digest": "",
    }  # fmt: skip
    by_hand = sorted(ids, key=lambda each: sha256(f"随机 42\n{each}".encode()).digest())[:3]
    drawn = sampled(daybook, "cases", size=3, seed="随机 42")["sample"]
    assert sorted(each["id"] for each in drawn) == sorted(by_hand)


def test_a_population_is_the_one_that_was_known_then(daybook: CommandLine, screen: FrontEnd) -> None:
    words = ("review", "sample", "--population", "cases", "--size", "9", "--seed", "1")
    then = daybook.json(*words, "--known", "2026-03-10")
    assert [each["number"] for each in then["sample"]] == ["C2026-000001", "C2026-000002"]
    assert [each["status"] for each in then["sample"]] == ["closed", "paused"]
    earlier = daybook.json(*words, "--known", "2026-03-10", "--valid", "2026-03-03")
    assert [(each["number"], each["status"]) for each in earlier["sample"]] == [
        ("C2026-000001", "registered"), (None, "received"),
    ]  # fmt: skip
    none = daybook.json(*words, "--known", "2026-03-10", "--status", "merged")
    assert (none["totals"]["count"], none["sample"]) == (0, [])
    before = {"population": "CASES", "size": 1, "seed": "1", "knownAt": "2020-01-01T00:00:00Z"}
    assert screen.ask(SAMPLE, input=before)["reviewSample"] is None


def test_a_population_is_narrowed_by_kind_unit_status_and_time(daybook: CommandLine) -> None:
    def numbers(*more: str) -> list[str]:
        return [each["number"] for each in sampled(daybook, "cases", *more, size=9)["sample"]]

    assert numbers("--unit", "北京分部", "--kind", "complaint") == ["C2026-000001", "C2026-000003", "C2026-000005"]
    assert numbers("--status", "resolved") == ["C2026-000002", "C2026-000005"]
    assert numbers("--from", "2026-03-10", "--to", "2026-03-13") == ["C2026-000003"]
    assert numbers("--kind", "praise") == []
    due = sampled(daybook, "missed", "--from", "2026-03-27", "--to", "2026-03-27", size=9)["sample"]
    assert [each["due_at"][:10] for each in due] == ["2026-03-26"], "the day is one of the book's zone"


WRONG = {
    "a seed of nothing": (("cases", "--seed", " "), "is no seed"),
    "a kind of events": (("overrides", "--seed", "1", "--kind", "complaint"), "a kind or a unit cannot be asked for"),
    "a status of deadlines": (("missed", "--seed", "1", "--status", "closed"), "a status cannot be asked for"),
    "what a source knew of events": (
        ("corrections", "--seed", "1", "--known", "2026-03-20", "--known-by", "source"), "can be asked of cases only",
    ),
    "events that had not occurred": (
        ("corrections", "--seed", "1", "--known", "2026-03-20", "--valid", "2026-03-10"), "it counts what was recorded",
    ),
    "a position beyond the head": (("cases", "--seed", "1", "--known", "9999"), "is not in book 'main'"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_sample_that_cannot_be_drawn_is_refused_by_name(
    daybook: CommandLine, words: tuple[str, ...], message: str
) -> None:
    result = daybook("review", "sample", "--size", "2", "--population", *words)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


def test_a_population_too_large_for_a_request_is_refused_with_the_command_that_takes_it(
    screen: FrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "MOST_CASES", 2)
    monkeypatch.setattr(review, "MOST_MEMBERS", 2)
    for population in Population:
        asked = {"population": population.name, "size": 1, "seed": "1"}
        (error,) = screen.errors(SAMPLE, input=asked)
        assert error["extensions"]["code"] == "TOO_MANY_CASES"
        assert "daybook review sample" in error["message"]
    for wrong in ({"size": 0}, {"size": 101}):
        asked = {"population": "CASES", "size": 1, "seed": "1"} | wrong
        assert screen.code(SAMPLE, input=asked) == "PAGE_TOO_LARGE"
    for odd in ({"seed": "a\nb"}, {"seed": ""}, {"knownPosition": 9_999}, {"knownAt": "2100-01-01T00:00:00Z"}):
        asked = {"population": "CASES", "size": 1, "seed": "1"} | odd
        assert screen.code(SAMPLE, input=asked) == "BAD_ARGUMENTS"


def test_a_sample_is_shown_with_its_totals_and_how_it_was_drawn(daybook: CommandLine) -> None:
    shown = daybook("review", "sample", "--population", "cases", "--size", "9", "--seed", "7319")
    assert "CNY 50.00, in 1 of them" in shown.stdout
    assert "arXiv:1808.10016" in shown.stdout
    assert "fewer than the 9 asked for" in shown.stderr
