import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from api.app import create_app
from api.log_lines import JsonLines, LogFormat, TextLines, log_to
from ledger.errors import LedgerAway
from tests.api.graphql.asking import asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.http.sending import Sender
from tests.conftest import Database

NAME, PHONE, WORDS = "欧阳若兰", "+86 139 1234 5678", "宽带从三月起一直断线"
PERSONAL = (NAME, PHONE, WORDS, "139 1234", json.dumps(NAME)[1:-1], json.dumps(WORDS)[1:-1])


@contextmanager
def logged(formatter: logging.Formatter) -> Iterator[io.StringIO]:
    """Everything that anything logs meanwhile, however unimportant."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def test_the_log_of_a_busy_run_holds_nothing_that_a_customer_is_called_or_said(database: Database) -> None:
    with (
        logged(JsonLines()) as log,
        opened(database) as workspace,
        asking(create_app(workspace, development_actor=ACTOR)) as front_end,
    ):
        customer = front_end.done(
            "registerCustomer", kind="PERSON", name=NAME, contacts=[{"kind": "PHONE", "value": PHONE}]
        )["id"]
        front_end.done("receiveCase", kind="COMPLAINT", channel="WEB", customerId=customer, words=WORDS)
        shown = front_end.ask("{ customers { nodes { name { value } contacts { value { value } } } } }")
        assert shown["customers"]["nodes"][0]["name"]["value"] == NAME
        front_end.errors(f'{{ customers(name: "{NAME}") {{ nodes {{ id }} }} }}')
        front_end.errors("query($kind: CaseKind) { cases(filter: {kind: $kind}) { nodes { id } } }", kind=WORDS)
        front_end.errors(f'{{ case(number: "{WORDS}\\u0000") {{ id }} }}')
        front_end.sent(f'{{"query": "{WORDS}'.encode())
        front_end.got(f"/{PHONE}")
        front_end.send(
            "{ ledgerHead { book } }", headers={"X-Request-Id": PHONE, "Daybook-Consistency-Token": "139 1234"}
        )
        with psycopg.connect(database.owner_url, autocommit=True) as owner:
            owner.execute(
                "CREATE FUNCTION public.quoting() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"RAISE EXCEPTION '{WORDS}' USING DETAIL = 'Failing row contains ({NAME}, {PHONE}).'; END $$"
            )
            owner.execute(
                "CREATE TRIGGER quoting BEFORE INSERT ON ledger.event FOR EACH ROW EXECUTE FUNCTION public.quoting()"
            )
        asked = {"commandId": str(uuid4()), "kind": "COMPLAINT", "channel": "WEB", "words": WORDS}
        mutation = "mutation($input: ReceiveCaseInput!) { receiveCase(input: $input) { case { id } } }"
        response = front_end.send(mutation, input=asked)
        assert response.status_code == 500
    text = log.getvalue()
    assert [value for value in PERSONAL if value in text] == []
    lines = [json.loads(line) for line in text.splitlines()]
    fault = response.json()["errors"][0]["extensions"]["fault"]
    (told,) = [line for line in lines if fault in line["message"]]
    assert told["request"] == response.headers["x-request-id"]
    assert told["exceptions"][0]["type"] == "psycopg.errors.RaiseException"
    assert told["exceptions"][0]["sqlstate"] == "P0001"
    assert any("carrying_out.py" in frame for frame in told["exceptions"][0]["frames"])
    noted = [line for line in lines if line["logger"] == "daybook.http"]
    assert [line["outcome"] for line in noted].count("ok") == 4
    (last,) = [line for line in noted if line["outcome"] == "FAULT"]
    assert (last["method"], last["path"], last["status"], last["kind"]) == ("POST", "/graphql", 500, "mutation")
    assert last["seconds"] > 0


def test_a_line_for_people_has_the_request_and_the_whole_traceback() -> None:
    with logged(TextLines()) as log:
        try:
            raise ValueError("what it said")
        except ValueError:
            logging.getLogger("daybook.test").exception("Fault 7")
    assert "ERROR daybook.test: Fault 7" in log.getvalue()
    assert "ValueError: what it said" in log.getvalue()


def test_the_ledgers_own_errors_are_told_in_their_words_with_what_led_to_them() -> None:
    with logged(JsonLines()) as log:
        try:
            try:
                raise ValueError("secret")
            except ValueError as error:
                raise LedgerAway("The database does not answer.") from error
        except LedgerAway:
            logging.getLogger("daybook.test").exception("Fault 7")
    exceptions: list[dict[str, Any]] = json.loads(log.getvalue())["exceptions"]
    assert [(each["type"], each.get("message")) for each in exceptions] == [
        ("ledger.errors.LedgerAway", "The database does not answer."),
        ("builtins.ValueError", None),
    ]


@pytest.mark.parametrize(("kind", "starts"), [(LogFormat.JSON, "{"), (LogFormat.TEXT, "2")])
def test_the_whole_program_logs_in_the_form_that_is_set(kind: LogFormat, starts: str) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    try:
        log_to(stream, kind)
        logging.getLogger("projections").warning("The views wait.")
    finally:
        root.handlers[:], root.level = before, level
    assert stream.getvalue().startswith(starts)
    assert "The views wait." in stream.getvalue()


def test_the_log_does_not_say_by_which_link_a_file_was_brought_or_fetched(database: Database) -> None:
    with (
        logged(JsonLines()) as log,
        opened(database) as workspace,
        asking(create_app(workspace, development_actor=ACTOR)) as front_end,
    ):
        sender = Sender(front_end)
        url = sender.attached(b"bill", fileName=f"{NAME}.pdf")["download"]["url"]
        assert sender.got(url).status_code == 200
        assert sender.got(f"{url[:-9]}aaaaaaaaa").status_code == 403
        figures = front_end.got("/metrics").text
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    requests = [line for line in lines if line.get("path") == "/attachments/"]
    assert [(each["method"], each["outcome"]) for each in requests] == [
        ("PUT", "ok"), ("GET", "ok"), ("GET", "BAD_LINK"),
    ]  # fmt: skip
    told = [line for line in log.getvalue().splitlines() if json.loads(line).get("logger") != "httpx"]
    assert not any(url[15:60] in line or NAME in line for line in told)
    assert 'daybook_http_requests_total{path="/attachments/",status="200"} 2' in figures
    assert 'daybook_operations_total{kind="attachment",outcome="BAD_LINK"} 1' in figures
