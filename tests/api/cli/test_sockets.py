"""Sockets of servers that are processes of their own: how these end, and what stands before them."""

import signal
from urllib.parse import urlsplit

import httpx

from api.cli.exits import Exit
from tests.api.cli.conftest import CommandLine, Teller
from tests.api.cli.test_operating import serving
from tests.api.http.wired import Reached

HEADS = "subscription { ledgerHead { position } }"


def reached(url: str) -> Reached:
    parts = urlsplit(url)
    return Reached(str(parts.hostname), parts.port or 80)


def test_a_server_that_is_told_to_end_keeps_its_sockets_while_others_take_over_and_then_says_so(
    daybook: CommandLine, teller: Teller
) -> None:
    teller.case("INC0000102")
    with serving(daybook, DAYBOOK_DRAIN_SECONDS="600") as (url, running), reached(url).let_in() as wired:
        wired.ask(HEADS)
        first = wired.data()["ledgerHead"]["position"]
        running.send_signal(signal.SIGTERM)
        while httpx.get(f"{url}/readyz").json()["checks"] != {"server": "ends"}:
            pass
        teller.case("INC0000103")
        assert wired.data()["ledgerHead"]["position"] > first
        running.send_signal(signal.SIGTERM)
        assert wired.closed() == (1001, "SERVER_ENDS")
        _, said = running.communicate(timeout=30)
        assert running.returncode == Exit.TERMINATED
        assert "Traceback" not in said


def test_behind_a_proxy_sockets_are_those_of_whom_the_proxy_names(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    behind = {"DAYBOOK_PROXIES": "127.0.0.0/8", "DAYBOOK_SOCKETS_OF_CALLER": "1"}
    with serving(daybook, **behind) as (url, _):
        server = reached(url)
        with (
            server.wired(headers={"X-Forwarded-For": "192.0.2.1"}) as one,
            server.wired(headers={"X-Forwarded-For": "192.0.2.2"}) as other,
            server.wired(headers={"X-Forwarded-For": "192.0.2.1"}) as again,
        ):
            assert again.closed() == (1013, "TOO_MANY_SOCKETS")
            for wired in (one, other):
                wired.acknowledged()
