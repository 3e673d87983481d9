from datetime import UTC, datetime, timedelta

import pytest

from domain.case.commands import ReceiveCase
from domain.case.events import CaseKind
from domain.channel import Channel
from domain.customer import AssignTier, ContactKind, CustomerKind, MergeCustomers, RecordContact, RegisterCustomer, Tier
from domain.event import Precision
from domain.key_account import AssignManager, MakeVisit, PlanVisit
from domain.personal import Personal
from domain.unit.commands import CloseUnit, MoveUnit, OpenUnit, RenameUnit
from domain.unit.events import UnitKind, id_of_unit
from tests.api.cli.conftest import CUSTOMER, NAMESPACE, OPENED, CommandLine, Teller
from tests.api.cli.test_commands import example
from tests.conftest import PROJECT

GROUP, BRANCH, DESK = (id_of_unit(name) for name in ("集团", "华北分部", "客户服务处"))
OTHER, VISIT = NAMESPACE, id_of_unit("visit")


@pytest.fixture
def units(daybook: CommandLine, teller: Teller) -> CommandLine:
    """A desk that moves up on the 10th of March and is renamed on the 20th, when its branch closes."""
    first, tenth, twentieth = (OPENED + timedelta(days=days) for days in (0, 8, 18))
    teller.tell(OpenUnit(at=first, name="集团", kind=UnitKind.GROUP))
    teller.tell(OpenUnit(at=first, name="华北分部", kind=UnitKind.BRANCH, parent=GROUP))
    teller.tell(OpenUnit(at=first, name="客户服务处", kind=UnitKind.DESK, parent=BRANCH))
    teller.tell(MoveUnit(at=tenth, unit_id=DESK, parent=GROUP))
    teller.tell(RenameUnit(at=twentieth, unit_id=DESK, name="总部客户服务处"), CloseUnit(at=twentieth, unit_id=BRANCH))
    daybook.json("project")
    return daybook


@pytest.fixture
def customer(daybook: CommandLine, teller: Teller) -> CommandLine:
    """A key account of two files, silver at first and gold from the 12th of March on."""
    at = OPENED
    for who, key in ((CUSTOMER, "K-1024"), (OTHER, "K-1025")):
        name = Personal[str].open(who, "冯小明")
        teller.tell(
            RegisterCustomer(at=at, customer_id=who, kind=CustomerKind.PERSON, name=name, source_key=key),
            RecordContact(
                at=at, customer_id=who, kind=ContactKind.PHONE, value=Personal[str].open(who, "+86 10 5555 0100")
            ),
        )
    teller.tell(AssignTier(at=at, customer_id=CUSTOMER, tier=Tier.SILVER))
    later = at + timedelta(days=10)
    teller.tell(
        AssignTier(at=later, customer_id=CUSTOMER, tier=Tier.GOLD, rule_version="2026-1"),
        AssignManager(at=later, customer_id=CUSTOMER, manager="李四"),
        PlanVisit(
            at=later, customer_id=CUSTOMER, visit_id=VISIT, planned_for=later + timedelta(days=3),
            planned_precision=Precision.DAY, by="李四",
        ),
        MakeVisit(
            at=later, customer_id=CUSTOMER, visit_id=VISIT, by="李四", result="satisfied",
            words=Personal[str].open(CUSTOMER, "一切都好"),
        ),
        MergeCustomers(at=later, customer_id=OTHER, into=CUSTOMER),
    )  # fmt: skip
    teller.tell(
        ReceiveCase(
            at=at, case_id=VISIT, kind=CaseKind.COMPLAINT, channel=Channel.HOTLINE, customer_id=OTHER,
        )
    )  # fmt: skip
    daybook.json("project")
    return daybook


