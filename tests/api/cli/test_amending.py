from typing import Any

import pytest

from tests.api.cli.conftest import CUSTOMER, CommandLine, Teller

NUMBER = "C2026-000001"
BY, LI = ("--by", "Chen Jie"), ("--by", "Director Li")
WHY = ("--reason", "mistyped")


@pytest.fixture
def resolved(teller: Teller) -> None:
    """A case whose version 4 is its resolution."""
    teller.resolve(teller.case("INC0000102"))


def correct(daybook: CommandLine, *fields: str, version: int = 4) -> Any:
    told = [word for field in fields for word in ("--set", field)]
    return daybook.json("amend", "correct", NUMBER, str(version), *told, *WHY, *BY)


def events(daybook: CommandLine) -> list[tuple[str, int | None]]:
    return [(event["topic"], event["amended_by"]) for event in daybook.json("case", NUMBER)["history"]]


@pytest.mark.usefixtures("resolved")
def test_a_case_is_read_otherwise_once_somebody_else_approves(daybook: CommandLine) -> None:
    (asked,) = correct(daybook, "outcome=rejected", "redress=null")["amendments"]
    assert {name: asked[name] for name in ("request", "version", "topic", "state", "requested_by", "decided_by")} == {
        "request": 5,
        "version": 4,
        "topic": "case-resolved.1",
        "state": "requested",
        "requested_by": "Chen Jie",
        "decided_by": None,
    }
    assert daybook.json("case", NUMBER)["case"]["outcome"] == "upheld"
    (done,) = daybook.json("amend", "approve", NUMBER, "5", *LI)["amendments"]
    assert (done["state"], done["decided_by"]) == ("approved", "Director Li")
    shown = daybook.json("case", NUMBER)["case"]
    assert (shown["outcome"], shown["redress_minor_units"], shown["version"]) == ("rejected", None, 6)
    assert events(daybook)[3:] == [
        ("case-resolved.1", 6),
        ("correction-requested.1", None),
        ("event-corrected.1", None),
    ]


@pytest.mark.usefixtures("resolved")
def test_people_see_what_was_written_and_how_it_is_read(daybook: CommandLine) -> None:
    correct(daybook, "outcome=rejected")
    daybook.json("amend", "approve", NUMBER, "5", *LI)
    shown = " ".join(daybook("case", NUMBER).stdout.split())
    assert "case resolved outcome: upheld" in shown
    assert "[by version 6 read as: case resolved outcome: rejected" in shown
    daybook.json("amend", "void", NUMBER, "6", *WHY, *BY)
    daybook.json("amend", "approve", NUMBER, "7", *LI)
    assert "[void by version 8]" in daybook("case", NUMBER).stdout
    assert daybook.json("case", NUMBER)["case"]["outcome"] == "upheld"


@pytest.mark.usefixtures("resolved")
def test_a_customers_words_are_corrected_as_text_and_stay_sealed(daybook: CommandLine) -> None:
    correct(daybook, "words=宽带每天断线。", version=1)
    daybook.json("amend", "approve", NUMBER, "5", *LI)
    assert "宽带每天断线。" in daybook("case", NUMBER).stdout
    request = daybook.json("case", NUMBER)["history"][4]["data"]["replacement"]["data"]
    assert request["words"] == {"state": "open", "value": "宽带每天断线。"}
    assert request["customer_id"] == str(CUSTOMER)


@pytest.mark.usefixtures("resolved")
def test_a_request_is_declined_and_shown_in_the_list(daybook: CommandLine) -> None:
    assert daybook("amend", "list", NUMBER).stdout.endswith("Nobody asked for an amendment of it.\n")
    daybook.json("amend", "void", NUMBER, "4", *WHY, *BY)
    daybook.json("amend", "decline", NUMBER, "5", "--reason", "it was so", *LI)
    (row,) = daybook.json("amend", "list", NUMBER)["amendments"]
    assert (row["state"], row["topic"], row["decided_by"]) == ("declined", None, "Director Li")
    assert "declined" in daybook("amend", "list", NUMBER).stdout


@pytest.mark.usefixtures("resolved")
def test_who_asks_may_approve_only_where_the_book_allows_it(daybook: CommandLine) -> None:
    correct(daybook, "outcome=rejected")
    no = daybook("amend", "approve", NUMBER, "5", *BY)
    assert no.exit_code == 1
    assert "Chen Jie asked for this and cannot approve it as well" in no.stderr
    allowed = daybook.json("amend", "own-approval", "--allow", "--reason", "a small office", *LI)
    assert allowed == {"book": "main", "own_approval": True}
    assert daybook("amend", "approve", NUMBER, "5", *BY).exit_code == 0
    assert "may not approve" in daybook("amend", "own-approval", "--forbid", "--reason", "grown", *LI).stdout


@pytest.mark.usefixtures("resolved")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("correct", NUMBER, "4", "--set", "outcome"), 2, "'outcome' is no field; write name=value"),
        (("correct", NUMBER, "4", "--set", "result=upheld"), 2, "case-resolved.1 has no field 'result'"),
        (("correct", NUMBER, "4", "--set", "outcome=won"), 2, "outcome: input should be"),
        (("correct", NUMBER, "4", "--set", "a=b", "--topic", "case-sold.1"), 2, "There is no event 'case-sold.1'"),
        (("correct", NUMBER, "9", "--set", "outcome=upheld"), 2, "There is no version 9 in this stream; its last is 4"),
        (("correct", NUMBER, "1", "--set", "customer_id=Wang"), 2, "'Wang' is no id"),
        (("void", NUMBER, "9"), 1, "There is no version 9 in this stream; its last is 4."),
        (("void", NUMBER, "1"), 1, "the history could not be read"),
        (("void", "C2026-000099", "1"), 1, "There is no case"),
    ],
)
def test_what_cannot_be_amended_is_said_in_a_sentence(
    daybook: CommandLine, words: tuple[str, ...], code: int, said: str
) -> None:
    answer = daybook("amend", *words, *WHY, *BY)
    assert (answer.exit_code, said in answer.stderr) == (code, True), answer.stderr


@pytest.mark.usefixtures("resolved")
@pytest.mark.parametrize(
    ("reason", "by", "said"),
    [
        ("", "Chen Jie", "--reason: string should have at least 1 character."),
        ("太长" * 101, "Chen Jie", "--reason: string should have at most 200 characters."),
        ("mistyped", " ", "--by: string should have at least 1 character."),
        ("mistyped", "\udcff", "--by: input should be a valid string"),
    ],
)
def test_a_reason_or_a_name_that_is_none_is_a_wrong_use_and_no_fault(
    daybook: CommandLine, reason: str, by: str, said: str
) -> None:
    answer = daybook("amend", "void", NUMBER, "4", "--reason", reason, "--by", by)
    assert (answer.exit_code, said in answer.stderr) == (2, True), answer.stderr


def test_a_customer_is_corrected_under_their_stream(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    stream = f"customer-{CUSTOMER}"
    asked = daybook.json("amend", "correct", stream, "1", "--set", "name=冯晓明", *WHY, *BY)
    assert asked["stream"] == stream
    daybook.json("amend", "approve", stream, "2", *LI)
    assert daybook.json("case", NUMBER)["customer_name"] == "冯晓明"


@pytest.mark.usefixtures("resolved")
def test_people_read_what_was_asked_for_in_words(daybook: CommandLine) -> None:
    correct(daybook, "outcome=rejected", "redress=null")
    shown = " ".join(daybook("case", NUMBER).stdout.split())
    assert "correction requested version: 4, replacement: case resolved (outcome: rejected), reason: mistyped" in shown
