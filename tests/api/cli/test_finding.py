"""`daybook customer find`, and that `daybook customer` still shows one."""

from uuid import NAMESPACE_DNS, uuid5

from api.cli.exits import Exit
from domain.customer import ContactKind, CustomerKind, RecordContact, RegisterCustomer
from domain.personal import Personal
from tests.api.cli.conftest import CUSTOMER, CommandLine, Teller


def told(teller: Teller, count: int) -> None:
    """Some customers with one name, whose numbers differ."""
    for number in range(count):
        who = uuid5(NAMESPACE_DNS, f"finding {number}")
        teller.tell(
            RegisterCustomer(
                at=teller.now, customer_id=who, kind=CustomerKind.PERSON, name=Personal.open(who, "Ming \x1b[31m Feng"),
                source_key=f"F-{number}",
            ),
            RecordContact(
                at=teller.now, customer_id=who, kind=ContactKind.PHONE,
                value=Personal.open(who, f"+86 138 0000 {number:04}"),
            ),
        )  # fmt: skip


def test_customers_are_found_and_shown_to_people_and_to_programs(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC1")
    told(teller, 3)
    daybook.json("project")
    shown = daybook("customer", "find", "feng")
    assert shown.exit_code == Exit.DONE
    assert shown.stdout.count("F-") == 3
    assert "\x1b[31m" not in shown.stdout
    answer = daybook.json("customer", "find", "13800000002")
    assert (answer["book"], answer["time"], answer["position"]) == ("main", "simulated", teller.workspace.ledger.head())
    (customer,) = answer["customers"]
    assert (customer["source_key"], customer["contacts"][0]["value"]["value"]) == ("F-2", "+86 138 0000 0002")
    assert [each["customer_id"] for each in daybook.json("customer", "find", "冯")["customers"]] == [str(CUSTOMER)]
    assert "Nobody." in daybook("customer", "find", "nobody at all").stdout


def test_as_many_are_shown_as_were_asked_for(daybook: CommandLine, teller: Teller) -> None:
    told(teller, 23)
    daybook.json("project")
    assert len(daybook.json("customer", "find", "ming")["customers"]) == 20
    assert len(daybook.json("customer", "find", "ming", "--limit", "2")["customers"]) == 2
    keys = [each["source_key"] for each in daybook.json("customer", "find", "ming", "--all")["customers"]]
    assert keys == [f"F-{number}" for number in reversed(range(23))]


def test_what_cannot_be_looked_for_is_told_and_so_is_a_book_that_was_not_read(
    daybook: CommandLine, teller: Teller
) -> None:
    teller.case("INC1")
    before = daybook("customer", "find", "冯")
    assert (before.exit_code, before.stdout) == (Exit.NO, "")
    assert "`daybook project` does that." in before.stderr
    for text in ("", "…", "x" * 201, "caf\udce9" * 60):
        result = daybook("customer", "find", text)
        assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
        assert "to look for; give a name" in result.stderr


def test_one_customer_is_shown_with_and_without_the_word_for_it(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC1")
    told(teller, 1)
    daybook.json("project")
    at = ("--as-of", "2199-01-01")
    plain = daybook.json("customer", "F-0", *at)
    assert plain["customer"]["source_key"] == "F-0"
    assert daybook.json("customer", "show", "F-0", *at) == plain
    assert daybook.json("customer", *at, "F-0") == plain
    assert daybook("customer", "nobody").exit_code == Exit.NO
    assert daybook("customer", "--as-of", "1815-06-18", "F-0").exit_code == Exit.USAGE