def test_the_tree_is_shown_as_of_the_end_of_a_day_in_the_books_zone(units: CommandLine) -> None:
    def tree(*words: str) -> list[tuple[int, str, bool]]:
        answer = units.json("units", *words)
        return [(unit["depth"], unit["name"], unit["is_open"]) for unit in answer["units"]]

    assert tree("--as-of", "2026-03-01") == []
    before = [(0, "集团", True), (1, "华北分部", True), (2, "客户服务处", True)]
    assert tree("--as-of", "2026-03-09") == tree("--as-of", "2026-03-10T08:59:59+08:00") == before
    moved = [(0, "集团", True), (1, "华北分部", True), (1, "客户服务处", True)]
    assert tree("--as-of", "2026-03-10") == moved
    assert tree() == [(0, "集团", True), (1, "华北分部", False), (1, "总部客户服务处", True)]
    answer = units.json("units", "--as-of", "2026-03-09")
    assert (answer["valid_at"], answer["units"][-1]["path"]) == (
        "2026-03-09T15:59:59.999999Z",
        ["集团", "华北分部", "客户服务处"],
    )


def test_people_read_the_tree_by_its_indentation(units: CommandLine) -> None:
    shown = units("units").stdout
    assert shown.startswith("SIMULATED BOOK main")
    lines = [line.rstrip() for line in shown.splitlines()]
    assert any(line.startswith("集团") for line in lines)
    assert any(line.startswith("  总部客户服务处") for line in lines)
    assert any(line.startswith("  华北分部") and line.endswith("closed") for line in lines)
    assert "No unit had been opened by" in units("units", "--as-of", "2026-01-01").stdout


def test_a_unit_is_given_hours_which_those_below_it_have_and_they_are_taken_back(units: CommandLine) -> None:
    bank = str(PROJECT / "examples" / "calendars" / "china-bank.toml")
    two = ("--by", "陈洁", "--approved-by", "Director Li", "--effective", "2025-01-01")
    by = ("--by", "陈洁")
    nowhere = units("unit", "hours", "集团", "--calendar", "china-bank", *by)
    assert (nowhere.exit_code, "There is no calendar china-bank; none was published yet" in nowhere.stderr) == (1, True)
    assert units("calendar", "publish", bank, *two).exit_code == 0
    answer = units.json("unit", "hours", "集团", "--calendar", "china-bank", *by)
    assert (answer["unit_id"], answer["calendar"], answer["written"]) == (str(GROUP), "china-bank", True)
    again = units("unit", "hours", "集团", "--calendar", "china-bank", *by)
    assert (again.exit_code, "It is so already; nothing was written." in again.stderr) == (0, True)
    units.json("project")
    tree = units.json("units")["units"]
    assert [(each["name"], each["own_calendar"], each["calendar"]) for each in tree] == [
        ("集团", "china-bank", "china-bank"),
        ("华北分部", None, "china-bank"),
        ("总部客户服务处", None, "china-bank"),
    ]
    assert all("china-bank" in line for line in units("units").stdout.splitlines() if "分部" in line)
    for name in ("总部客户服务处", "客户服务处"):
        assert units.json("unit", "hours", name, "--calendar", "china-bank", *by)["unit_id"] == str(DESK)
    gone = units("unit", "hours", "总部客户服务处", "--none", *by)
    assert "总部客户服务处 works as the unit above it" in gone.stdout
    closed = units("unit", "hours", "华北分部", "--calendar", "china-bank", *by)
    assert (closed.exit_code, "reopen it first" in closed.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("集团",), 2, "Give a --calendar, or --none"),
        (("集团", "--calendar", "x", "--none"), 2, "Give a --calendar, or --none"),
        (("集团", "--calendar", "NO!"), 2, "is no name of a calendar"),
        (("华南分部", "--none"), 1, "No unit of book 'main' is called 华南分部"),
    ],
)
def test_hours_of_no_unit_or_by_no_calendar_are_not_set(
    units: CommandLine, words: tuple[str, ...], code: int, why: str
) -> None:
    result = units("unit", "hours", *words, "--by", "陈洁")
    assert (result.exit_code, why in result.stderr) == (code, True), result.stderr


@pytest.mark.parametrize("by", ["", "  ", "陈" * 201, "\udcff"])
def test_hours_are_set_by_somebody_who_has_a_name(units: CommandLine, by: str) -> None:
    before = units.json("audit", "--limit", "1")
    result = units("unit", "hours", "集团", "--none", "--by", by)
    assert (result.exit_code, "--by" in result.stderr) == (2, True), result.stderr
    assert units.json("audit", "--limit", "1") == before


