from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import psycopg
import pytest

from api.cli.exits import Exit
from domain.case.commands import DispatchCase, ResolveCase, ReturnDispatch, TransferCase
from domain.case.events import Outcome
from domain.channel import Channel, Direction
from domain.customer import CustomerKind, MergeCustomers, RegisterCustomer
from domain.personal import Personal
from domain.touchpoint import RecordTouchpoint
from tests.api.cli.conftest import CUSTOMER, NAMESPACE, OPENED, CommandLine, Teller
from tests.conftest import Database

OTHER = uuid5(NAMESPACE, "another customer")
LATE = timedelta(days=3)


def told(teller: Teller, number: int = 1) -> UUID:
    """A case that went from the north to the south and back to nobody, and was resolved there."""
    case_id = teller.case(f"INC{number}")
    at = teller.now
    about: dict[str, Any] = {"at": at, "case_id": case_id}
    teller.tell(
        DispatchCase(**about, unit="北京分部", handler="王芳"),
        TransferCase(**about, to_unit="上海分部", reason="wrong region"),
        ReturnDispatch(**about, unit="上海分部", reason="not ours"),
        ResolveCase(**about, outcome=Outcome.UPHELD, resolved_by="李主任"),
        late=LATE,
    )
    return case_id


def touched(teller: Teller, number: int) -> None:
    teller.tell(
        RecordTouchpoint(
            at=teller.now, touchpoint_id=uuid5(NAMESPACE, f"touchpoint {number}"), customer_id=CUSTOMER,
            channel=Channel.WECHAT, direction=Direction.IN, words=Personal.open(CUSTOMER, f"在吗 {number}"),
            staff="王芳",
        )
    )  # fmt: skip


# Timelines ----------------------------------------------------------------------------------------------------


def test_a_timeline_is_shown_to_people_with_names_words_and_numbers(daybook: CommandLine, teller: Teller) -> None:
    told(teller)
    touched(teller, 1)
    daybook.json("project")
    shown = daybook("timeline", str(CUSTOMER)).stdout
    assert shown.startswith("SIMULATED BOOK main")
    for words in (
        "冯小明",
        "宽带一直断线。",
        "在吗 1",
        "received (complaint)",
        "resolved (upheld)",
        "C2026-000001",
        "李主任",
    ):
        assert words in shown, words
    assert shown.index("在吗 1") < shown.index("宽带一直断线。")
    oldest = daybook("timeline", str(CUSTOMER), "--oldest-first").stdout
    assert oldest.index("宽带一直断线。") < oldest.index("在吗 1")
    assert "transferred" not in shown


def test_a_timeline_is_given_to_programs_whole_or_in_part(daybook: CommandLine, teller: Teller) -> None:
    told(teller)
    for number in range(4):
        touched(teller, number)
    daybook.json("project")
    answer = daybook.json("timeline", str(CUSTOMER), "--oldest-first")
    assert (answer["book"], answer["time"], answer["position"]) == ("main", "simulated", teller.workspace.ledger.head())
    assert answer["name"] == {"state": "open", "value": "冯小明"}
    assert [entry["kind"] for entry in answer["entries"]] == [
        "customer-registered", "received", "registered", "resolved", "touchpoint", "touchpoint", "touchpoint",
        "touchpoint",
    ]  # fmt: skip
    received = answer["entries"][1]
    assert {name: received[name] for name in ("case", "channel", "direction", "term", "words", "occurred_zone")} == {
        "case": "C2026-000001",
        "channel": "hotline",
        "direction": "in",
        "term": "complaint",
        "words": {"state": "open", "value": "宽带一直断线。"},
        "occurred_zone": "Asia/Shanghai",
    }
    assert len(daybook.json("timeline", str(CUSTOMER), "--limit", "3")["entries"]) == 3
    assert len(daybook.json("timeline", str(CUSTOMER), "--limit", "3", "--all")["entries"]) == 8
    only = daybook.json("timeline", str(CUSTOMER), "--kind", "resolved", "--kind", "received")["entries"]
    assert [entry["kind"] for entry in only] == ["resolved", "received"]
    assert len(daybook.json("timeline", str(CUSTOMER), "--channel", "wechat")["entries"]) == 4
    assert daybook.json("timeline", str(CUSTOMER), "--from", "2026-03-03")["entries"] == []
    assert len(daybook.json("timeline", str(CUSTOMER), "--to", "2026-03-02")["entries"]) == 8
    assert len(daybook.json("timeline", str(CUSTOMER), "--to", "2026-03-02T09:01")["entries"]) == 3


