"""What starts and stops a clock: an expression over events, such as `any(response-sent(kind=final), case-resolved)`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, NamedTuple, TypeAlias

from pydantic import AfterValidator, StringConstraints

from domain.event import Event

TOKEN = re.compile(r"\s*(?:(?P<word>@?[a-z0-9][a-z0-9_-]*)|(?P<mark>[(),=|]))")
MOST_CHARACTERS = 1_000
DEEPEST = 5
"""How many `any` and `all` may stand within each other."""


class BadExpression(ValueError):
    """An expression that cannot be read; says where."""


class Condition(NamedTuple):
    """What holds of a field of an event: it has one of these values."""

    field: str
    values: tuple[str, ...]
    """As stored; or one reference, `@` and the name of another event of the same `all`: the field is its version."""


class Happens(NamedTuple):
    """An event of a kind occurs, with all of the conditions."""

    name: str
    """Its topic without the version of its schema, such as `response-sent`."""
    conditions: tuple[Condition, ...] = ()

    def takes(self, event: Event) -> bool:
        """Whether it is such an event, references left aside."""
        return event.TOPIC.rpartition(".")[0] == self.name and all(
            plain(getattr(event, condition.field, None)) in condition.values
            for condition in self.conditions
            if not condition.values[0].startswith("@")
        )

    @property
    def references(self) -> Mapping[str, str]:
        """The fields that name another event by its version, and the name of that event."""
        return {each.field: each.values[0][1:] for each in self.conditions if each.values[0].startswith("@")}


class AnyOf(NamedTuple):
    """At least one of these is so; it is so when the first of them is."""

    of: tuple[Expression, ...]


class AllOf(NamedTuple):
    """All of these are so; it is so when the last of them is."""

    of: tuple[Expression, ...]


Expression: TypeAlias = Happens | AnyOf | AllOf


def plain(value: Any) -> str | None:
    """A field's value as expressions and policies write it."""
    if isinstance(value, str):  # of an enumeration of texts the member is its value
        return str(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def leaves(expression: Expression) -> Iterator[Happens]:
    """The events that it names, in order."""
    if isinstance(expression, Happens):
        yield expression
        return
    for part in expression.of:
        yield from leaves(part)


def written(expression: Expression) -> str:
    """The expression as text, in one way only."""
    if isinstance(expression, Happens):
        conditions = ", ".join(f"{each.field}={'|'.join(each.values)}" for each in expression.conditions)
        return f"{expression.name}({conditions})" if conditions else expression.name
    word = "any" if isinstance(expression, AnyOf) else "all"
    return f"{word}({', '.join(map(written, expression.of))})"


@lru_cache(maxsize=1_000)
def read(text: str) -> Expression:
    """The expression in a text. Raises: BadExpression."""
    reader = _Reader(text)
    found = reader.expression(0)
    reader.end()
    return found


class _Reader:
    """Goes through a text, word by word."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0

    def expression(self, depth: int) -> Expression:
        name = self._word("the name of an event, any or all")
        if name in {"any", "all"} and self._next_is("("):
            if depth >= DEEPEST:
                raise self._bad(f"no more than {DEEPEST} any and all within each other")
            self._mark("(")
            parts = [self.expression(depth + 1)]
            while self._take(","):
                parts.append(self.expression(depth + 1))
            self._mark(")")
            return AnyOf(tuple(parts)) if name == "any" else AllOf(tuple(parts))
        conditions: list[Condition] = []
        if self._take("("):
            conditions.append(self._condition())
            while self._take(","):
                conditions.append(self._condition())
            self._mark(")")
        return Happens(name, tuple(conditions))

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._bad("nothing more")

    def _condition(self) -> Condition:
        field = self._word("the name of a field")
        self._mark("=")
        values = [self._word("a value")]
        while self._take("|"):
            values.append(self._word("a value"))
        if len(values) > 1 and any(value.startswith("@") for value in values):
            raise self._bad("a reference by itself")
        return Condition(field, tuple(values))

    def _next_is(self, mark: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at][0] == mark

    def _take(self, mark: str) -> bool:
        there = self._next_is(mark)
        self._at += there
        return there

    def _mark(self, mark: str) -> None:
        if not self._take(mark):
            raise self._bad(f"'{mark}'")

    def _word(self, wanted: str) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] in "(),=|":
            raise self._bad(wanted)
        self._at += 1
        return self._tokens[self._at - 1][0]

    def _bad(self, wanted: str) -> BadExpression:
        if self._at >= len(self._tokens):
            return BadExpression(f"{self._text!r} ends where {wanted} should stand")
        found, place = self._tokens[self._at]
        return BadExpression(f"{self._text!r} has {found!r} at character {place + 1}, where {wanted} should stand")


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = TOKEN.match(text, at)
        if match is None:
            place = at + len(text[at:]) - len(text[at:].lstrip())
            raise BadExpression(f"{text!r} has {text[place]!r} at character {place + 1}, which no expression holds")
        kind = match.lastgroup or "word"
        yield match.group(kind), match.start(kind)
        at = match.end()


def _normal(text: str) -> str:
    return written(read(text))


ExpressionText = Annotated[str, StringConstraints(min_length=1, max_length=MOST_CHARACTERS), AfterValidator(_normal)]
"""An expression as text, as `written` writes it; one that cannot be read is a ValidationError."""
