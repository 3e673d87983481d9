"""The index by which customers are found: what it follows, what it forgets, and what can be read in it."""

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from domain.customer import (
    ContactKind,
    CustomerKind,
    CustomerRenamed,
    MergeCustomers,
    RegisterCustomer,
    WithdrawContact,
)
from domain.personal import Personal
from ledger.database import Database
from ledger.keys import LocalMasterKey
from ledger.ledger import Ledger
from projections import customer_lookup, customer_profile
from projections.customer_lookup import CUSTOMER_LOOKUP
from projections.customer_profile import CUSTOMER_PROFILE, REGISTERED, CustomerFilter
from projections.paging import Window
from projections.rebuild import rebuild
from projections.runner import Runner
from tests import conftest
from tests.ledger.submissions import MASTER, OPENED, contact, customer_stream, opened, register_customer, rename
from tests.projections.amended import Writers, expected, kept
from tests.projections.books import customer_id, rows, write
from tests.projections.righted import corrected, voided

WANG, ZHAO, LI = (customer_id(number) for number in range(3))
PHONE, EMAIL = ContactKind.PHONE, ContactKind.EMAIL


@pytest.fixture
def find(ledger: Ledger, runner: Runner, written: Database) -> Callable[..., list[UUID]]:
    """Looks for a text, once the views show everything; who was registered first comes first."""

    def found(text: str, *, partly: bool = True) -> list[UUID]:
        assert runner.catch_up() == ledger.head()
        return looked_for(ledger, written, text, partly=partly)

    return found


def looked_for(ledger: Ledger, database: Database, text: str, *, partly: bool = True) -> list[UUID]:
    """The customers whom a text finds by now."""
    sought = customer_lookup.sought(ledger.blind_index, text, partly=partly)
    assert sought is not None
    page = customer_profile.page(database, ledger.book, Window(REGISTERED, limit=100), CustomerFilter(sought=sought))
    return [profile.customer_id for profile in page.rows]


def test_a_customer_is_found_by_name_number_address_and_key(ledger: Ledger, find: Callable[..., list[UUID]]) -> None:
    name = Personal.open(WANG, "王小明")
    write(
        ledger,
        RegisterCustomer(at=OPENED, customer_id=WANG, kind=CustomerKind.PERSON, name=name, source_key="K-1"),
        contact(WANG, PHONE, "+86 138 0000 1111"),
        contact(WANG, EMAIL, "Wang@example.com"),
        register_customer(ZHAO, "Ming Feng"),
    )
    for typed in ("王", "小明", "王小明", "13800001111", "wang@EXAMPLE.com", "k-1"):
        assert find(typed) == [WANG], typed
    assert find("fen") == [ZHAO]
    assert find("nobody") == []
    assert find("小明", partly=False) == []
    assert find("王小明", partly=False) == [WANG]


def test_who_is_found_by_several_things_is_found_once(ledger: Ledger, find: Callable[..., list[UUID]]) -> None:
    write(
        ledger,
        register_customer(WANG, "王王 王"),
        contact(WANG, PHONE, "95588"),
        contact(WANG, ContactKind.QQ, "95588"),
    )
    assert find("王") == [WANG]
    assert find("95588") == [WANG]


def test_a_new_name_takes_the_place_of_the_old_one(ledger: Ledger, find: Callable[..., list[UUID]]) -> None:
    write(ledger, register_customer(WANG, "王小明"))
    assert find("王") == [WANG]
    write(ledger, rename(WANG, "李四"))
    assert (find("王"), find("李")) == ([], [WANG])


def test_a_contact_that_was_withdrawn_finds_nobody(ledger: Ledger, find: Callable[..., list[UUID]]) -> None:
    write(ledger, register_customer(WANG), contact(WANG, PHONE, "13800001111"))
    assert find("13800001111") == [WANG]
    write(ledger, WithdrawContact(at=OPENED, customer_id=WANG, version=2))
    assert find("13800001111") == []
    assert kept(ledger, CUSTOMER_LOOKUP) == []


def test_who_was_merged_leads_to_the_survivor_and_the_survivor_stands_once(
    ledger: Ledger, find: Callable[..., list[UUID]]
) -> None:
    write(ledger, register_customer(WANG, "王小明"), register_customer(ZHAO, "赵敏"), register_customer(LI, "王芳"))
    write(ledger, MergeCustomers(at=OPENED, customer_id=WANG, into=ZHAO))
    assert find("王小明") == [ZHAO]
    write(ledger, MergeCustomers(at=OPENED, customer_id=ZHAO, into=LI))
    assert (find("王小明"), find("赵"), find("王")) == ([LI], [LI], [LI])


def test_what_is_corrected_or_void_finds_as_it_is_read(ledger: Ledger, find: Callable[..., list[UUID]]) -> None:
    write(ledger, register_customer(WANG, "王小明"), rename(WANG, "李四"), contact(WANG, PHONE, "13800001111"))
    corrected(ledger, customer_stream(WANG), 2, CustomerRenamed(name=Personal.open(WANG, "赵敏")))
    assert (find("李四"), find("赵敏")) == ([], [WANG])
    voided(ledger, customer_stream(WANG), 2)
    assert (find("赵敏"), find("王小明")) == ([], [WANG])
    voided(ledger, customer_stream(WANG), 3)
    assert find("13800001111") == []
    voided(ledger, customer_stream(WANG), 1)
    assert find("王小明") == []
    assert kept(ledger, CUSTOMER_LOOKUP) == []


