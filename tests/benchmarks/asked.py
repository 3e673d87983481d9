"""Requests as a server gets them, without a network and without a client: one application asked over and over."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson
import psycopg
import pytest
from fastapi import FastAPI

from tests.benchmarks.side_by_side import Ratio, ratio_of

HOST = [(b"host", b"127.0.0.1")]


class Cost(NamedTuple):
    """What one request took."""

    seconds: float
    cpu: float
    """Of this process with all of its threads; what the database spends is not in it."""


class Page(NamedTuple):
    """One way to get a page: what is asked, and the data in the answers."""

    name: str
    ask: Callable[[], Awaitable[list[Any]]]
    requests: int = 1


async def posted(app: FastAPI, query: str, **variables: Any) -> Any:
    """The data that a document is answered with. It comes without errors."""
    body = orjson.dumps({"query": query, "variables": variables})
    answer = await _answered(app, "POST", "/graphql", b"", [(b"content-type", b"application/json")], body)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


async def got(app: FastAPI, path: str, **arguments: str) -> Any:
    """What a path is answered with."""
    return await _answered(app, "GET", path, urlencode(arguments).encode(), [], b"")


async def _answered(
    app: FastAPI, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
) -> Any:
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query, "root_path": "", "headers": HOST + headers,
        "client": ("127.0.0.1", 7), "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    await app(scope, receive, send)
    assert told[0]["status"] == 200, told
    return orjson.loads(b"".join(message.get("body", b"") for message in told[1:]))


async def _statements_of(page: Page) -> int:
    """How many statements the database gets for it."""
    seen: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(self: Any, query: Any, *arguments: Any, **more: Any) -> Any:
        seen.append(str(query))
        return execute(self, query, *arguments, **more)

    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(psycopg.Cursor, "execute", counted)
        await page.ask()
    return len(seen)


async def _asked(page: Page, times: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(times):
        found = await page.ask()
    return found


def compare_pages(title: str, rounds: int, times: int, ours: Page, other: Page) -> tuple[Ratio, Ratio]:
    """Asks both turn about, so many times a round, and prints what a request of each takes; gives back how many times
    the processor time and the time by the clock of ours are those of the other's.

    Fails unless both are answered with the same.
    """
    spent: dict[str, list[Cost]] = {ours.name: [], other.name: []}
    with asyncio.Runner() as runner:
        mine, theirs = (runner.run(_asked(page, 2)) for page in (ours, other))
        assert mine == theirs, f"{title}: not the same data"
        statements = {page.name: runner.run(_statements_of(page)) for page in (ours, other)}
        for round_number in range(rounds + 1):
            for page in (ours, other) if round_number % 2 else (other, ours):
                cost = runner.run(_cost(page, times))
                if round_number:
                    spent[page.name].append(cost)
    print(f"\n{title} ({rounds} rounds of {times})")
    for page in (ours, other):
        seconds, cpu = (statistics.median(each[at] for each in spent[page.name]) for at in (0, 1))
        print(
            f"  {page.name:<20} {1 / seconds:>8.1f} requests/s  {cpu * 1e3:>8.2f} ms CPU a request"
            f"  {statements[page.name] / page.requests:>5.1f} statements a request"
        )
    cpu_ratio = _ratio(spent[ours.name], spent[other.name], 1)
    clock_ratio = _ratio(spent[ours.name], spent[other.name], 0)
    print(f"  ours : {other.name:<13} CPU {cpu_ratio}   by the clock {clock_ratio}")
    return cpu_ratio, clock_ratio


def _ratio(mine: Sequence[Cost], theirs: Sequence[Cost], of: int) -> Ratio:
    return ratio_of([one[of] / other[of] for one, other in zip(mine, theirs, strict=True)])


async def _cost(page: Page, times: int) -> Cost:
    """What a request takes, of so many in a row. As timeit does, without the garbage collector."""
    await page.ask()
    gc.collect()
    gc.disable()
    try:
        clock, cpu = time.perf_counter(), time.process_time()
        await _asked(page, times)
        many = times * page.requests
        return Cost((time.perf_counter() - clock) / many, (time.process_time() - cpu) / many)
    finally:
        gc.enable()
