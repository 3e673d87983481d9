import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest

from api.graphql.identity import global_id, identity_of
from api.imports.loading import parsed
from api.imports.run import run_import
from api.ingest.door import CORRELATIONS
from domain.stream import Category
from tests.api.imports.written import IMPORTER
from tests.api.ingest.sending import AT, SOURCE, Producer, item, lines, received

OF_A_CUSTOMER = global_id(Category.CUSTOMER, "main", UUID(int=7))
LATER = (datetime.now(UTC) + timedelta(days=2)).isoformat()


@pytest.fixture
def head(producer: Producer) -> int:
    return producer.ledger.head()


def test_a_matter_is_brought_in_by_the_keys_of_its_source_alone(producer: Producer, head: int) -> None:
    answers = producer.sent(
        item("register-customer", "u-1", kind="person", name="Ana Gómez"),
        item("record-contact", "u-1", kind="email", value="ana@example.org"),
        item("record-touchpoint", "chat-1", customer="u-1", channel="chat", direction="in", words="Billed twice."),
        received("T-1", customer="u-1", touchpoint="chat-1", words="I was billed twice."),
        item("register-case", "T-1", unit="Parcels"),
        item("send-response", "T-1", kind="first", channel="chat", by="li", words="We look into it."),
        item("resolve-case", "T-1", outcome="solved", redress={"minor_units": 1290, "currency": "EUR"}),
    )
    assert [answer["status"] for answer in answers] == ["accepted"] * 7
    assert producer.names(head) == [
        "CustomerRegistered", "ContactRecorded", "TouchpointRecorded", "CaseReceived", "CaseRegistered",
        "ResponseSent", "CaseResolved",
    ]  # fmt: skip
    assert [answer["position"] for answer in answers] == list(range(head + 1, head + 8))
    customer, touchpoint, case, response = (producer.events(head)[at].event for at in (0, 2, 3, 5))
    assert (customer.name.value, customer.source_key) == ("Ana Gómez", "u-1")
    assert touchpoint.words.subject == case.words.subject == response.words.subject == case.customer_id
    assert (case.source_key, case.words.value) == ("T-1", "I was billed twice.")
    assert answers[4]["number"].startswith("C20")
    assert [answer["version"] for answer in answers] == [1, 2, 1, 1, 2, 3, 4]
    assert len({answers[place]["subject"] for place in (3, 4, 5, 6)}) == 1


def test_an_answer_names_its_subject_as_graphql_does_and_shows_by_its_token(producer: Producer) -> None:
    response = producer.post(b"")
    assert response.json() == {
        "end": True, "items": 0, "accepted": 0, "repeated": 0, "refused": 0, "conflict": 0, "invalid": 0, "failed": 0,
    }  # fmt: skip
    response = producer.post(orjson.dumps(received("T-2")))
    told, end = [orjson.loads(line) for line in response.content.splitlines()]
    shown = producer.front_end.send(
        "query($id: ID!) { node(id: $id) { ... on Case { sourceKey status } } }",
        headers={"Daybook-Consistency-Token": end["consistency_token"]},
        id=told["subject"],
    )
    assert shown.json() == {"data": {"node": {"sourceKey": "T-2", "status": "RECEIVED"}}}


def test_every_event_says_who_sent_it_in_what_body_on_which_line(producer: Producer, head: int) -> None:
    producer.sent(b"", received("T-3"), item("register-case", "T-3"))
    one, other = (recorded.metadata for recorded in producer.events(head)[:2])
    assert (one.channel, one.actor.name) == ("ingest", "developer")
    assert one.source is not None
    assert other.source is not None
    assert (one.source.line, other.source.line) == (2, 3)
    assert one.source.digest == other.source.digest
    assert one.correlation == other.correlation
    assert one.command != other.command


def test_what_an_event_says_of_its_body_does_not_tell_a_number_to_who_tries_them_all(
    producer: Producer, head: int
) -> None:
    producer.sent(item("register-customer", "u-41", kind="person", name="Bo"))
    body = orjson.dumps(item("record-contact", "u-41", kind="phone", value="+86 138 0013 1111"))
    producer.post(body)
    plain = hashlib.sha256(body).hexdigest()
    recorded = producer.events(head)[-1]
    assert recorded.event.TOPIC == "contact-recorded.1"
    assert recorded.metadata.source is not None
    assert recorded.metadata.source.digest != plain
    assert recorded.metadata.correlation != uuid5(CORRELATIONS, plain)
    assert recorded.metadata.source.digest == hmac.digest(producer.ledger.body_key, b"main\0" + body, "sha256").hex()


