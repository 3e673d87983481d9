from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.customer import MergeCustomers, RegisterCustomer, Tier
from domain.event import Command, Refused
from domain.key_account import AssignManager
from domain.obligation import (
    CancelObligation,
    MeetObligation,
    ObligationKind,
    OpenObligation,
)
from domain.staff import LetStaffGo, MoveStaff, RegisterStaff, id_of_staff
from domain.unit.commands import CloseUnit, MoveUnit, OpenUnit, RenameUnit
from domain.unit.events import UnitKind, id_of_unit
from ledger.database import Database
from ledger.ledger import Ledger
from projections import customer_cases, customer_profile, obligation, staff, unit
from projections.customer_profile import CaseCounts, CustomerFilter
from projections.obligation import ObligationFilter, ObligationStatus
from projections.paging import Order, Window
from projections.runner import Runner
from projections.staff import StaffFilter
from tests import conftest
from tests.ledger.submissions import OPENED, register_customer
from tests.projections.books import case_id, customer_id, received, write

GROUP, NORTH, DESK = (id_of_unit(name) for name in ("集团", "华北分部", "客户服务处"))


def day(number: int) -> Any:
    return OPENED + timedelta(days=number)


def tell(ledger: Ledger, *commands: Command) -> None:
    """Writes commands down, each when it happens."""
    for command in commands:
        write(ledger, command, at=command.at)


# Customers ------------------------------------------------------------------------------------------------------------


def merged_twice(ledger: Ledger, runner: Runner) -> tuple[UUID, UUID, UUID]:
    """Three customers with a case each, who all prove to be the last one."""
    first, second, last = (customer_id(number) for number in range(3))
    for number, who in enumerate((first, second, last), 1000):
        registered = register_customer(who, f"客户 {number}", at=OPENED)
        tell(ledger, registered.model_copy(update={"source_key": f"K-{number}"}))
        write(ledger, received(number, customer_id=who))
    tell(ledger, MergeCustomers(at=day(1), customer_id=first, into=second))
    tell(ledger, MergeCustomers(at=day(2), customer_id=second, into=last))
    runner.catch_up()
    return first, second, last


def test_who_was_merged_is_answered_by_the_survivor_whatever_they_are_asked_by(
    ledger: Ledger, runner: Runner, written: Database
) -> None:
    first, second, last = merged_twice(ledger, runner)
    found = customer_profile.by_ids(written, "main", [first, second, last, customer_id(9)])
    assert {asked: profile.customer_id for asked, profile in found.items()} == {first: last, second: last, last: last}
    by_key = customer_profile.by_source_key(written, "main", "K-1000")
    assert [profile.customer_id for profile in by_key] == [last]
    assert [other.customer_id for other in by_key[0].absorbed] == [second]
    page = customer_profile.page(written, "main", Window(customer_profile.REGISTERED, limit=10))
    assert [profile.customer_id for profile in page.rows] == [last]


def test_the_cases_of_whoever_was_merged_are_the_survivors(ledger: Ledger, runner: Runner, written: Database) -> None:
    first, second, last = merged_twice(ledger, runner)
    counts = customer_profile.case_counts(written, "main", [last, second])
    assert counts == {last: CaseCounts(3, 3), second: CaseCounts(2, 2)}
    window = Window(Order("received", ("received_at", "case_id"), ("timestamptz", "uuid")), limit=2)
    pages = customer_cases.pages(written, "main", [last, first], window)
    assert [file.case_id for file in pages[last].rows] == [case_id(1000), case_id(1001)]
    assert pages[last].has_more
    assert [file.case_id for file in pages[first].rows] == [case_id(1000)]


def test_both_files_of_a_merger_are_written_together_or_not_at_all(ledger: Ledger) -> None:
    first, second = customer_id(1), customer_id(2)
    tell(ledger, register_customer(first, "冯小明", at=OPENED))
    with pytest.raises(Refused, match="no such customer to merge into"):
        write(ledger, MergeCustomers(at=OPENED, customer_id=first, into=second))
    tell(ledger, register_customer(second, "冯晓明", at=OPENED))
    position = write(ledger, MergeCustomers(at=OPENED, customer_id=first, into=second))
    merged, absorbed = ledger.since(position - 2)
    assert (merged.event.TOPIC, absorbed.event.TOPIC) == ("customer-merged.1", "customer-absorbed.1")
    assert (merged.stream, absorbed.stream) == (f"customer-{first}", f"customer-{second}")
    assert write(ledger, MergeCustomers(at=OPENED, customer_id=first, into=second)) == position
    with pytest.raises(Refused, match="merged into this very one"):
        write(ledger, MergeCustomers(at=OPENED, customer_id=second, into=first))


