"""Files by role: who attaches, who fetches, who has to say what for, and of what customers are not told."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.access.links import For, Links
from api.access.principal import Principal, Role
from api.graphql.attachment import attachment_in
from api.workspace import Workspace
from domain.revealing import PersonalRevealed
from tests.api.access.issuing import Issuer
from tests.api.access.world import BEIJING, EAST, GROUP, NORTH, Signed, World, app_of, uuid_of
from tests.api.graphql.asking import asking

SHOWN = "id direction fileName { state value } sha256 { state value } download { url }"
OF_A_CASE = f"query($id: ID!) {{ case(id: $id) {{ attachments {{ {SHOWN} }} }} }}"
REVEALED = "url expiresAt fileName { value } sha256 { value }"


@pytest.fixture(scope="module")
def world(workspace: Workspace) -> Iterator[World]:
    issuer = Issuer()
    with asking(app_of(workspace, issuer)) as front_end:
        yield World(front_end, issuer)


@pytest.fixture(scope="module")
def kept(world: World) -> dict[str, str]:
    """Three files of a case in the north: what the customer sent, what they were sent, and what is the company's."""
    by = world.signed("agent", unit=NORTH)
    return {
        str(direction): attached(world, by, f"{direction}.pdf".encode(), world.cases[NORTH], direction)["id"]
        for direction in ("IN", "OUT", None)
    }


def put(asker: Signed, url: str, data: bytes, *, signed: bool = False) -> httpx.Response:
    headers = asker.headers if signed else None
    return asker.portal.call(lambda: asker.client.put(url, content=data, headers=headers))


def created(asker: Signed, data: bytes, **said: Any) -> dict[str, Any]:
    told = {"fileName": "账单.pdf", "mediaType": "application/pdf", "byteSize": len(data)}
    return asker.done("createAttachment", "attachmentId url", **told | said)


def attached(world: World, asker: Signed, data: bytes, case: str, direction: str | None) -> dict[str, Any]:
    del world
    upload = created(asker, data, caseId=case)
    assert put(asker, upload["url"], data).status_code == 200
    return asker.done("attachFile", SHOWN, attachmentId=upload["attachmentId"], direction=direction)


