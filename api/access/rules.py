"""The rules of `rules.toml`: what each role may ask and bring in, of which cases, and how it sees personal values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from api.access.principal import Role

EVERY_FIELD = "*"
FOLLOWING = ("Connection", "Edge", "Payload", "UserError")
"""How types end that follow from what they are of: they are reached only through a field that is named."""
NAMED_ALL_THE_SAME = frozenset({"RegisterConnection"})
"""Those of them that say more than what they are pages of."""
ALWAYS = frozenset({"PageInfo"})


class Scope(StrEnum):
    """Of which cases a role is told."""

    OWN = "own"
    UNIT = "unit"
    ALL = "all"


class Showing(StrEnum):
    """How personal values are shown to a role."""

    OPEN = "open"
    MASKED = "masked"


@dataclass(frozen=True, slots=True)
class Rights:
    """What one role may."""

    scope: Scope
    personal: Showing
    fields: Mapping[str, Set[str]]
    """By type, those that it reads."""
    mutations: Set[str]
    items: Set[str]
    """The types of items that it may bring in."""

    def may(self, kind: str, field: str) -> bool:
        """Whether it may ask for a field of a type, or for a mutation."""
        if kind == "Mutation":
            return field in self.mutations
        named = self.fields.get(kind)
        if named is None:
            return kind in ALWAYS or (kind.endswith(FOLLOWING) and kind not in NAMED_ALL_THE_SAME)
        return EVERY_FIELD in named or field in named


class BadRules(ValueError):
    """The table contradicts itself or leaves something out."""


def rights_in(table: Mapping[str, Any]) -> Mapping[Role, Rights]:
    """The rights of every role by a table. Raises: BadRules."""
    try:
        found = {Role(name): _rights(table, role) for name, role in table["roles"].items()}
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise BadRules(f"The table of rules cannot be read: {error!r}") from error
    if missing := set(Role) - found.keys():
        raise BadRules(f"The table of rules leaves out {', '.join(sorted(missing))}.")
    return MappingProxyType(found)


def _rights(table: Mapping[str, Any], role: Mapping[str, Any]) -> Rights:
    fields: dict[str, frozenset[str]] = {}
    for bundle in role["reads"]:
        for kind, named in table["reading"][bundle].items():
            fields[kind] = fields.get(kind, frozenset()) | frozenset(named)
    mutations = frozenset(one for bundle in role["does"] for one in table["doing"][bundle])
    items = frozenset(one for bundle in role["brings"] for one in table["bringing"][bundle])
    scope = Scope(role["scope"])
    if items and scope is not Scope.ALL:
        raise ValueError("who brings items in has the scope all, since nobody looks at what each of them is about")
    return Rights(scope, Showing(role["personal"]), fields, mutations, items)


@cache
def table() -> Mapping[str, Any]:
    """The table that ships."""
    return tomllib.loads(files("api.access").joinpath("rules.toml").read_text("utf-8"))


@cache
def rights() -> Mapping[Role, Rights]:
    """The rights of every role."""
    return rights_in(table())
