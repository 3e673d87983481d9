from typing import Any
from uuid import uuid4

from api.graphql.identity import global_id, identity_of
from domain.stream import Category
from tests.api.graphql.asking import FrontEnd

SHOWN = """
  id kind status title unit owner dueBy overdue(at: "2026-05-01T00:00:00Z") metLate evidence effective cancelReason
  reassignments reopens words { state value } case { id }
"""


def opened(front_end: FrontEnd, shown: str = "id", **asked: Any) -> Any:
    told = {"kind": "TASK", "title": "mend the line", "unit": "后台支持", "occurredAt": "2026-04-01T09:00:00+08:00"}
    return front_end.done("openObligation", shown, **(told | asked))


def test_a_task_for_a_back_office_is_owed_until_it_is_met(front_end: FrontEnd) -> None:
    customer = front_end.done("registerCustomer", kind="PERSON", name="冯小明")
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE", customerId=customer["id"])
    task = opened(front_end, SHOWN, caseId=case["id"], dueAt="2026-04-03T00:00:00+08:00", duePrecision="DAY")
    assert task == {
        "id": task["id"],
        "kind": "TASK",
        "status": "OPEN",
        "title": "mend the line",
        "unit": "后台支持",
        "owner": None,
        "dueBy": "2026-04-03T15:59:59.999999Z",
        "overdue": True,
        "metLate": False,
        "evidence": None,
        "effective": None,
        "cancelReason": None,
        "reassignments": 0,
        "reopens": 0,
        "words": None,
        "case": {"id": case["id"]},
    }
    about = {"obligationId": task["id"], "occurredAt": "2026-04-05T09:00:00+08:00"}
    assert front_end.done("reassignObligation", "owner unit", **about, owner="李四") == {"owner": "李四", "unit": None}
    met = front_end.done(
        "meetObligation",
        f"{SHOWN} history {{ nodes {{ data }} }}",
        **about,
        by="李四",
        evidence="letter 12",
        words="线路已修好",
    )
    assert (met["status"], met["metLate"], met["overdue"], met["evidence"]) == ("MET", True, False, "letter 12")
    assert met["words"] == {"state": "OPEN", "value": "线路已修好"}
    subject = met["history"]["nodes"][-1]["data"]["words"]["subject"]
    assert subject == str(identity_of(customer["id"], "main").subject)
    assert front_end.done("verifyObligation", "status effective", **about, by="王芳", effective=False) == {
        "status": "VERIFIED",
        "effective": False,
    }
    assert front_end.objections("cancelObligation", **about, reason="overtaken") == [("OBLIGATION_MET", None)]
    again = front_end.done("reopenObligation", "status reopens effective words { value }", **about, reason="no effect")
    assert again == {"status": "OPEN", "reopens": 1, "effective": None, "words": None}
    cancelled = front_end.done("cancelObligation", "status cancelReason", **about, reason="overtaken")
    assert cancelled == {"status": "CANCELLED", "cancelReason": "overtaken"}
    by_id = f"query($id: ID!) {{ obligation(id: $id) {{ {SHOWN} }} node(id: $id) {{ id __typename }} }}"
    found = front_end.ask(by_id, id=task["id"])
    assert found["obligation"]["status"] == "CANCELLED"
    assert found["node"] == {"id": task["id"], "__typename": "Obligation"}


def test_words_about_what_is_owed_for_no_case_stand_under_the_obligation_itself(front_end: FrontEnd) -> None:
    task = opened(front_end)
    shown = "words { value } history { nodes { data } }"
    met = front_end.done("meetObligation", shown, obligationId=task["id"], words="done")
    assert met["words"] == {"value": "done"}
    subject = met["history"]["nodes"][-1]["data"]["words"]["subject"]
    assert subject == str(identity_of(task["id"], "main").subject)
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="LETTER")
    of_case = opened(front_end, caseId=case["id"])
    met = front_end.done("meetObligation", shown, obligationId=of_case["id"], words="done")
    subject = met["history"]["nodes"][-1]["data"]["words"]["subject"]
    assert subject == str(identity_of(case["id"], "main").subject)


