"""Everything that has a global id: its type in the schema, and how each kind of it is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from api.graphql.case import shown_case
from api.graphql.case_snapshot import SNAPSHOT, snapshot_of_id
from api.graphql.customer import shown_customer
from api.graphql.customer_snapshot import CUSTOMER_SNAPSHOT, customer_snapshot_of_id
from api.graphql.identity import identity_of
from api.graphql.node import Node
from api.graphql.obligation import shown_obligation
from api.graphql.past_identity import kind_in
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

PAST: Mapping[str, tuple[str, Callable[[Request, str], Awaitable[Any]]]] = MappingProxyType({
    SNAPSHOT: ("CaseSnapshot", snapshot_of_id),
    CUSTOMER_SNAPSHOT: ("CustomerSnapshot", customer_snapshot_of_id),
})  # fmt: skip
"""Things of the past: by what their ids begin with, their types in the schema, and how each is found again."""


async def shown_node(request: Request, text: str) -> Node | None:
    """Whatever has a global id; None when there is no such thing, or none for the asker's role. Raises: Problem."""
    if (past := PAST.get(kind_in(text) or "")) is not None:
        name, snapshot = past
        return await snapshot(request, text) if request.rights.may(name, "id") else None
    found = identity_of(text, request.door.book)
    if not request.rights.may(TYPES[found.kind], "id"):
        return None
    node: Node | None = await SHOWN[found.kind](request, found.subject)
    return node
