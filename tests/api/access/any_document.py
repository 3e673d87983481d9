"""Documents of any kind, made of the schema choice by choice, so that hypothesis can make a telling one smaller."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)
from hypothesis import strategies as st
from typing_extensions import override

from api.graphql.schema import SCHEMA

T = TypeVar("T")
CORE = SCHEMA._schema
MOST_FIELDS = 30
MOST_LEVELS = 5
OWN_NAME = ("requestedBy", "approvedBy", "declinedBy")
ENVELOPE = frozenset({"expectedVersion", "occurredAt", "occurredZone", "occurredPrecision"})
"""What most mutations leave out, and which refuses them when it is made up."""
CURSORS = ("after", "before")
KEYS = frozenset({"id", "name", "number", "sourceKey"})
"""Arguments of which a question takes exactly one."""
KIND_OF = {
    "id": "", "recordId": "case", "otherId": "case", "into": "case", "subjectId": "case", "ids": "personal",
    "slaClock": "clock", "node": "", "caseSnapshot": "case", "caseDifference": "case", "customerSnapshot": "customer",
    "customerDifference": "customer",
}  # fmt: skip
"""Of what kind an id is to be, by the name of its argument or of what it is asked of; none is any."""
PAGE_SIZES = (2, 1, 5, 20, 50, 100, 0)
WHOLE = (1, 2, 3, 5, 8, 0, 20, 100, 101, -1, 2**31 - 1, -(2**31))
INSTANTS = (
    "2026-03-02T09:00:00+08:00", "2026-11-22T00:00:00Z", "2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59Z", "2026-03-29T02:30:00+01:00",
)  # fmt: skip
DATES = ("2026-03-02", "2026-11-22", "2024-02-29", "0001-01-01", "9999-12-31")
TIMES = {"DateTime": INSTANTS, "Date": DATES, "Duration": ("PT8H", "P1D", "PT0S", "P10000Y")}
ZONES = ("Asia/Shanghai", "Europe/Berlin", "UTC", "Mars/Base")
ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 2**63, 1e308, "", "\0", "\ud800", "x" * 500, "2026-02-30", "2026-02-30T25:00:00Z", [], [[None]], {},
    {"a": {"b": []}}, "WyJjYXNlIl0", "null", "%00", "../../etc", "' OR 1=1 --", "\u202eooo", "🦉" * 20,
)  # fmt: skip
PIECES = (
    "{", "}", "(", ")", "[", "]", "...", "@skip", "@include(if: $v0)", "$", "&", "!", ":", "=", "|", '"""', '"', "\\u",
    "#", "on", "null", "∞", "\ufeff", "\0", "\n", "fragment f on Case { ...f } ", "...f", "{ a " * 40, "query",
    "subscription { x }", "mutation", "__typename ", "__schema { types { name } } ", "first: 1000000000 ", "a:" * 3,
)  # fmt: skip


class Word(str):
    """A value of an enumeration, which has no quotes in a document."""

    __slots__ = ()


class Voice(NamedTuple):
    """Who asks: what they may ask for, what they have heard of, and how much of it is out of order."""

    may: Callable[[str, str], bool]
    """A field of a type."""
    name: str
    ids: Mapping[str, Sequence[str]]
    """By what they are ids of."""
    cursors: Mapping[str, Sequence[str]]
    """By the connection, as `Type.field`."""
    tokens: Sequence[str]
    heard: Sequence[str]
    """Keys, numbers, names that they only ask for."""
    own: Sequence[str]
    """Texts that they write down as well."""
    changing: int = 25
    """Of a hundred operations, so many are mutations."""
    odd: int = 25
    """Of a hundred operations, so many have mistakes that a careful front end would not make."""
    without: frozenset[str] = frozenset()
    """Root fields that they leave alone."""

    @override
    def __repr__(self) -> str:
        return f"Voice({self.name!r})"


class Sent(NamedTuple):
    """A request on its way."""

    body: bytes
    said: str
    """Everything in it that an answer may repeat."""
    changes: bool
    """Whether it is a mutation, whose payload may repeat it as well; what is asked is repeated by errors alone."""


