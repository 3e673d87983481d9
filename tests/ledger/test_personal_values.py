import logging
import traceback
from typing import ClassVar
from uuid import UUID, uuid4

import psycopg
import pytest
from pydantic import ValidationError

from domain.channel import Channel
from domain.customer import ContactKind, CustomerKind, CustomerRenamed, RecordContact, RegisterCustomer
from domain.event import Event, Name, Refused
from domain.personal import Personal, PersonalState, personal_values
from domain.topics import EVENTS
from ledger.codec import PERSONAL_LIMIT_BYTES, Codec
from ledger.database import Database
from ledger.errors import CommandIdReused, LedgerError, StreamMoved, TooLarge, WrongKey
from ledger.keys import LocalMasterKey
from ledger.ledger import Ledger, PersonalPlace
from ledger.recorder import STREAMS_SEALED
from tests import conftest
from tests.ledger.submissions import (
    MASTER,
    OPENED,
    case_stream,
    contact,
    customer_stream,
    opened,
    receive,
    register_customer,
    rename,
    submission,
)

SECRET = "住在长安街一号的王小明"
OTHER_SECRET = "冯小明 +86 10 5555 0100"
MANY_EVENTS = """
INSERT INTO ledger.event (book, position, stream, version, topic, recorded_at, occurred_at, occurred_zone,
                          occurred_precision, data, metadata)
SELECT 'main', 1 + nth, 'case-' || gen_random_uuid(), 1, 'case-received.1', now(), now(), 'UTC', 'instant', '{}', '{}'
FROM generate_series(1, 50000) AS nth
"""
MANY_VALUES = """
INSERT INTO ledger.personal_value (book, stream, version, path, subject, key_version, sealed)
SELECT book, stream, version, '/words', gen_random_uuid(), 1, decode(repeat('00', 100), 'hex') FROM ledger.event
"""


def registered(ledger: Ledger, name: str = SECRET) -> UUID:
    customer = uuid4()
    ledger.carry_out(submission(register_customer(customer, name)))
    return customer


def values(ledger: Ledger, customer: UUID) -> list[object]:
    """What the customer's events hold, opened: the value, or the state when there is none to see."""
    history = ledger.history(customer_stream(customer), opened=True)
    held = [personal for recorded in history for _, personal in personal_values(recorded.event)]
    return [personal.value if personal.state is PersonalState.OPEN else personal.state for personal in held]


def afresh(ledger: Ledger, master: LocalMasterKey = MASTER) -> Ledger:
    """The same book with no key remembered."""
    return Ledger(ledger.database, master, ledger.book)


def tamper(database: conftest.Database, statement: str, *parameters: object) -> int:
    with psycopg.connect(database.owner_url) as connection:
        return connection.execute(statement.encode(), parameters).rowcount


def test_a_personal_value_reads_closed_unless_it_is_asked_for(ledger: Ledger) -> None:
    stream = customer_stream(registered(ledger))
    (closed,), (seen,) = ledger.history(stream), ledger.history(stream, opened=True)
    assert [p.state for _, p in personal_values(closed.event)] == [PersonalState.CLOSED]
    assert [p.value for _, p in personal_values(seen.event)] == [SECRET]
    assert closed._replace(event=seen.event) == seen


def test_everything_since_a_position_can_be_read_open(ledger: Ledger) -> None:
    customer = registered(ledger)
    ledger.carry_out(submission(contact(customer, ContactKind.PHONE, OTHER_SECRET), receive(uuid4(), SECRET)))
    found = [p.value for recorded in ledger.since(0, opened=True) for _, p in personal_values(recorded.event)]
    assert found == [SECRET, OTHER_SECRET, SECRET]


def test_a_value_is_disclosed_by_its_place_and_a_place_without_one_is_left_out(ledger: Ledger) -> None:
    customer = registered(ledger)
    ledger.carry_out(submission(rename(customer, OTHER_SECRET)))
    stream = customer_stream(customer)
    first, second = PersonalPlace(stream, 1, "/name"), PersonalPlace(stream, 2, "/name")
    nowhere = [
        PersonalPlace(stream, 1, "/kind"),
        PersonalPlace(stream, 9, "/name"),
        PersonalPlace("case-0", 1, "/name"),
    ]
    disclosed = ledger.disclose([second, first, *nowhere])
    assert {place: personal.value for place, personal in disclosed.items()} == {first: SECRET, second: OTHER_SECRET}
    assert ledger.disclose([]) == {}


