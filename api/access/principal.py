"""Who asks: what is known of them, and the one role in which they act during a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.envelope import Actor, ActorKind

LONGEST_CLAIM = 300
"""In characters. The metadata of an event has room for a few times as much."""


class Role(StrEnum):
    """In what capacity somebody asks."""

    CUSTOMER = "customer"
    """About their own matters alone."""
    AGENT = "agent"
    """Handles the cases of a unit and of what stands below it."""
    SUPERVISOR = "supervisor"
    """Decides what agents ask for, in a unit and below it."""
    COMPLIANCE = "compliance"
    """Answers for policies, calendars and deadlines, in the whole book."""
    AUDITOR = "auditor"
    """Reads everything and changes nothing."""
    ADMINISTRATOR = "administrator"
    """Everything."""
    SERVICE = "service"
    """A program that brings in what other systems hear."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was let in. `role` is the one of their `roles` in which they act now."""

    subject: str
    """As the issuer of the token knows them; for people a stable id."""
    work_name: str | None
    """Their name at work; None for somebody who is only a customer."""
    roles: frozenset[Role]
    role: Role
    issuer: str | None = None
    """Who says so; None when nothing was proved."""
    unit: str | None = None
    """The unit below which they see, by its name."""
    customer: UUID | None = None
    """Whose matters they may see, in the role of a customer."""
    client: str | None = None
    """The program they came with, as the token names it."""
    address: str | None = None
    """Where the request came from."""
    expires_at: datetime | None = None
    unproved: Actor | None = None
    """Who acts where there is no sign-in."""

    @property
    def signed_in(self) -> bool:
        """Whether a token proved who they are."""
        return self.unproved is None

    @property
    def name(self) -> str:
        """By what requests and approvals are told apart: the name at work, or what is made of a customer's id."""
        if self.role is Role.CUSTOMER or self.work_name is None:
            return f"customer {self.customer}"
        return self.work_name

    @property
    def claim(self) -> str | None:
        """What the role rests on, as events say it.

        What a customer signs in by, often an address, is about them, and the ledger would keep it for good.
        """
        if self.issuer is None:
            return None
        return f"iss={self.issuer}" if self.role is Role.CUSTOMER else f"sub={self.subject} iss={self.issuer}"

    @property
    def actor(self) -> Actor:
        """Who acts, as events name them."""
        if self.unproved is not None:
            return self.unproved
        kind = ActorKind.SYSTEM if self.role is Role.SERVICE else ActorKind.PERSON
        return Actor(self.name, kind, self.unit, self.role.value, self.claim)


def without_sign_in(actor: Actor) -> Principal:
    """Who asks where there is no sign-in: they may do everything, and nothing proves who they are."""
    roles = frozenset({Role.ADMINISTRATOR})
    return Principal(actor.name, actor.name, roles, Role.ADMINISTRATOR, unit=actor.unit, unproved=actor)
