"""Whatever people ask of subjects of every kind, in the ways in which they could, ready to be tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from domain.event import Command
from domain.stream import Category
from domain.ways import of_case, of_customer, of_obligation, of_organisation
from domain.ways.trying import Asking, Ways

WAYS: Mapping[Category, Mapping[type[Command], Ways[Any]]] = MappingProxyType({
    Category.CASE: of_case.WAYS,
    Category.CUSTOMER: of_customer.WAYS,
    Category.OBLIGATION: of_obligation.WAYS,
    Category.UNIT: of_organisation.WAYS_OF_UNIT,
    Category.STAFF: of_organisation.WAYS_OF_STAFF,
})  # fmt: skip
"""By what the commands are about."""

STAND_INS: Mapping[str, Any] = MappingProxyType({
    **of_case.STAND_INS, **of_customer.STAND_INS, **of_organisation.STAND_INS
})  # fmt: skip
"""The states of subjects that stand for some other one of their kind, by their streams."""


def commands(category: Category, kind: type[Command], state: Any, asking: Asking, at: datetime) -> Iterator[Command]:
    """The commands of a kind that could be sent about a subject, at an instant.

    Raises: KeyError for a kind that no person sends about such a subject.
    """
    about: dict[str, Any] = {f"{category}_id": asking.subject, "at": at}
    return (kind(**about, **content) for content in WAYS[category][kind](state, asking))
