from typing import Any

import pytest

from api.graphql.identity import identity_of
from tests.api.graphql.asking import FrontEnd

LOOPS = "status openLoops feedbackAt followUpResult"


@pytest.fixture
def case_id(front_end: FrontEnd) -> str:
    """A registered complaint of a customer, held by North."""
    return a_case(front_end)


def a_case(front_end: FrontEnd, **about: Any) -> str:
    customer = front_end.done("registerCustomer", kind="PERSON", name="王小明")
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="WECHAT", customerId=customer["id"], **about)
    front_end.done("registerCase", caseId=case["id"], unit="North")
    found: str = case["id"]
    return found


def test_a_complaint_is_acknowledged_settled_fed_back_and_followed_up(front_end: FrontEnd, case_id: str) -> None:
    about = {"caseId": case_id, "channel": "HOTLINE"}
    assert front_end.done("acknowledgeCase", "acknowledgedAt", **about)["acknowledgedAt"] is not None
    front_end.done("startInvestigation", caseId=case_id, by="ada")
    front_end.done("finishInvestigation", caseId=case_id, by="ada", finding="read twice", words="电表读数被录入两次")
    money = {"minorUnits": 5000, "currency": "CNY"}
    proposed = front_end.done("proposeResolution", "proposal", caseId=case_id, redress=money, words="We offer you 50.")
    assert proposed == {"proposal": "OPEN"}
    assert front_end.done("rejectProposal", "proposal", **about, reason="too little") == {"proposal": "REJECTED"}
    front_end.done("recordCustomerReply", caseId=case_id, channel="WECHAT", words="再考虑一下")
    front_end.done("proposeResolution", caseId=case_id, redress=money | {"minorUnits": 9000})
    assert front_end.done("acceptProposal", "proposal", **about) == {"proposal": "ACCEPTED"}
    resolved = front_end.done("resolveCase", LOOPS, caseId=case_id, outcome="UPHELD", redress=money)
    assert (resolved["status"], resolved["openLoops"]) == ("RESOLVED", ["FEEDBACK"])
    assert front_end.done("giveFeedback", LOOPS, **about, by="ada", words="It is done.")["openLoops"] == []
    assert front_end.done("closeCase", LOOPS, caseId=case_id)["openLoops"] == ["FOLLOW_UP"]
    visited = front_end.done("makeFollowUp", LOOPS, **about, result="SATISFIED")
    assert (visited["openLoops"], visited["followUpResult"]) == ([], "SATISFIED")


def test_words_in_a_dialogue_are_sealed_for_the_customer(front_end: FrontEnd, case_id: str) -> None:
    shown = "customer { id } history(last: 1) { nodes { topic data personal { text { value } } } }"
    case = front_end.done("recordCustomerReply", shown, caseId=case_id, channel="QQ", words="我还在等")
    (event,) = case["history"]["nodes"]
    assert (event["topic"], event["personal"]) == ("customer-replied.1", [{"text": {"value": "我还在等"}}])
    assert event["data"]["words"]["subject"] == str(identity_of(case["customer"]["id"], "main").subject)


def test_a_withdrawn_case_is_handled_no_more_until_it_is_reopened(front_end: FrontEnd, case_id: str) -> None:
    withdrawn = front_end.done("withdrawCase", "status withdrawnAt", caseId=case_id, channel="WECHAT")
    assert (withdrawn["status"], withdrawn["withdrawnAt"] is None) == ("WITHDRAWN", False)
    assert front_end.objections("startWork", caseId=case_id) == [("ALREADY_WITHDRAWN", None)]
    assert front_end.done("reopenCase", "status withdrawnAt", caseId=case_id) == {
        "status": "IN_PROGRESS",
        "withdrawnAt": None,
    }
    assert front_end.done("referOutside", "referredTo", caseId=case_id, body="Ombudsman") == {"referredTo": "Ombudsman"}


