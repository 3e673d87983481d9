"""A front end that stays: it follows a subscription on the event loop of the application, item by item."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from api.access.principal import Principal, without_sign_in
from api.graphql.door import Door
from api.graphql.request import Request
from api.graphql.schema import SCHEMA
from api.workspace import Workspace
from tests.api.graphql.asking import Answer, FrontEnd
from tests.api.graphql.conftest import ACTOR

SECONDS = 60.0
"""Nothing that is waited for takes nearly as long."""
DEVELOPER = without_sign_in(ACTOR)


class Ended(Exception):
    """There was no further item."""


class Stream:
    """A subscription under way."""

    def __init__(self, front_end: FrontEnd, results: Any) -> None:
        self._front_end = front_end
        self._results = results
        self._task: asyncio.Task[Any] | None = None

    def coming(self) -> Future[Any]:
        """The whole of the next item, once it comes; None when there is none any more."""

        async def awaited() -> Any:
            self._task = asyncio.current_task()
            return await asyncio.wait_for(anext(self._results, None), SECONDS)

        return self._front_end.portal.start_task_soon(awaited)

    def result(self) -> Any:
        """The whole of the next item. Raises: Ended."""
        found = self.coming().result()
        if found is None:
            raise Ended
        return found

    def next(self) -> Any:
        """The only field of the next item, which has no errors. Raises: Ended."""
        result = self.result()
        assert not result.errors, result.errors
        (value,) = result.data.values()
        return value

    def code(self) -> str:
        """The code of the only error of the next result, after which nothing follows."""
        (error,) = self.result().errors
        code: str = error.extensions["code"]
        self.ends()
        return code

    def ends(self) -> None:
        """Nothing follows, and nothing is waited for."""
        try:
            found = self.result()
        except Ended:
            return
        raise AssertionError(found)

    def close(self) -> None:
        """The front end goes away, even while it waits."""
        self._front_end.portal.call(self._closed)

    async def _closed(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._results.aclose()


class Follower:
    """Follows what happens in the book behind a door."""

    def __init__(self, front_end: FrontEnd, door: Door) -> None:
        self.front_end = front_end
        self.door = door

    @contextmanager
    def following(
        self, document: str, *, who: Principal = DEVELOPER, asked: Request | None = None, **variables: Any
    ) -> Iterator[Stream]:
        """A subscription, which ends with the block."""
        request = asked or Request(self.door, who)

        async def begun() -> Any:
            return await SCHEMA.subscribe(document, variables, request)

        stream = Stream(self.front_end, self.front_end.portal.call(begun))
        try:
            yield stream
        finally:
            stream.close()

    def some(self, document: str, many: int, **more: Any) -> list[Answer]:
        """So many items of a subscription, which is given up after them."""
        with self.following(document, **more) as stream:
            return [stream.next() for _ in range(many)]

    def token(self) -> str:
        """Where the book stands."""
        found: str = self.front_end.ask("{ ledgerHead { consistencyToken } }")["ledgerHead"]["consistencyToken"]
        return found


@contextmanager
def beside(front_end: FrontEnd, workspace: Workspace) -> Iterator[Follower]:
    """A follower of the book behind a front end."""
    door = Door(workspace.ledger, workspace.runner)
    try:
        yield Follower(front_end, door)
    finally:
        door.feed.close()
