import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg
import pytest

from api.access.gate import Gate
from api.app import create_app
from api.log_lines import JsonLines
from ledger.embedded import Embedded
from tests.api.access.issuing import NOW, Issuer
from tests.api.graphql.asking import asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.http.test_log import logged
from tests.api.http.test_watching import figures_of
from tests.api.ingest.sending import BATCH, LINES, ONE, Producer, item, lines, problem, received
from tests.conftest import Database


@contextmanager
def served(database: Database, gate: Gate | None = None, **settings: Any) -> Iterator[Producer]:
    """The application with these settings; without a gate, for this machine."""
    with opened(database, **settings) as workspace:
        actor = None if gate else ACTOR
        with asking(create_app(workspace, development_actor=actor, gate=gate)) as front_end:
            yield Producer(front_end, workspace)


# Who is let in --------------------------------------------------------------------------------------------------------


def test_a_service_and_an_administrator_are_let_in_and_nobody_else(database: Database) -> None:
    issuer = Issuer()
    with served(database, Gate([issuer.tokens])) as producer:

        def bearing(token: str) -> dict[str, str]:
            return {"Authorization": f"Bearer {token}"}

        def tried(role: str) -> tuple[int, str]:
            claims = {"roles": [role], "customer": "7c1e1111-2222-4333-8444-555566667777"}
            return problem(producer.post(lines([received("T-1")]), headers=bearing(issuer.token(claims=claims))))

        for role in ("customer", "agent", "supervisor", "compliance", "auditor"):
            assert tried(role) == (403, "FORBIDDEN"), role
        assert problem(producer.post(lines([received("T-1")]))) == (401, "UNAUTHENTICATED")
        expired = producer.post(b"", headers=bearing(issuer.token(exp=NOW - 3600)))
        assert problem(expired) == (401, "UNAUTHENTICATED")
        assert expired.json()["reason"] == "EXPIRED"
        assert 'error="invalid_token"' in expired.headers["www-authenticate"]
        head = producer.ledger.head()
        for number, role in enumerate(("service", "administrator")):
            token = issuer.token(roles=[role], preferred_username="bridge", azp="bridge-1")
            assert producer.statuses(received(f"T-{number}"), headers=bearing(token)) == ["accepted"]
        service, administrator = (one.metadata for one in producer.events(head))
        assert (service.actor.kind, service.actor.role, service.actor.name) == ("system", "service", "bridge")
        assert service.actor.claim == "sub=7c1e iss=https://sign-in.example"
        assert (service.client, service.address) == ("bridge-1", "127.0.0.1")
        assert (administrator.actor.kind, administrator.actor.role) == ("person", "administrator")


def test_a_name_that_a_page_elsewhere_made_up_for_this_machine_is_refused(database: Database) -> None:
    with served(database) as producer:
        assert producer.post(lines([received("T-1")]), headers={"Host": "evil.example"}).status_code == 400
        assert producer.ledger.head() == 1


# What fails as a whole ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_items_are_sent_by_post_alone(producer: Producer, method: str) -> None:
    client = producer.front_end.client
    response = producer.front_end.portal.call(lambda: client.request(method, "/ingest"))
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        (None, {}),
        ("application/json", {}),
        ("text/plain", {}),
        ("multipart/form-data; boundary=x", {}),
        ("application/x-ndjson; charset=gbk", {}),
        (LINES, {"Content-Encoding": "gzip"}),
        (LINES, {"Content-Encoding": "br, gzip"}),
        (ONE, {"Content-Encoding": "deflate"}),
    ],
)
def test_other_bodies_are_not_taken_and_nothing_is_unpacked(
    producer: Producer, content_type: str | None, headers: dict[str, str]
) -> None:
    response = producer.post(lines([received("T-1")]), content_type, headers)
    assert problem(response) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert response.headers["accept-post"] == f"{LINES}, {ONE}, {BATCH}"


def test_an_answer_that_nobody_takes_is_not_made(producer: Producer) -> None:
    def asked(content_type: str, accept: str) -> int:
        return producer.post(b"", content_type, {"Accept": accept}).status_code

    assert problem(producer.post(b"", LINES, {"Accept": "application/json"})) == (406, "NOT_ACCEPTABLE")
    assert asked(LINES, "application/x-ndjson;q=0, */*") == 406
    assert asked(ONE, "application/x-ndjson") == 406
    for accept in ("", "*/*", "application/*", "text/html, application/x-ndjson;q=0.1"):
        assert asked(LINES, accept) == 200, accept


