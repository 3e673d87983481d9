from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.graphql.identity import identity_of
from api.workspace import Workspace
from tests.api.graphql.asking import FrontEnd

DISPATCH = """
mutation($input: DispatchCaseInput!) {
  dispatchCase(input: $input) { case { unit version } userErrors { code field params message } consistencyToken }
}
"""


def position(front_end: FrontEnd) -> int:
    """The book's last position."""
    found: int = front_end.ask("{ ledgerHead { position } }")["ledgerHead"]["position"]
    return found


@pytest.fixture
def case_id(front_end: FrontEnd) -> str:
    """A registered case, at version 2."""
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE")
    front_end.done("registerCase", caseId=case["id"])
    found: str = case["id"]
    return found


def test_a_command_asked_twice_is_carried_out_once_and_answered_alike(front_end: FrontEnd, case_id: str) -> None:
    asked = {"commandId": str(uuid4()), "caseId": case_id, "unit": "East"}
    first = front_end.ask(DISPATCH, input=asked)
    assert first["dispatchCase"]["userErrors"] == []
    after = position(front_end)
    assert front_end.ask(DISPATCH, input=asked) == first
    assert position(front_end) == after


def test_a_case_received_twice_under_one_command_id_is_one_case(front_end: FrontEnd) -> None:
    asked = {"commandId": str(uuid4()), "kind": "SUGGESTION", "channel": "HOTLINE", "words": "again"}
    assert front_end.done("receiveCase", **asked) == front_end.done("receiveCase", **asked)
    assert len(front_end.ask("{ cases(filter: {kind: SUGGESTION}) { nodes { id } } }")["cases"]["nodes"]) == 1


def test_a_command_id_stands_for_one_thing(front_end: FrontEnd, case_id: str) -> None:
    command_id = str(uuid4())
    front_end.done("dispatchCase", commandId=command_id, caseId=case_id, unit="East")
    objections = front_end.objections("dispatchCase", commandId=command_id, caseId=case_id, unit="West")
    assert objections == [("COMMAND_ID_REUSED", ["commandId"])]


def test_a_stale_version_is_refused_and_answered_with_the_case_as_it_is(front_end: FrontEnd, case_id: str) -> None:
    front_end.done("dispatchCase", caseId=case_id, unit="East", expectedVersion=2)
    payload = front_end.change("transferCase", "unit version", caseId=case_id, toUnit="West", expectedVersion=2)
    (error,) = payload.pop("userErrors")
    assert error["message"] == "This case is not at version 2; look at it as it is now, and decide anew."
    assert payload["case"] == {"unit": "East", "version": 3}
    assert payload["consistencyToken"]
    assert (error["code"], error["field"], error["params"]) == (
        "STALE_VERSION",
        ["expectedVersion"],
        {"expectedVersion": 2},
    )


def test_many_at_one_case_at_once_all_have_their_turn_when_none_named_a_version(
    front_end: FrontEnd, case_id: str
) -> None:
    with ThreadPoolExecutor(16) as people:
        answers = people.map(lambda at: front_end.objections("assignCase", caseId=case_id, handler=f"{at}"), range(48))
        assert list(answers) == [[]] * 48


def test_a_refusal_is_said_in_words_with_its_code_field_and_params(front_end: FrontEnd, case_id: str) -> None:
    front_end.done("dispatchCase", caseId=case_id, unit="East")
    payload = front_end.change("dispatchCase", "unit", caseId=case_id, unit="West")
    assert payload["case"] == {"unit": "East"}
    assert payload["userErrors"] == [
        {
            "code": "ALREADY_HELD",
            "field": ["unit"],
            "params": {"unit": "East"},
            "message": "This case is with East; transfer it instead.",
        }
    ]


def test_a_field_of_two_words_is_named_as_the_front_end_wrote_it(front_end: FrontEnd, case_id: str) -> None:
    front_end.done("dispatchCase", caseId=case_id, unit="East")
    assert front_end.objections("transferCase", caseId=case_id, toUnit="East") == [("SAME_UNIT", ["toUnit"])]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"unit": " "}, ["unit"]),
        ({"unit": "x" * 201}, ["unit"]),
        ({"unit": "a\0b"}, ["unit"]),
        ({"unit": "East", "occurredZone": "Mars/Olympus"}, ["occurredZone"]),
        ({"unit": "East", "occurredAt": "1815-06-18T11:00:00Z"}, ["occurredAt"]),
        ({"unit": "East", "caseId": "nonsense"}, ["caseId"]),
    ],
)
def test_a_bad_form_is_told_by_its_field(
    front_end: FrontEnd, case_id: str, asked: dict[str, Any], field: list[str]
) -> None:
    before = position(front_end)
    assert front_end.objections("dispatchCase", **({"caseId": case_id} | asked)) == [("INVALID_INPUT", field)]
    assert position(front_end) == before


