"""The schema, put together; run as a module it prints itself: `python -m api.graphql.schema`."""

from __future__ import annotations

import sys
from pathlib import Path

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext
from typing_extensions import override

from api.graphql.limits import NodeCount
from api.graphql.mutations import mutation_type
from api.graphql.permission import Permitted
from api.graphql.problem import Told
from api.graphql.query import Query
from api.graphql.reading import Reading
from api.graphql.scalars import SCALARS
from api.graphql.subscription import Subscription
from api.graphql.timeline_items import ITEMS
from api.graphql.touchpoint import Touchpoint

CONTRACT = Path(__file__).with_name("schema.graphql")


class Quiet(strawberry.Schema):
    """A schema that keeps documents out of the log: what people wrote stands in them. `Told` logs the faults."""

    @override
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing more is done about errors."""


def make_schema() -> strawberry.Schema:
    """The schema, with its limits."""
    return Quiet(
        Query,
        mutation_type(),
        Subscription,
        types=[Touchpoint, *ITEMS],
        config=StrawberryConfig(scalar_map=SCALARS),
        extensions=[
            Told,
            Reading,
            Permitted,
            NodeCount,
        ],
    )


SCHEMA = make_schema()


def printed() -> str:
    """The schema in its own language, as front ends get it."""
    return f"{SCHEMA.as_str().strip()}\n"


if __name__ == "__main__":
    sys.stdout.write(printed())