def test_key_accounts_are_found_by_their_manager(ledger: Ledger, runner: Runner, written: Database) -> None:
    for number in range(2):
        tell(
            ledger,
            RegisterCustomer.model_validate({"at": OPENED, "customer_id": customer_id(number), "kind": "person"}),
        )
    tell(ledger, AssignManager(at=OPENED, customer_id=customer_id(1), manager="王芳"))
    runner.catch_up()
    five = Window(customer_profile.REGISTERED, limit=5)
    page = customer_profile.page(written, "main", five, CustomerFilter(manager="王芳"))
    assert [profile.customer_id for profile in page.rows] == [customer_id(1)]
    nobody = customer_profile.page(written, "main", five, CustomerFilter((), (Tier.KEY,), "王芳"))
    assert nobody.rows == []


# Units ----------------------------------------------------------------------------------------------------------------


def grown(ledger: Ledger, runner: Runner) -> None:
    """A group whose desk moves to the top and takes another name, and whose branch closes."""
    tell(
        ledger,
        OpenUnit(at=day(0), name="集团", kind=UnitKind.GROUP),
        OpenUnit(at=day(1), name="华北分部", kind=UnitKind.BRANCH, parent=GROUP),
        OpenUnit(at=day(2), name="客户服务处", kind=UnitKind.DESK, parent=NORTH),
        MoveUnit(at=day(5), unit_id=DESK, parent=GROUP),
        RenameUnit(at=day(6), unit_id=DESK, name="总部客户服务处"),
        CloseUnit(at=day(7), unit_id=NORTH),
    )
    runner.catch_up()


def test_a_name_in_a_case_leads_up_the_tree_of_its_time(ledger: Ledger, runner: Runner, written: Database) -> None:
    grown(ledger, runner)

    def path(name: str, at: Any) -> list[str]:
        return [each.name for each in unit.path_at(written, "main", name, at)]

    assert path("客户服务处", day(1)) == []
    assert path("客户服务处", day(4)) == ["集团", "华北分部", "客户服务处"]
    assert path("客户服务处", day(5)) == ["集团", "客户服务处"]
    assert path("客户服务处", day(6)) == []
    assert path("总部客户服务处", day(6)) == ["集团", "总部客户服务处"]
    assert [(depth, each.name, each.is_open) for depth, each in unit.tree_as_of(written, "main", day(9)).walk()] == [
        (0, "集团", True),
        (1, "华北分部", False),
        (1, "总部客户服务处", True),
    ]


def test_a_unit_is_found_by_its_name_now_with_those_below_it(ledger: Ledger, runner: Runner, written: Database) -> None:
    grown(ledger, runner)
    found = unit.by_name(written, "main", "总部客户服务处")
    assert found is not None
    assert found == unit.by_id(written, "main", DESK)
    assert unit.by_name(written, "main", "客户服务处") is None
    below = unit.below(written, "main", [GROUP, NORTH])
    assert {above: [each.name for each in units] for above, units in below.items()} == {
        GROUP: ["华北分部", "总部客户服务处"]
    }


def test_the_ledger_walks_up_the_tree_before_it_lets_a_unit_move(ledger: Ledger, runner: Runner) -> None:
    grown(ledger, runner)
    tell(ledger, OpenUnit(at=day(8), name="小组", kind=UnitKind.TEAM, parent=DESK))
    with pytest.raises(Refused, match="below 小组, which stands below it"):
        write(ledger, MoveUnit(at=day(9), unit_id=GROUP, parent=id_of_unit("小组")), at=day(9))
    with pytest.raises(Refused, match="小组 would stay open"):
        write(ledger, CloseUnit(at=day(9), unit_id=DESK), at=day(9))
    with pytest.raises(Refused, match="华北分部 is closed"):
        write(ledger, MoveUnit(at=day(9), unit_id=DESK, parent=NORTH), at=day(9))


# Staff and obligations ------------------------------------------------------------------------------------------------


