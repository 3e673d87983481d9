"""`daybook serve` in a process of its own, killed in the middle of an upload, cut off, and given a large file."""

import os
import re
import signal
import socket
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.api.cli.conftest import CommandLine, environment
from tests.api.cli.test_serving import announced
from tests.conftest import Database
from tests.faults.servers import eventually

CREATE = """
mutation($input: CreateAttachmentInput!) {
  createAttachment(input: $input) { upload { attachmentId url } userErrors { message } }
}
"""
ATTACH = """
mutation($input: AttachFileInput!) {
  attachFile(input: $input) { attachment { download { url } } userErrors { message } }
}
"""
RECEIVE = "mutation($input: ReceiveCaseInput!) { receiveCase(input: $input) { case { id } } }"
SERVE = ("serve", "--port", "0", "--json")
LARGE = 48 * 1024 * 1024
MOST_GROWTH = 24 * 1024
"""In KiB: half of the file. A server needs a few chunks for it, and connections that it had not opened before."""


@pytest.fixture
def daybook(database: Database) -> CommandLine:
    """The command line on a database with a book."""
    command_line = CommandLine(environment(database))
    assert command_line("migrate", "--open", "main").exit_code == 0
    return command_line


def asked(url: str, query: str, **given: Any) -> Any:
    answer = httpx.post(
        url, json={"query": query, "variables": {"input": {"commandId": str(uuid4()), **given}}}, timeout=60
    )
    (payload,) = answer.json()["data"].values()
    return payload


def created(url: str, byte_size: int) -> dict[str, Any]:
    """A file that is waited for, of a case of its own."""
    case = asked(url, RECEIVE, kind="COMPLAINT", channel="WEB")["case"]["id"]
    said = {"caseId": case, "fileName": "录音.wav", "mediaType": "audio/wav", "byteSize": byte_size}
    upload: dict[str, Any] = asked(url, CREATE, **said)["upload"]
    return upload


def begun(url: str, path: str, byte_size: int, sent: bytes) -> socket.socket:
    """A connection on which an upload has begun, and stopped after these bytes."""
    place = urlsplit(url)
    assert place.hostname is not None
    connection = socket.create_connection((place.hostname, place.port or 80))
    head = f"PUT {path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {byte_size}\r\n\r\n"
    connection.sendall(head.encode() + sent)
    return connection


def chunks(database: Database) -> int:
    with psycopg.connect(database.owner_url) as connection:
        row = connection.execute("SELECT count(*) FROM ledger.content_chunk").fetchone()
    assert row is not None
    return int(row[0])


def most_memory(process: int) -> int:
    """The most that a process ever had in memory, in KiB."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


def test_a_server_killed_in_the_middle_of_an_upload_leaves_nothing_that_shows_and_the_upload_is_made_again(
    daybook: CommandLine, database: Database
) -> None:
    data = os.urandom(2_000_000)
    with daybook.process(*SERVE) as running:
        url = announced(running)["url"]
        upload = created(url, len(data))
        with begun(url, upload["url"], len(data), data[:1_200_000]):
            assert eventually(lambda: chunks(database) >= 2)
            running.send_signal(signal.SIGKILL)
            running.wait()
    left = chunks(database)
    with daybook.process(*SERVE) as running:
        url = announced(running)["url"]
        not_there = asked(url, ATTACH, attachmentId=upload["attachmentId"])
        assert not_there["attachment"] is None
        assert "not been uploaded" in not_there["userErrors"][0]["message"]
        answer = httpx.put(httpx.URL(url).join(upload["url"]), content=data, timeout=60)
        assert answer.json()["sha256"] == sha256(data).hexdigest()
        attached = asked(url, ATTACH, attachmentId=upload["attachmentId"])["attachment"]
        assert httpx.get(httpx.URL(url).join(attached["download"]["url"])).content == data
    assert chunks(database) == left + 8  # those of the first try are swept away after a day


def test_an_upload_that_its_sender_cuts_off_is_taken_away_at_once(daybook: CommandLine, database: Database) -> None:
    with daybook.process(*SERVE) as running:
        url = announced(running)["url"]
        upload = created(url, 2_000_000)
        with begun(url, upload["url"], 2_000_000, os.urandom(1_200_000)):
            assert eventually(lambda: chunks(database) >= 2)
        assert eventually(lambda: chunks(database) == 0)


def test_a_file_of_any_length_takes_a_server_a_few_chunks_of_memory(daybook: CommandLine) -> None:
    data = os.urandom(LARGE)
    with daybook.process(*SERVE) as running:
        url = announced(running)["url"]
        small = created(url, 600_000)
        httpx.put(httpx.URL(url).join(small["url"]), content=os.urandom(600_000), timeout=60)
        before = most_memory(running.pid)
        upload = created(url, len(data))
        answer = httpx.put(httpx.URL(url).join(upload["url"]), content=data, timeout=120)
        assert answer.json()["sha256"] == sha256(data).hexdigest()
        attached = asked(url, ATTACH, attachmentId=upload["attachmentId"])["attachment"]
        assert httpx.get(httpx.URL(url).join(attached["download"]["url"]), timeout=120).content == data
        assert most_memory(running.pid) - before < MOST_GROWTH
