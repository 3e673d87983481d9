"""Whether a role may ask what a document asks: seen by the document alone, once for each, before any of it is done."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from threading import Lock
from typing import Any, ClassVar

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_operation_ast,
)
from strawberry.extensions import SchemaExtension
from typing_extensions import override

from api.access.principal import Role
from api.access.rules import rights
from api.graphql.problem import Code, Problem

WITH_FIELDS = (GraphQLObjectType, GraphQLInterfaceType)
MOST_KEPT = 512
LONGEST_KEPT = 20_000
"""In characters: a document that is longer is looked at each time, or made-up ones would fill the memory."""
MOST_NAMED = 10
Coordinates = frozenset[tuple[str, str]]


def coordinates_of(document: DocumentNode, operation: OperationDefinitionNode, schema: GraphQLSchema) -> Coordinates:
    """Every field that an operation asks for, with the type that it is a field of; what is skipped counts as well."""
    found: set[tuple[str, str]] = set()
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    spread: set[str] = set()
    waiting: list[tuple[SelectionSetNode | None, GraphQLNamedType | None]] = [
        (operation.selection_set, schema.get_root_type(operation.operation))
    ]
    named = partial(_type, schema)
    while waiting:
        selections, within = waiting.pop()
        for each in selections.selections if selections else ():
            selection: Any = each
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name not in spread and name in fragments:
                    spread.add(name)
                    fragment = fragments[name]
                    waiting.append((fragment.selection_set, named(fragment.type_condition.name.value)))
            elif isinstance(selection, FieldNode):
                field = within.fields.get(selection.name.value) if isinstance(within, WITH_FIELDS) else None
                if within is not None and field is not None:  # else __typename or introspection, which tell no data
                    found.add((within.name, selection.name.value))
                    waiting.append((selection.selection_set, get_named_type(field.type)))
            else:
                condition = selection.type_condition
                waiting.append((selection.selection_set, within if condition is None else named(condition.name.value)))
    return frozenset(found)


def _type(schema: GraphQLSchema, name: str) -> GraphQLNamedType | None:
    return schema.type_map.get(name)


def refused(role: Role, coordinates: Coordinates) -> list[str]:
    """What of it a role may not ask for, as `Type.field`."""
    allowed = rights()[role]
    return sorted(f"{kind}.{field}" for kind, field in coordinates if not allowed.may(kind, field))


class Permitted(SchemaExtension):
    """Refuses an operation as a whole when the asker's role may not ask for all of it; nothing of it is then done.

    What is asked stands in the document, so that each document is looked at once, and no field costs anything while it
    is answered.
    """

    _kept: ClassVar[dict[tuple[str, str | None, Role], tuple[str, ...]]] = {}
    _keeping: ClassVar[Lock] = Lock()

    @override
    def on_validate(self) -> Iterator[None]:
        """Looks at the operation that is about to be carried out."""
        context = self.execution_context
        document = context.graphql_document
        operation = None if document is None else get_operation_ast(document, context.operation_name)
        if document is not None and operation is not None and not context.pre_execution_errors:
            role: Role = context.context.principal.role
            written = context.query or ""
            key = (written, context.operation_name, role)
            found = self._kept.get(key)
            if found is None:
                found = tuple(refused(role, coordinates_of(document, operation, context.schema._schema)))
                if len(written) <= LONGEST_KEPT:
                    self._keep(key, found)
            if found:
                context.pre_execution_errors = [_problem(role, found)]
        yield

    @classmethod
    def _keep(cls, key: tuple[str, str | None, Role], found: tuple[str, ...]) -> None:
        with cls._keeping:
            if len(cls._kept) >= MOST_KEPT:
                cls._kept.clear()
            cls._kept[key] = found


def _problem(role: Role, found: tuple[str, ...]) -> Problem:
    named = ", ".join(found[:MOST_NAMED]) + (f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")
    message = f"In the role {role} you may not ask for {named}. Leave it out, or act in another role."
    return Problem(Code.FORBIDDEN, message, role=role.value, fields=list(found[:MOST_NAMED]))