def test_an_item_that_is_sent_again_is_answered_as_before_and_recorded_once(producer: Producer) -> None:
    items = [
        item("register-customer", "u-4", kind="person", name="Bo"),
        received("T-4", customer="u-4", words="Where is it?"),
        item("register-case", "T-4"),
        item("register-case", "T-4", unit="Parcels"),
    ]
    first = producer.sent(*items)
    assert [answer["status"] for answer in first] == ["accepted"] * 3 + ["refused"]
    head = producer.ledger.head()
    again = producer.sent(*items)
    assert [answer["status"] for answer in again] == ["repeated"] * 3 + ["refused"]
    for one, other in zip(first[:3], again, strict=False):
        assert {**other, "status": "accepted"} == one
    assert producer.ledger.head() == head


def test_an_item_that_stands_twice_in_a_body_is_recorded_once(producer: Producer, head: int) -> None:
    receipt, other = received("T-5"), received("T-6")
    clash = {**received("T-7"), "id": other["id"]}
    assert producer.statuses(receipt, receipt, other, clash) == [
        "accepted", "repeated", "accepted", "conflict ID_REUSED",
    ]  # fmt: skip
    assert producer.names(head) == ["CaseReceived", "CaseReceived"]


def test_an_id_that_comes_back_with_other_content_is_a_conflict_of_its_own_item_alone(producer: Producer) -> None:
    receipt = received("T-8")
    producer.sent(receipt)
    changed = {**receipt, "data": {"kind": "inquiry", "channel": "chat"}}
    answers = producer.sent(received("T-9"), changed, item("register-case", "T-8"))
    assert [answer["status"] for answer in answers] == ["accepted", "conflict", "accepted"]
    assert answers[1]["field"] == ["id"]
    assert answers[1]["id"] == receipt["id"]


def test_the_same_id_of_another_source_is_another_item(producer: Producer) -> None:
    receipt = received("T-10")
    assert producer.statuses(receipt, {**receipt, "source": "web.forms"}) == ["accepted", "accepted"]


def test_a_no_is_said_in_the_words_and_codes_of_the_ledger(producer: Producer) -> None:
    (unknown, early) = producer.sent(
        item("register-case", "T-nowhere"),
        item("rename-customer", "u-nowhere", name="Nobody"),
    )
    assert (unknown["status"], unknown["code"]) == ("refused", "UNKNOWN_CASE")
    assert unknown["message"]
    assert (early["status"], early["code"]) == ("refused", "UNKNOWN_CUSTOMER")
    (future,) = producer.sent(received("T-11", time=LATER))
    assert (future["code"], future["field"]) == ("OCCURS_IN_THE_FUTURE", ["time"])


def test_what_was_refused_is_carried_out_when_things_stand_otherwise(producer: Producer) -> None:
    registration = item("register-case", "T-12")
    assert producer.statuses(registration) == ["refused UNKNOWN_CASE"]
    assert producer.statuses(received("T-12"), registration) == ["accepted", "accepted"]


def test_a_customer_whom_nobody_registered_is_refused_as_such(producer: Producer) -> None:
    receipt = received("T-13", customer="u-13")
    (answer,) = producer.sent(receipt)
    assert (answer["status"], answer["code"], answer["field"]) == ("refused", "UNKNOWN_CUSTOMER", ["data", "customer"])
    registration = item("register-customer", "u-13", kind="person")
    assert producer.statuses(receipt, registration, receipt) == ["refused UNKNOWN_CUSTOMER", "accepted", "accepted"]
    (touched,) = producer.sent(item("receive-case", "T-14", kind="request", channel="web", touchpoint="never"))
    assert touched["code"] == "UNKNOWN_TOUCHPOINT"


def test_nothing_leans_on_a_beginning_that_was_refused(producer: Producer, head: int) -> None:
    used = item("register-customer", "u-15", kind="person")
    producer.sent(used)
    assert producer.statuses(
        item("register-customer", "u-16", kind="person", time=LATER),
        received("T-16", customer="u-16"),
        {**item("register-customer", "u-17", kind="person"), "id": used["id"]},
        received("T-17", customer="u-17"),
        item("register-case", "T-17"),
        item("register-customer", "u-16", kind="person"),
        received("T-18", customer="u-16"),
    ) == [
        "refused OCCURS_IN_THE_FUTURE", "refused UNKNOWN_CUSTOMER", "conflict ID_REUSED", "refused UNKNOWN_CUSTOMER",
        "refused UNKNOWN_CASE", "accepted", "accepted",
    ]  # fmt: skip
    assert producer.names(head) == ["CustomerRegistered", "CustomerRegistered", "CaseReceived"]


