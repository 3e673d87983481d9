"""A file's way over HTTP: announced, uploaded, attached, fetched; and how it goes wrong on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import Message

from api.access.gate import Gate
from api.access.links import For, Link
from api.graphql.door import Door
from api.http import attachments
from api.http.admission import Admission
from api.http.attachments import MOST_OF_ONE, Files
from api.http.metrics import Figures
from api.http.watched import Watched
from api.workspace import Workspace
from domain.attachment import AttachmentAdded
from ledger.attachments import CHUNK_BYTES
from tests.api.graphql.asking import FrontEnd
from tests.api.http.sending import DATA, DEVELOPER, SHOWN, WHOLE, Sender, chunks_kept, code_of
from tests.conftest import Database


@pytest.fixture(scope="module")
def sender(front_end: FrontEnd) -> Sender:
    return Sender(front_end)


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
    there = sender.front_end.ask(WHOLE, id=sender.case)["case"]["attachments"]
    (shown,) = (each for each in there if each["id"] == file["id"])  # other tests attach to this case as well
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
    query($id: ID!, $t: ConsistencyToken) {
      customer(id: $id, consistencyToken: $t) {
        timeline(filter: {kind: [ATTACHMENT_ADDED]}) {
          nodes { direction words { value } ... on GenericEvent { term } }
        }
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
        routes = Starlette(routes=self.files.routes())
        app = Watched(routes, Figures(), Admission(self.workspace.settings), frozenset(), frozenset())
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
    gate, admission = Gate(unproved=DEVELOPER), Admission(workspace.settings)
    return Raw(Files(door, gate, admission, MOST_OF_ONE + 2, stalled_seconds=0.02), front_end, workspace)


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


def test_an_upload_that_drips_is_given_up(
    sender: Sender, raw: Raw, module_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "LEAST_BYTES_PER_SECOND", 1e9)
    upload = sender.created()
    before = chunks_kept(module_database)
    status, answer = raw.put(upload["url"], [body(bytes([byte])) for byte in DATA[:100_000]])
    assert (status, b"UPLOAD_STALLED" in answer) == (408, True)
    assert chunks_kept(module_database) == before


def whole(data: bytes) -> list[Message]:
    return [{"type": "http.request", "body": data, "more_body": False}]


def test_a_server_takes_so_many_files_at_a_time_and_fewer_of_one_asker(sender: Sender, raw: Raw) -> None:
    upload = sender.created(b"x")
    link = Link(For.UPLOAD, uuid4(), "somebody else", datetime.now(UTC))
    with ExitStack() as under_way:
        for _ in range(raw.files._most):
            under_way.enter_context(raw.files._one_more(link))
        status, answer = raw.put(upload["url"], whole(b"x"))
        assert (status, b"TOO_BUSY" in answer) == (503, True)
    own = raw.files._door.links.read(upload["url"].rsplit("/", 1)[1])
    with ExitStack() as under_way:
        for _ in range(MOST_OF_ONE):
            under_way.enter_context(raw.files._one_more(own))
        status, answer = raw.put(upload["url"], whole(b"x"))
        assert (status, b"TOO_BUSY" in answer) == (503, True)
    assert not raw.files._under_way
    assert raw.put(upload["url"], whole(b"x"))[0] == 200
