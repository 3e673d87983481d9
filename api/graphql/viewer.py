"""Who asks, as the ledger knows them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.access.principal import Role
from api.access.rules import Scope, Showing
from api.graphql.enums import shown
from api.graphql.identity import global_id
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from domain.stream import Category

shown(
    Role,
    "Role",
    "In what capacity somebody asks.",
    {
        "CUSTOMER": "About their own matters alone.",
        "AGENT": "Handles the cases of a unit and of what stands below it.",
        "SUPERVISOR": "Decides what agents ask for, in a unit and below it.",
        "COMPLIANCE": "Answers for policies, calendars and deadlines, in the whole book.",
        "AUDITOR": "Reads everything and changes nothing.",
        "ADMINISTRATOR": "Everything.",
        "SERVICE": "A program that brings in what other systems hear.",
    },
)
shown(
    Scope,
    "Scope",
    "Of which cases somebody is told, and of what belongs to these.",
    {
        "OWN": "Their own, as a customer.",
        "UNIT": "Those held by their unit, or by a unit below it as the tree stands now.",
        "ALL": "Those of the whole book.",
    },
)
shown(
    Showing,
    "PersonalShowing",
    "How personal values are shown.",
    {"OPEN": "As they are.", "MASKED": "With most of them hidden."},
)


@strawberry.type(description="Who asks, and what they may.")
class Viewer:
    name: str = strawberry.field(description="The name that events bear of what they do.")
    role: Role = strawberry.field(
        description="The role in which they act; the header `Daybook-Role` names another one."
    )
    roles: list[Role] = strawberry.field(description="The roles that they hold.")
    signed_in: bool = strawberry.field(description="Whether a token proved who they are.")
    unit: str | None = strawberry.field(description="The unit that they act in, by its name.")
    customer_id: strawberry.ID | None = strawberry.field(description="The customer who they are, in that role.")
    expires_at: datetime | None = strawberry.field(description="When their token ends.")
    scope: Scope = strawberry.field(description="Of which cases they are told.")
    personal: Showing = strawberry.field(description="How personal values are shown to them.")
    mutations: list[str] = strawberry.field(description="The mutations that are open to their role, by name.")


@strawberry.type
class ViewerQuery:
    @resolved("Who asks, and what they may.")
    async def viewer(self, info: Info) -> Viewer:
        return viewer_of(info.context)


def viewer_of(request: Request) -> Viewer:
    """Who asks."""
    principal, rights = request.principal, request.rights
    customer = principal.customer if principal.role is Role.CUSTOMER else None
    return Viewer(
        name=principal.name,
        role=principal.role,
        roles=[role for role in Role if role in principal.roles],
        signed_in=principal.signed_in,
        unit=principal.unit,
        customer_id=None
        if customer is None
        else strawberry.ID(global_id(Category.CUSTOMER, request.door.book, customer)),
        expires_at=principal.expires_at,
        scope=rights.scope,
        personal=rights.personal,
        mutations=sorted(rights.mutations),
    )
