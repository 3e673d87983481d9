from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from api.graphql.identity import opaque
from api.workspace import Workspace
from domain.envelope import ActorKind
from domain.revealing import PersonalRevealed
from tests.api.access.issuing import Issuer
from tests.api.access.world import EAST, GROUP, NORTH, Signed, World, app_of, uuid_of
from tests.api.graphql.asking import asking

PLACES = """
query($id: ID!) {
  case(id: $id) { words { id state value } customer { name { id } contacts { value { id } } } }
}
"""
SHOWN = "id state display value"


@pytest.fixture(scope="module")
def world(workspace: Workspace) -> Iterator[World]:
    issuer = Issuer()
    with asking(app_of(workspace, issuer)) as front_end:
        yield World(front_end, issuer)


@pytest.fixture(scope="module")
def officer(world: World) -> Signed:
    return world.signed("compliance", name="赵敏")


def ids_of(asker: Signed, case: str) -> list[str]:
    found = asker.ask(PLACES, id=case)["case"]
    contacts = [contact["value"]["id"] for contact in found["customer"]["contacts"]]
    return [found["words"]["id"], found["customer"]["name"]["id"], *contacts]


def test_a_role_that_sees_values_masked_reveals_them_for_a_purpose_and_the_ledger_says_who_did(
    world: World, officer: Signed, workspace: Workspace
) -> None:
    ids = ids_of(officer, world.cases[NORTH])
    before = workspace.ledger.head()
    payload: Any = officer.change("revealPersonal", SHOWN, ids=ids, purpose="抽查 2026-1")
    told = ["华北分部: 我的话", "客户华北分部", "+86 138 0013 1111"]
    assert payload["revealed"] == [
        {"id": one, "state": "OPEN", "display": text, "value": text} for one, text in zip(ids, told, strict=True)
    ]
    (recorded,) = workspace.ledger.since(before)
    assert isinstance(recorded.event, PersonalRevealed)
    assert recorded.event.purpose == "抽查 2026-1"
    streams = [value.stream for value in recorded.event.values]
    customer = f"customer-{uuid_of(world.customers[NORTH])}"
    assert streams == [f"case-{uuid_of(world.cases[NORTH])}", customer, customer]
    actor = recorded.metadata.actor
    assert (actor.name, actor.kind, actor.role) == ("赵敏", ActorKind.PERSON, "compliance")
    document = """
    query($t: ConsistencyToken) {
      auditTrail(filter: {subjectKind: [ACCESS]}, consistencyToken: $t) { nodes { event { topic actor { name } } } }
    }
    """
    audited = officer.ask(document, t=payload["consistencyToken"])
    assert {"event": {"topic": "personal-revealed.1", "actor": {"name": "赵敏"}}} in audited["auditTrail"]["nodes"]


def test_a_question_reveals_nothing_and_writes_nothing(world: World, officer: Signed, workspace: Workspace) -> None:
    before = workspace.ledger.head()
    words = officer.ask(PLACES, id=world.cases[EAST])["case"]["words"]
    assert (words["state"], words["value"]) == ("MASKED", None)
    assert workspace.ledger.head() == before


def test_words_of_a_case_as_it_was_are_masked_and_revealed_as_they_were_read_then(
    world: World, officer: Signed
) -> None:
    by, other, case = world.administrator, world.signed("compliance", name="钱伟"), world.cases[EAST]
    past = "query($id: ID!, $at: DateTime) { caseSnapshot(id: $id, knownAt: $at) { words { id state display value } } }"
    now = "{ ledgerHead { recordedAt } }"
    corrected, seen = f"{EAST}: 我是说", []
    for step in ("as it was said", "corrected"):
        if step == "corrected":
            asked = {"recordId": case, "version": 1, "data": {"words": corrected}, "reason": "mistyped"}
            requested = by.done("requestCorrection", "... on Case { version }", requestedBy="管理员", **asked)
            other.done("approveAmendment", recordId=case, request=requested["version"], approvedBy="钱伟")
        at = by.ask(now)["ledgerHead"]["recordedAt"]
        masked = officer.ask(past, id=case, at=at)["caseSnapshot"]["words"]
        assert (masked["state"], masked["display"], masked["value"]) == ("MASKED", "**", None)
        (shown,) = officer.change("revealPersonal", SHOWN, ids=[masked["id"]], purpose="抽查")["revealed"]
        assert by.ask(past, id=case, at=at)["caseSnapshot"]["words"] == shown
        seen.append((at, masked["id"], shown["value"]))
    assert [value for _, _, value in seen] == [f"{EAST}: 我的话", corrected]
    (before, place, _), (_, later, _) = seen
    assert officer.ask(past, id=case, at=before)["caseSnapshot"]["words"]["id"] == place != later


