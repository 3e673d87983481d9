"""What each role may ask for, by a list that was written by hand, and by a table of rules."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from graphql import GraphQLInterfaceType, GraphQLObjectType

from api.access.principal import Role
from api.access.rules import Scope, Showing, rights_in
from api.graphql.schema import SCHEMA
from api.ingest.vocabulary import kinds

LETTERS: Mapping[str, Role] = {
    "C": Role.CUSTOMER,
    "A": Role.AGENT,
    "S": Role.SUPERVISOR,
    "O": Role.COMPLIANCE,
    "U": Role.AUDITOR,
    "D": Role.ADMINISTRATOR,
    "V": Role.SERVICE,
}
FOLLOWING = ("Edge", "Payload", "UserError", "PageInfo")
"""Types that follow from what they are of."""
ITEM = "Item"
"""Under which the types of items stand in the list, that are brought in beside GraphQL."""
Allowed = frozenset[tuple[Role, str]]


class Expected(NamedTuple):
    """What the list says."""

    allowed: Allowed
    named: frozenset[str]
    """Everything that stands in it."""
    ways: Mapping[Role, tuple[Scope, Showing]]


@cache
def fields() -> Mapping[str, tuple[str, ...]]:
    """The fields of every type of the schema that has to be named, and the types of items."""
    found: dict[str, tuple[str, ...]] = {}
    for name, kind in SCHEMA._schema.type_map.items():
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) or name.startswith("__"):
            continue
        page = name.endswith("Connection") and set(kind.fields) == {"edges", "nodes", "pageInfo"}
        if not page and not name.endswith(FOLLOWING):
            found[name] = tuple(kind.fields)
    return found | {ITEM: tuple(kinds())}


@cache
def expected() -> Expected:
    """The list."""
    allowed: set[tuple[Role, str]] = set()
    named: set[str] = set()
    ways: dict[Role, tuple[Scope, Showing]] = {}
    for line in (Path(__file__).parent / "expected.txt").read_text("utf-8").splitlines():
        words = line.split()
        if not words or words[0] == "#":
            continue
        if words[0] == "is":
            ways[Role(words[1])] = (Scope(words[2]), Showing(words[3]))
            continue
        for coordinate in _coordinates(words[1:]):
            named.add(coordinate)
            allowed |= {(LETTERS[letter], coordinate) for letter in words[0]}
    return Expected(frozenset(allowed), frozenset(named), ways)


def _coordinates(words: list[str]) -> Iterator[str]:
    kind = ""
    for word in words:
        before, point, field = word.rpartition(".")
        kind = before if point else kind
        yield from (f"{kind}.{each}" for each in (fields()[kind] if field == "*" else [field]))


def allowed_by(table: Mapping[str, Any]) -> Allowed:
    """What a table of rules allows."""
    return frozenset(
        (role, f"{kind}.{field}")
        for role, rights in rights_in(table).items()
        for kind, names in fields().items()
        for field in names
        if (field in rights.items if kind == ITEM else rights.may(kind, field))
    )
