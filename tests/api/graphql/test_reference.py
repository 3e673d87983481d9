from collections.abc import Iterator
from typing import Any

import pytest

from api.workspace import Workspace
from tests.api.access.issuing import Issuer
from tests.api.access.world import BEIJING, EAST, GROUP, NORTH, World, app_of
from tests.api.graphql.asking import FrontEnd, asking

LISTS = "query($names: [String!]) { referenceLists(names: $names) { name terms { value en zh description } } }"
TERMS = """
query($category: String, $startsWith: String, $receivedFrom: DateTime, $first: Int! = 20) {
  taxonomyTerms(category: $category, startsWith: $startsWith, receivedFrom: $receivedFrom, first: $first) {
    category subcategory symptom cases
  }
}
"""


def terms(front_end: FrontEnd, name: str) -> dict[str, dict[str, Any]]:
    (found,) = front_end.ask(LISTS, names=[name])["referenceLists"]
    assert found["name"] == name
    return {term["value"]: term for term in found["terms"]}


def test_the_values_of_an_enumeration_have_words_in_both_languages_in_their_order(front_end: FrontEnd) -> None:
    found = terms(front_end, "CaseKind")
    assert list(found) == ["COMPLAINT", "REQUEST", "INQUIRY", "SUGGESTION", "PRAISE", "INTERNAL"]
    assert found["COMPLAINT"] == {
        "value": "COMPLAINT",
        "en": "Complaint",
        "zh": "投诉",
        "description": "Somebody is not content and expects an answer (投诉).",
    }


def test_events_and_codes_have_words_as_well(front_end: FrontEnd) -> None:
    resolved = terms(front_end, "EventTopic")["case-resolved.1"]
    assert (resolved["en"], resolved["zh"]) == ("Case resolved", "办结")
    assert resolved["description"] == (
        "The company gave the matter its outcome. No pause outlasts it: each open one is resumed just before."
    )
    assert terms(front_end, "UserErrorCode")["SAME_PERSON"] == {
        "value": "SAME_PERSON",
        "en": "Who asked may not approve.",
        "zh": "申请人不得自行审批。",
        "description": None,
    }


def test_all_lists_come_at_once_and_one_that_is_none_is_named(front_end: FrontEnd) -> None:
    found = [each["name"] for each in front_end.ask(LISTS)["referenceLists"]]
    assert {"CaseKind", "Channel", "Priority", "Outcome", "PauseGround", "Tier", "Role", "Departure"} <= set(found)
    assert found[-2:] == ["UserErrorCode", "EventTopic"]
    (error,) = front_end.errors(LISTS, names=["CaseKind", "Colour"])
    assert error["extensions"] == {"code": "BAD_ARGUMENTS", "params": {"list": "Colour"}}


# Terms in use, units and staff ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(workspace: Workspace) -> Iterator[World]:
    issuer = Issuer()
    with asking(app_of(workspace, issuer)) as running:
        made = World(running, issuer)
        for unit, category in ((GROUP, "Billing"), (NORTH, "Billing"), (BEIJING, "供电"), (EAST, "Broadband")):
            made.administrator.done("classifyCase", caseId=made.cases[unit], category=category, subcategory="line")
        yield made


def in_use(front_end: FrontEnd, **asked: Any) -> list[tuple[str, int]]:
    return [(term["category"], term["cases"]) for term in front_end.ask(TERMS, **asked)["taxonomyTerms"]]


def test_the_terms_in_use_are_counted_and_narrowed_down_as_somebody_types(world: World) -> None:
    by = world.administrator
    assert in_use(by) == [("Billing", 2), ("Broadband", 1), ("供电", 1)]
    assert in_use(by, startsWith="b") == [("Billing", 2), ("Broadband", 1)]
    assert in_use(by, startsWith="供") == [("供电", 1)]
    assert in_use(by, category="Billing") == [("Billing", 2)]
    assert in_use(by, first=1) == [("Billing", 2)]
    assert in_use(by, receivedFrom="2199-01-01T00:00:00Z") == []
    assert in_use(by, startsWith="%") == []
    assert by.code(TERMS, first=101) == "PAGE_TOO_LARGE"


def test_only_the_cases_within_reach_are_counted(world: World) -> None:
    assert in_use(world.signed("agent", unit=NORTH)) == [("Billing", 1), ("供电", 1)]
    assert in_use(world.signed("agent", unit=EAST)) == [("Broadband", 1)]
    assert world.customer(NORTH).code(TERMS) == "FORBIDDEN"


def test_units_to_choose_from_are_found_by_how_their_names_begin(world: World) -> None:
    asked = "query($begins: String, $open: Boolean) { units(nameStartsWith: $begins, isOpen: $open) { name isOpen } }"
    by = world.administrator
    closed = by.done("openUnit", name="华东旧网点", kind="DESK", parent=world.units[EAST])["id"]
    by.done("closeUnit", unitId=closed)

    def names(**said: Any) -> list[str]:
        return [unit["name"] for unit in by.ask(asked, **said)["units"]]

    assert names(begins="华东") == ["华东分部", "华东旧网点"]
    assert names(begins="华东", open=True) == ["华东分部"]
    assert names(open=False) == ["华东旧网点"]


def test_staff_to_choose_from_are_found_by_how_their_names_begin_within_reach(world: World) -> None:
    asked = "query($f: StaffFilter) { staffMembers(filter: $f) { nodes { name } } }"
    by = world.administrator
    for name, unit in (("Ada_1", NORTH), ("adam", EAST), ("Bo", NORTH)):
        by.done("registerStaff", name=name, unit=unit)

    def names(asker: FrontEnd, begins: str) -> list[str]:
        said = {"nameStartsWith": begins, "isHere": True}
        return [each["name"] for each in asker.ask(asked, f=said)["staffMembers"]["nodes"]]

    assert sorted(names(by, "ADA")) == ["Ada_1", "adam"]
    assert names(by, "ada_") == ["Ada_1"]
    assert names(world.signed("agent", unit=NORTH), "ada") == ["Ada_1"]