def test_who_is_only_known_by_touchpoints_or_by_nothing_has_no_row(
    ledger: Ledger, find: Callable[..., list[UUID]]
) -> None:
    write(ledger, register_customer(WANG), register_customer(ZHAO, "…"))
    assert find("王") == []
    assert kept(ledger, CUSTOMER_LOOKUP) == []


def test_nothing_of_a_name_or_a_number_can_be_read_in_a_row(
    ledger: Ledger, find: Callable[..., list[UUID]], database: conftest.Database
) -> None:
    write(ledger, register_customer(WANG, "王小明"), contact(WANG, PHONE, "13800001111"))
    assert find("王") == [WANG]
    row = str(rows(database, CUSTOMER_LOOKUP.table))
    assert [text for text in ("王", "小明", "138", "1111") if text in row.replace(str(WANG), "")] == []


def test_two_books_with_the_same_people_have_no_number_in_common(written: Database, projected: Database) -> None:
    numbers: list[set[int]] = []
    for book in ("main", "east"):
        ledger = opened(written, book)
        write(ledger, register_customer(WANG, "王小明"), contact(WANG, PHONE, "13800001111"))
        Runner(ledger, projected).catch_up()
        assert looked_for(ledger, written, "王小明") == [WANG]
        numbers.append({number for row in kept(ledger, CUSTOMER_LOOKUP) for number in row.numbers})
    assert len(numbers[0]) == len(numbers[1]) > 5
    assert numbers[0].isdisjoint(numbers[1])


@pytest.mark.parametrize("destroyed", ["subject_key", "personal_value"])
def test_what_was_erased_is_gone_once_the_row_is_worked_out_anew(
    ledger: Ledger,
    runner: Runner,
    written: Database,
    projected: Database,
    database: conftest.Database,
    destroyed: str,
) -> None:
    write(ledger, register_customer(WANG, "王小明"), contact(WANG, PHONE, "13800001111"))
    write(ledger, register_customer(ZHAO, "王芳"))
    runner.catch_up()
    with psycopg.connect(database.owner_url) as owner:
        owner.execute(f"DELETE FROM ledger.{destroyed} WHERE subject = %s".encode(), (WANG,))
    after = Ledger(written, MASTER)
    rebuilt = rebuild(CUSTOMER_LOOKUP, lambda: [after], projected)
    assert rebuilt.differing == 1
    assert looked_for(after, written, "王") == [ZHAO]
    assert looked_for(after, written, "13800001111") == []


def test_a_book_with_much_put_right_has_the_rows_that_a_plain_reading_has_however_it_is_read(
    ledger: Ledger, runner: Runner, projected: Database
) -> None:
    writers = Writers(ledger, 5, customers=6, cases=4, amending=0.5)
    for batch in (1, 7, 1_000):
        writers.write(120)
        assert runner.catch_up(batch=batch) == ledger.head()
        assert kept(ledger, CUSTOMER_LOOKUP) == expected(ledger, CUSTOMER_LOOKUP)
    assert len(kept(ledger, CUSTOMER_LOOKUP)) > 3
    assert rebuild(CUSTOMER_LOOKUP, lambda: [ledger], projected).differing == 0


def test_another_master_key_stops_this_view_by_name_and_no_other(
    ledger: Ledger, runner: Runner, written: Database, projected: Database
) -> None:
    head = write(ledger, register_customer(WANG, "王小明"))
    stranger = Ledger(written, LocalMasterKey(b"not the master key of this book."))
    mistaken = Runner(stranger, projected, [CUSTOMER_LOOKUP, CUSTOMER_PROFILE])
    assert mistaken.catch_up() == head - 1
    lookup, profile = mistaken.positions()
    assert (lookup.position, profile.position, profile.stopped) == (head - 1, head, None)
    assert lookup.stopped is not None
    assert lookup.stopped.cause.startswith("WrongKey: ")
    assert runner.catch_up() == head
    assert looked_for(ledger, written, "王") == [WANG]


# Rows as there are many of in a large book, with numbers of nobody.
STRANGERS = """
INSERT INTO views.customer_lookup_1 (book, stream, customer_id, position, numbers)
SELECT 'main', 'customer-' || number, gen_random_uuid(), number,
       ARRAY[number % 50, number % 1000, number * 1000 + 1, number * 1000 + 2, number * 1000 + 3, number * 1000 + 4]
FROM generate_series(1, 40000) AS number
"""


def test_a_search_leans_on_the_index_of_numbers_and_on_the_key_of_customers(
    ledger: Ledger, find: Callable[..., list[UUID]], database: conftest.Database
) -> None:
    write(ledger, register_customer(WANG, "Ming Feng"))
    assert find("feng") == [WANG]
    (condition,), parameters = customer_lookup.condition(
        customer_lookup.sought(ledger.blind_index, "ming fe", partly=True)
    )
    query = f"EXPLAIN SELECT * FROM views.customer_profile WHERE book = %(book)s AND {condition}"
    with psycopg.connect(database.owner_url) as connection:
        connection.execute(STRANGERS)
        connection.execute("ANALYZE views.customer_lookup_1")
        rows = connection.execute(query.encode(), {"book": "main", **parameters}).fetchall()
    plan = "\n".join(line for (line,) in rows)
    assert "customer_lookup_1_numbers" in plan
    assert "customer_profile_2_pkey" in plan
    assert "Seq Scan" not in plan
