from typing import Any
from uuid import uuid4

import pytest

from api.graphql.identity import global_id
from domain.stream import Category
from domain.unit.events import id_of_unit
from tests.api.graphql.asking import FrontEnd

SNAPSHOT = "name kind isOpen depth path"


def march(day: int) -> dict[str, str]:
    """An input's envelope for something that happened on a morning of March 2026."""
    return {"occurredAt": f"2026-03-{day:02}T09:00:00+08:00"}


def noon(day: int) -> str:
    return f"2026-03-{day:02}T12:00:00+08:00"


@pytest.fixture(scope="module")
def group(front_end: FrontEnd) -> dict[str, str]:
    """The ids of a group, two branches of it, and a desk that moved from one to the other and was renamed."""
    ids: dict[str, str] = {}

    def opened(name: str, kind: str, parent: str | None, day: int) -> None:
        above = {"parent": ids[parent]} if parent else {}
        ids[name] = front_end.done("openUnit", name=name, kind=kind, **above, **march(day))["id"]

    opened("集团", "GROUP", None, 1)
    opened("华北分部", "BRANCH", "集团", 2)
    opened("华东分部", "BRANCH", "集团", 2)
    opened("客户服务处", "DESK", "华北分部", 3)
    front_end.done("moveUnit", unitId=ids["客户服务处"], parent=ids["华东分部"], **march(10))
    front_end.done("renameUnit", unitId=ids["客户服务处"], name="上海客户服务处", **march(20))
    return ids


def test_the_tree_is_answered_for_any_instant(front_end: FrontEnd, group: dict[str, str]) -> None:
    def units(as_of: str | None) -> list[tuple[str, int]]:
        answer = front_end.ask("query($at: DateTime) { units(asOf: $at) { name depth } }", at=as_of)
        return [(each["name"], each["depth"]) for each in answer["units"]]

    assert units("2026-02-01T00:00:00Z") == []
    assert units(noon(5)) == [("集团", 0), ("华东分部", 1), ("华北分部", 1), ("客户服务处", 2)]
    assert units(noon(15)) == [("集团", 0), ("华东分部", 1), ("客户服务处", 2), ("华北分部", 1)]
    assert units(None) == [("集团", 0), ("华东分部", 1), ("上海客户服务处", 2), ("华北分部", 1)]


def test_a_cases_unit_is_found_in_the_tree_of_its_day_by_its_name(front_end: FrontEnd, group: dict[str, str]) -> None:
    def path(name: str, day: int) -> list[str]:
        query = "query($name: String!, $at: DateTime!) { unitPath(name: $name, asOf: $at) { name unit { id } } }"
        answer = front_end.ask(query, name=name, at=noon(day))["unitPath"]
        assert [each["unit"]["id"] for each in answer[-1:]] == [group["客户服务处"]][: len(answer)]
        return [each["name"] for each in answer]

    assert path("客户服务处", 5) == ["集团", "华北分部", "客户服务处"]
    assert path("客户服务处", 15) == ["集团", "华东分部", "客户服务处"]
    assert path("客户服务处", 25) == []
    assert path("上海客户服务处", 25) == ["集团", "华东分部", "上海客户服务处"]


def test_a_unit_is_found_by_id_and_name_with_its_place_and_its_past(front_end: FrontEnd, group: dict[str, str]) -> None:
    shown = f"""id name kind isOpen parent {{ name }} subunits {{ name }} names {{ since name }} version
        snapshot(asOf: "{noon(5)}") {{ {SNAPSHOT} asOf }} history(first: 1) {{ nodes {{ topic }} }}"""
    by_name = front_end.ask(f'{{ unit(name: "上海客户服务处") {{ {shown} }} }}')["unit"]
    assert by_name == {
        "id": group["客户服务处"],
        "name": "上海客户服务处",
        "kind": "DESK",
        "isOpen": True,
        "parent": {"name": "华东分部"},
        "subunits": [],
        "names": [
            {"since": "2026-03-03T01:00:00.000000Z", "name": "客户服务处"},
            {"since": "2026-03-20T01:00:00.000000Z", "name": "上海客户服务处"},
        ],
        "version": 3,
        "snapshot": {
            "name": "客户服务处",
            "kind": "DESK",
            "isOpen": True,
            "depth": 2,
            "path": ["集团", "华北分部", "客户服务处"],
            "asOf": "2026-03-05T04:00:00.000000Z",
        },
        "history": {"nodes": [{"topic": "unit-opened.1"}]},
    }
    again = front_end.ask(f"query($id: ID!) {{ node(id: $id) {{ ... on Unit {{ {shown} }} }} }}", id=by_name["id"])
    assert again == {"node": by_name}
    below = front_end.ask("query($id: ID!) { unit(id: $id) { subunits { name } } }", id=group["集团"])
    assert below["unit"]["subunits"] == [{"name": "华东分部"}, {"name": "华北分部"}]
    assert front_end.ask('{ unit(name: "客户服务处") { id } }') == {"unit": None}
    assert front_end.code("{ unit { id } }") == "BAD_ARGUMENTS"


