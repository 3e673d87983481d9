"""A schema that counts, for what is about sockets and not about what flows through them."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any

import strawberry

from api.access.gate import Gate
from api.access.principal import without_sign_in
from api.app import create_app
from api.graphql.limits import NodeCount
from api.graphql.problem import Told
from api.graphql.reading import Reading
from api.graphql.request import Info
from api.graphql.schema import Quiet
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.http.wired import Served, served
from tests.conftest import Database


class Made:
    """What the subscriptions of a test have done."""

    def __init__(self) -> None:
        self.items = 0
        self.ended = 0


@strawberry.type
class Query:
    @strawberry.field
    def asker(self, info: Info) -> str:
        return info.context.principal.name

    @strawberry.field
    def fault(self) -> str:
        raise RuntimeError("欧阳若兰")


def counting_schema(made: Made) -> strawberry.Schema:
    """The schema."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def count(self, upto: int, padding: int = 0, fault_at: int = 0) -> AsyncGenerator[str, None]:
            try:
                for number in range(1, upto + 1):
                    if number == fault_at:
                        raise RuntimeError("欧阳若兰")
                    made.items += 1
                    yield f"{number}{' ' * padding}"
            finally:
                made.ended += 1

        @strawberry.subscription
        async def asker(self, info: Info) -> AsyncGenerator[str, None]:
            """Who asks, and again whenever that has changed."""
            told: Any = None
            while True:
                if info.context.principal is not told:
                    told = info.context.principal
                    yield f"{told.name} of {told.unit}"
                await asyncio.sleep(0)

        @strawberry.subscription
        async def silence(self) -> AsyncGenerator[str, None]:
            try:
                await asyncio.Event().wait()
                yield "never"
            finally:
                made.ended += 1

    return Quiet(Query, subscription=Subscription, extensions=[Told, Reading, NodeCount])


@contextmanager
def counting(
    database: Database, made: Made | None = None, gate: Gate | None = None, **settings: Any
) -> Iterator[Served]:
    """A server that counts, with these settings."""
    with (
        opened(database, **settings) as workspace,
        served(
            create_app(
                workspace,
                gate=gate or Gate(unproved=without_sign_in(ACTOR)),
                schema=counting_schema(made or Made()),
            ),
            workspace.settings,
        ) as running,
    ):
        yield running
