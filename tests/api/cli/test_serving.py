import json
import signal
import socket
import subprocess
from typing import Any

import httpx
import pytest

from api.cli.exits import Exit
from tests.api.cli.conftest import CommandLine, Teller


def announced(running: subprocess.Popen[str]) -> Any:
    """The JSON document that a server prints as soon as it serves."""
    assert running.stdout is not None
    text = ""
    for line in running.stdout:
        text += line
        if line == "}\n":
            return json.loads(text)
    raise AssertionError(running.communicate()[1])


def test_serve_answers_queries_and_shows_what_was_written_before_it_began(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    with daybook.process("serve", "--port", "0", "--json") as running:
        answer = announced(running)
        assert (answer["book"], answer["time"], answer["position"]) == ("main", "simulated", 4)
        asked = httpx.post(answer["url"], json={"query": '{ case(number: "C2026-000001") { sourceKey } }'})
        assert asked.json() == {"data": {"case": {"sourceKey": "INC0000102"}}}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.TERMINATED)])
def test_serve_ends_in_order_when_told_to(
    daybook: CommandLine, teller: Teller, number: signal.Signals, code: Exit
) -> None:
    assert teller.workspace.ledger.head() == 1
    with daybook.process("serve", "--port", "0", "--json") as running:
        announced(running)
        running.send_signal(number)
        _, said = running.communicate(timeout=30)
        assert running.returncode == code
        assert "Traceback" not in said


def test_a_port_that_is_taken_is_told_before_anything_is_begun(daybook: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for command in ("serve", "demo"):
            result = daybook(command, "--port", str(port))
            assert (result.exit_code, result.stdout) == (Exit.PORT_TAKEN, "")
            assert f"Port {port} of 127.0.0.1 is taken by another program" in result.stderr


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_every_loopback_address_may_be_served(host: str) -> None:
    from api.cli.serving import bound, url_of

    try:
        listening = bound(host, 0)
    except OSError as error:  # pragma: no cover - a machine without this address
        pytest.skip(str(error))
    with listening:
        assert url_of(listening).endswith("/graphql")


def test_a_role_that_could_rewrite_the_ledger_does_not_serve_unless_told(daybook: CommandLine, teller: Teller) -> None:
    owner = daybook.environment["DAYBOOK_OWNER_URL"]
    assert teller.workspace.ledger.head() == 1
    for command in ("serve", "project"):
        result = daybook(command, DATABASE_URL=owner)
        assert (result.exit_code, result.stdout) == (Exit.LEDGER, "")
        assert "could rewrite the ledger" in result.stderr
        assert "--insecure-single-role" in result.stderr
    told = daybook("project", "--insecure-single-role", DATABASE_URL=owner, DAYBOOK_PROJECTOR_URL="")
    assert told.exit_code == 0, told.stderr


def test_project_follows_until_it_is_interrupted(daybook: CommandLine, teller: Teller) -> None:
    assert teller.workspace.ledger.head() == 1
    with daybook.process("project", "--follow", "--json") as running:
        announced(running)
        reached = teller.tell_and_wait("INC0000102")
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=30)
    assert reached
    assert running.returncode == Exit.INTERRUPTED
    assert said.splitlines()[-1] == "Ended by Ctrl-C."
