"""`daybook diff`, and `daybook customer` as of both axes."""

from datetime import timedelta
from typing import Any
from uuid import uuid5

import pytest

from api.cli.exits import Exit
from domain.case.commands import SendResponse
from domain.case.events import Outcome, ResponseKind
from domain.channel import Channel
from domain.customer import ContactKind, CustomerKind, MergeCustomers, RecordContact, RegisterCustomer, RenameCustomer
from domain.personal import Personal
from domain.stream import Category, stream_of
from tests.api.cli.conftest import CUSTOMER, NAMESPACE, OPENED, CommandLine, Teller
from tests.projections.righted import corrected

DAY = timedelta(days=1)
ANOTHER = uuid5(NAMESPACE, "another customer")
CASE = "C2026-000001"


@pytest.fixture
def resolved(teller: Teller) -> Teller:
    """A case that was resolved on Monday, which was written down on Thursday and put right a week later."""
    teller.case("INC0000102")
    case_id = uuid5(NAMESPACE, "INC0000102")
    teller.resolve(case_id)
    ledger, stream = teller.workspace.ledger, stream_of(Category.CASE, case_id)
    really = ledger.history(stream)[3].event.model_copy(update={"outcome": Outcome.REJECTED, "redress": None})
    corrected(ledger, stream, 4, really, asked=OPENED + 10 * DAY)
    return teller


def changed(answer: dict[str, Any]) -> dict[str, tuple[Any, Any, list[int]]]:
    seen = {"version", "position", "last_occurred_at", "last_recorded_at"}
    return {
        each["field"]: (each["before"], each["after"], each["because"])
        for each in answer["fields"]
        if each["field"] not in seen
    }


def test_what_a_correction_changed_in_a_case_is_told_to_programs(daybook: CommandLine, resolved: Teller) -> None:
    answer = daybook.json("diff", "case", CASE, "--from-known", "2026-03-06", "--to-valid", "2026-03-06")
    assert (answer["book"], answer["time"], answer["differs"]) == ("main", "simulated", True)
    assert answer["case"] == str(uuid5(NAMESPACE, "INC0000102"))
    assert answer["from"]["known_at"] == answer["from"]["valid_at"] == answer["to"]["valid_at"]
    assert (answer["from"]["known_position"], answer["to"]["known_position"]) == (6, 8)
    assert changed(answer) == {
        "outcome": ("upheld", "rejected", [6]),
        "redress_minor_units": (12_550, None, [6]),
        "redress_currency": ("CNY", None, [6]),
    }
    (event,) = answer["events"]
    told = {name: event[name] for name in ("position", "version", "topic", "before", "after")}
    assert told == {
        "position": 6, "version": 4, "topic": "case-resolved.1",
        "before": {"standing": "counted", "by": None}, "after": {"standing": "corrected", "by": 8},
    }  # fmt: skip


def test_people_read_each_field_with_what_made_it_so(daybook: CommandLine, resolved: Teller) -> None:
    shown = daybook("diff", "case", CASE, "--from-known", "2026-03-03").stdout
    assert shown.startswith("SIMULATED BOOK main")
    said = [" ".join(line.split()) for line in shown.splitlines()]
    tuesday = "2026-03-03T15:59:59.999999Z"
    for told in (
        f"from As known at {tuesday} by position 4, as far as it had occurred by {tuesday}.",
        "status registered resolved case resolved at position 6: not known -> corrected (position 8)",
        "category - broadband case classified at position 5: not known -> counted",
        "Events that one side has and the other has not, or reads otherwise:",
    ):
        assert told in said, shown
    assert said[-4].startswith(
        "5 3 2026-03-02 01:01:00+00:00 2026-03-05 09:01:00+08:00 王芳 · 北京分部 case classified"
    )
    assert said[-1].endswith("event corrected not known counted")


def test_of_a_figure_that_adds_up_out_of_many_events_the_first_are_named_and_the_others_counted(
    daybook: CommandLine, resolved: Teller
) -> None:
    case_id, before = uuid5(NAMESPACE, "INC0000102"), resolved.workspace.ledger.head()
    for _ in range(9):
        resolved.tell(SendResponse(at=resolved.now, case_id=case_id, kind=ResponseKind.INTERIM, channel=Channel.EMAIL))
    words = ("diff", "case", CASE, "--from-known", str(before))
    fields, _, _ = daybook(*words).stdout.partition("Events that one side has")
    assert fields.count("response sent at position") < 9 + 5  # nine of the first response and the like, five of this
    assert "; and 4 more of the events below" in " ".join(fields.split())
    assert changed(daybook.json(*words))["responses"] == (0, 9, [*range(before + 1, before + 10)])


