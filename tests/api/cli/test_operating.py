"""Servers as processes of their own: how they end, how many there may be, and what stands before them."""

import json
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from api.cli.exits import Exit
from tests.api.cli.conftest import CommandLine, Teller
from tests.api.cli.test_serving import announced

CASES = {"query": "{ cases { nodes { id } } }"}
HEAD = {"query": "{ ledgerHead { book } }"}
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@contextmanager
def serving(daybook: CommandLine, **settings: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server with these settings, and where it is."""
    with CommandLine(daybook.environment | settings).process("serve", "--port", "0", "--json") as running:
        yield announced(running)["url"].removesuffix("/graphql"), running


@contextmanager
def locked(daybook: CommandLine) -> Iterator[psycopg.Connection]:
    """Nobody can read the cases until the transaction ends."""
    with psycopg.connect(daybook.environment["DAYBOOK_OWNER_URL"]) as owner:
        owner.execute("LOCK TABLE views.case_file")
        yield owner
        owner.rollback()


def wait_until_one_waits(daybook: CommandLine) -> None:
    with psycopg.connect(daybook.environment["DAYBOOK_OWNER_URL"], autocommit=True) as watching:
        while watching.execute(WAITING).fetchone() != (1,):
            pass


def post(url: str, body: Any, **headers: str) -> httpx.Response:
    return httpx.post(f"{url}/graphql", json=body, headers=headers, timeout=60)


def test_a_server_that_is_told_to_end_turns_others_away_first_and_finishes_what_it_has_begun(
    daybook: CommandLine, teller: Teller
) -> None:
    teller.case("INC0000102")
    assert teller.workspace.runner.catch_up() == teller.workspace.ledger.head()
    with serving(daybook, DAYBOOK_DRAIN_SECONDS="600") as (url, running), ThreadPoolExecutor() as threads:
        assert httpx.get(f"{url}/readyz").json()["checks"]["database"] == "ok"
        with locked(daybook) as owner:
            begun = threads.submit(post, url, CASES)
            wait_until_one_waits(daybook)
            running.send_signal(signal.SIGTERM)
            while httpx.get(f"{url}/readyz").json()["checks"] != {"server": "ends"}:
                pass
            assert httpx.get(f"{url}/readyz").status_code == 503
            assert httpx.get(f"{url}/healthz").status_code == 200
            assert post(url, HEAD).json() == {"data": {"ledgerHead": {"book": "main"}}}
            running.send_signal(signal.SIGTERM)
            owner.rollback()
        assert len(begun.result().json()["data"]["cases"]["nodes"]) == 1
        _, said = running.communicate(timeout=30)
        assert running.returncode == Exit.TERMINATED
        assert "Traceback" not in said


def test_what_does_not_finish_in_time_is_given_up(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    assert teller.workspace.runner.catch_up() == teller.workspace.ledger.head()
    with serving(daybook, DAYBOOK_GRACE_SECONDS="1") as (url, running), ThreadPoolExecutor() as threads:
        with locked(daybook):
            begun = threads.submit(post, url, CASES)
            wait_until_one_waits(daybook)
            running.send_signal(signal.SIGTERM)
            _, _ = running.communicate(timeout=30)
            assert running.returncode == Exit.TERMINATED
        assert begun.exception() is not None or begun.result().status_code >= 500


def test_several_servers_on_one_database_show_what_each_other_wrote(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    with serving(daybook) as (one, _), serving(daybook) as (other, _):
        document = "mutation($input: ReceiveCaseInput!) { receiveCase(input: $input) { case { id } consistencyToken } }"
        for here, there in ((one, other), (other, one)):
            asked = {"commandId": str(uuid4()), "kind": "COMPLAINT", "channel": "WEB"}
            mutation = {"query": document, "variables": {"input": asked}}
            payload = post(here, mutation).json()["data"]["receiveCase"]
            again = post(there, mutation).json()["data"]["receiveCase"]
            assert again["case"] == payload["case"]
            query = {
                "query": "query($id: ID!) { case(id: $id) { version } }",
                "variables": {"id": payload["case"]["id"]},
            }
            shown = post(there, query, **{"Daybook-Consistency-Token": payload["consistencyToken"]})
            assert shown.json() == {"data": {"case": {"version": 1}}}


def test_behind_a_proxy_the_caller_is_who_the_proxy_says(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    limits = {"DAYBOOK_RATE_PER_SECOND": "0.001", "DAYBOOK_RATE_BURST": "2"}
    behind = {"DAYBOOK_PROXIES": "127.0.0.0/8", "DAYBOOK_HOSTS": "daybook.example"}

    def statuses(url: str, *callers: str) -> list[int]:
        headers = {"Host": "daybook.example"} if "proxied" in callers else {}
        addresses = [caller for caller in callers if caller != "proxied"]
        return [post(url, HEAD, **headers, **{"X-Forwarded-For": address}).status_code for address in addresses]

    with serving(daybook, **limits, **behind) as (url, _):
        assert statuses(url, "proxied", "192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.1") == [200, 200, 200, 429]
        assert statuses(url, "proxied", "192.0.2.1, 192.0.2.3") == [200]
    with serving(daybook, **limits) as (url, _):
        assert statuses(url, "proxied", "192.0.2.1") == [400]
        assert statuses(url, "192.0.2.2", "192.0.2.3") == [200, 429]


def test_bodies_of_fifty_megabytes_are_turned_away_and_the_server_goes_on(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    fifty = 50 * 1024 * 1024

    def chunks() -> Iterator[bytes]:
        for _ in range(fifty // 65_536):
            yield b" " * 65_536

    with serving(daybook, DAYBOOK_LOG="json") as (url, running):
        for content in (b" " * fifty, chunks()):
            headers = {"Content-Type": "application/json"}
            assert httpx.post(f"{url}/graphql", content=content, headers=headers, timeout=60).status_code == 413
            assert post(url, HEAD).status_code == 200
        running.send_signal(signal.SIGTERM)
        _, said = running.communicate(timeout=30)
        lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        assert [line["outcome"] for line in lines if "outcome" in line] == [
            "BODY_TOO_LARGE",
            "ok",
            "BODY_TOO_LARGE",
            "ok",
        ]