def seen(asker: Signed, unit_case: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asker.ask(OF_A_CASE, id=unit_case)["case"]["attachments"]
    return found


@pytest.mark.parametrize("role", ["agent", "supervisor", "administrator"])
def test_who_sees_values_open_fetches_files(world: World, kept: dict[str, str], role: str) -> None:
    asker = world.signed(role, unit=NORTH)
    files = seen(asker, world.cases[NORTH])
    assert [file["id"] for file in files] == list(kept.values())
    data = {file["id"]: asker.got(file["download"]["url"]).content for file in files}
    assert data == {named: f"{direction}.pdf".encode() for direction, named in kept.items()}
    assert [file["fileName"]["value"] for file in files] == ["账单.pdf"] * 3


@pytest.mark.parametrize("role", ["compliance", "auditor", "service"])
def test_who_sees_values_masked_sees_that_there_is_a_file_and_no_more(
    world: World, kept: dict[str, str], role: str
) -> None:
    files = seen(world.signed(role), world.cases[NORTH])
    masked = {"state": "MASKED", "value": None}
    assert files == [
        {"id": named, "direction": direction, "fileName": masked, "sha256": masked, "download": None}
        for direction, named in zip(("IN", "OUT", None), kept.values(), strict=True)
    ]


@pytest.mark.parametrize("role", ["compliance", "auditor"])
def test_a_file_is_revealed_for_a_purpose_and_the_ledger_says_who_read_it(
    world: World, kept: dict[str, str], workspace: Workspace, role: str
) -> None:
    asker = world.signed(role, name="赵敏")
    before = workspace.ledger.head()
    asked = {"attachmentId": kept["None"], "purpose": "抽查 2026-1", "commandId": str(uuid4())}
    download = asker.done("revealAttachment", REVEALED, **asked)
    assert download["fileName"] == {"value": "账单.pdf"}
    assert download["sha256"] == {"value": sha256(b"None.pdf").hexdigest()}
    assert asker.got(download["url"]).content == b"None.pdf"
    (recorded,) = workspace.ledger.since(before)
    assert isinstance(recorded.event, PersonalRevealed)
    assert recorded.event.purpose == "抽查 2026-1"
    stream = f"case-{uuid_of(world.cases[NORTH])}"
    assert {value.stream for value in recorded.event.values} == {stream}
    assert [value.path for value in recorded.event.values] == ["/content", "/file_name", "/digest"]
    assert (recorded.metadata.actor.name, recorded.metadata.actor.role) == ("赵敏", role)
    assert asker.done("revealAttachment", "fileName { value }", **asked)["fileName"] == {"value": "账单.pdf"}
    assert workspace.ledger.head() == before + 1
    other = world.signed(role, name="李娜").change("revealAttachment", "url", **asked)
    assert other["download"] is None


def test_a_purpose_has_to_be_stated(world: World, kept: dict[str, str]) -> None:
    asked = {"attachmentId": kept["IN"], "purpose": " "}
    (error,) = world.signed("auditor").change("revealAttachment", "url", **asked)["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID_INPUT", ["purpose"])


FORBIDDEN = {
    "createAttachment": ("compliance", "auditor"),
    "attachFile": ("compliance", "auditor"),
    "revealAttachment": ("customer", "agent", "supervisor", "service"),
}


@pytest.mark.parametrize(("mutation", "role"), [(each, role) for each, roles in FORBIDDEN.items() for role in roles])
def test_what_a_role_may_not_is_refused(world: World, kept: dict[str, str], mutation: str, role: str) -> None:
    asker = world.customer(NORTH) if role == "customer" else world.signed(role)
    asked: dict[str, Any] = {"commandId": str(uuid4())}
    if mutation == "createAttachment":
        asked |= {"fileName": "a", "mediaType": "a/b", "byteSize": 1, "caseId": world.cases[NORTH]}
    else:
        asked |= {"attachmentId": kept["IN"]} | ({"purpose": "p"} if mutation == "revealAttachment" else {})
    pascal = mutation[0].upper() + mutation[1:]
    document = f"mutation($input: {pascal}Input!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}"
    assert asker.code(document, input=asked) == "FORBIDDEN"


def test_customers_are_told_of_what_they_sent_and_were_sent(world: World, kept: dict[str, str]) -> None:
    customer = world.customer(NORTH)
    files = seen(customer, world.cases[NORTH])
    assert [file["id"] for file in files] == [kept["IN"], kept["OUT"]]
    assert [customer.got(file["download"]["url"]).content for file in files] == [b"IN.pdf", b"OUT.pdf"]
    document = "query($id: ID!) { case(id: $id) { attachments { addedBy } } }"
    assert customer.code(document, id=world.cases[NORTH]) == "FORBIDDEN"
    item = "... on GenericEvent { kind } words { value }"
    timeline = f"query($id: ID!) {{ customer(id: $id) {{ timeline(first: 50) {{ nodes {{ {item} }} }} }} }}"
    told = customer.ask(timeline, id=world.customers[NORTH])["customer"]["timeline"]["nodes"]
    assert [node for node in told if node.get("kind") == "ATTACHMENT_ADDED"] == [
        {"kind": "ATTACHMENT_ADDED", "words": {"value": "账单.pdf"}}
    ] * 2


def test_what_a_customer_attaches_they_give_to_the_company_whatever_they_say(world: World) -> None:
    customer = world.customer(GROUP)
    file = attached(world, customer, b"my bill", world.cases[GROUP], "OUT")
    assert file["direction"] == "IN"
    assert [each["id"] for each in seen(customer, world.cases[GROUP])] == [file["id"]]
    document = "query($id: ID!) { case(id: $id) { attachments { addedBy } } }"
    (shown,) = world.administrator.ask(document, id=world.cases[GROUP])["case"]["attachments"]
    assert shown["addedBy"] == f"customer {uuid_of(world.customers[GROUP])}"


def test_nobody_attaches_to_what_lies_beyond_their_reach(world: World) -> None:
    for asker, place, beyond in (
        (world.customer(NORTH), "caseId", world.cases[EAST]),
        (world.customer(NORTH), "customerId", world.customers[EAST]),
        (world.signed("agent", unit=NORTH), "caseId", world.cases[EAST]),
        (world.signed("agent", unit=NORTH), "touchpointId", world.touchpoints[EAST]),
    ):
        said = {"fileName": "a", "mediaType": "a/b", "byteSize": 1, place: beyond}
        payload = asker.change("createAttachment", "url", **said)
        assert payload["upload"] is None
        assert [error["code"] for error in payload["userErrors"]] == [f"UNKNOWN_{place[:-2].upper()}"]


def test_an_id_of_a_file_beyond_reach_is_one_of_nothing(world: World, kept: dict[str, str]) -> None:
    del kept
    north = world.signed("agent", unit=NORTH)
    theirs = created(world.signed("agent", unit=EAST, name="陈静"), b"x", caseId=world.cases[EAST])
    nothing = [("UNKNOWN_ATTACHMENT", ["attachmentId"])]
    assert north.objections("attachFile", attachmentId=theirs["attachmentId"]) == nothing


def test_a_file_is_attached_by_who_uploaded_it(world: World) -> None:
    upload = created(world.signed("agent", unit=BEIJING, name="王芳"), b"x", caseId=world.cases[BEIJING])
    put(world.administrator, upload["url"], b"x")
    colleague = world.signed("agent", unit=BEIJING, name="李四")
    asked = {"attachmentId": upload["attachmentId"]}
    assert colleague.objections("attachFile", **asked) == [("UNKNOWN_ATTACHMENT", ["attachmentId"])]
    assert world.signed("agent", unit=BEIJING, name="王芳").objections("attachFile", **asked) == []


def test_who_signs_in_beside_a_link_has_to_be_who_it_was_given_to(world: World, kept: dict[str, str]) -> None:
    del kept
    agent, other = world.signed("agent", unit=NORTH), world.signed("agent", unit=EAST)
    (url, *_) = [file["download"]["url"] for file in seen(agent, world.cases[NORTH])]
    assert agent.got(url).status_code == 200
    assert agent.got(url, headers=agent.headers).status_code == 200
    turned_away = agent.got(url, headers=other.headers)
    assert turned_away.status_code == 403
    assert turned_away.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    no_token = agent.got(url, headers={"Authorization": "Bearer nonsense"})
    assert no_token.status_code == 401
    upload = created(agent, b"x", caseId=world.cases[NORTH])
    assert put(other, upload["url"], b"x", signed=True).status_code == 403
    assert put(agent, upload["url"], b"x", signed=True).status_code == 200


def test_a_link_tells_people_in_two_roles_apart(world: World, kept: dict[str, str], workspace: Workspace) -> None:
    links = Links(workspace.ledger.attachments.link_key, workspace.ledger.book)
    ada = Principal("7c1e", "ada", frozenset(Role), Role.AGENT, unit=NORTH)
    as_auditor = Principal("7c1e", "ada", frozenset(Role), Role.AUDITOR, unit=NORTH)
    file = attachment_in(kept["IN"], "main")
    marks = {
        links.read(links.given(For.DOWNLOAD, file, each).path.rsplit("/", 1)[1]).given_to for each in (ada, as_auditor)
    }
    assert len(marks) == 2
