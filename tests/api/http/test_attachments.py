"""A file's way over HTTP: announced, uploaded, attached, fetched; and every way in which that goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from starlette.applications import Starlette
from starlette.types import Message

from api.access.gate import Gate
from api.access.links import For, Given, Links
from api.access.principal import Principal, without_sign_in
from api.attached import KEPT, sweep
from api.graphql.attachment import attachment_in, id_of_attachment
from api.graphql.door import Door
from api.graphql.identity import opaque
from api.http.admission import Admission
from api.http.attachments import Files
from api.http.metrics import Figures
from api.http.watched import Watched
from api.workspace import Workspace
from domain.attachment import AttachmentAdded
from ledger.attachments import CHUNK_BYTES
from tests.api.graphql.asking import FrontEnd
from tests.api.graphql.conftest import ACTOR
from tests.conftest import Database

DATA = "三月份收了两次费。".encode() * 40_000
"""Four chunks and a bit."""
UPLOAD = "attachmentId url expiresAt"
SHOWN = "id fileName { state value } mediaType byteSize sha256 { value } direction addedBy download { url expiresAt }"
WHOLE = f"query($id: ID!) {{ case(id: $id) {{ attachments {{ {SHOWN} }} }} }}"
DEVELOPER = without_sign_in(ACTOR)


class Sender:
    """Somebody with a file."""

    def __init__(self, front_end: FrontEnd) -> None:
        self.front_end = front_end
        self.customer = front_end.done("registerCustomer", kind="PERSON", name="王小明")["id"]
        self.case = self.received()

    def received(self) -> str:
        """One more case of the customer's."""
        about = {"kind": "COMPLAINT", "channel": "WEB", "customerId": self.customer}
        case: str = self.front_end.done("receiveCase", **about)["id"]
        return case

    def created(self, data: bytes = DATA, **said: Any) -> dict[str, Any]:
        """A file that is waited for."""
        told = {"fileName": "账单.pdf", "mediaType": "application/pdf", "byteSize": len(data), "caseId": self.case}
        return self.front_end.done("createAttachment", UPLOAD, **told | said)

    def put(self, url: str, data: Any = DATA, headers: Mapping[str, str] | None = None) -> httpx.Response:
        client = self.front_end.client
        return self.front_end.portal.call(lambda: client.put(url, content=data, headers=headers))

    def uploaded(self, data: bytes = DATA, **said: Any) -> str:
        """A file whose bytes are there."""
        upload = self.created(data, **said)
        answer = self.put(upload["url"], data)
        assert answer.status_code == 200, answer.text
        named: str = upload["attachmentId"]
        return named

    def attached(self, data: bytes = DATA, **said: Any) -> dict[str, Any]:
        """A file that is attached to a case of its own."""
        named = self.uploaded(data, caseId=self.received(), **said)
        return self.front_end.done("attachFile", SHOWN, attachmentId=named, direction="IN")

    def got(self, url: str, **options: Any) -> httpx.Response:
        return self.front_end.got(url, **options)


@pytest.fixture(scope="module")
def sender(front_end: FrontEnd) -> Sender:
    return Sender(front_end)


def code_of(answer: httpx.Response) -> str:
    (error,) = answer.json()["errors"]
    code: str = error["extensions"]["code"]
    return code


def given(workspace: Workspace, use: For, attachment_id: str, **said: Any) -> Given:
    """A link as the server might have made it, to somebody else or long ago."""
    told: dict[str, Any] = {"principal": DEVELOPER, "ago": timedelta(), "book": workspace.ledger.book} | said
    links = Links(workspace.ledger.attachments.link_key, told["book"], lambda: datetime.now(UTC) - told["ago"])
    return links.given(use, attachment_in(attachment_id, workspace.ledger.book), told["principal"])


def chunks_kept(database: Database) -> int:
    with psycopg.connect(database.owner_url) as connection:
        row = connection.execute("SELECT count(*) FROM ledger.content_chunk").fetchone()
    assert row is not None
    return int(row[0])


