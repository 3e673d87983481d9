"""Everything that has a global id, and how each kind of it is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from api.graphql.case import shown_case
from api.graphql.customer import shown_customer
from api.graphql.request import Request
from api.graphql.touchpoint import shown_touchpoint
from domain.stream import Category

SHOWN: Mapping[Category, Callable[[Request, UUID], Awaitable[Any]]] = MappingProxyType({
    Category.CASE: shown_case,
    Category.CUSTOMER: shown_customer,
    Category.TOUCHPOINT: shown_touchpoint,
})  # fmt: skip
