"""kill -9 of `daybook serve` in the middle of a body, and senders that go away: sent again, each item is there once."""

import http.client
import json
import socket
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from api.settings import Settings
from api.workspace import Workspace
from tests.api.ingest.sending import item, lines, received
from tests.faults.installations import Installation, OnSeparate
from tests.faults.servers import eventually

CASES = 1_200
KILLS = 2
BODY = lines(
    each
    for number in range(CASES)
    for each in (
        item("register-customer", f"u-{number}", kind="person", name=f"Person {number}"),
        received(f"T-{number}", customer=f"u-{number}", words="It broke."),
        item("register-case", f"T-{number}"),
    )
)
ITEMS = 3 * CASES


def served(installation: Installation) -> bool:
    """Whether the server answers."""
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", installation.port, timeout=5)) as connection:
            connection.request("GET", "/healthz")
            with connection.getresponse() as response:
                return response.status == 200
    except OSError:
        return False


def head_of() -> bytes:
    """What goes before the body."""
    told = ("Host: 127.0.0.1", "Content-Type: application/x-ndjson", f"Content-Length: {len(BODY)}", "", "")
    return "\r\n".join(("POST /ingest HTTP/1.1", *told)).encode()


def answers(installation: Installation, kill_after: int | None = None) -> list[dict[str, Any]]:
    """What is answered to the body; the server is killed once so many lines of it have come."""
    told: list[dict[str, Any]] = []
    with closing(http.client.HTTPConnection("127.0.0.1", installation.port, timeout=120)) as connection:
        connection.request("POST", "/ingest", BODY, {"Content-Type": "application/x-ndjson"})
        try:
            with connection.getresponse() as response:
                for line in response:
                    if line.endswith(b"\n"):
                        told.append(json.loads(line))
                    if len(told) == kill_after:
                        installation.serve.kill()
        except (http.client.HTTPException, OSError):
            assert kill_after is not None
    return told


def test_a_body_that_is_sent_again_after_every_kill_is_recorded_once(place: Path) -> None:
    with OnSeparate(place) as installation:
        acknowledged: dict[int, dict[str, Any]] = {}
        for kill in range(KILLS):
            assert eventually(served, installation)
            for told in answers(installation, kill_after=1 + 900 * kill):
                if "item" in told:
                    assert told["status"] in {"accepted", "repeated"}
                    before = acknowledged.setdefault(told["item"], told)
                    assert (told["position"], told["subject"]) == (before["position"], before["subject"])
            assert eventually(lambda: not installation.serve.running)
            installation.tend()
            assert kill or 0 < len(acknowledged) < ITEMS
        assert eventually(served, installation)
        *last, end = answers(installation)
        assert (end["items"], end["accepted"] + end["repeated"]) == (ITEMS, ITEMS)
        assert end["repeated"] >= len(acknowledged)
        assert [told["position"] for told in last if told["item"] in acknowledged] == [
            acknowledged[place]["position"] for place in sorted(acknowledged)
        ]
        whole(installation)


def test_what_was_carried_out_for_a_sender_who_went_away_is_not_carried_out_again(place: Path) -> None:
    with OnSeparate(place) as installation:
        assert eventually(served, installation)
        head = head_of()
        with socket.create_connection(("127.0.0.1", installation.port)) as half:
            half.sendall(head + BODY[: len(BODY) // 2])
        with socket.create_connection(("127.0.0.1", installation.port)) as all_of_it:
            sending = threading.Thread(target=all_of_it.sendall, args=(head + BODY,))
            sending.start()
            sending.join()
            assert all_of_it.recv(1).startswith(b"H")
        *_, end = answers(installation)
        assert (end["items"], end["accepted"] + end["repeated"], end["repeated"] > 0) == (ITEMS, ITEMS, True)
        whole(installation)


def taken(installation: Installation) -> bool:
    """Whether there is room for another body."""
    with closing(http.client.HTTPConnection("127.0.0.1", installation.port, timeout=60)) as connection:
        connection.request("POST", "/ingest", b"", {"Content-Type": "application/x-ndjson"})
        with connection.getresponse() as response:
            return response.status == 200


def test_a_sender_who_reads_nothing_keeps_nobody_out(place: Path) -> None:
    installation = OnSeparate(place)
    installation.environment["DAYBOOK_INGESTS_AT_ONCE"] = "1"
    with installation, socket.socket() as deaf:
        assert eventually(served, installation)
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", installation.port))
        deaf.sendall(head_of() + BODY)
        assert not taken(installation)
        assert eventually(taken, installation)
        whole(installation)


def whole(installation: Installation) -> None:
    """Every item is there once, in the order of the body, without a gap."""
    with Workspace(Settings.from_environment(installation.environment)) as workspace:
        book = [recorded for recorded in workspace.ledger.since(0) if recorded.metadata.channel == "ingest"]
        positions = [recorded.position for recorded in book]
        assert positions == list(range(positions[0], positions[0] + ITEMS))
        assert Counter(type(recorded.event).__name__ for recorded in book) == {
            "CustomerRegistered": CASES, "CaseReceived": CASES, "CaseRegistered": CASES,
        }  # fmt: skip
        assert [recorded.metadata.source.line for recorded in book if recorded.metadata.source] == [
            *range(1, ITEMS + 1)
        ]