# The whole way --------------------------------------------------------------------------------------------------


def test_a_file_is_uploaded_attached_and_fetched_and_the_ledger_says_so(sender: Sender, workspace: Workspace) -> None:
    upload = sender.created(sha256=sha256(DATA).hexdigest().upper())
    answer = sender.put(upload["url"])
    assert answer.status_code == 200
    assert answer.json() == {
        "attachmentId": upload["attachmentId"],
        "byteSize": len(DATA),
        "sha256": sha256(DATA).hexdigest(),
    }
    before = workspace.ledger.head()
    asked = {"attachmentId": upload["attachmentId"], "direction": "IN", "commandId": str(uuid4())}
    payload = sender.front_end.change("attachFile", SHOWN, **asked)
    assert payload["userErrors"] == []
    file = payload["attachment"]
    download = file.pop("download")
    assert file == {
        "id": upload["attachmentId"],
        "fileName": {"state": "OPEN", "value": "账单.pdf"},
        "mediaType": "application/pdf",
        "byteSize": len(DATA),
        "sha256": {"value": sha256(DATA).hexdigest()},
        "direction": "IN",
        "addedBy": "developer",
    }
    fetched = sender.got(download["url"])
    assert fetched.status_code == 200
    assert fetched.content == DATA
    (recorded,) = workspace.ledger.since(before, opened=True)
    assert isinstance(recorded.event, AttachmentAdded)
    assert recorded.event.digest.value == sha256(DATA).hexdigest()
    assert recorded.event.byte_size == len(DATA)
    (shown,) = sender.front_end.ask(WHOLE, id=sender.case)["case"]["attachments"]
    assert shown | {"download": None} == file | {"download": None}
    assert sender.front_end.change("attachFile", SHOWN, **asked)["userErrors"] == []
    assert workspace.ledger.head() == before + 1


def test_a_file_is_put_to_a_customers_own_and_to_a_touchpoint(sender: Sender) -> None:
    met = sender.front_end.done("recordTouchpoint", channel="COUNTER", direction="IN", customerId=sender.customer)
    for place, one in (("customerId", sender.customer), ("touchpointId", met["id"])):
        named = sender.uploaded(b"x" * 9, caseId=None, **{place: one})
        sender.front_end.done("attachFile", attachmentId=named)
        document = """
        query($id: ID!) {
          node(id: $id) { ... on Customer { attachments { id } } ... on Touchpoint { attachments { id } } }
        }
        """
        assert sender.front_end.ask(document, id=one)["node"]["attachments"] == [{"id": named}]


def test_what_the_customer_sent_stands_on_their_timeline_and_what_the_company_keeps_does_not(sender: Sender) -> None:
    customer = sender.front_end.done("registerCustomer", kind="PERSON", name="赵")["id"]
    case = sender.front_end.done("receiveCase", kind="COMPLAINT", channel="WEB", customerId=customer)["id"]
    token = None
    for name, direction in (("来信.pdf", "IN"), ("内部意见.docx", None), ("答复.pdf", "OUT")):
        named = sender.uploaded(name.encode(), caseId=case, fileName=name, mediaType="text/plain")
        token = sender.front_end.change("attachFile", attachmentId=named, direction=direction)["consistencyToken"]
    document = """
    query($id: ID!, $t: String) {
      customer(id: $id, consistencyToken: $t) {
        timeline(filter: {kind: [ATTACHMENT_ADDED]}) { nodes { direction term words { value } } }
      }
    }
    """
    told = sender.front_end.ask(document, id=customer, t=token)["customer"]["timeline"]["nodes"]
    assert told == [
        {"direction": "OUT", "term": "text/plain", "words": {"value": "答复.pdf"}},
        {"direction": "IN", "term": "text/plain", "words": {"value": "来信.pdf"}},
    ]