def test_nothing_personal_stands_in_any_table_as_it_was_said(database: conftest.Database, ledger: Ledger) -> None:
    customer = registered(ledger)
    case = receive(uuid4(), OTHER_SECRET, customer_id=customer)
    ledger.carry_out(submission(case, contact(customer, ContactKind.PHONE, OTHER_SECRET)))
    with psycopg.connect(database.owner_url) as connection:
        tables = connection.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'ledger'").fetchall()
        dump = b"".join(
            bytes(part) if isinstance(part, bytes) else str(part).encode()
            for (table,) in tables
            for row in connection.execute(f"SELECT * FROM ledger.{table}".encode(), binary=True).fetchall()
            for part in row
        )
    assert customer.hex.encode() in dump.replace(b"-", b"")
    for secret in (SECRET, OTHER_SECRET, SECRET[:4], "5555 0100"):
        assert secret.encode() not in dump
        assert secret.encode("unicode_escape") not in dump


def test_nothing_personal_is_logged_or_said_in_an_error(
    ledger: Ledger, written: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    customer, stranger = registered(ledger), uuid4()
    again = submission(rename(customer, OTHER_SECRET))
    ledger.carry_out(again)
    about_another = RecordContact(
        at=OPENED, customer_id=customer, kind=ContactKind.EMAIL, value=Personal.open(stranger, SECRET)
    )
    failing = [
        (Refused, submission(about_another)),
        (Refused, submission(register_customer(customer, OTHER_SECRET + "!"))),
        (Refused, submission(rename(stranger, SECRET))),
        (StreamMoved, submission(rename(customer, SECRET), expected=((customer_stream(customer), 1),))),
        (CommandIdReused, submission(rename(customer, SECRET), command_id=again.command_id)),
        (TooLarge, submission(contact(customer, ContactKind.OTHER, SECRET + "\x01" * 12_000))),
    ]
    said = []
    for kind, asked in failing:
        with pytest.raises(kind) as raised:
            ledger.carry_out(asked)
        said += traceback.format_exception(raised.value)
    for outcome in ledger.carry_out_all([asked for _, asked in failing]):
        assert isinstance(outcome, Refused | LedgerError)
        said += traceback.format_exception(outcome)
    with pytest.raises(ValidationError) as unfit:
        register_customer(customer, SECRET * 40)
    said += traceback.format_exception(unfit.value)
    with pytest.raises(WrongKey) as wrong:
        values(afresh(ledger, LocalMasterKey(b"2" * 32)), customer)
    said += [*traceback.format_exception(wrong.value), caplog.text]
    assert len("".join(said)) > 1000
    assert [secret for secret in (SECRET, OTHER_SECRET, repr(SECRET)) if secret in "".join(said)] == []


def test_a_command_that_holds_an_unfit_personal_value_does_not_quote_it() -> None:
    with pytest.raises(ValidationError) as raised:
        RegisterCustomer.model_validate(
            {"at": OPENED, "customer_id": uuid4(), "kind": CustomerKind.PERSON, "name": SECRET}
        )
    assert SECRET not in str(raised.value)


# What the keys guard --------------------------------------------------------------------------------------------------


def test_another_master_key_opens_nothing(ledger: Ledger) -> None:
    customer = registered(ledger)
    stranger = afresh(ledger, LocalMasterKey(b"2" * 32))
    assert len(stranger.since(0)) == 2
    with pytest.raises(WrongKey, match="does not open with the key at hand"):
        values(stranger, customer)


def test_values_are_looked_up_by_their_events_in_a_large_book_that_was_never_analysed(
    database: conftest.Database, ledger: Ledger
) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE ledger.event SET (autovacuum_enabled = false)")
        connection.execute("ALTER TABLE ledger.personal_value SET (autovacuum_enabled = false)")
        connection.execute(MANY_EVENTS)
        connection.execute(MANY_VALUES)
        wanted = [case_stream(uuid4()) for _ in range(1000)]
        plan = connection.execute(f"EXPLAIN {STREAMS_SEALED}", {"book": "main", "streams": wanted}).fetchall()
    assert "Index Scan using personal_value_pkey" in str(plan)
    assert "(stream = event.stream)" in str(plan)


def test_nothing_personal_is_written_under_a_master_key_other_than_before(ledger: Ledger) -> None:
    registered(ledger)
    head = ledger.head()
    stranger = afresh(ledger, LocalMasterKey(b"2" * 32))
    with pytest.raises(WrongKey, match="does not open with the key at hand"):
        registered(stranger)
    assert ledger.head() == head


@pytest.mark.parametrize("same_subject", [True, False], ids=["of one person", "of two people"])
def test_sealed_values_that_changed_places_are_found(
    database: conftest.Database, ledger: Ledger, same_subject: bool
) -> None:
    first = registered(ledger)
    second = first if same_subject else registered(ledger, OTHER_SECRET)
    if same_subject:
        ledger.carry_out(submission(rename(first, OTHER_SECRET)))
    swapped = tamper(
        database,
        """
        UPDATE ledger.personal_value AS p SET sealed = q.sealed FROM ledger.personal_value AS q
        WHERE (p.stream, p.version) <> (q.stream, q.version)
        """,
    )
    assert swapped == 2
    for customer in {first, second}:
        with pytest.raises(WrongKey):
            values(afresh(ledger), customer)
        assert len(ledger.history(customer_stream(customer))) == (2 if same_subject else 1)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger.personal_value SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)",
        "UPDATE ledger.personal_value SET sealed = substr(sealed, 1, length(sealed) - 1)",
        "UPDATE ledger.personal_value SET sealed = ''",
        "UPDATE ledger.personal_value SET key_version = 2",
        "UPDATE ledger.subject_key SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)",
    ],
)
def test_a_sealed_value_or_key_that_was_changed_is_found(
    database: conftest.Database, ledger: Ledger, change: str
) -> None:
    customer = registered(ledger)
    assert tamper(database, change) == 1
    with pytest.raises(WrongKey):
        values(afresh(ledger), customer)