def test_no_unit_stands_below_itself_and_none_closes_over_an_open_one(
    front_end: FrontEnd, group: dict[str, str]
) -> None:
    circle = {"unitId": group["集团"], "parent": group["客户服务处"]}
    assert front_end.objections("moveUnit", **circle) == [("UNIT_IN_A_CIRCLE", ["parent"])]
    payload = front_end.change("closeUnit", "isOpen", unitId=group["华东分部"])
    assert payload["unit"] == {"isOpen": True}
    assert [(error["code"], error["params"]) for error in payload["userErrors"]] == [
        ("SUBUNITS_OPEN", {"units": "上海客户服务处"})
    ]
    assert front_end.objections("openUnit", name="集团", kind="BRANCH") == [("UNIT_ALREADY_OPENED", ["name"])]
    nobody = global_id(Category.UNIT, "main", id_of_unit("nobody"))
    assert front_end.objections("renameUnit", unitId=nobody, name="x") == [("UNKNOWN_UNIT", ["unitId"])]
    assert front_end.objections("openUnit", name="y", kind="TEAM", parent=nobody) == [("UNKNOWN_UNIT", ["parent"])]


def test_a_unit_is_given_hours_that_those_below_it_have_too(front_end: FrontEnd, group: dict[str, str]) -> None:
    about = {"unitId": group["华东分部"]}
    assert front_end.objections("setUnitHours", **about, calendar="nowhere") == [("UNKNOWN_CALENDAR", ["calendar"])]
    document = {
        "name": "shifts",
        "title": {"en": "Shifts", "zh": "轮班"},
        "zone": "Asia/Shanghai",
        "source": "notice 7",
        "week": {"mon": ["09:00-17:00"]},
    }
    proposed = {"document": document, "effectiveFrom": "2020-01-01", "reason": "shifts", "requestedBy": "王芳"}
    waiting = front_end.done("proposeCalendar", "proposals { proposal }", **proposed)["proposals"]
    front_end.done("publishCalendar", "version", proposal=waiting[-1]["proposal"], approvedBy="李四")
    shown = "calendar hours { since calendar }"
    told = {"since": "2026-03-22T01:00:00.000000Z", "calendar": "shifts"}
    assert front_end.done("setUnitHours", shown, **about, calendar="shifts", **march(22)) == {
        "calendar": "shifts",
        "hours": [told],
    }
    query = "query($at: DateTime) { units(asOf: $at) { name calendar unit { calendar } } }"
    tree = {
        each["name"]: (each["calendar"], each["unit"]["calendar"])
        for each in front_end.ask(query, at=noon(23))["units"]
    }
    assert (tree["集团"], tree["华东分部"], tree["上海客户服务处"]) == (
        (None, None), ("shifts", "shifts"), ("shifts", None),
    )  # fmt: skip
    assert all(each["calendar"] is None for each in front_end.ask(query, at=noon(21))["units"])
    back = front_end.done("setUnitHours", shown, **about, calendar=None, **march(24))
    assert back == {"calendar": None, "hours": [told, {"since": "2026-03-24T01:00:00.000000Z", "calendar": None}]}


def test_the_group_supervises_a_branch_which_closes_and_reopens(front_end: FrontEnd, group: dict[str, str]) -> None:
    branch = group["华北分部"]
    shown = "supervisions { reason since until supervisor { name } }"
    about = {"unitId": branch, "supervisor": group["集团"]}
    front_end.done("openSupervision", **about, reason="overdue complaints", **march(21))
    assert front_end.objections("closeUnit", unitId=branch) == [("UNDER_SUPERVISION", ["anyway"])]
    ended = front_end.done("endSupervision", shown, **about, **march(22))
    assert ended["supervisions"] == [
        {
            "reason": "overdue complaints",
            "since": "2026-03-21T01:00:00.000000Z",
            "until": "2026-03-22T01:00:00.000000Z",
            "supervisor": {"name": "集团"},
        }
    ]
    assert front_end.done("closeUnit", "isOpen", unitId=branch, reason="merged", **march(23)) == {"isOpen": False}
    stale = front_end.change("reopenUnit", unitId=branch, expectedVersion=1)["userErrors"]
    assert [error["message"] for error in stale] == [
        "This unit is not at version 1; look at it as it is now, and decide anew."
    ]
    assert front_end.done("reopenUnit", "isOpen", unitId=branch, **march(24)) == {"isOpen": True}


# Staff ----------------------------------------------------------------------------------------------------------------

STAFF = """
  id name unit post isHere grade
  certificates { name since until endedAt revokedBecause } trainings { course score } postings { unit post }
"""