@pytest.mark.parametrize(
    ("name", "media", "sent_as"),
    [
        ("账单 三月.pdf", "application/pdf", "application/pdf"),
        ("Brücke \"1\".jpg", "image/jpeg", "image/jpeg"),
        ("report.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("page.html", "text/html", "application/octet-stream"),
        ("drawing.svg", "image/svg+xml", "application/octet-stream"),
        ("feed.xml", "text/xml", "application/octet-stream"),
        ("run.js", "text/javascript", "application/octet-stream"),
    ],
)  # fmt: skip
def test_a_browser_saves_a_file_and_never_opens_it(sender: Sender, name: str, media: str, sent_as: str) -> None:
    url = sender.attached(b"<script>", fileName=name, mediaType=media)["download"]["url"]
    answer = sender.got(url)
    assert answer.headers["content-type"] == sent_as
    assert answer.headers["content-disposition"].startswith('attachment; filename="')
    assert answer.headers["content-disposition"].count('"') == 2
    told = answer.headers["content-disposition"].partition("filename*=UTF-8''")[2]
    assert httpx.URL(f"http://x/{told}").path == f"/{name}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-length"] == "8"
    head = sender.front_end.portal.call(lambda: sender.front_end.client.head(url))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == "8"


# Bringing -------------------------------------------------------------------------------------------------------


def test_an_upload_comes_in_pieces_of_any_size(sender: Sender) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(DATA), 7_001):
            yield DATA[at : at + 7_001]

    upload = sender.created()
    assert sender.put(upload["url"], pieces()).json()["sha256"] == sha256(DATA).hexdigest()


def test_the_same_again_is_the_same_and_other_bytes_are_refused(sender: Sender) -> None:
    upload = sender.created(b"first")
    first = sender.put(upload["url"], b"first")
    assert sender.put(upload["url"], b"first").json() == first.json()
    other = sender.put(upload["url"], b"other")
    assert (other.status_code, code_of(other)) == (409, "OTHER_BYTES")
    done = sender.front_end.done("attachFile", SHOWN, attachmentId=upload["attachmentId"])
    assert sender.got(done["download"]["url"]).content == b"first"
    assert sender.put(upload["url"], b"first").json() == first.json()
    assert sender.put(upload["url"], b"other").status_code == 409


async def endless() -> AsyncIterator[bytes]:
    """A body that says nothing of its length."""
    for _ in range(100):
        yield b"x" * 50_000


@pytest.mark.parametrize(
    "sent", [b"", DATA[:-1], DATA + b"x", endless], ids=["nothing", "one byte less", "one byte more", "without end"]
)
def test_a_file_of_another_length_is_not_taken(sender: Sender, module_database: Database, sent: Any) -> None:
    upload = sender.created()
    before = chunks_kept(module_database)
    answer = sender.put(upload["url"], sent() if callable(sent) else sent)
    assert (answer.status_code, code_of(answer)) == (400, "WRONG_SIZE")
    assert chunks_kept(module_database) == before
    asked = {"attachmentId": upload["attachmentId"]}
    assert sender.front_end.objections("attachFile", **asked) == [("ATTACHMENT_NOT_UPLOADED", ["attachmentId"])]
    assert sender.put(upload["url"]).status_code == 200
    assert sender.front_end.objections("attachFile", **asked) == []


def test_a_file_with_another_digest_is_not_taken(sender: Sender, module_database: Database) -> None:
    upload = sender.created(sha256="0" * 64)
    before = chunks_kept(module_database)
    answer = sender.put(upload["url"])
    assert (answer.status_code, code_of(answer)) == (400, "WRONG_DIGEST")
    assert chunks_kept(module_database) == before


