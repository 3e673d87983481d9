"""`daybook serve` on the embedded server, in a process of its own, while what it stands on is taken away."""

import os
import shutil
import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.cli.exits import Exit
from tests.api.cli.conftest import CommandLine
from tests.api.cli.test_serving import announced
from tests.faults.servers import eventually, gone, postmaster

RECEIVE = "mutation($input: ReceiveCaseInput!) { receiveCase(input: $input) { case { id } userErrors { code } } }"


@pytest.fixture
def daybook(place: Path) -> CommandLine:
    """The command line of somebody without a database."""
    return CommandLine({"DAYBOOK_DATA": str(place / "data"), "DATABASE_URL": "", "DAYBOOK_PATIENCE_SECONDS": "20"})


def asked(url: str, query: str, **variables: Any) -> httpx.Response:
    return httpx.post(url, json={"query": query, "variables": variables}, timeout=60)


def received(url: str) -> str:
    """The id of a case that was taken in."""
    answer = asked(url, RECEIVE, input={"commandId": str(uuid4()), "kind": "COMPLAINT", "channel": "WEB"})
    assert (answer.status_code, answer.json()["data"]["receiveCase"]["userErrors"]) == (200, [])
    case: str = answer.json()["data"]["receiveCase"]["case"]["id"]
    return case


def shown(url: str) -> set[str]:
    answer = asked(url, "{ cases { nodes { id } } }")
    assert answer.status_code == 200
    return {node["id"] for node in answer.json()["data"]["cases"]["nodes"]}


def test_serve_answers_again_after_its_database_is_killed_and_nothing_acknowledged_is_lost(
    daybook: CommandLine, place: Path
) -> None:
    data = place / "data" / "pg"
    with daybook.process("serve", "--port", "0", "--json") as running:
        url = announced(running)["url"]
        cases = {received(url)}
        for how in (signal.SIGKILL, signal.SIGINT):
            killed = postmaster(data)
            os.kill(killed, how)
            cases.add(received(url))
            assert shown(url) == cases
            assert eventually(gone, killed)
        running.kill()
        running.wait()
    orphan = postmaster(data)
    (book,) = daybook.json("status")["books"]
    assert (book["book"], book["position"]) == ("main", 4)
    assert eventually(gone, orphan)
    assert not (data / "postmaster.pid").exists()


def test_serve_has_its_database_back_before_anybody_asks(daybook: CommandLine, place: Path) -> None:
    data = place / "data" / "pg"
    with daybook.process("serve", "--port", "0", "--json") as running:
        announced(running)
        killed = postmaster(data)
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: (data / "postmaster.pid").exists() and not gone(postmaster(data)))
        running.terminate()
        assert running.wait(timeout=30) == Exit.TERMINATED
    assert not (data / "postmaster.pid").exists()


def test_data_that_are_removed_under_serve_are_begun_anew_by_the_next_command_and_never_mixed_with_the_old(
    daybook: CommandLine, place: Path
) -> None:
    data = place / "data" / "pg"
    daybook.environment["DAYBOOK_PATIENCE_SECONDS"] = "1"
    with daybook.process("serve", "--port", "0", "--json") as running:
        url = announced(running)["url"]
        received(url)
        old = postmaster(data)
        shutil.rmtree(place / "data")
        assert daybook.json("status")["books"] == []
        assert eventually(gone, old)
        assert daybook.json("migrate", "--open", "main")["opened"]["book"] == "main"
        away = asked(url, RECEIVE, input={"commandId": str(uuid4()), "kind": "COMPLAINT", "channel": "WEB"})
        assert (away.status_code, away.json()["errors"][0]["extensions"]["code"]) == (503, "LEDGER_AWAY")
        running.terminate()
        _, said = running.communicate(timeout=30)
        assert running.returncode == Exit.TERMINATED
        assert f"The data in {data} were replaced by others while this process worked on them." in said
    assert daybook.json("status")["books"][0]["position"] == 1