def test_the_same_command_again_shows_the_same_and_is_recorded_once(
    world: World, officer: Signed, workspace: Workspace
) -> None:
    asked = {"commandId": str(uuid4()), "ids": ids_of(officer, world.cases[GROUP])[:1], "purpose": "p"}
    first = officer.done("revealPersonal", SHOWN, **asked)
    before = workspace.ledger.head()
    assert officer.done("revealPersonal", SHOWN, **asked) == first
    assert workspace.ledger.head() == before


def test_nobody_reads_under_another_ones_command(world: World, officer: Signed) -> None:
    asked = {"commandId": str(uuid4()), "ids": ids_of(officer, world.cases[GROUP])[:1], "purpose": "p"}
    officer.done("revealPersonal", SHOWN, **asked)
    payload = world.signed("auditor", name="李娜").change("revealPersonal", SHOWN, **asked)
    assert payload["revealed"] is None


@pytest.mark.parametrize("role", ["agent", "supervisor", "service", "customer"])
def test_other_roles_reveal_nothing(world: World, officer: Signed, role: str) -> None:
    asker = world.customer(NORTH) if role == "customer" else world.signed(role)
    document = """
    mutation($input: RevealPersonalInput!) { revealPersonal(input: $input) { revealed { value } userErrors { code } } }
    """
    asked = {"commandId": str(uuid4()), "ids": ids_of(officer, world.cases[NORTH]), "purpose": "p"}
    assert asker.code(document, input=asked) == "FORBIDDEN"


def test_an_id_that_leads_to_no_personal_value_is_refused(world: World, officer: Signed) -> None:
    nowhere = opaque("personal", "main", f"case-{uuid4()}", "1", "/words", "read")
    other_path = opaque("personal", "main", f"case-{uuid_of(world.cases[NORTH])}", "1", "/kind", "read")
    for unknown in (nowhere, other_path):
        assert officer.objections("revealPersonal", ids=[unknown], purpose="p") == [
            ("UNKNOWN_PERSONAL_VALUE", ["ids", "0"])
        ]


@pytest.mark.parametrize(
    "ids",
    [
        [],
        ["x"],
        [opaque("case", "main", str(uuid4()))],
        [opaque("personal", "other", f"case-{uuid4()}", "1", "/words", "read")],
        [opaque("personal", "main", "case-x", "1", "/words", "read")],
        [opaque("personal", "main", f"king-{uuid4()}", "1", "/words", "read")],
        [opaque("personal", "main", f"case-{uuid4()}", "-1", "/words", "read")],
        [opaque("personal", "main", f"case-{uuid4()}", "1", "/words", "perhaps")],
        ["x"] * 101,
    ],
)
def test_what_is_no_id_of_a_personal_value_is_refused(officer: Signed, ids: Any) -> None:
    ((code, _),) = officer.objections("revealPersonal", ids=ids, purpose="p")
    assert code == "INVALID_INPUT"


def test_a_purpose_has_to_be_stated(world: World, officer: Signed) -> None:
    ids = ids_of(officer, world.cases[NORTH])
    assert officer.objections("revealPersonal", ids=ids, purpose="  ") == [("INVALID_INPUT", ["purpose"])]
