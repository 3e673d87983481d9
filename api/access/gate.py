"""The gate: from a request's headers to who asks, or to the answer that lets nobody in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from anyio import to_thread

from api.access.principal import Principal, Role
from api.access.refused import Reason, forbidden, unauthenticated
from api.access.tokens import Tokens, issuer_of

ROLE_HEADER = "Daybook-Role"
LONGEST_ADDRESS = 64


class Gate:
    """Lets in by bearer tokens of some issuers; with `unproved`, who sends none as that one."""

    def __init__(self, tokens: Sequence[Tokens] = (), *, unproved: Principal | None = None) -> None:
        if not tokens and unproved is None:
            raise ValueError("a gate that checks no tokens lets in everybody as somebody, or nobody")
        self._tokens = {each.issuer: each for each in tokens}
        self._unproved = unproved

    @property
    def checks(self) -> bool:
        """Whether anybody has to sign in."""
        return self._unproved is None

    def seconds_left(self, principal: Principal) -> float | None:
        """How long the token that proved somebody goes on doing so; None where there was none."""
        tokens = self._tokens.get(principal.issuer or "")
        return None if tokens is None or principal.expires_at is None else tokens.seconds_left(principal.expires_at)

    async def principal(self, headers: Mapping[str, str], address: str | None) -> Principal:
        """Who asks. Raises: NotLetIn."""
        if self._unproved is not None and "authorization" not in headers:
            return self._unproved
        token = bearer_of(headers.get("authorization"))
        tokens = self._tokens.get(issuer_of(token) or "")
        if tokens is None:
            raise unauthenticated(Reason.UNKNOWN_ISSUER, "Tokens of this issuer are not taken here.")
        # A key that is not at hand is fetched, which waits on another server.
        proved = tokens.principal(token) if tokens.at_hand(token) else await to_thread.run_sync(tokens.principal, token)
        acting = in_role(proved, headers.get(ROLE_HEADER.lower()))
        return replace(acting, address=_kept(acting, address))


def bearer_of(authorization: str | None) -> str:
    """The token of an Authorization header. Raises: NotLetIn."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    if not scheme:
        message = "Sign in: send a token as `Authorization: Bearer …`."
        raise unauthenticated(Reason.NO_TOKEN, message)
    if scheme.lower() != "bearer" or not token.strip():
        message = f"An Authorization of kind {scheme[:20]!r} is not taken; send `Authorization: Bearer …`."
        raise unauthenticated(Reason.MALFORMED, message)
    return token.strip()


def in_role(principal: Principal, wanted: str | None) -> Principal:
    """The principal in the role that a request asks for, or in their only one. Raises: NotLetIn.

    Nobody acts in two roles at once: what one role sees and another may change would add up to a third.
    """
    held = ", ".join(sorted(principal.roles))
    if wanted is None:
        if len(principal.roles) == 1:
            return principal
        message = f"Your token holds the roles {held}; say in the header {ROLE_HEADER} in which one you act."
        raise forbidden("ROLE_UNSTATED", message, roles=sorted(principal.roles))
    role = next((each for each in Role if each.value == wanted.strip().lower()), None)
    if role is None or role not in principal.roles:
        message = f"You do not hold the role {wanted[:40]!r}; your token holds {held}."
        raise forbidden("ROLE_NOT_HELD", message, roles=sorted(principal.roles))
    return replace(principal, role=role)


def _kept(principal: Principal, address: str | None) -> str | None:
    """The address, for the metadata of events; a customer's is about them, and the ledger would keep it for good."""
    return None if address is None or principal.role is Role.CUSTOMER else address[:LONGEST_ADDRESS]