def test_obligations_are_listed_by_when_they_are_due(front_end: FrontEnd) -> None:
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE")
    asked = {"unit": "法务", "kind": "DIRECTIVE"}
    late = opened(front_end, **asked, title="second", dueAt="2026-04-20T00:00:00Z", owner="lin")["id"]
    soon = opened(front_end, **asked, title="first", dueAt="2026-04-10T00:00:00Z", caseId=case["id"])["id"]
    undated = opened(front_end, **asked, title="some day")["id"]
    query = """query($filter: ObligationFilter, $order: ObligationOrder) {
      obligations(filter: $filter, orderBy: $order) { nodes { id } } }"""

    def ids(order: dict[str, str] | None = None, **chosen: Any) -> list[str]:
        answer = front_end.ask(query, filter={"unit": "法务", **chosen}, order=order)
        return [each["id"] for each in answer["obligations"]["nodes"]]

    assert ids() == [soon, late]
    assert ids({"field": "DUE", "direction": "DESC"}) == [late, soon]
    assert ids({"field": "OPENED_AT"}) == sorted(
        [soon, late, undated], key=lambda one: identity_of(one, "main").subject
    )
    assert ids(overdueAt="2026-04-15T00:00:00Z") == ids(dueBefore="2026-04-15T00:00:00Z") == [soon]
    assert ids(status=["MET"]) == []
    assert ids(owner="lin") == [late]
    assert ids(caseId=case["id"], kind=["DIRECTIVE"]) == [soon]
    page = front_end.ask('{ obligations(filter: {unit: "法务"}, first: 1) { pageInfo { hasNextPage endCursor } } }')
    after = page["obligations"]["pageInfo"]["endCursor"]
    assert page["obligations"]["pageInfo"]["hasNextPage"]
    rest = front_end.ask(
        'query($after: String) { obligations(filter: {unit: "法务"}, after: $after) { nodes { id } } }', after=after
    )
    assert rest["obligations"]["nodes"] == [{"id": late}]


def test_what_an_obligation_refers_to_must_be_there(front_end: FrontEnd) -> None:
    no_case = global_id(Category.CASE, "main", uuid4())
    asked = {"kind": "TASK", "title": "x", "caseId": no_case}
    assert front_end.objections("openObligation", **asked) == [("UNKNOWN_CASE", ["caseId"])]
    nothing = global_id(Category.OBLIGATION, "main", uuid4())
    assert front_end.objections("meetObligation", obligationId=nothing) == [("UNKNOWN_OBLIGATION", ["obligationId"])]
    task = opened(front_end)
    early = {"obligationId": task["id"], "occurredAt": "2026-03-01T00:00:00Z"}
    assert front_end.objections("meetObligation", **early) == [("BEFORE_OPENING", ["occurredAt"])]
    assert front_end.code("query($id: ID!) { obligation(id: $id) { id } }", id=no_case) == "BAD_ID"


def test_what_is_not_done_is_escalated_and_its_verdict_revised_by_two_people(front_end: FrontEnd) -> None:
    task = opened(front_end, dueAt="2026-04-03T00:00:00+08:00")
    about = {"obligationId": task["id"], "occurredAt": "2026-04-05T09:00:00+08:00"}
    risen = front_end.done("escalateObligation", "escalationLevel", **about, level=2, toStaff="Director Li")
    assert risen == {"escalationLevel": 2}
    assert front_end.objections("escalateObligation", **about, level=1) == [("NOT_HIGHER", ["level"])]
    why = {"now": "KEPT", "cause": "LATE_RECORD", "reason": "it lay in the tray", "requestedBy": "王芳"}
    asked = {"policy": "stated", "target": "obligation", **why}
    shown = "deadlineRequests { request kind state policy target verdict cause requestedBy }"
    waiting = front_end.done("requestObligationRevision", shown, **about, **asked)["deadlineRequests"]
    assert waiting == [
        {"request": 3, "kind": "REVISION", "state": "REQUESTED", "policy": "stated", "target": "obligation",
         "verdict": "KEPT", "cause": "LATE_RECORD", "requestedBy": "王芳"}
    ]  # fmt: skip
    of_another = asked | {"policy": "service"}
    assert front_end.objections("requestObligationRevision", **about, **of_another) == [("UNKNOWN_TARGET", ["policy"])]
    own = front_end.objections("approveObligationRevision", **about, request=3, approvedBy="王芳")
    assert own == [("SAME_PERSON", ["approvedBy"])]
    (approved,) = front_end.done("approveObligationRevision", shown, **about, request=3, approvedBy="李四")[
        "deadlineRequests"
    ]
    assert approved["state"] == "APPROVED"
    declined = front_end.objections("declineObligationRevision", **about, request=3, reason="late", declinedBy="李四")
    assert declined == [("ALREADY_DECIDED", ["request"])]
