"""Links to files that are none, what is said of a file, and what becomes of what nobody attached."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from api.access.links import For, Links
from api.access.principal import Principal
from api.attached import KEPT, sweep
from api.graphql.attachment import attachment_in, id_of_attachment
from api.graphql.identity import opaque, parts_of
from api.workspace import Workspace
from tests.api.graphql.asking import FrontEnd
from tests.api.http.sending import DEVELOPER, SHOWN, UPLOAD, WHOLE, Sender, code_of, given
from tests.conftest import Database


@pytest.fixture(scope="module")
def sender(front_end: FrontEnd) -> Sender:
    return Sender(front_end)


# Links ----------------------------------------------------------------------------------------------------------


def test_a_link_ends(sender: Sender, workspace: Workspace) -> None:
    file = sender.attached(b"short")
    upload = sender.created(b"short")
    for use, named, lasted in ((For.DOWNLOAD, file["id"], 5), (For.UPLOAD, upload["attachmentId"], 60)):
        over = given(workspace, use, named, ago=timedelta(minutes=lasted + 1))
        assert over.expires_at < datetime.now(UTC)
        answer = sender.got(over.path) if use is For.DOWNLOAD else sender.put(over.path, b"short")
        assert (answer.status_code, code_of(answer)) == (410, "LINK_EXPIRED")
        nearly = given(workspace, use, named, ago=timedelta(minutes=lasted - 1))
        answer = sender.got(nearly.path) if use is For.DOWNLOAD else sender.put(nearly.path, b"short")
        assert answer.status_code == 200


def changed(url: str) -> Iterator[str]:
    """Links that are none, most of them nearly one."""
    folder, text = url.rsplit("/", 1)
    *said, seal = parts_of(text)
    yield f"{folder}/{text[:40]}{'A' if text[40] != 'A' else 'B'}{text[41:]}"
    yield f"{folder}/{text[:-4]}"
    for place in range(len(said)):  # another use, another file, somebody else, another time
        other = [*said[:place], "upload" if said[place] == "download" else str(uuid4()), *said[place + 1 :]]
        yield f"{folder}/{opaque(*other, seal)}"
        yield f"{folder}/{opaque(*said[:place], *said[place + 1 :], seal)}"
    yield f"{folder}/{opaque(*said, '')}"
    yield f"{folder}/{opaque(*said)}"
    yield f"{folder}/{opaque()}"
    yield f"{folder}/{opaque(*said, seal, seal)}"
    yield f"{folder}/{b64('{}')}"
    yield f"{folder}/{b64('[1, 2, 3, 4, 5]')}"
    yield f"{folder}/{b64('[' * 700)}"
    yield f"{folder}/%E2%82%AC.%00"
    yield f"{folder}/{'A' * 5_000}"


def b64(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_a_link_that_was_changed_leads_nowhere(sender: Sender, workspace: Workspace) -> None:
    file = sender.attached(b"short")
    upload = sender.created(b"short")
    for url in changed(file["download"]["url"]):
        assert code_of(sender.got(url)) == "BAD_LINK", url
    for url in changed(upload["url"]):
        assert code_of(sender.put(url, b"short")) == "BAD_LINK", url
    of_another_book = given(workspace, For.DOWNLOAD, file["id"], book="other")
    assert code_of(sender.got(of_another_book.path)) == "BAD_LINK"


def test_a_link_is_for_one_thing(sender: Sender, workspace: Workspace) -> None:
    file = sender.attached(b"short")
    to_upload = given(workspace, For.UPLOAD, file["id"])
    assert code_of(sender.got(to_upload.path)) == "BAD_LINK"
    assert code_of(sender.put(file["download"]["url"], b"short")) == "BAD_LINK"
    for method in ("POST", "DELETE", "PATCH", "OPTIONS"):
        url = file["download"]["url"]
        answer = sender.front_end.portal.call(lambda: sender.front_end.client.request(method, url))  # noqa: B023
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, PUT")


def test_a_link_leads_to_nothing_that_is_not_attached(sender: Sender, workspace: Workspace) -> None:
    for named in (
        sender.created(b"short")["attachmentId"],
        sender.uploaded(b"short"),
        id_of_attachment("main", uuid4()),
    ):
        answer = sender.got(given(workspace, For.DOWNLOAD, named).path)
        assert (answer.status_code, code_of(answer)) == (404, "NOT_FOUND")
    nothing = given(workspace, For.UPLOAD, id_of_attachment("main", uuid4()))
    assert code_of(sender.put(nothing.path, b"short")) == "UPLOAD_GONE"


def test_a_file_that_was_made_void_is_not_handed_out_and_comes_back_with_it(sender: Sender) -> None:
    named = sender.uploaded(b"private", caseId=(case := sender.received()))
    url = sender.front_end.done("attachFile", SHOWN, attachmentId=named)["download"]["url"]

    def void(version: int) -> None:
        asked: dict[str, Any] = {
            "recordId": case,
            "version": version,
            "reason": "wrong customer",
            "requestedBy": "grace",
        }
        sender.front_end.done("requestVoid", **asked)
        sender.front_end.done("approveAmendment", recordId=case, request=version + 1, approvedBy="lin")

    void(2)
    assert sender.got(url).status_code == 404
    assert sender.front_end.ask(WHOLE, id=case)["case"]["attachments"] == []
    (error,) = sender.front_end.change("revealAttachment", "url", attachmentId=named, purpose="p")["userErrors"]
    assert (error["code"], error["field"]) == ("UNKNOWN_ATTACHMENT", ["attachmentId"])
    void(4)
    assert sender.got(url).content == b"private"


def test_bytes_that_are_not_those_the_event_speaks_of_are_not_handed_out(
    sender: Sender, module_database: Database
) -> None:
    one, other = sender.attached(b"what was sent"), sender.attached(b"what was not")
    uuids = [attachment_in(file["id"], "main") for file in (one, other)]
    with psycopg.connect(module_database.owner_url) as connection:
        connection.execute(
            "UPDATE ledger.attachment a SET content_id = o.content_id FROM ledger.attachment o "
            "WHERE a.attachment_id = %s AND o.attachment_id = %s",
            uuids,
        )
    assert sender.got(one["download"]["url"]).status_code == 404
    assert sender.got(other["download"]["url"]).content == b"what was not"


def test_a_link_says_nothing_of_whom_it_was_given_to(workspace: Workspace) -> None:
    ada = Principal("ada@example.org", "ada", DEVELOPER.roles, DEVELOPER.role, issuer="https://sign-in.example")
    link = given(workspace, For.DOWNLOAD, id_of_attachment("main", uuid4()), principal=ada)
    read = Links(workspace.ledger.attachments.link_key, "main").read(link.path.rsplit("/", 1)[1])
    assert len(read.given_to) == 32
    assert "ada" not in read.given_to


# What is said of a file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ({"fileName": "../../etc/passwd"}, "INVALID_INPUT", ["fileName"]),
        ({"fileName": "a\\b.pdf"}, "INVALID_INPUT", ["fileName"]),
        ({"fileName": "bill\n.pdf"}, "INVALID_INPUT", ["fileName"]),
        ({"fileName": "photo\u202egpj.exe"}, "INVALID_INPUT", ["fileName"]),
        ({"fileName": "bill\0.pdf"}, "INVALID_INPUT", ["fileName"]),
        ({"fileName": ""}, "INVALID_INPUT", ["fileName"]),
        ({"mediaType": "pdf"}, "INVALID_INPUT", ["mediaType"]),
        ({"byteSize": 0}, "INVALID_INPUT", ["byteSize"]),
        ({"byteSize": -1}, "INVALID_INPUT", ["byteSize"]),
        ({"byteSize": 100 * 1024 * 1024 + 1}, "INVALID_INPUT", ["byteSize"]),
        ({"sha256": "abc"}, "INVALID_INPUT", ["sha256"]),
        ({"caseId": None}, "INVALID_INPUT", ["caseId"]),
        ({"caseId": "x"}, "INVALID_INPUT", ["caseId"]),
        ({"caseId": opaque("case", "main", str(UUID(int=1)))}, "UNKNOWN_CASE", ["caseId"]),
        ({"caseId": None, "customerId": opaque("customer", "main", str(UUID(int=1)))}, "UNKNOWN_CUSTOMER",
         ["customerId"]),
        ({"caseId": None, "touchpointId": opaque("touchpoint", "main", str(UUID(int=1)))}, "UNKNOWN_TOUCHPOINT",
         ["touchpointId"]),
    ],
)  # fmt: skip
def test_what_is_no_file_is_not_waited_for(sender: Sender, said: dict[str, Any], code: str, field: list[str]) -> None:
    asked = {"fileName": "a.pdf", "mediaType": "application/pdf", "byteSize": 1, "caseId": sender.case} | said
    payload = sender.front_end.change("createAttachment", UPLOAD, **asked)
    assert payload["upload"] is None
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [(code, field)]


def test_a_file_is_for_one_thing_only(sender: Sender) -> None:
    asked = {"fileName": "a.pdf", "mediaType": "application/pdf", "byteSize": 1}
    both = asked | {"caseId": sender.case, "customerId": sender.customer}
    assert sender.front_end.change("createAttachment", UPLOAD, **both)["upload"] is None


def test_a_command_id_is_for_one_file(sender: Sender) -> None:
    asked = {"commandId": str(uuid4()), "fileName": "a.pdf", "mediaType": "application/pdf", "caseId": sender.case}
    first = sender.front_end.done("createAttachment", UPLOAD, **asked, byteSize=1)
    assert (
        sender.front_end.done("createAttachment", UPLOAD, **asked, byteSize=1)["attachmentId"] == first["attachmentId"]
    )
    payload = sender.front_end.change("createAttachment", UPLOAD, **asked, byteSize=2)
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        ("COMMAND_ID_REUSED", ["commandId"])
    ]


def test_what_is_no_attachment_is_not_attached(sender: Sender) -> None:
    for unknown in (id_of_attachment("main", uuid4()),):
        assert sender.front_end.objections("attachFile", attachmentId=unknown) == [
            ("UNKNOWN_ATTACHMENT", ["attachmentId"])
        ]
    for wrong in ("x", sender.case, id_of_attachment("other", uuid4())):
        assert sender.front_end.objections("attachFile", attachmentId=wrong) == [("INVALID_INPUT", ["attachmentId"])]


def test_a_file_is_attached_once_and_to_the_case_as_it_was_seen(sender: Sender) -> None:
    named = sender.uploaded(b"once", caseId=(case := sender.received()))
    stale = sender.front_end.objections("attachFile", attachmentId=named, expectedVersion=7)
    assert stale == [("STALE_VERSION", ["expectedVersion"])]
    sender.front_end.done("attachFile", attachmentId=named, direction="IN", expectedVersion=1)
    sender.front_end.done("attachFile", attachmentId=named, direction="IN")
    assert len(sender.front_end.ask(WHOLE, id=case)["case"]["attachments"]) == 1
    assert sender.front_end.objections("attachFile", attachmentId=named, direction="OUT") == [
        ("RECORDED_OTHERWISE", ["attachmentId"])
    ]


# What nobody attached -------------------------------------------------------------------------------------------


def aged(database: Database, attachment_id: UUID, by: timedelta) -> None:
    """Lets so much time pass for one file."""
    with psycopg.connect(database.owner_url) as connection:
        connection.execute(
            "UPDATE ledger.attachment SET announced_at = announced_at - %s, settled = false WHERE attachment_id = %s",
            (by, attachment_id),
        )


def test_what_nobody_attached_within_a_day_is_taken_away_and_what_is_attached_stays(
    sender: Sender, workspace: Workspace, module_database: Database
) -> None:
    fresh = sender.uploaded(b"fresh")
    left = sender.uploaded(b"left over")
    kept = sender.attached(b"kept")
    for named in (left, kept["id"]):  # as if the process had died before it noted that this one is attached
        aged(module_database, attachment_in(named, "main"), KEPT + timedelta(minutes=1))
    assert sweep(workspace.ledger) >= 1
    assert sweep(workspace.ledger) == 0
    there = workspace.ledger.attachments.announced([attachment_in(each, "main") for each in (fresh, left, kept["id"])])
    assert there.keys() == {attachment_in(fresh, "main"), attachment_in(kept["id"], "main")}
    assert sender.got(kept["download"]["url"]).content == b"kept"
    assert sender.front_end.objections("attachFile", attachmentId=left) == [("UNKNOWN_ATTACHMENT", ["attachmentId"])]
    assert sender.front_end.objections("attachFile", attachmentId=fresh) == []


def test_what_may_be_taken_away_at_any_moment_is_not_attached_any_more(
    sender: Sender, module_database: Database
) -> None:
    named = sender.uploaded(b"late", caseId=(case := sender.received()))
    aged(module_database, attachment_in(named, "main"), KEPT - timedelta(minutes=30))
    assert sender.front_end.objections("attachFile", attachmentId=named) == [("ATTACHMENT_EXPIRED", ["attachmentId"])]
    assert sender.front_end.ask(WHOLE, id=case)["case"]["attachments"] == []


def test_a_void_file_keeps_its_bytes_since_the_void_may_be_taken_back(
    sender: Sender, workspace: Workspace, module_database: Database
) -> None:
    named = sender.uploaded(b"void", caseId=(case := sender.received()))
    sender.front_end.done("attachFile", attachmentId=named)
    asked: dict[str, Any] = {"recordId": case, "version": 2, "reason": "wrong customer", "requestedBy": "grace"}
    sender.front_end.done("requestVoid", **asked)
    sender.front_end.done("approveAmendment", recordId=case, request=3, approvedBy="lin")
    aged(module_database, attachment_in(named, "main"), KEPT + timedelta(hours=1))
    sweep(workspace.ledger)
    assert attachment_in(named, "main") in workspace.ledger.attachments.announced([attachment_in(named, "main")])