def test_a_case_rises_step_by_step_and_somebody_takes_notice(front_end: FrontEnd, case_id: str) -> None:
    shown = "escalation { level acknowledgedAt }"
    front_end.done("escalateCase", caseId=case_id, level=2, toUnit="集团客户服务处", reason="no reply in time")
    assert front_end.objections("escalateCase", caseId=case_id, level=1) == [("NOT_HIGHER", ["level"])]
    assert front_end.objections("escalateCase", caseId=case_id, level=10) == [("INVALID_INPUT", ["level"])]
    assert front_end.objections("acknowledgeEscalation", caseId=case_id, level=3, by="zhao") == [
        ("NOT_ESCALATED", ["level"])
    ]
    noticed = front_end.done("acknowledgeEscalation", shown, caseId=case_id, level=2, by="zhao")["escalation"]
    assert (noticed["level"], noticed["acknowledgedAt"] is None) == (2, False)


def test_a_merged_case_leads_to_the_one_that_took_its_place(front_end: FrontEnd, case_id: str) -> None:
    survivor = a_case(front_end)
    shown = "status mergedInto { id absorbed { id } links { relation case { id } } }"
    front_end.done("linkCase", caseId=survivor, otherId=case_id, relation="DUPLICATE")
    assert front_end.done("mergeCase", shown, caseId=case_id, into=survivor) == {
        "status": "MERGED",
        "mergedInto": {
            "id": survivor,
            "absorbed": [{"id": case_id}],
            "links": [{"relation": "DUPLICATE", "case": {"id": case_id}}],
        },
    }
    payload = front_end.change("startWork", "status mergedInto { id }", caseId=case_id)
    assert [error["code"] for error in payload["userErrors"]] == ["ALREADY_MERGED"]
    assert payload["case"] == {"status": "MERGED", "mergedInto": {"id": survivor}}
    assert front_end.objections("mergeCase", caseId=survivor, into=case_id) == [("MERGES_IN_A_CIRCLE", ["into"])]
    assert front_end.objections("mergeCase", caseId=survivor, into="nonsense") == [("INVALID_INPUT", ["into"])]
    assert front_end.objections("unlinkCase", caseId=survivor, otherId=case_id, relation="FOLLOWS") == [
        ("NOT_LINKED", ["otherId"])
    ]


def test_a_case_is_not_resolved_while_a_part_of_it_is_open(front_end: FrontEnd, case_id: str) -> None:
    about = {"caseId": case_id, "part": "card payment"}
    assert front_end.done("openCasePart", "openParts", **about, unit="Payments") == {"openParts": ["card payment"]}
    assert front_end.objections("resolveCase", caseId=case_id, outcome="UPHELD") == [("PART_STILL_OPEN", None)]
    assert front_end.done("resolveCasePart", "openParts", **about, outcome="REJECTED") == {"openParts": []}
    assert front_end.done("resolveCase", "status", caseId=case_id, outcome="UPHELD") == {"status": "RESOLVED"}


def test_a_pause_on_no_listed_ground_takes_two_people(front_end: FrontEnd, case_id: str) -> None:
    assert front_end.objections("pauseCase", caseId=case_id, ground="OTHER") == [("APPROVAL_NEEDED", ["ground"])]
    shown = "pauseRequestedBy status openPauses { ground }"
    asked = front_end.done("requestPause", shown, caseId=case_id, reason="court case", requestedBy="ada")
    assert asked == {"pauseRequestedBy": "ada", "status": "REGISTERED", "openPauses": []}
    assert front_end.objections("approvePause", caseId=case_id, approvedBy="ada") == [("SAME_PERSON", ["approvedBy"])]
    assert front_end.done("approvePause", shown, caseId=case_id, approvedBy="grace") == {
        "pauseRequestedBy": None,
        "status": "PAUSED",
        "openPauses": [{"ground": "OTHER"}],
    }
    front_end.done("resumeCase", caseId=case_id, ground="OTHER")
    front_end.done("requestPause", caseId=case_id, reason="court case", requestedBy="li")
    declined = front_end.done("declinePause", shown, caseId=case_id, declinedBy="grace")
    assert (declined["pauseRequestedBy"], declined["status"]) == (None, "REGISTERED")


