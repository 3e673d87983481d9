import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from api.access.gate import Gate
from api.app import create_app
from tests.api.access.issuing import Issuer
from tests.api.graphql.asking import PLACE, FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import Database

CASES = "{ cases { nodes { id } } }"
HEAD = "{ ledgerHead { book } }"
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database() AND usename = 'daybook_writer'
"""


@contextmanager
def served(database: Database, **settings: Any) -> Iterator[FrontEnd]:
    """The application with these settings."""
    with opened(database, **settings) as workspace, asking(create_app(workspace, development_actor=ACTOR)) as front_end:
        yield front_end


class Locked:
    """A view that nobody can read until it is released."""

    def __init__(self, owner: psycopg.Connection, watching: psycopg.Connection) -> None:
        self.owner = owner
        self.watching = watching
        owner.execute("LOCK TABLE views.case_file")

    def until(self, many: int) -> None:
        """Returns when so many statements of the server wait for it."""
        while self.watching.execute(WAITING).fetchone() != (many,):
            pass

    def release(self) -> None:
        self.owner.rollback()


@contextmanager
def locked(database: Database) -> Iterator[Locked]:
    """Nobody can read the cases."""
    with psycopg.connect(database.owner_url) as owner, psycopg.connect(database.owner_url, autocommit=True) as watching:
        yield Locked(owner, watching)
        owner.rollback()


def code_of(response: httpx.Response) -> tuple[int, str]:
    (error,) = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


def test_an_operation_whose_time_is_up_is_answered_and_its_statements_are_stopped(database: Database) -> None:
    with served(database, operation_seconds=0.3) as front_end, locked(database) as cases:
        response = front_end.send(CASES)
        assert code_of(response) == (504, "TIMED_OUT")
        assert response.json()["errors"][0]["extensions"]["params"] == {"limit": 0.3, "of": "operation"}
        cases.until(0)
        assert front_end.ask(HEAD) == {"ledgerHead": {"book": "main"}}


def test_a_statement_that_the_database_stops_is_no_fault(database: Database) -> None:
    with served(database, statement_seconds=0.1) as front_end, locked(database):
        response = front_end.send(CASES)
        assert code_of(response) == (504, "TIMED_OUT")
        assert response.json()["errors"][0]["extensions"]["params"] == {"limit": 0.1, "of": "statement"}


def test_as_many_operations_are_worked_at_as_may_be_and_the_next_comes_again(database: Database) -> None:
    with served(database, operations_at_once=2) as front_end, locked(database) as cases:

        async def two_and_one_more() -> list[httpx.Response]:
            post = front_end.client.post
            two = [asyncio.ensure_future(post("/graphql", json={"query": CASES})) for _ in range(2)]
            await asyncio.to_thread(cases.until, 2)
            third = await post("/graphql", json={"query": HEAD})
            cases.release()
            return [*await asyncio.gather(*two), third]

        *worked_at, third = front_end.portal.call(two_and_one_more)
        assert code_of(third) == (503, "TOO_BUSY")
        assert third.headers["retry-after"] == "1"
        assert third.json()["errors"][0]["extensions"]["params"] == {"limit": 2}
        assert [response.json() for response in worked_at] == [{"data": {"cases": {"nodes": []}}}] * 2
        assert front_end.ask(HEAD) == {"ledgerHead": {"book": "main"}}


def test_a_caller_who_sends_too_many_is_told_when_to_go_on(database: Database) -> None:
    with served(database, rate_per_second=0.01, rate_burst=3) as front_end:
        responses = [front_end.send(HEAD) for _ in range(4)]
        assert [response.status_code for response in responses] == [200, 200, 200, 429]
        assert code_of(responses[-1]) == (429, "RATE_LIMITED")
        params = responses[-1].json()["errors"][0]["extensions"]["params"]
        assert params == {"limit": 0.01, "of": "network"}
        assert 1 <= int(responses[-1].headers["retry-after"]) <= 100
        assert code_of(front_end.sent(b"{")) == (429, "RATE_LIMITED")
        assert code_of(front_end.got("/nowhere")) == (429, "RATE_LIMITED")
        assert front_end.got("/healthz").status_code == 200
        figures = front_end.got("/metrics").text
        assert 'daybook_operations_total{kind="none",outcome="RATE_LIMITED"} 2\n' in figures


def test_who_is_turned_away_before_anything_is_read_is_counted_by_the_status(database: Database) -> None:
    with served(database) as front_end:
        assert front_end.send(HEAD, headers={"Host": "evil.example"}).status_code == 400
        figures = front_end.got("/metrics").text
        assert 'daybook_operations_total{kind="none",outcome="BAD_REQUEST"} 1\n' in figures


class Addressed:
    """A server with sign-in and a rate of three requests, and whoever sends some from whatever address."""

    def __init__(self, front_end: FrontEnd, app: FastAPI, issuer: Issuer) -> None:
        self.front_end = front_end
        self.app = app
        self.issuer = issuer

    def sent(self, address: str, many: int, **claims: Any) -> list[tuple[int, str]]:
        """What became of requests, each with a token that says so."""
        token = self.issuer.token(claims={"roles": ["auditor"], **claims})
        return self.tried(address, [f"Bearer {token}"] * many)

    def tried(self, address: str, authorizations: list[str]) -> list[tuple[int, str]]:
        """What became of requests with these headers."""
        transport = httpx.ASGITransport(app=self.app, client=(address, 7))
        client = httpx.AsyncClient(transport=transport, base_url=PLACE)
        there = FrontEnd(self.front_end.portal, client)
        found = [there.send(HEAD, {"Authorization": each}) for each in authorizations]
        self.front_end.portal.call(client.aclose)
        return [(200, "ok") if response.status_code == 200 else code_of(response) for response in found]


@pytest.fixture
def addressed(database: Database) -> Iterator[Addressed]:
    issuer = Issuer()
    with opened(database, rate_per_second=0.01, rate_burst=3) as workspace:
        app = create_app(workspace, gate=Gate([issuer.tokens]))
        with asking(app) as front_end:
            yield Addressed(front_end, app, issuer)


SERVED, LIMITED, REFUSED = (200, "ok"), (429, "RATE_LIMITED"), (401, "UNAUTHENTICATED")


def test_whoever_tries_tokens_is_counted_before_any_is_looked_at(addressed: Addressed) -> None:
    made_up = [f"Bearer {number}" for number in range(4)]
    assert addressed.tried("192.0.2.7", made_up) == [REFUSED] * 3 + [LIMITED]
    assert addressed.sent("192.0.2.7", 1) == [LIMITED], "they are in the same network, and no token is looked at"
    assert addressed.sent("192.0.2.8", 1) == [SERVED]


def test_people_behind_one_address_do_not_take_each_others_share(addressed: Addressed) -> None:
    assert addressed.sent("192.0.2.7", 4, sub="one") == [SERVED] * 3 + [LIMITED]
    assert addressed.sent("192.0.2.7", 3, sub="other") == [SERVED] * 3
    assert addressed.tried("192.0.2.7", ["Basic x"]) == [REFUSED], "what they sent was not counted for their network"


def test_one_who_comes_from_many_addresses_is_one_caller_in_whatever_role(addressed: Addressed) -> None:
    found = [addressed.sent(f"192.0.2.{number}", 1, sub="one") for number in range(3)]
    assert found == [[SERVED]] * 3
    assert addressed.sent("198.51.100.9", 1, sub="one", roles=["compliance"]) == [LIMITED]
    assert addressed.sent("198.51.100.9", 1, sub="other") == [SERVED]


def test_who_is_limited_is_told_what_was_counted(addressed: Addressed) -> None:
    addressed.sent("192.0.2.7", 3, sub="one")
    token = addressed.issuer.token(claims={"roles": ["auditor"], "sub": "one"})
    response = addressed.front_end.send(HEAD, {"Authorization": f"Bearer {token}"})
    assert code_of(response) == LIMITED
    assert response.json()["errors"][0]["extensions"]["params"] == {"limit": 0.01, "of": "caller"}
    assert 1 <= int(response.headers["retry-after"]) <= 100


def test_others_are_served_while_the_worst_documents_are_read(database: Database) -> None:
    repeated = [f"query Q{at} {{ ledgerHead {{ {'a: book ' * 28} {'book ' * 280} }} }}" for at in range(20)]
    with served(database) as front_end:
        front_end.ask(HEAD)

        async def beside() -> tuple[int, list[httpx.Response]]:
            post = front_end.client.post
            worst = [asyncio.ensure_future(post("/graphql", json={"query": document})) for document in repeated]
            served_meanwhile = 0
            while not all(each.done() for each in worst):
                response = await post("/graphql", json={"query": HEAD})
                served_meanwhile += response.status_code == 200
            return served_meanwhile, [each.result() for each in worst]

        served_meanwhile, responses = front_end.portal.call(beside)
        answer = {"data": {"ledgerHead": {"a": "main", "book": "main"}}}
        assert [response.json() for response in responses] == [answer] * 20
        assert served_meanwhile > 3


def test_a_production_server_shows_neither_its_schema_nor_names_out_of_it(database: Database) -> None:
    with served(database, production=True) as front_end:
        for document in (
            "{ __schema { types { name } } }",
            '{ __type(name: "Case") { name } }',
            '{ ...f } fragment f on Query { a: __type(name: "Case") { name } }',
        ):
            assert front_end.code(document) == "SCHEMA_NOT_SHOWN"
        for document in ("{ ledgerHeat { book } }", "{ cases(filter: {kind: COMPLAIN}) { nodes { id } } }"):
            (error,) = front_end.errors(document)
            assert error["extensions"]["code"] == "BAD_DOCUMENT"
            assert "Did you mean" not in error["message"]
        variable = "query($kind: CaseKind) { cases(filter: {kind: $kind}) { nodes { id } } }"
        assert "COMPLAINT" not in front_end.send(variable, kind="COMPLAIN").text
        assert front_end.ask("{ __typename ledgerHead { __typename } }")["__typename"] == "Query"
        page = front_end.got("/graphql", headers={"Accept": "text/html"})
        assert code_of(page) == (405, "METHOD_NOT_ALLOWED")


def test_elsewhere_a_name_that_is_nearly_right_is_suggested(front_end: FrontEnd) -> None:
    (error,) = front_end.errors("{ ledgerHeat { book } }")
    assert "Did you mean 'ledgerHead'?" in error["message"]
    assert front_end.ask("{ __schema { queryType { name } } }")["__schema"]["queryType"]["name"] == "Query"
