from datetime import timedelta
from typing import Any

from tests.api.cli.conftest import CUSTOMER, CommandLine, Teller


def test_a_case_is_found_by_its_number_however_it_is_written_by_its_key_and_by_its_id(
    daybook: CommandLine, teller: Teller
) -> None:
    case_id = teller.case("INC0000102")
    daybook.json("project")
    names = ("C2026-000001", "c2026-1", "INC0000102", str(case_id), str(case_id).upper())
    answers = [daybook.json("case", name) for name in names]
    assert [answer["case"]["case_id"] for answer in answers] == [str(case_id)] * len(names)


def test_a_case_is_shown_as_it_stands_with_everything_that_happened_to_it(daybook: CommandLine, teller: Teller) -> None:
    case_id = teller.case("INC0000102")
    teller.resolve(case_id)
    answer: dict[str, Any] = daybook.json("case", str(case_id))
    assert (answer["book"], answer["time"], answer["customer_name"]) == ("main", "simulated", "冯小明")
    assert {name: answer["case"][name] for name in ("register", "status", "outcome", "version")} == {
        "register": "C2026-000001",
        "status": "resolved",
        "outcome": "upheld",
        "version": 4,
    }
    assert [event["topic"] for event in answer["history"]] == [
        "case-received.1",
        "case-registered.1",
        "case-classified.1",
        "case-resolved.1",
    ]
    assert answer["history"][0]["data"]["words"] == {"state": "open", "value": "宽带一直断线。"}
    assert answer["history"][3]["data"]["redress"] == {"minor_units": 12_550, "currency": "CNY"}


def test_people_read_names_words_money_and_how_late_it_was_written_down(daybook: CommandLine, teller: Teller) -> None:
    teller.resolve(teller.case("INC0000102"))
    shown = daybook("case", "C2026-000001").stdout
    for told in ("冯小明", "宽带一直断线。", "CNY 125.50", "(+3 d)", "2026-03-02 09:00:00+08:00", "王芳 · 北京分部"):
        assert told in shown, told


def test_what_comes_out_of_a_simulated_book_is_marked(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    assert daybook("case", "C2026-000001").stdout.startswith("SIMULATED BOOK main")
    assert "SIMULATED" in daybook("status").stdout
    assert daybook("project").stdout.startswith("SIMULATED BOOK main")


def test_a_customers_words_give_no_orders_to_the_terminal(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102", words="gone \x1b[2J\x1b]0;owned\x07 [red]not red[/red]")
    shown = daybook("case", "C2026-000001").stdout
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "gone \\x1b[2J" in shown
    assert "[red]not red[/red]" in shown


def test_a_case_that_is_not_there_is_not_found_whatever_it_is_called(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    before = daybook("case", "INC0000103")
    daybook.json("project")
    for name in ("C2026-000002", "INC0000103", str(CUSTOMER), "caf\udce9", ""):
        result = daybook("case", name)
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"There is no case {name!r} in book 'main'" in result.stderr
    assert before.exit_code == 1
    assert "before `daybook project`" in before.stderr


def test_a_key_that_two_cases_share_asks_for_an_id(daybook: CommandLine, teller: Teller) -> None:
    first = teller.case("shared")
    teller.now += timedelta(hours=1)
    second = teller.another("shared")
    daybook.json("project")
    result = daybook("case", "shared")
    assert result.exit_code == 1
    assert f"2 cases have the key 'shared'; name one by its id: {first}, {second}." in result.stderr


def test_a_key_that_the_view_has_not_come_to_is_said_to_be_unknown_as_yet(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    daybook.json("project")
    teller.case("INC0000103")
    head = teller.workspace.ledger.head()
    told = daybook("case", "INC0000103").stderr
    assert f"Keys are known up to position 4 of {head}; `daybook project` reads on." in told
    daybook.json("project")
    assert "Keys are known" not in daybook("case", "INC0000104").stderr
