"""Every connection of the schema, found in it, and how each is reached and asked for."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from typing_extensions import override

from api.graphql.schema import SCHEMA

CORE: GraphQLSchema = SCHEMA._schema
WAYS = {
    "Query": "{ FIELD }",
    "AbsorbedCustomer": "{ customers(first: MOST) { nodes { absorbed { FIELD } } } }",
    "Case": "{ cases(first: MOST) { nodes { FIELD } } }",
    "CaseSnapshot": '{ cases(first: MOST) { nodes { asOf(validAt: "2026-05-30T00:00:00Z") { FIELD } } } }',
    "ComplianceRow": "{ complianceReport(mostRows: MOST, groupBy: [MONTH, TARGET]) { rows { FIELD } } }",
    "Customer": "{ customers(first: MOST) { nodes { FIELD } } }",
    "CustomerSnapshot": '{ customers(first: MOST) { nodes { asOf(validAt: "2026-05-30T00:00:00Z") { FIELD } } } }',
    "Obligation": "{ obligations(first: MOST) { nodes { FIELD } } }",
    "OverrideCount": "{ overrides(first: MOST) { counts { FIELD } } }",
    "StaffMember": "{ staffMembers(first: MOST) { nodes { FIELD } } }",
    "Unit": '{ unit(name: "Desk 1") { FIELD } }',
}
"""How a document comes to a type that has connections."""


class Place(NamedTuple):
    """A connection: a field of a type."""

    parent: str
    field: str

    @override
    def __str__(self) -> str:
        return f"{self.parent}.{self.field}"

    @property
    def arguments(self) -> frozenset[str]:
        """What it takes."""
        return frozenset(_fields(self.parent)[self.field].args)

    @property
    def items(self) -> GraphQLObjectType | GraphQLInterfaceType:
        """The type of what it lists."""
        connection = get_named_type(_fields(self.parent)[self.field].type)
        assert isinstance(connection, GraphQLObjectType)
        item = get_named_type(connection.fields["nodes"].type)
        assert isinstance(item, GraphQLObjectType | GraphQLInterfaceType)
        return item

    def document(self, arguments: str, shown: str, most: int = 100, variables: str = "") -> str:
        """A query that comes to it, with as many of what it stands in."""
        way = WAYS[self.parent].replace("MOST", str(most))
        return f"query{variables} {way.replace('FIELD', f'{self.field}({arguments}) {{ {shown} }}')}"


def places() -> list[Place]:
    """All of them."""
    return [
        Place(parent, name)
        for parent, kind in CORE.type_map.items()
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if get_named_type(field.type).name.endswith("Connection")
    ]


def everything(kind: GraphQLObjectType | GraphQLInterfaceType, levels: int) -> str:
    """All that a type shows without being told more, so many levels deep; pages inside of it are left out."""
    return " ".join([*_shown(kind.fields, levels), *_of_those_that_are_one(kind, levels)])


def _shown(fields: Mapping[str, GraphQLField], levels: int) -> Iterator[str]:
    for name, field in fields.items():
        inner: Any = get_named_type(field.type)
        if any(map(is_required_argument, field.args.values())) or inner.name.endswith("Connection"):
            continue
        if is_leaf_type(inner):
            yield name
        elif levels > 1 and isinstance(inner, GraphQLObjectType | GraphQLInterfaceType):
            yield f"{name} {{ {' '.join(_shown(inner.fields, levels - 1))} }}"


def _of_those_that_are_one(kind: GraphQLObjectType | GraphQLInterfaceType, levels: int) -> Iterator[str]:
    """What the types of an interface show beside what they have in common."""
    for each in CORE.get_possible_types(kind) if isinstance(kind, GraphQLInterfaceType) else ():
        own = {name: field for name, field in each.fields.items() if name not in kind.fields}
        if own:
            yield f"... on {each.name} {{ {' '.join(_shown(own, levels))} }}"


def _fields(parent: str) -> Mapping[str, GraphQLField]:
    kind = CORE.type_map[parent]
    assert isinstance(kind, GraphQLObjectType)
    fields: Mapping[str, GraphQLField] = kind.fields
    return fields


def pages(answer: Any) -> list[dict[str, Any]]:
    """Every page of an answer that shows its page info."""
    if isinstance(answer, list):
        return [page for part in answer for page in pages(part)]
    if not isinstance(answer, dict):
        return []
    return [answer] if "pageInfo" in answer else [page for part in answer.values() for page in pages(part)]
