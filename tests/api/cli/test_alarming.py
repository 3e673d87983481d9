import json
import signal
from datetime import timedelta
from typing import Any

import pytest

from api.cli.exits import Exit
from api.settings import Settings
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.deadline import DeadlineMissed
from tests.api.alarmed import MONDAY, REPLY, alarms, case_id, events, hours, policy, publish, receive
from tests.api.cli.conftest import OPENED, CommandLine
from tests.api.cli.test_serving import announced
from tests.conftest import PROJECT
from tests.ledger.submissions import case_stream

DUE = MONDAY + hours(8)
LINES = [
    "2026-03-02 17:00:00+08:00  C2026-000001  MISSED: First reply; noted 2026-03-02 23:59:59+08:00",
    "2026-03-02 17:00:00+08:00  C2026-000001  escalated to level 1: First reply; noted 2026-03-02 23:59:59+08:00",
    "2026-03-02 21:00:00+08:00  C2026-000001  escalated to level 2: First reply; noted 2026-03-02 23:59:59+08:00",
    "3 alarms noted.",
]


@pytest.fixture
def live(daybook: CommandLine) -> Any:
    """A live book `main` whose policy gives a second for the first reply."""
    settings = Settings.from_environment(daybook.environment)
    with Workspace(settings, new_book=NewBook(BookTime.LIVE, "Asia/Shanghai")) as opened:
        soon = REPLY | {"clock": {"type": "elapsed", "amount": "PT1S"}, "warnings": []}
        publish(opened.ledger, opened.database.now(), policy(soon))
        yield opened


def test_alarms_of_a_simulated_book_are_noted_up_to_a_day(daybook: CommandLine, workspace: Workspace) -> None:
    publish(workspace.ledger, OPENED)
    receive(workspace.ledger, [1], MONDAY)
    result = daybook("alarms", "--until", "2026-03-02")
    assert result.exit_code == Exit.DONE, result.stderr
    assert result.stdout.splitlines()[1:] == LINES
    assert "SIMULATED BOOK main" in result.stdout
    assert "\n".join(LINES) in (PROJECT / "docs" / "compliance.md").read_text("utf-8")
    assert daybook("alarms", "--until", "2026-03-02").stdout.splitlines()[1:] == ["0 alarms noted."]


def test_alarms_are_told_to_programs(daybook: CommandLine, workspace: Workspace) -> None:
    publish(workspace.ledger, OPENED)
    receive(workspace.ledger, [1], MONDAY)
    answer = daybook.json("alarms", "--until", "2026-03-02T13:30:00+08:00")
    assert answer == {
        "books": ["main"],
        "noted": 1,
        "alarms": [
            {
                "book": "main",
                "stream": case_stream(case_id(1)),
                "number": "C2026-000001",
                "kind": "warning",
                "warning": 0,
                "level": None,
                "policy": "service",
                "target": "reply",
                "part": None,
                "cycle": 1,
                "instance": 1,
                "title": "First reply",
                "occurred_at": "2026-03-02T05:00:00Z",
                "recorded_at": "2026-03-02T05:30:00Z",
                "position": workspace.ledger.head(),
            }
        ],
    }


def test_a_live_book_has_no_other_time_than_now(daybook: CommandLine, live: Workspace) -> None:
    result = daybook("alarms", "--until", "2026-03-02")
    assert (result.exit_code, live.ledger.head()) == (Exit.USAGE, len(live.ledger.since(0)))
    assert "--until is for simulated books, and main is live" in result.stderr


def test_what_is_due_is_noted_once_and_left(daybook: CommandLine, live: Workspace) -> None:
    receive(live.ledger, [1, 2], live.database.now() - timedelta(hours=1))
    assert daybook.json("alarms", "--once")["noted"] == 4
    assert daybook.json("alarms", "--once", "--book", "main")["noted"] == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.TERMINATED)])
def test_alarms_are_noted_as_they_become_due_until_the_process_is_told_to_end(
    daybook: CommandLine, live: Workspace, number: signal.Signals, code: Exit
) -> None:
    with daybook.process("alarms", "--json") as running:
        assert running.stdout is not None
        at = live.database.now()
        receive(live.ledger, [1], at)
        told = [json.loads(running.stdout.readline()) for _ in range(2)]
        assert [(one["kind"], one["number"]) for one in told] == [
            ("miss", "C2026-000001"),
            ("escalation", "C2026-000001"),
        ]
        running.send_signal(number)
        _, said = running.communicate(timeout=30)
        assert running.returncode == code
        assert "Traceback" not in said
    assert [one.occurred_at for one in events(live.ledger, 1) if isinstance(one.event, DeadlineMissed)] == [
        at + timedelta(seconds=1)
    ]


def test_a_server_notes_alarms_as_well(daybook: CommandLine, live: Workspace) -> None:
    with daybook.process("serve", "--port", "0", "--json") as running:
        announced(running)
        receive(live.ledger, [1], live.database.now())
        noted(live, 2)
    assert [kind for kind, *_ in alarms(live.ledger, 1)] == ["missed", "escalated"]


def test_a_server_leaves_alarms_to_others_where_it_is_told_to(daybook: CommandLine, live: Workspace) -> None:
    daybook.environment["DAYBOOK_ALARMS"] = "off"
    with daybook.process("serve", "--port", "0", "--json") as running:
        announced(running)
        receive(live.ledger, [1], live.database.now() - timedelta(hours=1))
        assert live.runner.wait_for(live.ledger.head(), 30)
        assert running.poll() is None
    assert alarms(live.ledger, 1) == []
    assert daybook.json("alarms", "--once")["noted"] == 2


def noted(workspace: Workspace, count: int) -> None:
    """Returns when so many alarms have been recorded."""
    found = 0
    with workspace.ledger.rows.subscribe(gt=0, topics=["deadline-missed.1", "case-escalated.1"]) as subscription:
        for _ in subscription:
            found += 1
            if found == count:
                return


def test_status_says_how_many_alarms_wait_to_be_noted(daybook: CommandLine, workspace: Workspace) -> None:
    publish(workspace.ledger, OPENED)
    assert daybook.json("status")["books"][0]["alarms_due"] == {}
    receive(workspace.ledger, [1, 2], MONDAY)
    receive(workspace.ledger, [3], DUE + hours(1))
    daybook.json("project")
    assert daybook.json("status")["books"][0]["alarms_due"] == {
        "escalation": {"alarms": 2, "since": "2026-03-02T09:00:00Z"},
        "miss": {"alarms": 2, "since": "2026-03-02T09:00:00Z"},
    }
    told = daybook("status").stdout
    assert "alarms due and not noted" in told
    daybook("alarms", "--until", "2026-03-02T18:00:00+08:00")
    assert daybook.json("status")["books"][0]["alarms_due"] == {}
