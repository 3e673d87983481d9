"""Who asks over a socket: let in once by a token, and for as long as the same token would let them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.access.gate import ROLE_HEADER, Gate
from api.access.principal import Principal
from api.access.refused import NotLetIn
from api.http.closing import CloseCode, Closed, Why, bad_message, closed_by_gate
from domain.event import rfc3339

AUTHORIZATION = "authorization"
ROLE = "daybookRole"
"""How a payload names what over HTTP the header `Daybook-Role` says."""


class Asker:
    """Somebody at a gate. `headers` are those of the handshake, which browsers cannot set and programs can."""

    def __init__(self, gate: Gate, headers: Mapping[str, str], address: str | None) -> None:
        self._gate = gate
        self._address = address
        self._shown = {name: headers[name] for name in (AUTHORIZATION, ROLE_HEADER.lower()) if name in headers}
        self._principal: Principal | None = None

    @property
    def principal(self) -> Principal:
        """Who it is. Raises: Closed before they were let in."""
        if self._principal is None:
            raise Closed(
                CloseCode.UNAUTHENTICATED, Why.NOT_ACKNOWLEDGED, "Wait for connection_ack before asking for anything."
            )
        return self._principal

    @property
    def known(self) -> Principal | None:
        """Who it is; None before they were let in."""
        return self._principal

    @property
    def seconds_left(self) -> float | None:
        """How long the token still lets them in; None for who needs none."""
        return self._gate.seconds_left(self.principal)

    @property
    def told(self) -> dict[str, Any]:
        """What they are told of it."""
        expires_at = self.principal.expires_at
        return {"expiresAt": None if expires_at is None else rfc3339(expires_at)}

    async def let_in(self, payload: Mapping[str, Any]) -> None:
        """Lets them in by what their first message says, or else by the headers. Raises: Closed."""
        self._shown |= _shown_in(payload)
        self._principal = await self._checked(self._shown)

    async def renew(self, payload: Mapping[str, Any]) -> bool:
        """Takes the token of a message in place of the one before; False when it has none. Raises: Closed.

        What has begun goes on under the new one, and so it has to be of the same person in the same role.
        """
        shown = _shown_in(payload)
        if AUTHORIZATION not in shown:
            return False
        before = self.principal
        shown = self._shown | shown
        now = await self._checked(shown)
        if _identity(now) != _identity(before):
            message = "Renew with a token of the same subject and role; open another socket for somebody else."
            raise Closed(CloseCode.FORBIDDEN, Why.ANOTHER_ASKER, message)
        self._shown, self._principal = shown, now
        return True

    async def check(self) -> None:
        """Looks at the token again, as if it came with a request. Raises: Closed when it would not be taken."""
        await self._checked(self._shown)

    async def _checked(self, shown: Mapping[str, str]) -> Principal:
        try:
            return await self._gate.principal(shown, self._address)
        except NotLetIn as error:
            raise closed_by_gate(error) from None


def _identity(principal: Principal) -> tuple[Any, ...]:
    return principal.issuer, principal.subject, principal.role, principal.customer


def _shown_in(payload: Mapping[str, Any]) -> dict[str, str]:
    """What a payload says of who asks, as headers would. Raises: Closed."""
    shown = {}
    for name, value in payload.items():
        header = {AUTHORIZATION: AUTHORIZATION, ROLE.lower(): ROLE_HEADER.lower()}.get(name.lower().replace("-", ""))
        if header is None or value is None:
            continue
        if not isinstance(value, str):
            raise bad_message(f"What the payload says as {name} is a string.")
        shown[header] = value
    return shown
