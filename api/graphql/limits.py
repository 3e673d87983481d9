"""How large a document and its answer may be: what it says is counted once a fragment, and what that can find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    NamedTypeNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    get_operation_ast,
)
from strawberry.extensions import SchemaExtension
from typing_extensions import override

from api.graphql.connection import USUAL_PAGE
from api.graphql.problem import Code, Problem

MOST_TOKENS = 2_000
MOST_LEVELS = 15
"""Relay's conventions need ten and more."""
MOST_ALIASES = 30
MOST_DIRECTIVES = 50
MOST_ROOT_FIELDS = 20
MOST_PAIRS = 50_000
"""Validation compares each pair of fields that answer to one name: 490 of one name took it 0.9 s (2026-11-22). The
largest documents of clients that ask for `id` and `__typename` everywhere have a third of this."""
MOST_NODES = 200_000
"""GitHub answers half a million, in another language. Pages are hardly ever as full as they may be."""
COUNTED = 1_000_000_000
"""Fragments that double each other reach figures that JSON has no number for."""
ITEMS = frozenset({"nodes", "edges"})
"""The fields of a page that hold its items, which are counted with the page."""
WITH_FIELDS = (GraphQLObjectType, GraphQLInterfaceType)


class Size(NamedTuple):
    """How large a selection is, with every fragment written out where it is spread."""

    levels: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0
    """Only those of the selection's own level."""


LIMITS = Size(MOST_LEVELS, MOST_ALIASES, MOST_DIRECTIVES, MOST_ROOT_FIELDS)
CALLED = Size("levels", "aliases", "directives", "root fields")  # type: ignore[arg-type]


def oversizes(document: DocumentNode) -> list[Problem]:
    """What is too much of something in a document; to be asked before anything else looks at it.

    Strawberry's own limiters walk a fragment again at each of its spreads: thirty fragments, each spreading the next
    one twice, keep them busy for hours. Here each fragment is measured once.
    """
    pairs = _pairs(document)
    if pairs > MOST_PAIRS:
        return [_too_many(pairs, "pairs of fields that answer to one name", MOST_PAIRS)]
    measure = _Measure(document)
    return [
        _too_many(size[name], getattr(CALLED, name), most)
        for size in map(measure.of, document.definitions)
        for name, most in LIMITS._asdict().items()
        if size[name] > most
    ]


def _too_many(found: int, called: str, most: int) -> Problem:
    found = min(found, COUNTED)
    message = (
        f"This document has {found}{' or more' if found == COUNTED else ''} {called}; at most {most} are answered."
    )
    return Problem(Code.DOCUMENT_TOO_LARGE, message, limit=most, found=found, of=called)