def test_people_read_the_days_of_the_tree_in_the_books_zone(daybook: CommandLine, teller: Teller) -> None:
    at_one_in_the_morning = datetime(2026, 3, 1, 17, tzinfo=UTC)
    teller.tell(OpenUnit(at=at_one_in_the_morning, zone="Asia/Shanghai", name="北京分部", kind=UnitKind.BRANCH))
    daybook.json("project")
    (line,) = [line for line in daybook("units").stdout.splitlines() if line.startswith("北京分部")]
    assert line.split() == ["北京分部", "branch", "2026-03-02"]
    none = daybook("units", "--as-of", "2026-03-01").stdout
    assert "No unit had been opened by 2026-03-01 23:59:59+08:00." in none


@pytest.mark.parametrize("told", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_an_instant_at_the_ends_of_all_time_is_a_wrong_use(daybook: CommandLine, told: str) -> None:
    result = daybook("units", "--as-of", told)
    assert (result.exit_code, "Invalid value for '--valid' / '--as-of'" in result.stderr) == (2, True), result.stderr


def test_a_customer_is_shown_with_the_tier_of_a_day(customer: CommandLine) -> None:
    answer = customer.json("customer", "K-1024")
    assert answer["tier_as_of"]["tier"] == "gold"
    assert answer["name"] == {"state": "open", "value": "冯小明"}
    assert answer["cases"] == {"cases": 1, "open_cases": 1}
    known = answer["customer"]
    assert (known["manager"], known["source_key"]) == ("李四", "K-1024")
    assert [(each["kind"], each["value"]["value"]) for each in known["contacts"]] == [("phone", "+86 10 5555 0100")]
    assert [(each["result"], each["words"]["value"]) for each in known["visits"]] == [("satisfied", "一切都好")]
    then = customer.json("customer", "K-1024", "--as-of", "2026-03-11")["tier_as_of"]
    assert (then["tier"], then["rule_version"]) == ("silver", None)
    assert customer.json("customer", str(CUSTOMER), "--as-of", "2026-03-01")["tier_as_of"] is None


def test_who_was_merged_is_shown_by_the_survivor(customer: CommandLine) -> None:
    for name in ("K-1025", str(OTHER)):
        assert customer.json("customer", name)["customer"]["customer_id"] == str(CUSTOMER)


def test_people_read_who_a_customer_is(customer: CommandLine) -> None:
    shown = customer("customer", "K-1024", "--as-of", "2026-03-12").stdout
    for told in (
        "冯小明", "+86 10 5555 0100", "gold since 2026-03-12, by rules 2026-1", "李四", "1, 1 of them open",
        f"{OTHER} on 2026-03-12", "planned for 2026-03-15, made 2026-03-12 by 李四: satisfied · 一切都好",
    ):  # fmt: skip
        assert told in shown, told


def test_a_customer_who_is_not_there_is_not_found(customer: CommandLine) -> None:
    for name in ("K-9999", str(VISIT), "caf\udce9", ""):
        result = customer("customer", name)
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"There is no customer {name!r} in book 'main'" in result.stderr


def test_a_view_that_is_not_made_or_behind_is_told(daybook: CommandLine, teller: Teller) -> None:
    teller.tell(OpenUnit(at=OPENED, name="集团", kind=UnitKind.GROUP))
    result = daybook("units")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Book 'main' has not been read into its views; `daybook project` does that." in result.stderr
    daybook.json("project")
    head = teller.workspace.ledger.head()
    teller.tell(OpenUnit(at=OPENED, name="华北分部", kind=UnitKind.BRANCH))
    result = daybook("units")
    assert "集团" in result.stdout
    assert f"This shows the book up to position {head} of {head + 1}; `daybook project` reads on." in result.stderr


def test_the_examples_of_units_and_customer_run(units: CommandLine, teller: Teller) -> None:
    assert "总部客户服务处" in units(*example("units")).stdout
    teller.tell(RegisterCustomer(at=teller.now, customer_id=CUSTOMER, kind=CustomerKind.PERSON, source_key="K-1024"))
    units.json("project")
    assert str(CUSTOMER) in units(*example("customer")).stdout