def test_bad_forms_deep_in_an_input_are_told_by_their_path(front_end: FrontEnd, case_id: str) -> None:
    money = {"minorUnits": -1, "currency": "euro"}
    assert front_end.objections("resolveCase", caseId=case_id, outcome="UPHELD", redress=money) == [
        ("INVALID_INPUT", ["redress", "minorUnits"]),
        ("INVALID_INPUT", ["redress", "currency"]),
    ]
    contacts = [{"kind": "PHONE", "value": "1"}, {"kind": "PHONE", "value": ""}]
    assert front_end.objections("registerCustomer", kind="PERSON", contacts=contacts) == [
        ("INVALID_INPUT", ["contacts", "1", "value"])
    ]
    assert front_end.objections("registerCustomer", kind="PERSON", contacts=contacts[:1] * 21) == [
        ("INVALID_INPUT", ["contacts"])
    ]


@pytest.mark.parametrize(
    ("instant", "told"),
    [
        ("2026-03-02T09:00:00", "does not say in which zone"),
        ("2026-02-30T09:00:00Z", "day is out of range"),
        ("2026-03-02", "does not say in which zone"),
        ("yesterday", "is no instant"),
        ("2026-W10-1T00:00:00Z", "is no instant"),
        ("20260302T090000Z", "is no instant"),
        ("2026-03-02T24:00:00Z", "is no instant"),
        ("2026-03-02T09:00:00\0Z", "is no instant"),
        ("2026-03-02T09:00:00+08:00:30", "is no instant"),
        (1767322800, "is no instant"),
    ],
)
def test_an_instant_that_is_naive_or_impossible_is_told_apart(
    front_end: FrontEnd, case_id: str, instant: object, told: str
) -> None:
    asked = {"commandId": str(uuid4()), "caseId": case_id, "unit": "East", "occurredAt": instant}
    (error,) = front_end.errors(DISPATCH, input=asked)
    assert error["extensions"]["code"] == "BAD_DOCUMENT"
    assert told in error["message"]


def test_nothing_has_happened_in_the_future(front_end: FrontEnd, case_id: str) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    objections = front_end.objections("dispatchCase", caseId=case_id, unit="East", occurredAt=tomorrow)
    assert objections == [("OCCURS_IN_THE_FUTURE", ["occurredAt"])]


def test_what_happened_before_the_receipt_is_refused_by_its_field(front_end: FrontEnd, case_id: str) -> None:
    asked = {"caseId": case_id, "unit": "East", "occurredAt": "2020-01-01T00:00:00Z"}
    assert front_end.objections("dispatchCase", **asked) == [("BEFORE_RECEIPT", ["occurredAt"])]


def test_what_happened_earlier_keeps_its_own_time_and_zone(front_end: FrontEnd) -> None:
    case = front_end.done(
        "receiveCase",
        "receivedAt history { nodes { occurredAt occurredZone } }",
        kind="COMPLAINT",
        channel="COUNTER",
        occurredAt="2026-03-02T09:00-05:00",  # as browsers write it
        occurredZone="America/New_York",
    )
    assert case == {
        "receivedAt": "2026-03-02T14:00:00.000000Z",
        "history": {"nodes": [{"occurredAt": "2026-03-02T14:00:00.000000Z", "occurredZone": "America/New_York"}]},
    }


def test_the_words_of_an_answer_are_sealed_for_the_customer_of_the_case(front_end: FrontEnd) -> None:
    customer = front_end.done("registerCustomer", kind="PERSON", name="Grace Chen")
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="EMAIL", customerId=customer["id"])
    front_end.done("registerCase", caseId=case["id"])
    shown = "history { nodes { data personal { text { value } } } }"
    answered = front_end.done(
        "sendResponse", shown, caseId=case["id"], kind="FIRST", channel="EMAIL", words="We are at it."
    )
    last = answered["history"]["nodes"][-1]
    assert last["personal"] == [{"text": {"value": "We are at it."}}]
    assert last["data"]["words"]["subject"] == str(identity_of(customer["id"], "main").subject)


def test_several_mutations_of_one_document_each_show_the_case_as_they_left_it(
    front_end: FrontEnd, case_id: str
) -> None:
    answer = front_end.ask(
        """mutation($id: ID!, $one: UUID!, $two: UUID!) {
             dispatchCase(input: {commandId: $one, caseId: $id, unit: "East"}) { case { unit } }
             transferCase(input: {commandId: $two, caseId: $id, toUnit: "West"}) { case { unit } }
           }""",
        id=case_id,
        one=str(uuid4()),
        two=str(uuid4()),
    )
    assert answer == {"dispatchCase": {"case": {"unit": "East"}}, "transferCase": {"case": {"unit": "West"}}}


def test_everything_is_done_in_the_name_of_the_development_actor(front_end: FrontEnd, workspace: Workspace) -> None:
    front_end.done("receiveCase", kind="PRAISE", channel="LETTER")
    last = workspace.ledger.since(1)[-1]
    assert (last.metadata.actor.name, last.metadata.channel) == ("developer", "graphql")


@pytest.mark.parametrize("command_id", ["1", "", 7, None])
def test_a_command_without_an_id_of_its_own_is_not_taken(front_end: FrontEnd, case_id: str, command_id: object) -> None:
    asked = {"commandId": command_id, "caseId": case_id, "unit": "East"}
    assert front_end.code(DISPATCH, input=asked) == "BAD_DOCUMENT"