def test_a_members_life_is_told_and_shown_as_it_was(front_end: FrontEnd) -> None:
    wang = front_end.done("registerStaff", STAFF, name="王芳", unit="华北分部", post="hotline", **march(1))
    about = {"staffId": wang["id"]}
    front_end.done("grantCertificate", **about, certificate="上岗证", until=noon(30), **march(5))
    front_end.done("assignGrade", **about, grade="二级", rulesVersion="2026-1", **march(6))
    front_end.done("attendTraining", **about, course="complaints", score=87, **march(7))
    front_end.done("moveStaff", **about, unit="华东分部", **march(10))
    front_end.done("letStaffGo", **about, reason="on leave", **march(12))
    front_end.done("takeStaffBack", **about, unit="华东分部", post="counter", **march(14))
    shown = front_end.done("revokeCertificate", STAFF, **about, certificate="上岗证", reason="audit", **march(20))
    assert shown == {
        "id": wang["id"],
        "name": "王芳",
        "unit": "华东分部",
        "post": "counter",
        "isHere": True,
        "grade": "二级",
        "certificates": [
            {
                "name": "上岗证",
                "since": "2026-03-05T01:00:00.000000Z",
                "until": "2026-03-30T04:00:00.000000Z",
                "endedAt": "2026-03-20T01:00:00.000000Z",
                "revokedBecause": "audit",
            }
        ],
        "trainings": [{"course": "complaints", "score": 87}],
        "postings": [
            {"unit": "华北分部", "post": "hotline"},
            {"unit": "华东分部", "post": None},
            {"unit": "华东分部", "post": "counter"},
        ],
    }
    asked = front_end.ask(
        f"""{{ staff(name: "王芳") {{
              then: certifiedAt(certificate: "上岗证", at: "{noon(5)}")
              later: certifiedAt(certificate: "上岗证", at: "{noon(20)}")
              thatDay: certifiedOn(certificate: "上岗证", day: "2026-03-20")
              nextDay: certifiedOn(certificate: "上岗证", day: "2026-03-21")
              trained: trainedAt(course: "complaints", at: "{noon(8)}") {{ score }}
              untrained: trainedAt(course: "complaints", at: "{noon(6)}") {{ score }}
              away: postingAt(at: "{noon(13)}") {{ unit }}
              back: postingAt(at: "{noon(14)}") {{ unit }}
              history(last: 1) {{ nodes {{ topic }} }}
            }} }}"""
    )["staff"]
    assert asked == {
        "then": True,
        "later": False,
        "thatDay": True,
        "nextDay": False,
        "trained": {"score": 87},
        "untrained": None,
        "away": None,
        "back": {"unit": "华东分部"},
        "history": {"nodes": [{"topic": "certificate-revoked.1"}]},
    }
    by_id = "query($id: ID!) { staff(id: $id) { name } node(id: $id) { __typename id } }"
    assert front_end.ask(by_id, id=wang["id"]) == {
        "staff": {"name": "王芳"},
        "node": {"__typename": "StaffMember", "id": wang["id"]},
    }


@pytest.mark.parametrize("day", ["0001-01-01", "1900-01-01", "2200-01-01", "9999-12-31"])
def test_a_day_beyond_the_dates_of_the_ledger_is_a_bad_argument(front_end: FrontEnd, day: str) -> None:
    front_end.done("registerStaff", name=f"Somebody on {day}")
    asked = 'query($day: Date!) { staffMembers { nodes { certifiedOn(certificate: "c", day: $day) } } }'
    assert {error["extensions"]["code"] for error in front_end.errors(asked, day=day)} == {"BAD_ARGUMENTS"}


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_an_instant_before_or_after_all_time_is_a_bad_document(front_end: FrontEnd, instant: str) -> None:
    asked = "query($at: DateTime!) { units(asOf: $at) { asOf } }"
    assert front_end.code(asked, at=instant) == "BAD_DOCUMENT"


def test_staff_are_listed_and_a_second_of_the_name_is_told_apart(front_end: FrontEnd) -> None:
    for name, unit in (("ada", "East"), ("lin", "East"), ("mei", "West")):
        front_end.done("registerStaff", name=name, unit=unit)
    query = "query($filter: StaffFilter) { staffMembers(filter: $filter) { nodes { name } } }"

    def names(**chosen: Any) -> list[str]:
        return [each["name"] for each in front_end.ask(query, filter=chosen)["staffMembers"]["nodes"]]

    assert names(unit="East") == ["ada", "lin"]
    assert names(unit="East", grade="A") == []
    assert front_end.objections("registerStaff", name="ada", unit="West") == [("STAFF_ALREADY_REGISTERED", ["name"])]
    ada = front_end.ask('{ staff(name: " ada ") { id } }')["staff"]["id"]
    assert front_end.objections("expireCertificate", staffId=ada, certificate="x") == [
        ("CERTIFICATE_NOT_HELD", ["certificate"])
    ]
    nobody = global_id(Category.STAFF, "main", uuid4())
    assert front_end.objections("moveStaff", staffId=nobody, unit=None) == [("UNKNOWN_STAFF", ["staffId"])]
    ordered = front_end.ask(
        '{ staffMembers(filter: {unit: "East"}, orderBy: {field: REGISTERED_AT, direction: DESC}, first: 1)'
        " { nodes { name } pageInfo { hasNextPage } } }"
    )["staffMembers"]
    assert ordered == {"nodes": [{"name": "lin"}], "pageInfo": {"hasNextPage": True}}
