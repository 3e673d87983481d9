"""Everything that has a global id: its type in the schema, and how each kind of it is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from api.graphql.case import shown_case
from api.graphql.customer import shown_customer
from api.graphql.obligation import shown_obligation
from api.graphql.request import Request
from api.graphql.staff import shown_staff
from api.graphql.touchpoint import shown_touchpoint
from api.graphql.unit import shown_unit
from domain.stream import Category

SHOWN: Mapping[Category, Callable[[Request, UUID], Awaitable[Any]]] = MappingProxyType({
    Category.CASE: shown_case,
    Category.CUSTOMER: shown_customer,
    Category.TOUCHPOINT: shown_touchpoint,
    Category.UNIT: shown_unit,
    Category.STAFF: shown_staff,
    Category.OBLIGATION: shown_obligation,
})  # fmt: skip
TYPES: Mapping[Category, str] = MappingProxyType({
    Category.CASE: "Case",
    Category.CUSTOMER: "Customer",
    Category.TOUCHPOINT: "Touchpoint",
    Category.UNIT: "Unit",
    Category.STAFF: "StaffMember",
    Category.OBLIGATION: "Obligation",
})  # fmt: skip