def test_staff_are_listed_by_name_unit_and_whether_they_are_here(
    ledger: Ledger, runner: Runner, written: Database
) -> None:
    for name in ("ada", "lin", "mei"):
        tell(ledger, RegisterStaff(at=OPENED, name=name, unit="East"))
    tell(ledger, MoveStaff(at=OPENED, staff_id=id_of_staff("lin"), unit="West"))
    tell(ledger, LetStaffGo(at=OPENED, staff_id=id_of_staff("mei")))
    runner.catch_up()

    def names(*, descending: bool = False, where: StaffFilter = staff.ALL_STAFF) -> list[str]:
        window = Window(staff.NAME, descending, limit=5)
        return [each.name for each in staff.page(written, "main", window, where).rows]

    assert names() == ["ada", "lin", "mei"]
    assert names(descending=True) == ["mei", "lin", "ada"]
    assert names(where=StaffFilter(unit="East")) == ["ada", "mei"]
    assert names(where=StaffFilter(unit="East", is_here=True)) == ["ada"]
    found = staff.by_name(written, "main", "lin")
    assert found is not None
    assert found.unit == "West"
    assert staff.by_name(written, "main", "nobody") is None


def test_obligations_are_listed_in_the_order_in_which_they_are_due(
    ledger: Ledger, runner: Runner, written: Database
) -> None:
    write(ledger, received(1))
    owed = [UUID(int=number) for number in range(1, 6)]
    for number, due in enumerate((day(3), day(1), None, day(2), day(4))):
        tell(
            ledger,
            OpenObligation(
                at=OPENED,
                obligation_id=owed[number],
                kind=ObligationKind.DIRECTIVE if number else ObligationKind.TASK,
                title=f"number {number}",
                case_id=None if number else case_id(1),
                unit="East" if number < 2 else None,
                owner="lin" if number == 4 else None,
                due_at=due,
            ),
        )
    tell(ledger, MeetObligation(at=day(1), obligation_id=owed[3]))
    tell(ledger, CancelObligation(at=day(1), obligation_id=owed[4], reason="overtaken"))
    runner.catch_up()

    def numbers(**rest: Any) -> list[int]:
        page = obligation.page(written, "main", Window(obligation.DUE, limit=9), ObligationFilter(**rest))
        return [owed.index(each.obligation_id) for each in page.rows]

    assert numbers() == [1, 3, 0, 4]
    assert numbers(statuses=(ObligationStatus.OPEN,)) == [1, 0]
    assert numbers(overdue_at=day(2)) == [1]
    assert numbers(due_before=day(3)) == [1, 3]
    assert numbers(unit="East") == [1, 0]
    assert numbers(owner="lin") == [4]
    assert numbers(kinds=(ObligationKind.TASK,)) == [0]
    assert numbers(case_id=case_id(1)) == [0]
    every = obligation.page(written, "main", Window(obligation.OPENED, limit=9))
    assert len(every.rows) == 5
    assert {case: [each.title for each in found] for case, found in obligation.of_cases(
        written, "main", [case_id(1), case_id(2)]
    ).items()} == {case_id(1): ["number 0"]}  # fmt: skip


LEANS: list[tuple[str, str, dict[str, Any]]] = [
    (customer_profile.FAMILIES + "SELECT * FROM family", "customer_profile_2_merged_into", {"ids": [GROUP]}),
    (unit.BY_NAME, "unit_2_name", {"name": "集团"}),
    (unit.BELOW, "unit_2_parent", {"ids": [GROUP]}),
    (obligation.OF_CASES, "obligation_2_case_id", {"ids": [GROUP]}),
]


def test_each_question_leans_on_the_index_that_it_names(
    ledger: Ledger, runner: Runner, database: conftest.Database
) -> None:
    grown(ledger, runner)
    for number in range(60):
        name, owed = f"number {number}", UUID(int=100 + number)
        tell(
            ledger,
            OpenUnit(at=OPENED, name=name, kind=UnitKind.TEAM, parent=None if number % 3 else GROUP),
            RegisterStaff(at=OPENED, name=name),
            received(number),
            OpenObligation(
                at=OPENED, obligation_id=owed, kind=ObligationKind.TASK, title=name, case_id=case_id(number)
            ),
        )
    merged_twice(ledger, runner)
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        connection.execute("SET enable_seqscan = off")
        connection.execute("SET enable_bitmapscan = off")
        for query, index, parameters in LEANS:
            explained = connection.execute(f"EXPLAIN {query}", {"book": "main", **parameters}).fetchall()
            assert f" using {index} " in "\n".join(line for (line,) in explained), query
