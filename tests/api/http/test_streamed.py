"""Answers that leave piece by piece: how many files are under way at once, and what becomes of who takes nothing."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from api.access.gate import Gate
from api.graphql.door import Door
from api.http.admission import Admission
from api.http.attachments import MOST_OF_ONE, Files
from api.http.metrics import Figures
from api.http.streamed import Streamed
from api.http.watched import Watched
from api.workspace import Workspace
from tests.api.graphql.asking import FrontEnd
from tests.api.http.sending import DEVELOPER, Sender


@pytest.fixture(scope="module")
def sender(front_end: FrontEnd) -> Sender:
    return Sender(front_end)


def serving(workspace: Workspace, stalled_seconds: float) -> tuple[Files, Watched]:
    """Files, and the application that they are fetched of."""
    door = Door(workspace.ledger, workspace.runner)
    admission = Admission(workspace.settings)
    files = Files(door, Gate(unproved=DEVELOPER), admission, 10 * MOST_OF_ONE, stalled_seconds)
    routes = Starlette(routes=files.routes())
    return files, Watched(routes, Figures(), admission, frozenset(), frozenset())


async def deaf(message: Message) -> None:
    """The other end, which takes nothing."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError(message)


async def silent() -> Message:
    """The other end, which sends nothing more and stays."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("nobody sends anything more")


def scope_of(path: str) -> dict[str, Any]:
    return {
        "type": "http", "http_version": "1.1", "method": "GET", "path": path, "raw_path": path.encode(),
        "root_path": "", "query_string": b"", "headers": [], "scheme": "http", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }  # fmt: skip


def test_one_asker_has_so_many_files_under_way_also_when_all_are_asked_for_at_once(
    sender: Sender, workspace: Workspace
) -> None:
    url = sender.attached(b"x" * 9)["download"]["url"]
    files, app = serving(workspace, stalled_seconds=60)
    statuses: list[int] = []
    begun = 3 * MOST_OF_ONE

    async def all_at_once() -> None:
        told = asyncio.Event()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
                if len(statuses) == begun:
                    told.set()
            elif statuses[-1] == 200:
                await deaf(message)

        tasks = [asyncio.create_task(app(scope_of(url), silent, send)) for _ in range(begun)]
        await told.wait()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    sender.front_end.portal.call(all_at_once)
    assert sorted(statuses) == [200] * MOST_OF_ONE + [503] * (begun - MOST_OF_ONE)
    assert not files._under_way


def test_who_takes_nothing_of_a_file_keeps_no_place(sender: Sender, workspace: Workspace) -> None:
    url = sender.attached(b"x" * 9)["download"]["url"]
    files, app = serving(workspace, stalled_seconds=0.01)
    sender.front_end.portal.call(app, scope_of(url), silent, deaf)
    assert not files._under_way


def test_what_makes_an_answer_that_nobody_takes_ends_before_the_answer(sender: Sender) -> None:
    ended = []

    async def pieces() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x"
        finally:
            ended.append("pieces")

    taken = []

    async def send(message: Message) -> None:
        taken.append(message["type"])
        if len(taken) > 3:
            await deaf(message)

    async def answered() -> None:
        held = ExitStack()
        held.callback(ended.append, "held")
        await Streamed(pieces(), {}, held=held, stalled_seconds=0.01)(scope_of("/"), silent, send)
        ended.append("answer")

    sender.front_end.portal.call(answered)
    assert ended == ["pieces", "held", "answer"]
    assert taken == ["http.response.start", *["http.response.body"] * 3]