def test_a_decision_does_not_build_on_a_value_that_was_changed(database: conftest.Database, ledger: Ledger) -> None:
    customer = registered(ledger)
    tamper(database, "UPDATE ledger.personal_value SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)")
    with pytest.raises(WrongKey):
        afresh(ledger).carry_out(submission(rename(customer, OTHER_SECRET)))
    assert ledger.head() == 2


@pytest.mark.parametrize("destroyed", [("subject_key",), ("personal_value",), ("subject_key", "personal_value")])
def test_a_value_whose_key_or_row_was_destroyed_reads_as_erased(
    database: conftest.Database, ledger: Ledger, destroyed: tuple[str, ...]
) -> None:
    gone, stays = registered(ledger), registered(ledger, OTHER_SECRET)
    for table in destroyed:
        assert tamper(database, f"DELETE FROM ledger.{table} WHERE subject = %s", gone) == 1
    assert values(afresh(ledger), gone) == [PersonalState.ERASED]
    assert values(afresh(ledger), stays) == [OTHER_SECRET]
    place = PersonalPlace(customer_stream(gone), 1, "/name")
    assert afresh(ledger).disclose([place])[place].state is PersonalState.ERASED


def test_the_same_person_has_another_key_in_another_book(ledger: Ledger, written: Database) -> None:
    other = opened(written, "other")
    customer = registered(ledger)
    other.carry_out(submission(register_customer(customer, OTHER_SECRET)))
    rows = written.rows("SELECT book, wrapped FROM ledger.subject_key WHERE subject = %(s)s", {"s": customer})
    assert len({bytes(wrapped) for _, wrapped in rows}) == 2
    assert (values(afresh(ledger), customer), values(afresh(other), customer)) == ([SECRET], [OTHER_SECRET])


# Size and schema ------------------------------------------------------------------------------------------------------


def test_a_personal_value_of_64_kib_is_kept_and_a_larger_one_refused(ledger: Ledger) -> None:
    """Each control character takes six bytes: \\u0001."""
    customer = registered(ledger)
    largest = "\x01" * ((PERSONAL_LIMIT_BYTES - 2) // 6) + "x" * ((PERSONAL_LIMIT_BYTES - 2) % 6)
    ledger.carry_out(submission(contact(customer, ContactKind.OTHER, largest)))
    assert values(ledger, customer) == [SECRET, largest]
    with pytest.raises(TooLarge, match="The personal value at /value has 65537 bytes"):
        ledger.carry_out(submission(contact(customer, ContactKind.OTHER, "x" + largest)))
    assert ledger.head() == 3


class CustomerCalled(Event):
    TOPIC: ClassVar = "customer-renamed.2"

    called: Personal[Name]
    channel: Channel


def test_a_value_is_still_found_after_a_newer_schema_moved_it(ledger: Ledger) -> None:
    customer = registered(ledger)
    ledger.carry_out(submission(rename(customer, OTHER_SECRET)))
    newer = Codec(
        [*(event for event in EVENTS if event is not CustomerRenamed), CustomerCalled],
        {CustomerRenamed.TOPIC: (CustomerCalled.TOPIC, lambda p: {"called": p["name"], "channel": "other"})},
    )
    (_, recorded) = Ledger(ledger.database, MASTER, "main", codec=newer).history(customer_stream(customer), opened=True)
    assert recorded.event == CustomerCalled(called=Personal.open(customer, OTHER_SECRET), channel=Channel.OTHER)
