import re
from typing import Any

import httpx
import psycopg

from api.app import create_app
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import PROJECT, Database

WELL = {"database": "ok", "schema": "ok", "views": "ok", "lag": "ok"}
HEAD = "{ ledgerHead { book } }"
LINE = re.compile(r'[a-z_]+(\{([a-z]+="[^"\n]*",?)+\})? (-?[0-9.e+-]+)')


def figures_of(front_end: FrontEnd) -> dict[str, float]:
    """The figures by name and labels, each line read as the format has it."""
    response = front_end.got("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    told = {}
    for line in response.text.splitlines():
        if not line.startswith("# "):
            assert LINE.fullmatch(line), line
            name, _, value = line.rpartition(" ")
            told[name] = float(value)
    return told


def ready(front_end: FrontEnd) -> tuple[int, dict[str, Any]]:
    response = front_end.got("/readyz")
    body = response.json()
    assert body["ready"] == (response.status_code == 200)
    return response.status_code, body["checks"]


def test_a_server_that_lives_and_is_ready_says_so(front_end: FrontEnd) -> None:
    assert front_end.got("/healthz").json() == {"status": "lives"}
    front_end.done("receiveCase", kind="COMPLAINT", channel="WEB")
    assert ready(front_end) == (200, WELL)


def test_a_server_without_its_database_lives_and_is_not_ready(database: Database) -> None:
    with (
        opened(database, patience_seconds=30) as workspace,
        asking(create_app(workspace, development_actor=ACTOR)) as front_end,
        psycopg.connect(database.owner_url.replace(database.name, "postgres"), autocommit=True) as owner,
    ):
        closing = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        owner.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
        owner.execute(closing, [database.name])
        status, checks = ready(front_end)
        assert (status, checks) == (503, {"database": "does not answer in time"})
        assert front_end.got("/healthz").status_code == 200
        assert figures_of(front_end)["daybook_database_up"] == 0
        owner.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
        front_end.ask(HEAD)
        assert ready(front_end) == (200, WELL)


def test_a_stopped_view_and_another_schema_are_each_told(database: Database) -> None:
    with (
        opened(database) as workspace,
        asking(create_app(workspace, development_actor=ACTOR)) as front_end,
        psycopg.connect(database.owner_url, autocommit=True) as owner,
    ):
        front_end.done("receiveCase", kind="COMPLAINT", channel="WEB")
        owner.execute(
            "UPDATE views.cursor SET stopped_position = 9, stopped_topic = 'case-received.1', stopped_cause = 'it' "
            "WHERE projection = 'case_file'"
        )
        assert ready(front_end) == (503, {**WELL, "views": "stopped: case_file"})
        assert figures_of(front_end)['daybook_view_stopped{view="case_file"}'] == 1
        owner.execute("DELETE FROM ledger.migration WHERE number = (SELECT max(number) FROM ledger.migration)")
        assert ready(front_end) == (503, {"database": "ok", "schema": "is of another version"})


def test_views_that_are_too_far_behind_are_told(database: Database) -> None:
    with (
        opened(database, ready_lag_seconds=1e-6) as workspace,
        asking(create_app(workspace, development_actor=ACTOR, wait_seconds=0.1)) as front_end,
    ):
        assert workspace.runner.wait_for(workspace.ledger.head(), 20)
        with psycopg.connect(database.owner_url) as holding:
            holding.execute("SELECT FROM views.cursor FOR UPDATE")
            front_end.change("receiveCase", kind="COMPLAINT", channel="WEB")
            status, checks = ready(front_end)
            assert (status, checks["views"]) == (503, "ok")
            assert re.fullmatch(r"\d+ seconds", checks["lag"])
            figures = figures_of(front_end)
            assert figures['daybook_view_lag_events{view="case_file"}'] == 1
            assert figures['daybook_view_lag_seconds{view="case_file"}'] > 0
        assert workspace.runner.wait_for(workspace.ledger.head(), 20)
        assert ready(front_end) == (200, WELL)


def test_what_has_been_asked_is_counted_by_kind_and_outcome(database: Database) -> None:
    with opened(database) as workspace, asking(create_app(workspace, development_actor=ACTOR)) as front_end:
        for _ in range(3):
            front_end.ask(HEAD)
        front_end.done("receiveCase", kind="COMPLAINT", channel="WEB")
        front_end.errors("{ nothing }")
        front_end.errors('{ node(id: "x") { id } }')
        front_end.sent(b"{")
        front_end.got("/nowhere")
        figures = figures_of(front_end)
        for kind, outcome, many in (
            ("query", "ok", 3),
            ("mutation", "ok", 1),
            ("query", "BAD_DOCUMENT", 1),
            ("query", "BAD_ID", 1),
            ("none", "BAD_REQUEST", 1),
        ):
            assert figures[f'daybook_operations_total{{kind="{kind}",outcome="{outcome}"}}'] == many, outcome
        assert figures['daybook_operation_duration_seconds_count{kind="query"}'] == 5
        assert figures['daybook_operation_duration_seconds_bucket{kind="query",le="+Inf"}'] == 5
        assert figures['daybook_operation_duration_seconds_sum{kind="query"}'] > 0
        assert figures['daybook_http_requests_total{path="/graphql",status="200"}'] == 6
        assert figures['daybook_http_requests_total{path="other",status="404"}'] == 1
        assert figures["daybook_operations_in_flight"] == 0
        assert figures["daybook_book_position"] == workspace.ledger.head()
        assert figures['daybook_pool_connections_most{pool="book"}'] == 10
        assert figures["process_cpu_seconds_total"] > 0


def test_nothing_else_is_served(front_end: FrontEnd) -> None:
    for path in ("/", "/docs", "/openapi.json", "/graphql/", "/healthz/x"):
        response = front_end.got(path)
        assert response.status_code == 404, path
        assert response.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


def test_a_request_has_an_id_that_goes_in_and_out(front_end: FrontEnd) -> None:
    def sent_with(given: str) -> httpx.Response:
        return front_end.send(HEAD, headers={"X-Request-Id": given})

    assert sent_with("trace-7.a_b").headers["x-request-id"] == "trace-7.a_b"
    made = {sent_with(given).headers["x-request-id"] for given in ("", "a b", "x" * 65, 'a"}')}
    assert len(made) == 4
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in made)


def test_the_page_on_running_a_server_names_every_figure(front_end: FrontEnd) -> None:
    page = (PROJECT / "docs" / "operation.md").read_text("utf-8")
    shown = re.findall(r"^# TYPE (\S+)", front_end.got("/metrics").text, re.MULTILINE)
    assert set(re.findall(r"`(daybook_[a-z_]+)`", page)) == {name for name in shown if name.startswith("daybook_")}