@pytest.mark.parametrize(
    "headers",
    [
        {"Idempotency-Key": ""},
        {"Idempotency-Key": "a b"},
        {"Idempotency-Key": "x" * 201},
        {"Daybook-Source": "x" * 201},
    ],
)
def test_a_header_that_says_nothing_is_refused(producer: Producer, headers: dict[str, str]) -> None:
    assert problem(producer.post(b"", LINES, headers)) == (400, "BAD_REQUEST")


def test_a_body_that_is_too_long_is_refused_by_its_header_or_as_it_comes(database: Database) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1024

    with served(database, ingest_bytes=2048, ingest_items=3) as producer:
        announced = producer.post(b"x" * 2049)
        assert problem(announced) == (413, "BODY_TOO_LARGE")
        assert announced.json()["params"] == {"limit": 2048, "found": 2049, "of": "bytes"}
        assert problem(producer.post(endless())) == (413, "BODY_TOO_LARGE")
        many = [producer.post(b"{}\n" * 4), producer.post(b"\n" * 4), producer.post(b"[{},{},{},{}]", BATCH)]
        assert [problem(each) for each in many] == [(413, "BODY_TOO_LARGE")] * 3
        assert [each.json()["params"] for each in many] == [
            {"limit": 3, "found": 4, "of": of} for of in ("lines", "lines", "items")
        ]
        assert producer.statuses(*[{}] * 3) == ["invalid BAD_FIELD"] * 3


def test_a_batch_that_would_unfold_into_far_more_than_it_looks_is_not_read(producer: Producer) -> None:
    for part in (b"[],", b"{},", b"0,"):
        response = producer.post(b"[" + part * 500_000 + b"0]", BATCH)
        assert problem(response) == (413, "BODY_TOO_LARGE")
        assert response.json()["params"]["of"] == "values"


def test_a_body_that_does_not_come_is_waited_for_so_long_and_no_longer(database: Database) -> None:
    async def halting() -> AsyncIterator[bytes]:
        yield lines([received("T-1")])
        await asyncio.Event().wait()

    with served(database, body_seconds=0.2) as producer:
        assert problem(producer.post(halting())) == (408, "BODY_TOO_SLOW")
        assert producer.ledger.head() == 1
        client = producer.front_end.client
        headers = {"Content-Type": "application/json"}
        slow = producer.front_end.portal.call(lambda: client.post("/graphql", content=halting(), headers=headers))
        assert (slow.status_code, slow.json()["errors"][0]["extensions"]["code"]) == (408, "BODY_TOO_SLOW")


def test_as_many_bodies_are_worked_at_as_may_be_and_the_next_comes_again(database: Database) -> None:
    with served(database, ingests_at_once=1) as producer:

        async def one_and_another() -> tuple[Any, Any]:
            begun, goes_on = asyncio.Event(), asyncio.Event()

            async def halting() -> AsyncIterator[bytes]:
                begun.set()
                yield lines([received("T-1")])
                await goes_on.wait()

            client, headers = producer.front_end.client, {"Content-Type": LINES}
            first = asyncio.ensure_future(client.post("/ingest", content=halting(), headers=headers))
            await begun.wait()
            second = await client.post("/ingest", content=b"", headers=headers)
            goes_on.set()
            return await first, second

        first, second = producer.front_end.portal.call(one_and_another)
        assert problem(second) == (503, "TOO_BUSY")
        assert second.headers["retry-after"] == "1"
        assert orjson.loads(first.content.splitlines()[0])["status"] == "accepted"
        assert producer.post(b"").status_code == 200


def test_a_caller_who_sends_too_many_bodies_is_told_when_to_go_on(database: Database) -> None:
    with served(database, rate_per_second=0.01, rate_burst=2) as producer:
        responses = [producer.post(b"") for _ in range(3)]
        assert [response.status_code for response in responses] == [200, 200, 429]
        assert problem(responses[-1]) == (429, "RATE_LIMITED")
        assert int(responses[-1].headers["retry-after"]) >= 1


def test_a_ledger_that_is_away_is_said_to_be_so_and_the_same_body_goes_through_later(
    database: Database, server: Embedded
) -> None:
    with served(database, patience_seconds=1) as producer, psycopg.connect(server.url(), autocommit=True) as owner:
        body = lines([received("T-1"), b"{", item("register-case", "T-1")])
        closing = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        )
        owner.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
        owner.execute(closing, [database.name])
        away = producer.post(body)
        owner.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
        assert problem(away) == (503, "LEDGER_AWAY")
        assert away.headers["retry-after"] == "1"
        told = [orjson.loads(line).get("status") for line in producer.post(body).content.splitlines()]
        assert told == ["accepted", "invalid", "accepted", None]