def test_words_are_about_whoever_the_case_is_about_by_then(producer: Producer, head: int) -> None:
    def answered(words: str) -> dict[str, Any]:
        return item("send-response", "T-20", kind="update", channel="chat", words=words)

    people = [item("register-customer", key, kind="person") for key in ("u-20", "u-21")]
    opening = [*people, received("T-20", words="whose?"), item("register-case", "T-20")]
    turns = [
        answered("to nobody known"),
        item("change-case-customer", "T-20", customer="u-20"),
        answered("to the first"),
        item("change-case-customer", "T-20", customer="u-21"),
        answered("to the second"),
    ]
    assert producer.statuses(*opening, *turns) == ["accepted"] * 9
    ids = {one.event.source_key: one.stream.partition("-")[2] for one in producer.events(head)[:2]}
    case = producer.events(head)[2].stream.partition("-")[2]
    said = [str(one.event.words.subject) for one in producer.events(head) if type(one.event).__name__ == "ResponseSent"]
    assert said == [case, ids["u-20"], ids["u-21"]]
    assert producer.statuses(*opening, *turns) == ["repeated"] * 9
    producer.front_end.ask("{ ledgerHead { book } }")
    assert producer.statuses(answered("to the second, in another body")) == ["accepted"]


def test_what_came_in_by_another_door_is_named_by_its_id_or_number(producer: Producer, head: int) -> None:
    customer = producer.front_end.done("registerCustomer", kind="PERSON", name="周")["id"]
    case = producer.front_end.done("receiveCase", kind="REQUEST", channel="WEB", occurredAt=AT)["id"]
    number = producer.front_end.done("registerCase", "number", caseId=case, occurredAt=AT)["number"]
    assert (
        producer.statuses(
            item(
                "record-touchpoint", customer={"id": customer}, case={"number": number}, channel="sms", direction="out"
            ),
            item("classify-case", case={"id": case}, category="Parcels"),
            item("prioritise-case", case={"number": number.lower()}, priority="high"),
            received("T-22", customer={"id": customer}),
            item("link-case", "T-22", other={"number": number}, relation="related"),
        )
        == ["accepted"] * 5
    )
    touchpoint = producer.events(head)[3].event
    assert str(touchpoint.case_id) == str(identity_of(case, "main").subject)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"case": {"number": "C1999-000001"}}, ["data", "case", "number"]),
        ({"case": {"number": "seven"}}, ["data", "case", "number"]),
        ({"case": {"id": "seven"}}, ["data", "case", "id"]),
        ({"case": {"id": OF_A_CUSTOMER}}, ["data", "case", "id"]),
        ({"case": {}}, ["data", "case"]),
        ({"case": {"id": "a", "number": "b"}}, ["data", "case"]),
        ({"case": "T-1"}, ["data", "case"]),
        ({}, ["subject"]),
    ],
)
def test_what_names_nothing_is_said_by_its_field(producer: Producer, told: dict[str, Any], field: list[str]) -> None:
    (answer,) = producer.sent(item("classify-case", category="Parcels", **told))
    assert (answer["status"], answer["code"], answer["field"]) == ("invalid", "BAD_FIELD", field)


def test_a_subject_that_is_named_twice_is_none(producer: Producer) -> None:
    (answer,) = producer.sent(item("accept-case", "T-1", case={"number": "C2026-000001"}))
    assert (answer["code"], answer["field"]) == ("BAD_FIELD", ["data", "case"])


def test_an_item_that_does_not_say_when_happened_now_and_is_the_same_a_moment_later(
    producer: Producer, head: int
) -> None:
    receipt = received("T-23", time=None)
    assert producer.statuses(receipt) == ["accepted"]
    assert producer.statuses(receipt) == ["repeated"]
    (one,) = producer.events(head)
    assert abs(one.recorded_at - one.occurred_at) < timedelta(minutes=1)
    assert one.occurred_zone == "Asia/Shanghai"


def test_zone_and_precision_are_kept(producer: Producer, head: int) -> None:
    producer.sent(received("T-24", time="2026-03-02T00:00:00+01:00", zone="Europe/Berlin", precision="day"))
    (one,) = producer.events(head)
    assert (one.occurred_zone, one.occurred_precision) == ("Europe/Berlin", "day")
    assert one.occurred_at == datetime(2026, 3, 1, 23, tzinfo=UTC)