def test_nothing_is_said_to_differ_where_nothing_does_and_scripts_may_ask_by_the_exit_code(
    daybook: CommandLine, resolved: Teller
) -> None:
    same = daybook("diff", "case", CASE, "--from-known", "8", "--exit-code")
    assert (same.exit_code, "Nothing differs: case " in same.stdout) == (Exit.DONE, True)
    assert daybook.json("diff", "case", CASE, "--from-known", "8")["differs"] is False
    before = ("diff", "case", CASE, "--from-known", "7")
    assert (daybook(*before).exit_code, daybook(*before, "--exit-code").exit_code) == (Exit.DONE, Exit.NO)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("case", CASE), Exit.USAGE, "Both sides are now. Say which past to begin with: --from-known"),
        (("case", "C2026-000009", "--from-known", "3"), Exit.NO, "There is no case 'C2026-000009'"),
        (("customer", "nobody", "--from-known", "3"), Exit.NO, "There is no customer 'nobody'"),
        (("customer", str(ANOTHER), "--from-known", "3"), Exit.NO, f"There is no customer '{ANOTHER}'"),
        (("case", CASE, "--from-known", "99"), Exit.USAGE, "Position 99 is not in book 'main'"),
        (("case", CASE, "--from-known", "2020-01-01"), Exit.NO, "Nothing had been recorded in book 'main' by then"),
        (("case", CASE, "--from-valid", "2026-03-02T09:00"), Exit.USAGE, "names no zone"),
        (("case", CASE, "--from-known", "3", "--from-known-by", "source"), Exit.USAGE, "A source has no positions"),
    ],
)
def test_what_cannot_be_compared_is_told(
    daybook: CommandLine, resolved: Teller, words: tuple[str, ...], code: Exit, said: str
) -> None:
    daybook.json("project")
    result = daybook("diff", *words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in " ".join(result.stderr.replace("│", " ").split())


@pytest.fixture
def merged(teller: Teller) -> Teller:
    """Two customers, of whom one got another name and a number, and proved to be the other one later."""
    teller.case("INC0000102")
    register = RegisterCustomer(
        at=OPENED,
        customer_id=ANOTHER,
        kind=CustomerKind.PERSON,
        name=Personal.open(ANOTHER, "冯晓明"),
        source_key="K-1",
    )
    number = Personal.open(ANOTHER, "+86 138 0000 1111")
    teller.tell(register)
    teller.tell(RenameCustomer(at=OPENED + DAY, customer_id=ANOTHER, name=Personal.open(ANOTHER, "冯小明")))
    teller.tell(RecordContact(at=OPENED + DAY, customer_id=ANOTHER, kind=ContactKind.PHONE, value=number))
    teller.tell(MergeCustomers(at=OPENED + 3 * DAY, customer_id=ANOTHER, into=CUSTOMER))
    return teller


def test_a_customer_is_shown_as_they_were_and_by_the_survivor_once_they_were_merged(
    daybook: CommandLine, merged: Teller
) -> None:
    daybook.json("project")

    def seen(*words: str) -> tuple[str, str, list[str]]:
        answer = daybook.json("customer", "K-1", *words)
        customer = answer["customer"]
        contacts = [each["value"]["value"] for each in customer["contacts"]]
        return customer["customer_id"], answer["name"]["value"], contacts

    assert seen("--known", "2026-03-02") == (str(ANOTHER), "冯晓明", [])
    assert seen("--known", "2026-03-04") == (str(ANOTHER), "冯小明", ["+86 138 0000 1111"])
    assert seen("--valid", "2026-03-02") == (str(ANOTHER), "冯晓明", [])
    assert seen("--known", "2026-03-05") == seen() == (str(CUSTOMER), "冯小明", [])
    answer = daybook.json("customer", "K-1", "--known", "2026-03-04", "--valid", "2026-03-02")
    assert (answer["cases"], answer["known_by"], answer["known_position"]) == (None, "ledger", 7)
    assert answer["valid_at"] == answer["as_of"] == "2026-03-02T15:59:59.999999Z"
    shown = daybook("customer", "K-1", "--known", "2026-03-04").stdout
    assert "As known at 2026-03-04T15:59:59.999999Z by position 7" in shown
    assert "+86 138 0000 1111" in shown


def test_what_cannot_be_shown_of_a_customers_past_is_told(daybook: CommandLine, merged: Teller) -> None:
    daybook.json("project")
    both = daybook("customer", "K-1", "--known", "2026-03-04", "--as-of", "2026-03-04")
    assert (both.exit_code, "with --known or --valid leave it out" in both.stderr) == (Exit.USAGE, True)
    early = daybook("customer", "K-1", "--known", "4")
    assert (early.exit_code, "Nobody had registered customer 'K-1' then." in early.stderr) == (Exit.NO, True)


def test_what_became_of_a_customer_is_told_by_their_own_file(daybook: CommandLine, merged: Teller) -> None:
    daybook.json("project")
    answer = daybook.json("diff", "customer", "K-1", "--from-known", "2026-03-02")
    value = {"state": "open", "value": "+86 138 0000 1111"}
    assert changed(answer) == {
        "name": ({"state": "open", "value": "冯晓明"}, {"state": "open", "value": "冯小明"}, [6]),
        "contacts/0/kind": (None, "phone", [7]),
        "contacts/0/value": (None, value, [7]),
        "merged_into": (None, str(CUSTOMER), [8]),
        "merged_at": (None, "2026-03-05T01:00:00.000000Z", [8]),
    }
    assert answer["customer"] == str(ANOTHER)
    shown = daybook("diff", "customer", "K-1", "--from-known", "2026-03-02").stdout
    assert "customer renamed at position 6: not known -> counted" in shown