def _pairs(document: DocumentNode) -> int:
    """How many pairs of fields validation may have to compare, since they would answer to the same name."""
    named = Counter[str]()
    left: list[Any] = list(document.definitions)
    while left:
        node = left.pop()
        if isinstance(node, FieldNode):
            named[(node.alias or node.name).value] += 1
        selections = getattr(node, "selection_set", None)
        left.extend(selections.selections if selections else ())
    return sum(many * (many - 1) // 2 for many in named.values())


class _Measure:
    """Measures the operations of a document."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = _fragments_of(document)
        self._measured: dict[str, Size] = {}

    def of(self, definition: DefinitionNode) -> dict[str, int]:
        """How large an operation is; nothing for what is none."""
        if not isinstance(definition, OperationDefinitionNode):
            return Size()._asdict()
        size = self._size(definition.selection_set)
        variables = sum(len(each.directives or ()) for each in definition.variable_definitions or ())
        return size._replace(directives=size.directives + len(definition.directives or ()) + variables)._asdict()

    def _size(self, selections: SelectionSetNode | None) -> Size:
        total = Size()
        for selection in selections.selections if selections else ():
            directives = len(selection.directives or ())
            if isinstance(selection, FragmentSpreadNode):
                inner = self._size_of_fragment(selection.name.value)
                total = _beside(total, inner._replace(directives=inner.directives + directives))
                continue
            inner = self._size(getattr(selection, "selection_set", None))
            if isinstance(selection, FieldNode):
                alias = 1 if selection.alias else 0
                inner = Size(inner.levels + 1, inner.aliases + alias, inner.directives, 1)
            total = _beside(total, inner._replace(directives=inner.directives + directives))
        return total

    def _size_of_fragment(self, name: str) -> Size:
        if name not in self._measured:
            self._measured[name] = Size()  # a fragment that spreads itself is another rule's to refuse
            if fragment := self._fragments.get(name):
                self._measured[name] = self._size(fragment.selection_set)
        return self._measured[name]


def _beside(one: Size, other: Size) -> Size:
    return Size(
        max(one.levels, other.levels),
        one.aliases + other.aliases,
        one.directives + other.directives,
        one.fields + other.fields,
    )


class NodeCount(SchemaExtension):
    """Refuses operations whose pages, each as long as it may be and one inside the other, could hold too many nodes.

    The sizes of pages are often variables, so that this is no rule for the document alone.
    """

    @override
    def on_validate(self) -> Iterator[None]:
        """Measures the operation that is about to be carried out."""
        context = self.execution_context
        document = context.graphql_document
        operation = None if document is None else get_operation_ast(document, context.operation_name)
        if document is not None and operation is not None and not context.pre_execution_errors:
            defaults = {
                each.variable.name.value: int(each.default_value.value)
                for each in operation.variable_definitions or ()
                if isinstance(each.default_value, IntValueNode)
            }
            schema = context.schema._schema
            counted = _Nodes(document, schema, defaults | (context.variables or {}))
            nodes = counted.in_(operation.selection_set, schema.get_root_type(operation.operation))
            if nodes > MOST_NODES:
                message = (
                    f"The pages that this asks for could hold {nodes} nodes; at most {MOST_NODES} are answered. "
                    "Ask for shorter pages, or for what is inside them apart."
                )
                problem = Problem(
                    Code.DOCUMENT_TOO_LARGE, message, limit=MOST_NODES, found=min(nodes, COUNTED), of="nodes"
                )
                context.pre_execution_errors = [problem]
        yield


class _Nodes:
    """How many nodes selections can hold, each fragment measured once."""

    def __init__(self, document: DocumentNode, schema: GraphQLSchema, variables: Mapping[str, Any]) -> None:
        self._fragments = _fragments_of(document)
        self._schema = schema
        self._variables = variables
        self._measured: dict[str, int] = {}

    def in_(self, selections: SelectionSetNode | None, within: GraphQLNamedType | None) -> int:
        """The nodes of all pages below a selection of a type."""
        return sum(self._of(selection, within) for selection in (selections.selections if selections else ()))

    def _of(self, selection: Any, within: GraphQLNamedType | None) -> int:
        if isinstance(selection, FragmentSpreadNode):
            name = selection.name.value
            if name not in self._measured:
                fragment = self._fragments[name]
                self._measured[name] = self.in_(fragment.selection_set, self._type(fragment.type_condition))
            return self._measured[name]
        if not isinstance(selection, FieldNode):
            narrowed = within if selection.type_condition is None else self._type(selection.type_condition)
            return self.in_(selection.selection_set, narrowed)
        field = within.fields.get(selection.name.value) if isinstance(within, WITH_FIELDS) else None
        if field is None:  # __typename and the like, of which there is one
            return 0
        inside = self.in_(selection.selection_set, get_named_type(field.type))
        if not selection.selection_set or selection.name.value in ITEMS:
            return inside
        many = "first" in field.args or isinstance(get_nullable_type(field.type), GraphQLList)
        return self._size(selection) * (1 + inside) if many else inside

    def _type(self, condition: NamedTypeNode) -> GraphQLNamedType | None:
        return self._schema.type_map.get(condition.name.value)

    def _size(self, field: FieldNode) -> int:
        """How many items a field can have; of a list without pages as many as a page has usually."""
        sizes = [each.value for each in field.arguments or () if each.name.value in {"first", "last"}]
        given = [size for size in map(self._value, sizes) if size is not None]
        return max(given, default=USUAL_PAGE)

    def _value(self, node: Any) -> int | None:
        value = self._variables.get(node.name.value) if isinstance(node, VariableNode) else getattr(node, "value", None)
        return int(value) if isinstance(value, int | str) and str(value).isdecimal() else None


def _fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
