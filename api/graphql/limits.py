"""How large a document may be: levels, aliases, directives and root fields, counted once a fragment."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

from api.graphql.problem import Code, Problem

MOST_TOKENS = 2_000
MOST_LEVELS = 15
"""Relay's conventions need ten and more."""
MOST_ALIASES = 30
MOST_DIRECTIVES = 50
MOST_ROOT_FIELDS = 20


class Size(NamedTuple):
    """How large a selection is, with every fragment written out where it is spread."""

    levels: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0
    """Only those of the selection's own level."""


LIMITS = Size(MOST_LEVELS, MOST_ALIASES, MOST_DIRECTIVES, MOST_ROOT_FIELDS)
CALLED = Size("levels", "aliases", "directives", "root fields")  # type: ignore[arg-type]


class DocumentSize(ValidationRule):
    """Refuses operations beyond the limits.

    Strawberry's own limiters walk a fragment again at each of its spreads: thirty fragments, each spreading the next
    one twice, keep them busy for hours. Here each fragment is measured once.
    """

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._fragments = {
            definition.name.value: definition
            for definition in context.document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, Size] = {}

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Measures an operation."""
        size = self._size(node.selection_set)._asdict()
        size["directives"] += len(node.directives or ())
        for name, most in LIMITS._asdict().items():
            if size[name] > most:
                called = getattr(CALLED, name)
                message = f"This operation has {size[name]} {called}; at most {most} are answered."
                self.report_error(Problem(Code.DOCUMENT_TOO_LARGE, message, limit=most))

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