def test_a_date_is_kept_as_it_was_stated_and_a_kind_as_it_turned_out(front_end: FrontEnd, case_id: str) -> None:
    shown = "kind statedDues { target dueAt precision statedBy }"
    stated = {
        "target": "resolution",
        "dueAt": "2026-03-16T00:00:00+08:00",
        "duePrecision": "DAY",
        "statedBy": "COMPANY",
    }
    assert front_end.done("stateDue", shown, caseId=case_id, **stated)["statedDues"] == [
        {"target": "resolution", "dueAt": "2026-03-15T16:00:00.000000Z", "precision": "DAY", "statedBy": "COMPANY"}
    ]
    assert front_end.done("changeCaseKind", "kind", caseId=case_id, kind="INQUIRY") == {"kind": "INQUIRY"}


def test_a_regulated_complaint_is_taken_on_decided_notified_and_reviewed(front_end: FrontEnd, case_id: str) -> None:
    about = {"caseId": case_id}
    front_end.done("noteRegulatorReceipt", **about, regulator="监管局", occurredAt="2026-01-05T09:00:00+08:00")
    front_end.done("noteRegulatorForwarding", **about, regulator="监管局", to="Beijing branch")
    front_end.done("sendToPortal", **about, portal="12345", reference="P-1")
    assert front_end.objections("sendToPortal", **about, portal="12345") == [("RECORDED_OTHERWISE", None)]
    front_end.done("confirmUnitReceipt", **about, unit="North")
    assert front_end.objections("confirmUnitReceipt", **about, unit="South") == [("HELD_BY_ANOTHER_UNIT", ["unit"])]
    assert front_end.done("acceptCase", "acceptedAt refusedAt", **about)["acceptedAt"] is not None
    assert front_end.objections("refuseCase", **about, reason="not ours") == [("RECORDED_OTHERWISE", None)]
    front_end.done("requestMaterial", **about, items=["身份证明", "invoice"], words="请补充")
    assert front_end.objections("requestMaterial", **about, items=[]) == [("INVALID_INPUT", ["items"])]
    front_end.done("completeMaterial", **about)
    assert front_end.objections("notifyComplainant", **about, of="DECISION") == [("NOTHING_TO_NOTIFY", ["of"])]
    assert front_end.objections("requestReview", **about) == [("NOTHING_TO_REVIEW", None)]
    decided = front_end.done("makeDecision", "version decidedAt notifiedAt", **about, outcome="REJECTED")
    notified = front_end.done("notifyComplainant", "notifiedAt", **about, of="DECISION", version=decided["version"])
    assert (decided["decidedAt"] is None, decided["notifiedAt"], notified["notifiedAt"] is None) == (False, None, False)
    assert front_end.done("requestReview", "reviewRequestedAt", **about)["reviewRequestedAt"] is not None
    assert front_end.done("decideReview", "reviewRequestedAt", **about, outcome="UPHELD") == {"reviewRequestedAt": None}
    front_end.done("informHotline", **about)
    front_end.done("submitReturn", **about, to="FCA", period="2026-H1")


def test_cases_whose_customers_are_owed_something_are_found(front_end: FrontEnd) -> None:
    case_id = a_case(front_end, sourceKey="OWED-1")
    front_end.done("resolveCase", caseId=case_id, outcome="SOLVED")
    query = "query($loops: [OpenLoop!]!) { cases(filter: {openLoop: $loops}, first: 100) { nodes { sourceKey } } }"
    owed = front_end.ask(query, loops=["FEEDBACK"])["cases"]["nodes"]
    assert {"sourceKey": "OWED-1"} in owed
    assert {"sourceKey": "OWED-1"} not in front_end.ask(query, loops=["FOLLOW_UP"])["cases"]["nodes"]


def test_a_touchpoint_that_is_not_there_is_no_place_for_a_reply(front_end: FrontEnd, case_id: str) -> None:
    other = front_end.done("recordTouchpoint", channel="CHAT", direction="IN", caseId=case_id)
    asked = {"caseId": case_id, "channel": "CHAT"}
    assert front_end.objections("recordCustomerReply", **asked, touchpointId=other["id"]) == []
    assert front_end.objections("recordCustomerReply", **asked, touchpointId=case_id) == [
        ("INVALID_INPUT", ["touchpointId"])
    ]