def test_a_customer_who_was_merged_is_answered_by_the_survivor(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC1")
    name = Personal.open(OTHER, "冯晓明")
    teller.tell(
        RegisterCustomer(at=OPENED, customer_id=OTHER, kind=CustomerKind.PERSON, name=name, source_key="冯-1"),
        MergeCustomers(at=OPENED, customer_id=OTHER, into=CUSTOMER),
    )
    daybook.json("project")
    answers = [daybook.json("timeline", name) for name in (str(CUSTOMER), str(OTHER), "冯-1")]
    assert [answer["customer_id"] for answer in answers] == [str(CUSTOMER)] * 3
    assert answers[0] == answers[1] == answers[2]
    assert len(answers[0]["entries"]) == 6


def test_a_customer_who_is_not_there_is_not_found_and_one_without_entries_in_a_window_is(
    daybook: CommandLine, teller: Teller
) -> None:
    teller.case("INC1")
    before = daybook("timeline", str(CUSTOMER))
    assert before.exit_code == Exit.NO
    assert "`daybook project` does that." in before.stderr
    daybook.json("project")
    for name in ("nobody", str(OTHER), "caf\udce9", ""):
        result = daybook("timeline", name)
        assert (result.exit_code, result.stdout) == (Exit.NO, "")
        assert f"There is no customer {name!r} in book 'main'" in result.stderr
    assert "Nothing." in daybook("timeline", str(CUSTOMER), "--from", "2026-05-01").stdout


def test_views_that_are_behind_the_book_are_said_to_be(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC1")
    daybook.json("project")
    teller.case("INC2")
    head = teller.workspace.ledger.head()
    for words in (("timeline", str(CUSTOMER)), ("movements",), ("register",)):
        assert f"This shows the book up to position 4 of {head}" in daybook(*words).stderr


@pytest.mark.parametrize("typed", ["yesterday", "2026-02-30", "2026-03-02T25:00", "1066-10-14", "9999-12-31", ""])
def test_a_time_that_cannot_be_is_told_in_a_sentence(daybook: CommandLine, teller: Teller, typed: str) -> None:
    teller.case("INC1")
    for option in ("--from", "--to"):
        result = daybook("movements", option, typed)
        assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
        assert f"{option} {typed!r} is no time of this ledger" in result.stderr


# Movements ----------------------------------------------------------------------------------------------------


def test_the_movements_of_a_case_are_shown_in_their_order(daybook: CommandLine, teller: Teller) -> None:
    told(teller)
    daybook.json("project")
    answer = daybook.json("movements", "C2026-1")
    assert [(one["kind"], one["from_unit"], one["to_unit"]) for one in answer["movements"]] == [
        ("dispatched", None, "北京分部"),
        ("transferred", "北京分部", "上海分部"),
        ("returned", "上海分部", None),
    ]
    assert {one["case"] for one in answer["movements"]} == {"C2026-000001"}
    shown = daybook("movements", "INC1").stdout
    for words in ("北京分部 · 王芳", "wrong region", "returned"):
        assert words in shown, words


def test_the_movements_of_the_book_are_shown_the_latest_first(daybook: CommandLine, teller: Teller) -> None:
    told(teller, 1)
    teller.now += timedelta(hours=1)
    told(teller, 2)
    daybook.json("project")
    moved = daybook.json("movements")["movements"]
    assert [one["case"] for one in moved] == ["C2026-000002"] * 3 + ["C2026-000001"] * 3
    assert len(daybook.json("movements", "--limit", "4")["movements"]) == 4
    assert [one["kind"] for one in daybook.json("movements", "--kind", "returned")["movements"]] == ["returned"] * 2
    assert daybook.json("movements", "--from", "2026-04-01")["movements"] == []
    assert "Nothing changed hands." in daybook("movements", "--from", "2026-04-01").stdout


def test_movements_are_counted_by_units(daybook: CommandLine, teller: Teller) -> None:
    told(teller, 1)
    told(teller, 2)
    daybook.json("project")
    answer = daybook.json("movements", "--by-units", "--from", "2026-03-02", "--to", "2026-03-02")
    assert {(one["from_unit"], one["to_unit"]): one["movements"] for one in answer["movements"]} == {
        (None, "北京分部"): 2, ("北京分部", "上海分部"): 2, ("上海分部", None): 2
    }  # fmt: skip
    assert answer["returns"] == [
        {"unit": "上海分部", "given": 2, "returned": 2},
        {"unit": "北京分部", "given": 2, "returned": 0},
    ]
    (latency,) = answer["dispatch_latency"]
    assert (latency["unit"], latency["cases"], latency["median_seconds"]) == ("北京分部", 2, 60.0)
    assert answer["first_contact"] == [{"unit": None, "resolved": 2, "untransferred": 0}]
    shown = daybook("movements", "--by-units").stdout
    assert "0:01:00" in shown
    assert "(none)" in shown
    assert [one["kind"] for one in daybook.json("movements", "--by-units", "--kind", "transferred")["movements"]] == [
        "transferred"
    ]
    assert daybook("movements", "C2026-1", "--by-units").exit_code == Exit.USAGE


# The register -------------------------------------------------------------------------------------------------


def test_the_register_is_shown_by_number(daybook: CommandLine, teller: Teller) -> None:
    for number in range(3):
        teller.case(f"INC{number}")
    daybook.json("project")
    answer = daybook.json("register", "--series", "c2026", "--limit", "2")
    assert [entry["register"] for entry in answer["entries"]] == ["C2026-000001", "C2026-000002"]
    assert len(daybook.json("register")["entries"]) == 3
    shown = daybook("register").stdout
    for words in ("C2026-000003", "王芳", "2026-03-02"):
        assert words in shown, words
    assert "None." in daybook("register", "--series", "C1999").stdout


def test_a_register_without_gaps_says_so_and_one_with_a_gap_ends_with_a_code_of_its_own(
    daybook: CommandLine, teller: Teller, database: Database
) -> None:
    assert teller.workspace.ledger.head() == 1
    daybook.json("project")
    assert "No number was given." in daybook("register", "--gaps").stdout
    for number in range(5):
        teller.case(f"INC{number}")
    daybook.json("project")
    assert daybook.json("register", "--gaps")["series"] == [
        {"series": "C2026", "given": 5, "last": 5, "missing": 0, "first_missing": None}
    ]
    assert "C2026: 1 to 5, nothing missing\n" in daybook("register", "--gaps", "--series", "c2026").stdout
    with psycopg.connect(database.owner_url) as connection:  # somebody reached into the table
        connection.execute("DELETE FROM views.register WHERE number IN (2, 4)")
    broken = daybook("register", "--gaps")
    assert broken.exit_code == Exit.LEDGER
    assert "C2026: 2 of 1 to 5 MISSING, the first is C2026-000002\n" in broken.stdout


def test_what_was_handled_early_and_what_was_written_down_late_is_listed(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC1")
    teller.tell(RegisterCustomer(at=OPENED, customer_id=OTHER, kind=CustomerKind.PERSON), late=LATE)
    teller.case("INC2")  # received on the first day, written down after the third
    daybook.json("project")
    (late,) = daybook.json("register", "--late", "24")["entries"]
    assert (late["register"], late["delay_seconds"] // 86_400) == ("C2026-000002", 2)
    assert "2 days" in daybook("register", "--late", "24").stdout
    assert daybook.json("register", "--late", "24", "--at-source")["entries"] == []
    assert daybook.json("register", "--early")["entries"] == []
    assert "None." in daybook("register", "--early").stdout


@pytest.mark.parametrize("words", [(), ("--gaps",)])
def test_a_series_that_is_no_text_is_a_wrong_use(daybook: CommandLine, teller: Teller, words: tuple[str, ...]) -> None:
    teller.case("INC0000102")
    daybook.json("project")
    result = daybook("register", "--series", "caf\udce9", *words)
    assert (result.exit_code, "is no text" in result.stderr) == (Exit.USAGE, True)


@pytest.mark.parametrize(
    "words", [("--gaps", "--early"), ("--early", "--late", "3"), ("--series", "C2026", "--early"), ("--at-source",)]
)
def test_of_the_register_one_thing_is_asked_at_a_time(
    daybook: CommandLine, teller: Teller, words: tuple[str, ...]
) -> None:
    assert teller.workspace.ledger.head() == 1
    result = daybook("register", *words)
    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")


@pytest.mark.parametrize("command", ["movements", "register"])
def test_an_example_of_the_help_runs(daybook: CommandLine, teller: Teller, command: str) -> None:
    told(teller)
    daybook.json("project")
    words = {"movements": ("--by-units", "--from", "2026-03-01", "--to", "2026-03-31"),
             "register": ("--series", "C2026", "--gaps")}[command]  # fmt: skip
    assert " ".join((command, *words)) in daybook(command, "--help", COLUMNS="200").stdout
    assert daybook(command, *words).exit_code == Exit.DONE
