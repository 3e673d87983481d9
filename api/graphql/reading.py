"""Reading a document: measured before it is validated, off the event loop, and once for many requests."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from typing import ClassVar, NamedTuple

from anyio import to_thread
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema import BaseSchema
from strawberry.types.graphql import OperationType as Operations
from typing_extensions import override

from api.graphql.door import Door
from api.graphql.limits import MOST_LEVELS, MOST_TOKENS, oversizes
from api.graphql.problem import Code, Problem
from api.graphql.request import Request

MOST_KEPT = 256
MOST_KEPT_CHARACTERS = 32_000
"""Longer documents are read anew each time: what is kept is bounded by both."""
ABORTED = "Parsing aborted."
"""How the parser ends its message when a document has too many tokens or levels for it."""
INTROSPECTION = frozenset({"__schema", "__type"})


class Document(NamedTuple):
    """A document that has been read, and what is wrong with it."""

    node: DocumentNode
    errors: Sequence[GraphQLError]
    introspects: bool
    operations: int


def read(schema: GraphQLSchema, text: str) -> Document:
    """A document, read and validated. Raises: GraphQLError when it cannot be read at all."""
    try:
        node = parse(text, max_tokens=MOST_TOKENS)
    except GraphQLSyntaxError as error:
        if error.message.endswith(ABORTED):
            params = (
                {"limit": MOST_TOKENS, "of": "tokens"}
                if "tokens" in error.message
                else {"limit": MOST_LEVELS, "of": "levels"}
            )
            raise Problem(Code.DOCUMENT_TOO_LARGE, error.message, **params) from None
        raise
    operations = [each for each in node.definitions if isinstance(each, OperationDefinitionNode)]
    errors: Sequence[GraphQLError] = oversizes(node) or [_of_the_document(error) for error in validate(schema, node)]
    return Document(node, errors, _introspects(node), len(operations))


def _of_the_document(error: GraphQLError) -> GraphQLError:
    """A mistake, without what was raised on the way to it: a literal that Python cannot read is no fault of ours."""
    return GraphQLError(error.message, nodes=error.nodes, source=error.source, positions=error.positions)


class Reading(SchemaExtension):
    """Reads the documents of requests.

    Validation takes up to half a second for the worst document within the limits, and everybody else would wait.
    """

    _kept: ClassVar[OrderedDict[tuple[int, str], Document]] = OrderedDict()
    """By schema and text, the one that was asked for longest ago first. Only the event loop touches it."""

    @override
    async def on_parse(self) -> AsyncIterator[None]:
        """Reads the document, or finds it read."""
        context = self.execution_context
        if context.query is not None and context.graphql_document is None:
            self._read = await self._found(context.query)
            context.graphql_document = self._read.node
        yield

    @override
    async def on_validate(self) -> AsyncIterator[None]:
        """Says what is wrong with it, in general or in this request."""
        context = self.execution_context
        request: Request = context.context
        request.kind, request.operation = context.operation_type.value, context.operation_name
        errors = list(self._read.errors)
        if not errors and self._read.operations > 1 and context._provided_operation_name is None:
            message = f"This document has {self._read.operations} operations; say in operationName which one is meant."
            errors = [Problem(Code.BAD_DOCUMENT, message)]
        if request.once and context.operation_type is Operations.SUBSCRIPTION:
            errors = [Problem(Code.BAD_DOCUMENT, "Subscriptions are followed over a WebSocket, at the same path.")]
        if self._read.introspects and not request.shows_schema:
            errors = [
                Problem(Code.SCHEMA_NOT_SHOWN, "This server does not show its schema; ask for it where it is kept.")
            ]
        context.pre_execution_errors = errors
        yield

    async def _found(self, text: str) -> Document:
        request: Request = self.execution_context.context
        return await self.found(self.execution_context.schema._schema, request.door, text)

    @classmethod
    async def found(cls, schema: GraphQLSchema, door: Door, text: str) -> Document:
        """A document, read before or now. Raises: GraphQLError when it cannot be read at all."""
        key = (id(schema), text)
        found = cls._kept.pop(key, None)
        if found is None:
            found = await to_thread.run_sync(read, schema, text, limiter=door.reading)
        if len(text) <= MOST_KEPT_CHARACTERS:
            cls._kept[key] = found
            while len(cls._kept) > MOST_KEPT:
                cls._kept.popitem(last=False)
        return found


async def is_subscription(schema: BaseSchema, door: Door, text: str, name: str | None) -> bool:
    """Whether the operation that is meant goes on after its first answer. Raises: GraphQLError."""
    document = await Reading.found(schema._schema, door, text)  # type: ignore[attr-defined]
    operation = get_operation_ast(document.node, name)
    return operation is not None and operation.operation is OperationType.SUBSCRIPTION


def _introspects(document: DocumentNode) -> bool:
    """Whether a document asks for the schema anywhere, be it in a fragment that nothing spreads."""
    left = list(document.definitions)
    while left:
        node = left.pop()
        if isinstance(node, FieldNode) and node.name.value in INTROSPECTION:
            return True
        selections = getattr(node, "selection_set", None)
        left.extend(selections.selections if selections else ())
    return False