@st.composite
def any_request(draw: st.DrawFn, voice: Voice) -> Sent:
    """A request with an operation that fits the schema, or nearly does, or does not at all."""
    writer = _Writer(draw, voice)
    document, variables = writer.operation()
    if writer.chance(8):
        document = writer.broken(document)
    if writer.chance(3):
        variables = {**variables, "v0": writer.one(ODD_VALUES), "unknown": 1}
    body = json.dumps({"query": document, "variables": variables}).encode()
    if writer.chance(2):
        at = writer.upto(len(body))
        body = body[:at] + writer.one((b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\0", b"}")) + body[at:]
    return Sent(body, f"{document} {json.dumps(variables, ensure_ascii=False)}", not writer.asking)


@cache
def _upto(most: int) -> st.SearchStrategy[int]:
    return st.integers(0, most)


class _Writer:
    """Writes one operation. Its first choices are the plainest, so that smaller means plainer."""

    def __init__(self, draw: st.DrawFn, voice: Voice) -> None:
        self._draw = draw
        self._voice = voice
        self._variables: dict[str, tuple[str, Any]] = {}
        self._fragments: dict[str, str] = {}
        self._left = MOST_FIELDS
        self.asking = True
        self._odd = 0
        """Of a hundred choices, so many are mistakes."""

    def upto(self, most: int) -> int:
        """A whole number from 0."""
        return self._draw(_upto(most))

    def chance(self, percent: int) -> bool:
        """Whether something happens that does so often."""
        return self.upto(99) >= 100 - percent

    def one(self, among: Sequence[T]) -> T:
        """One of several."""
        return among[self.upto(len(among) - 1)]

    def oddly(self) -> bool:
        """Whether the next choice is a wrong one."""
        return self._odd > 0 and self.chance(self._odd)

    # Operations ---------------------------------------------------------------------------------------------------

    def operation(self) -> tuple[str, dict[str, Any]]:
        """A document and its variables."""
        self._odd = 6 if self.chance(self._voice.odd) else 0
        self.asking = not (self._open("Mutation") and self.chance(self._voice.changing))
        kind, word = ("Query", "query") if self.asking else ("Mutation", "mutation")
        root = CORE.type_map[kind]
        assert isinstance(root, GraphQLObjectType)
        open_ = self._open(kind)
        names = [
            self.one(list(root.fields) if self.oddly() else open_)
            for _ in range(1 + self.upto(2 if self.asking else 1))
        ]
        fields = " ".join(
            self._field(root, name, MOST_LEVELS, f"f{nth}: ")
            for nth, name in enumerate(name for name in names if name not in self._voice.without)
        )
        declared = ", ".join(f"${name}: {kind}" for name, (kind, _) in self._variables.items())
        head = f"{word} Any{f'({declared})' if declared else ''}{self._directive()}"
        document = " ".join([f"{head} {{ {fields or '__typename'} }}", *self._fragments.values()])
        return document, {name: value for name, (_, value) in self._variables.items()}

    def _open(self, kind: str) -> list[str]:
        """The fields of an operation that are open to whoever asks."""
        root: Any = CORE.type_map[kind]
        return [name for name in root.fields if self._voice.may(kind, name) and name not in self._voice.without]

    def _field(self, parent: GraphQLObjectType | GraphQLInterfaceType, name: str, levels: int, alias: str = "") -> str:
        self._left -= 1
        definition = parent.fields[name]
        about = (f"{parent.name}.{name}", name)
        given = {
            each: self._argument(each, definition.args[each].type, about) for each in self._chosen(definition.args)
        }
        if self.oddly():
            given["nonsense"] = "1"
        arguments = f"({', '.join(f'{each}: {value}' for each, value in given.items())})" if given else ""
        inner = get_named_type(definition.type)
        selection = "" if is_leaf_type(inner) != self.oddly() else self._selection(inner, levels - 1)
        return f"{alias}{name}{arguments}{self._directive()}{selection}"

    def _chosen(self, arguments: Mapping[str, GraphQLArgument]) -> list[str]:
        """Those of a field's arguments that are given."""
        chosen = [name for name, each in arguments.items() if is_required_argument(each) and not self.oddly()]
        optional = [name for name, each in arguments.items() if not is_required_argument(each)]
        keys = [name for name in optional if name in KEYS]
        if keys and not self.oddly():
            chosen.append(self.one(keys))
            optional = [name for name in optional if name not in keys]
        if {"first", "last"} <= arguments.keys() and not self.oddly():
            optional.remove(self.one(("last", "first")))
            optional.remove(self.one(("before", "after")))
        return chosen + [name for name in optional if self.chance(10 if name == "consistencyToken" else 25)]

    def _directive(self) -> str:
        if self.chance(3):
            return self.one((" @include(if: true)", " @skip(if: true)", " @skip(if: false) @include(if: true)"))
        return self.one((" @nonsense", " @skip", ' @include(if: "x")', " @deprecated")) if self.oddly() else ""

    def _selection(self, kind: Any, levels: int) -> str:
        inside = " ".join(self._selected(kind, levels)) or "__typename"
        if self.chance(5):
            name = f"part{len(self._fragments)}"
            circle = f" ...{name}" if self.oddly() else ""
            self._fragments[name] = f"fragment {name} on {kind.name} {{ {inside}{circle} }}"
            return f" {{ ...{name} }}"
        return f" {{ {inside} }}"

    def _selected(self, kind: Any, levels: int) -> list[str]:
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
            return ["id"]
        found = []
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            possible = sorted(CORE.get_possible_types(kind), key=lambda each: each.name)
            chosen = dict.fromkeys(self.one(possible).name for _ in range(2)) if levels > 0 else ()
            found += [
                f"... on {each} {{ {' '.join(self._selected(CORE.type_map[each], levels)) or 'id'} }}"
                for each in chosen
            ]
        if isinstance(kind, GraphQLUnionType):
            return found
        for name in self._names(kind, levels):
            if self._left <= 0:
                break
            found.append(self._field(kind, name, levels))
        if self.oddly():
            found.append(self.one(("nonsense", "...nowhere", "... on Nothing { id }", "__type", "id: __typename")))
        return list(dict.fromkeys(found))

    def _names(self, kind: GraphQLObjectType | GraphQLInterfaceType, levels: int) -> list[str]:
        open_ = [name for name in kind.fields if self._voice.may(kind.name, name)]
        if self.oddly():
            open_ = list(kind.fields)
        leaves = [name for name in open_ if is_leaf_type(get_named_type(kind.fields[name].type))]
        inner = [name for name in open_ if name not in leaves] if levels > 0 else []
        chosen = [self.one(inner) for _ in range(1 + self.upto(1))] if inner else []
        chosen += [self.one(leaves) for _ in range(1 + self.upto(3))] if leaves else []
        return list(dict.fromkeys(chosen))

    # Values ---------------------------------------------------------------------------------------------------

    def _argument(self, name: str, kind: Any, about: tuple[str, str]) -> str:
        value = self._value(kind, name, about)
        if not self.chance(30):
            return literal(value)
        variable = f"v{len(self._variables)}"
        declared = self.one(("Int", "String!", "[ID!]", "Nonsense", "CaseFilter")) if self.oddly() else str(kind)
        self._variables[variable] = (declared, value)
        return f"${variable}"

    def _value(self, kind: Any, name: str, about: tuple[str, str], levels: int = 3) -> Any:
        if self.oddly():
            return self.one(ODD_VALUES)
        if isinstance(kind, GraphQLNonNull):
            kind = kind.of_type
        elif self.chance(5):
            return None
        if isinstance(kind, GraphQLList):
            return [self._value(kind.of_type, name, about, levels - 1) for _ in range(self.upto(2))]
        if isinstance(kind, GraphQLEnumType):
            return Word("NONSENSE" if self.oddly() else self.one(list(kind.values)))
        if isinstance(kind, GraphQLInputObjectType):
            return {
                each: self._value(field.type, each, about, levels - 1)
                for each, field in kind.fields.items()
                if is_required_input_field(field) or (levels > 0 and self.chance(4 if each in ENVELOPE else 20))
            }
        return self._scalar(kind.name, name, about)

    def _scalar(self, kind: str, name: str, about: tuple[str, str]) -> Any:
        voice = self._voice
        if kind == "ID":
            return self._id(name, about[1])
        if kind in {"Int", "SafeInt"}:
            return self.one(PAGE_SIZES if name in {"first", "last"} and not self.oddly() else WHOLE)
        if kind == "Boolean":
            return self.chance(50)
        if kind == "UUID":
            return str(self._draw(st.uuids(version=4)))
        if kind in TIMES:
            return self.one(TIMES[kind])
        if kind == "JSON":
            return self.one(
                ({}, {"outcome": "upheld"}, {"words": None}, {"unit": "x", "handler": 7}, [1, {"a": []}], "x")
            )
        if name == "consistencyToken":
            return self._tampered(self.one(voice.tokens))
        if name in CURSORS:
            right = voice.cursors.get(about[0])
            return self._tampered(
                self.one(right if right and not self.chance(20) else self.one(list(voice.cursors.values())))
            )
        if name in OWN_NAME and self.chance(80):
            return voice.name
        if name.lower().endswith("zone"):
            return self.one(ZONES)
        if self.chance(20):
            return self._draw(st.text(max_size=12))
        return self.one([*voice.own, *voice.heard] if self.asking else voice.own)

    def _id(self, name: str, field: str) -> str:
        """An id of what is asked about, be it the asker's or not; now and then of something else."""
        ids = self._voice.ids
        kind = KIND_OF.get(name, name.removesuffix("Id")) or KIND_OF.get(field, field)
        if kind not in ids or self.chance(10):
            kind = self.one(list(ids))
        return self._tampered(self.one(ids[kind]))

    def _tampered(self, text: str) -> str:
        """The text, or nearly: a character exchanged, taken away or put in."""
        if not self.chance(6):
            return text
        at = self.upto(len(text))
        return text[:at] + self.one(("A", "", "=", "_", "z9")) + text[at + self.upto(2) :]

    # Mistakes -------------------------------------------------------------------------------------------------

    def broken(self, text: str) -> str:
        """A document with something cut out, put in or said again."""
        for _ in range(1 + self.upto(2)):
            at, until = sorted((self.upto(len(text)), self.upto(len(text))))
            until = min(until, at + 40)
            text = self.one((
                text[:at] + self.one(PIECES) + text[at:],
                text[:at] + text[until:],
                text[:until] + text[at:],
                text[:at],
            ))  # fmt: skip
        return text


def literal(value: Any) -> str:
    """A value as a document has it."""
    if isinstance(value, Word):
        return str(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {literal(each)}' for name, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    return json.dumps(value, ensure_ascii=False)