def test_a_key_of_the_request_stands_in_for_ids_that_are_left_out(producer: Producer, head: int) -> None:
    bare = [{name: value for name, value in received(key).items() if name != "id"} for key in ("T-25", "T-26")]
    assert producer.statuses(*bare) == ["invalid NO_ID"] * 2
    key = {"Idempotency-Key": '"8e03978e-40d5-43dd"'}
    assert producer.statuses(*bare, headers=key) == ["accepted"] * 2
    assert producer.statuses(*bare, headers={"Idempotency-Key": "8e03978e-40d5-43dd"}) == ["repeated"] * 2
    changed = [bare[0], {**bare[1], "subject": "T-27"}, item("register-case", "T-25")]
    assert producer.statuses(*changed, headers=key) == ["repeated", "conflict ID_REUSED", "accepted"]
    assert producer.statuses(*bare[:1], headers={"Idempotency-Key": "another"}) == ["accepted"]
    assert producer.names(head) == ["CaseReceived", "CaseReceived", "CaseRegistered"]


def test_the_source_may_be_said_once_for_all_lines(producer: Producer) -> None:
    bare = {name: value for name, value in received("T-28").items() if name != "source"}
    assert producer.statuses(bare) == ["invalid NO_SOURCE"]
    assert producer.statuses(bare, headers={"Daybook-Source": SOURCE}) == ["accepted"]
    assert producer.statuses({**bare, "source": SOURCE}) == ["repeated"]


def test_many_at_one_case_at_once_all_have_their_turn(producer: Producer) -> None:
    producer.sent(received("T-29"), item("register-case", "T-29"))

    def assigned(sender: int) -> list[str]:
        return producer.statuses(*(item("assign-case", "T-29", handler=f"{sender}-{turn}") for turn in range(20)))

    with ThreadPoolExecutor(4) as senders:
        assert list(senders.map(assigned, range(4))) == [["accepted"] * 20] * 4


def test_the_same_body_sent_by_several_at_once_is_recorded_once(producer: Producer, head: int) -> None:
    items = [received(f"T-30-{number}") for number in range(200)]
    with ThreadPoolExecutor(4) as senders:
        answers = list(senders.map(lambda _: producer.statuses(*items), range(4)))
    assert all({*told} <= {"accepted", "repeated"} for told in answers)
    assert [sorted(told[at] for told in answers) for at in range(200)] == [["accepted"] + ["repeated"] * 3] * 200
    assert producer.ledger.head() == head + 200


def test_a_body_of_more_items_than_are_carried_out_at_once_keeps_its_order(producer: Producer, head: int) -> None:
    items = [item("register-customer", "u-31", kind="organisation")]
    for number in range(400):
        items += [received(f"T-31-{number}", customer="u-31"), item("register-case", f"T-31-{number}")]
    answers = producer.sent(*items)
    assert [answer["status"] for answer in answers] == ["accepted"] * 801
    assert [answer["item"] for answer in answers] == list(range(1, 802))
    assert [answer["position"] for answer in answers] == list(range(head + 1, head + 802))
    numbers = [answer["number"] for answer in answers if "number" in answer]
    assert numbers == sorted(numbers)
    assert len(numbers) == 400


def test_what_began_in_a_file_goes_on_by_items_of_the_same_source(producer: Producer, tmp_path: Path) -> None:
    mapping = f"""
        name = "tickets"
        shape = "event"
        source = "{SOURCE}"
        file = {{ format = "ndjson" }}
        rows = {{ case = "ticket", key = ["what"] }}
        time = {{ formats = ["iso"], zone = "UTC", zone_assumed = false, occurred = "when" }}
        customer = {{ column = "who", kind = "person" }}
        case = {{ kind = "request", channel = "chat" }}
        activity = {{ column = "what" }}
        activities = {{ "filed" = [{{ do = "receive-case" }}, {{ do = "register-case" }}] }}
    """
    file = tmp_path / "tickets.ndjson"
    file.write_bytes(lines([{"ticket": "T-40", "what": "filed", "when": "2026-03-01T08:00:00Z", "who": "u-40"}]))
    run_import(producer.ledger, file, parsed(mapping, "tickets.toml"), actor=IMPORTER)
    head = producer.ledger.head()
    assert (
        producer.statuses(
            item("send-response", "T-40", kind="first", channel="chat", words="We look into it."),
            received("T-41", customer="u-40", touchpoint="T-40"),
        )
        == ["accepted"] * 2
    )
    response, receipt = (one.event for one in producer.events(head))
    assert response.words.subject == receipt.customer_id


def test_a_refusal_names_what_took_the_place_of_something_by_the_id_that_front_ends_know(producer: Producer) -> None:
    producer.sent(
        *(one for key in ("T-51", "T-52") for one in (received(key), item("register-case", key))),
        item("merge-case", "T-51", into="T-52"),
    )
    (refused,) = producer.sent(item("prioritise-case", "T-51", priority="high"))
    (survivor,) = producer.sent(item("prioritise-case", "T-52", priority="high"))
    assert (refused["code"], refused["params"]) == ("ALREADY_MERGED", {"into": survivor["subject"]})
