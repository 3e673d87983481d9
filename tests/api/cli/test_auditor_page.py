import json
import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid5

import pytest

from api.app import create_app
from api.correcting import replacement_of
from domain.amending import ApproveAmendment, RequestCorrection
from domain.case.commands import CloseCase, ReceiveCase
from domain.case.events import CaseKind
from domain.channel import Channel
from domain.envelope import Actor, ActorKind, Submission
from domain.event import Command
from domain.stream import Category, stream_of
from projections.audit_trail import Override
from tests.api.cli.conftest import AGENT, NAMESPACE, OPENED, CommandLine, Teller
from tests.api.graphql.asking import FrontEnd, asking
from tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "auditor.md").read_text("utf-8")
BLOCK = re.compile(r"```(graphql|json variables|json answer)\n(.*?)```", re.DOTALL)
COMMANDS = [shlex.split(line) for line in re.findall(r"^\$ daybook (.*)$", PAGE, re.MULTILINE)]
OPAQUE = re.compile(r"WyJ[\w…-]*")
FOURTH_DAY = OPENED + timedelta(days=4)


def examples() -> list[dict[str, str]]:
    """The documents of the page, each with its variables and the answer that it shows, if it shows one."""
    found: list[dict[str, str]] = []
    for kind, text in BLOCK.findall(PAGE):
        if kind == "graphql":
            found.append({})
        found[-1][kind] = text
    return found


def tell(teller: Teller, who: Actor, *commands: Command, **rest: Any) -> None:
    identity = uuid5(NAMESPACE, repr(commands))
    channel = rest.pop("channel", "command-line")
    teller.workspace.ledger.carry_out(Submission(identity, commands, who, channel, said_at=FOURTH_DAY, **rest))


@pytest.fixture
def told(teller: Teller) -> Teller:
    """The book of the page: a case whose resolution was corrected, and an imported one that nobody resolved."""
    case_id = teller.case("INC0000102")
    teller.resolve(case_id)
    stream, ledger = stream_of(Category.CASE, case_id), teller.workspace.ledger
    replacement = replacement_of(ledger.history(stream, opened=True), 4, {"outcome": "rejected"})
    request = RequestCorrection(
        at=FOURTH_DAY, about=stream, version=4, replacement=replacement, occurrence=None, reason="mistyped",
        requested_by="陈洁",
    )  # fmt: skip
    tell(teller, Actor("陈洁", ActorKind.PERSON), request)
    approval = ApproveAmendment(at=FOURTH_DAY, about=stream, request=5, approved_by="Director Li")
    tell(teller, Actor("Director Li", ActorKind.PERSON), approval)
    other: dict[str, Any] = {"at": OPENED, "case_id": uuid5(NAMESPACE, "imported")}
    history = (ReceiveCase(**other, kind=CaseKind.REQUEST, channel=Channel.LETTER), CloseCase(**other))
    tell(
        teller, Actor("reader", ActorKind.IMPORT), *history, imported=True, channel="import", source_recorded_at=OPENED
    )
    return teller


@pytest.fixture
def screen(told: Teller) -> Iterator[FrontEnd]:
    """An auditor's screen on that book."""
    with asking(create_app(told.workspace, development_actor=AGENT)) as running:
        assert told.workspace.runner.wait_for(told.workspace.ledger.head(), 10)
        yield running


def opaque(value: Any) -> Any:
    return json.loads(OPAQUE.sub("opaque", json.dumps(value, ensure_ascii=False)))


@pytest.mark.parametrize("example", examples(), ids=lambda example: example["graphql"].split("(")[0].split()[-1])
def test_a_query_of_the_page_answers_as_the_page_shows(screen: FrontEnd, example: dict[str, str]) -> None:
    answer = screen.ask(example["graphql"], **json.loads(example["json variables"]))
    assert all(answer.values())
    if "json answer" in example:
        assert opaque(answer) == opaque(json.loads(example["json answer"]))


@pytest.mark.usefixtures("told")
def test_each_command_of_the_page_runs_and_shows_something(daybook: CommandLine) -> None:
    assert len(COMMANDS) >= 7
    daybook.json("project")
    for words in COMMANDS:
        answer = daybook(*words)
        assert (answer.exit_code, "Nothing was recorded" in answer.stdout) == (0, False), (words, answer.stderr)


def test_the_page_names_every_kind_of_override() -> None:
    assert [kind for kind in Override if f"`{kind.name}`" not in PAGE] == []