def test_a_file_that_is_compressed_on_the_way_is_not_taken(sender: Sender) -> None:
    upload = sender.created()
    answer = sender.put(upload["url"], DATA, {"Content-Encoding": "gzip"})
    assert (answer.status_code, code_of(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


class Raw(NamedTuple):
    """An application below HTTP, to which a test sends what no client would."""

    files: Files
    front_end: FrontEnd
    workspace: Workspace

    def put(self, path: str, coming: list[Message]) -> tuple[int, bytes]:
        """The status and the body of the answer to a PUT whose messages are these, and then none for ever."""
        app = Watched(Starlette(routes=self.files.routes()), Figures(), Admission(self.workspace.settings), frozenset())
        sent: list[Message] = []

        async def receive() -> Message:
            if coming:
                return coming.pop(0)
            await asyncio.get_running_loop().create_future()
            raise AssertionError("nobody sends anything more")

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http", "http_version": "1.1", "method": "PUT", "path": path, "raw_path": path.encode(),
            "root_path": "", "query_string": b"", "headers": [], "scheme": "http", "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }  # fmt: skip
        self.front_end.portal.call(app, scope, receive, send)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture
def raw(workspace: Workspace, front_end: FrontEnd) -> Raw:
    door = Door(workspace.ledger, workspace.runner)
    return Raw(Files(door, Gate(unproved=DEVELOPER), 2, stalled_seconds=0.02), front_end, workspace)


def body(data: bytes) -> Message:
    return {"type": "http.request", "body": data, "more_body": True}


def test_an_upload_that_is_cut_off_leaves_nothing(sender: Sender, raw: Raw, module_database: Database) -> None:
    upload = sender.created()
    before = chunks_kept(module_database)
    status, _ = raw.put(upload["url"], [body(DATA[:CHUNK_BYTES]), body(DATA[:9]), {"type": "http.disconnect"}])
    assert status == 400
    assert chunks_kept(module_database) == before
    assert sender.put(upload["url"]).status_code == 200


def test_an_upload_that_stalls_is_given_up(sender: Sender, raw: Raw, module_database: Database) -> None:
    upload = sender.created()
    before = chunks_kept(module_database)
    status, answer = raw.put(upload["url"], [body(DATA[:CHUNK_BYTES]), body(DATA[:9])])
    assert status == 408
    assert b"UPLOAD_STALLED" in answer
    assert chunks_kept(module_database) == before


def test_a_server_takes_so_many_files_at_a_time(sender: Sender, raw: Raw) -> None:
    upload = sender.created(b"x")
    with raw.files._one_more(), raw.files._one_more():
        status, answer = raw.put(upload["url"], [{"type": "http.request", "body": b"x", "more_body": False}])
        assert (status, b"TOO_BUSY" in answer) == (503, True)
    status, _ = raw.put(upload["url"], [{"type": "http.request", "body": b"x", "more_body": False}])
    assert status == 200


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
    said, seal = text.split(".")
    turned = ("A" if said[5] != "A" else "B") + said[6:]
    yield f"{folder}/{said[:5]}{turned}.{seal}"
    yield f"{folder}/{said}.{seal[:-2]}"
    yield f"{folder}/{said}."
    yield f"{folder}/{said}"
    yield f"{folder}/.{seal}"
    yield f"{folder}/{said}.{seal}.{seal}"
    yield f"{folder}/{opaque('download', str(uuid4()))}.{seal}"
    yield f"{folder}/%E2%82%AC.%00"
    yield f"{folder}/{'A' * 5_000}.{seal}"


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


def test_a_link_says_nothing_of_whom_it_was_given_to(workspace: Workspace) -> None:
    ada = Principal("ada@example.org", "ada", DEVELOPER.roles, DEVELOPER.role, issuer="https://sign-in.example")
    link = given(workspace, For.DOWNLOAD, id_of_attachment("main", uuid4()), principal=ada)
    read = Links(workspace.ledger.attachments.link_key, "main").read(link.path.rsplit("/", 1)[1])
    assert len(read.given_to) == 32
    assert "ada" not in read.given_to
