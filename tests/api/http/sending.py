"""Somebody with a file: what tests of attachments send, and how they look at what became of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg

from api.access.links import For, Given, Links
from api.access.principal import without_sign_in
from api.graphql.attachment import attachment_in
from api.workspace import Workspace
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
