"""Schemathesis' mode for GraphQL against a server that runs: each question and each change, as it makes them up."""

import socket
from collections.abc import Iterator
from threading import Thread
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from graphql import GraphQLScalarType, introspection_from_schema, specified_scalar_types
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from api.app import create_app
from api.graphql.schema import SCHEMA
from api.workspace import Workspace
from tests.api.access.firing import check_shape, so_many
from tests.api.graphql.conftest import ACTOR

FEW = 2
"""Documents of each question and each change."""
SECONDS = 60
ROOTS = [(kind, name) for kind in ("Query", "Mutation") for name in SCHEMA._schema.type_map[kind].fields]  # type: ignore[attr-defined]

MADE = {"SafeInt": st.integers(-(2**53), 2**53).map(nodes.Int)}
"""How values of our scalars are made up; of all others texts are, unless schemathesis knows them."""
for scalar in SCHEMA._schema.type_map.values():
    if isinstance(scalar, GraphQLScalarType) and scalar.name not in {
        *specified_scalar_types,
        "DateTime",
        "Date",
        "UUID",
    }:
        schemathesis.graphql.scalar(scalar.name, MADE.get(scalar.name, st.text().map(nodes.String)))
MADE_UP = schemathesis.graphql.from_dict(dict(introspection_from_schema(SCHEMA._schema)))


@pytest.fixture(scope="module")
def served(workspace: Workspace) -> Iterator[str]:
    """Where a server listens that runs as servers do."""
    config = uvicorn.Config(create_app(workspace, development_actor=ACTOR), log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/graphql"
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize(("kind", "name"), ROOTS, ids=lambda each: each)
def test_what_schemathesis_makes_up_is_answered_by_data_or_by_a_code(
    served: str, kind: str, name: str, pytestconfig: pytest.Config
) -> None:
    @so_many(FEW, long=pytestconfig.getoption("--long"))
    @given(MADE_UP[kind][name].as_strategy())
    def run(case: Any) -> None:
        check_shape(httpx.post(served, json={"query": case.body}, timeout=SECONDS))

    run()
