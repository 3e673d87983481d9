"""`daybook token`: a token for development, to send to a server that was told to take such ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from api.access.development import LONGEST, signing_key, token_of
from api.access.principal import Role
from api.cli.exits import WrongUse
from api.cli.terminal import Terminal
from api.settings import Settings

SPANS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
PEOPLE = UUID("6f4f1f0e-6f0f-5c0e-9b5b-1a0a5a7d3a11")
"""Below which the subjects of development tokens are named."""


def span(text: str) -> timedelta:
    """A span such as 30m, 8h or 7d. Raises: WrongUse."""
    number, unit = text[:-1], text[-1:]
    if unit not in SPANS or not number.isdecimal() or not 1 <= int(number) <= 100_000:
        raise WrongUse(f"{text!r} is no span; write one such as 30m, 8h or 7d.")
    found = int(number) * SPANS[unit]
    if found > LONGEST:
        raise WrongUse(f"{text!r} is longer than a development token lasts, which is {LONGEST.days} days.")
    return found


def run(
    settings: Settings,
    terminal: Terminal,
    *,
    book: str,
    roles: list[Role],
    name: str | None,
    unit: str | None,
    customer: UUID | None,
    lasting: timedelta,
) -> None:
    """Signs a token and prints it."""
    if Role.CUSTOMER in roles and customer is None:
        raise WrongUse("A customer's token says which customer they are: give --customer and their UUID.")
    if {Role.AGENT, Role.SUPERVISOR} & set(roles) and unit is None:
        raise WrongUse("Agents and supervisors act in a unit: give --unit and its name.")
    called = name or "-".join(roles)
    claims = {
        "sub": str(uuid5(PEOPLE, called)),
        "preferred_username": called,
        "roles": [str(role) for role in roles],
        "unit": unit,
        "customer": None if customer is None else str(customer),
        "azp": "daybook-token",
    }
    at = datetime.now(UTC)
    token = token_of(signing_key(settings.data, create=True), book, claims, at, lasting)
    expires = at + lasting
    terminal.answer({"token": token, "roles": claims["roles"], "name": called, "expires_at": expires.isoformat()})
    terminal.show(token)
    terminal.say(f"Send it as `Authorization: Bearer …` until {expires:%F %R}Z.")