def test_a_ledger_that_goes_away_half_way_leaves_what_was_answered_and_says_what_to_send_again(
    database: Database,
) -> None:
    items = [
        *(received(f"T-{number}") for number in range(500)),
        *(item("register-case", f"T-{n}") for n in range(600)),
    ]
    with (
        served(database, patience_seconds=1) as producer,
        psycopg.connect(database.owner_url, autocommit=True) as owner,
    ):
        owner.execute(
            "CREATE FUNCTION public.ending() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF NEW.topic = 'case-registered.1' THEN RAISE EXCEPTION 'the end' USING ERRCODE = '57P01'; END IF; "
            "RETURN NEW; END $$"
        )
        owner.execute("CREATE TRIGGER ending BEFORE INSERT ON ledger.event FOR EACH ROW EXECUTE FUNCTION ending()")
        told = producer.statuses(*items, b"{")
        owner.execute("DROP TRIGGER ending ON ledger.event")
        assert told == ["accepted"] * 500 + ["failed LEDGER_AWAY"] * 600 + ["invalid NOT_JSON"]
        assert producer.ledger.head() == 501
        again = producer.statuses(*items)
        assert again == ["repeated"] * 500 + ["accepted"] * 500 + ["refused UNKNOWN_CASE"] * 100


def test_a_body_whose_time_is_up_is_given_up_and_says_so(database: Database) -> None:
    with served(database, operation_seconds=0.3) as producer, psycopg.connect(database.owner_url) as owner:
        producer.sent(received("T-1"))
        owner.execute("LOCK TABLE ledger.book")
        late = producer.post(lines([item("register-case", "T-1")]))
        owner.rollback()
        assert problem(late) == (504, "TIMED_OUT")


def test_a_fault_is_told_by_an_id_that_leads_to_the_log_and_takes_no_other_item_with_it(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with served(database) as producer:
        with psycopg.connect(database.owner_url, autocommit=True) as owner:
            owner.execute(
                "CREATE FUNCTION public.refusing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "IF NEW.topic = 'case-registered.1' THEN RAISE EXCEPTION 'secret'; END IF; RETURN NEW; END $$"
            )
            owner.execute(
                "CREATE TRIGGER refusing BEFORE INSERT ON ledger.event FOR EACH ROW EXECUTE FUNCTION public.refusing()"
            )
        answers = producer.sent(received("T-1"), item("register-case", "T-1"), received("T-2"))
        assert [answer["status"] for answer in answers] == ["accepted", "failed", "accepted"]
        assert answers[1]["code"] == "FAULT"
        assert "secret" not in answers[1]["message"]
        fault = answers[1]["message"].split()[-1].rstrip(".")
        assert any(fault in record.getMessage() for record in caplog.records)


# What is noted --------------------------------------------------------------------------------------------------------


def test_items_are_counted_by_type_and_outcome(database: Database) -> None:
    with served(database) as producer:
        producer.sent(received("T-1"), received("T-2"), item("register-case", "T-9"), b"{", item("no-such-thing"))
        producer.post(b"", "text/plain")
        figures = figures_of(producer.front_end)
    for kind, status, many in (
        ("receive-case", "accepted", 2),
        ("register-case", "refused", 1),
        ("unknown", "invalid", 2),
    ):
        assert figures[f'daybook_ingested_items_total{{type="{kind}",status="{status}"}}'] == many
    assert figures['daybook_http_requests_total{path="/ingest",status="200"}'] == 1
    assert figures['daybook_operations_total{kind="ingest",outcome="ok"}'] == 1
    assert figures['daybook_operations_total{kind="ingest",outcome="UNSUPPORTED_MEDIA_TYPE"}'] == 1
    assert figures["daybook_ingests_in_flight"] == 0


def test_the_log_holds_nothing_that_an_item_says(database: Database) -> None:
    name, words = "欧阳若兰", "宽带从三月起一直断线"
    with logged(JsonLines()) as log, served(database) as producer:
        producer.sent(
            item("register-customer", "u-1", kind="person", name=name),
            received("T-1", customer="u-1", words=words),
            received("T-1", customer="u-1", words=words + "!"),
            received("T-2", words=words * 3_000),
            f'{{"id": "{words}'.encode(),
        )
    text = log.getvalue()
    assert [value for value in (name, words, orjson.dumps(words).decode()[1:-1]) if value in text] == []
    (line,) = [told for told in map(orjson.loads, text.splitlines()) if told["logger"] == "daybook.ingest"]
    assert line["items"] == {"accepted": 2, "refused": 1, "invalid": 2}
