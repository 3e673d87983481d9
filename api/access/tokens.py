"""Bearer tokens: JSON web tokens (RFC 7519) of one issuer, checked by the rules of RFC 8725, and what they prove.

The cryptography is PyJWT's. What a token has to be is said here: signed, by an asymmetric key of its issuer, under an
algorithm that the key is for, for this audience, and now.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from jwt import InvalidTokenError, PyJWS, get_unverified_header
from jwt.exceptions import InvalidSignatureError

from api.access.key_set import OF_CURVES, OF_RSA, KeySet
from api.access.principal import LONGEST_CLAIM, Principal, Role
from api.access.refused import NotLetIn, Reason, unauthenticated

LEEWAY = timedelta(seconds=30)
"""How far the clocks of the issuer and of this server may be apart."""
LONGEST_TOKEN = 16 * 1024
ASYMMETRIC = frozenset({"EdDSA", "Ed25519"}).union(OF_RSA, *OF_CURVES.values())
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
LAST = datetime.max.replace(tzinfo=UTC).timestamp()
"""What comes later is no instant."""


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Where a token says what; a name with dots leads into objects: `realm_access.roles`."""

    name: str = "preferred_username"
    """People's name at work. It has to be one that they cannot change themselves: by it who asks is told from who
    approves."""
    roles: str = "roles"
    unit: str = "unit"
    customer: str = "customer"


class Tokens:
    """The tokens of one issuer. `now` tells the seconds since 1970."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        keys: KeySet,
        claims: ClaimNames = ClaimNames(),
        now: Callable[[], float] = time.time,
    ) -> None:
        self.issuer = issuer
        self.audience = audience
        self.keys = keys
        self.claims = claims
        self._now = now

    def at_hand(self, token: str) -> bool:
        """Whether a token can be checked without fetching keys."""
        return self.keys.at_hand(header_of(token).get("kid"))

    def seconds_left(self, expires_at: datetime) -> float:
        """How long a token that says so is still taken."""
        return expires_at.timestamp() + LEEWAY.total_seconds() - self._now()

    def principal(self, token: str) -> Principal:
        """Whom a token lets in, in the first of their roles. Raises: NotLetIn."""
        payload = self._signed(token)
        self._timely(payload)
        self._for_us(payload)
        return self._proved(payload)

    def _signed(self, token: str) -> Mapping[str, Any]:
        header = header_of(token)
        algorithm = header["alg"]
        if algorithm not in ASYMMETRIC:
            message = f"Tokens signed with {algorithm!r} are not taken; sign with a key of the issuer, such as RS256."
            raise unauthenticated(Reason.ALGORITHM_REFUSED, message)
        key = self.keys.key(header.get("kid"))
        if key is None:
            message = "The token's key is not among those of its issuer. Sign in again."
            raise unauthenticated(Reason.UNKNOWN_KEY, message)
        if algorithm not in key.algorithms:
            message = f"The token says {algorithm}, and its key is for {', '.join(sorted(key.algorithms))}."
            raise unauthenticated(Reason.ALGORITHM_REFUSED, message)
        try:
            found = orjson.loads(PyJWS().decode(token, key.key, algorithms=sorted(key.algorithms)))
        except InvalidSignatureError:
            message = "The token's signature is not its issuer's. Sign in again."
            raise unauthenticated(Reason.BAD_SIGNATURE, message) from None
        except (InvalidTokenError, ValueError) as error:
            raise _malformed() from error
        if not isinstance(found, dict):
            raise _malformed()
        return found

    def _timely(self, payload: Mapping[str, Any]) -> None:
        now, leeway = self._now(), LEEWAY.total_seconds()
        if now >= _instant(payload, "exp") + leeway:
            raise unauthenticated(Reason.EXPIRED, "The token's time is over. Sign in again.")
        for name in ("nbf", "iat"):
            if name in payload and _instant(payload, name) > now + leeway:
                message = f"The token is not valid yet ({name}); the clocks of its issuer and of this server differ."
                raise unauthenticated(Reason.NOT_YET_VALID, message)

    def _for_us(self, payload: Mapping[str, Any]) -> None:
        if payload.get("iss") != self.issuer:
            raise unauthenticated(Reason.UNKNOWN_ISSUER, f"Tokens of {payload.get('iss')!r} are not taken here.")
        audience = payload.get("aud")
        if self.audience not in (audience if isinstance(audience, list) else [audience]):
            message = f"The token is for {audience!r}; ask its issuer for one for {self.audience!r}."
            raise unauthenticated(Reason.WRONG_AUDIENCE, message)

    def _proved(self, payload: Mapping[str, Any]) -> Principal:
        subject = _text(payload, "sub")
        roles = _roles(_within(payload, self.claims.roles))
        if not roles:
            known = ", ".join(Role)
            message = f"The token names no role of Daybook under {self.claims.roles!r}; there are {known}."
            raise unauthenticated(Reason.CLAIM_MISSING, message)
        customer = self._customer(payload) if Role.CUSTOMER in roles else None
        role = next(each for each in Role if each in roles)
        unit = _within(payload, self.claims.unit)
        if roles & {Role.AGENT, Role.SUPERVISOR} and unit is None:
            message = f"The token names no unit under {self.claims.unit!r}, and agents and supervisors act in one."
            raise unauthenticated(Reason.CLAIM_MISSING, message)
        program = payload.get("azp", payload.get("client_id"))
        return Principal(
            subject=subject,
            work_name=self._work_name(payload, roles),
            roles=roles,
            role=role,
            issuer=self.issuer,
            unit=None if unit is None else _text(payload, self.claims.unit),
            customer=customer,
            client=None if program is None else _text(payload, "azp" if "azp" in payload else "client_id"),
            expires_at=datetime.fromtimestamp(_instant(payload, "exp"), UTC),
        )

    def _work_name(self, payload: Mapping[str, Any], roles: frozenset[Role]) -> str | None:
        """The name at work. A customer has none, and a program that signs in by itself is called what it is."""
        if roles == {Role.CUSTOMER}:
            return None
        if roles == {Role.SERVICE} and _within(payload, self.claims.name) is None:
            return _text(payload, next((name for name in ("azp", "client_id") if name in payload), "sub"))
        return _text(payload, self.claims.name)

    def _customer(self, payload: Mapping[str, Any]) -> UUID:
        try:
            return UUID(_text(payload, self.claims.customer))
        except ValueError:
            message = f"{self.claims.customer!r} has to be the customer's UUID, by which the ledger knows them."
            raise unauthenticated(Reason.CLAIM_MISSING, message) from None


def header_of(token: str) -> Mapping[str, Any]:
    """The header of a token, of which nothing is proved. Raises: NotLetIn."""
    if len(token) > LONGEST_TOKEN:
        raise _malformed()
    try:
        header = get_unverified_header(token)
    except (InvalidTokenError, ValueError) as error:
        raise _malformed() from error
    kid, kind = header.get("kid"), header.get("typ", "JWT")
    if not isinstance(header.get("alg"), str) or not (kid is None or isinstance(kid, str)) or "crit" in header:
        raise _malformed()
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise _malformed()
    return header


def issuer_of(token: str) -> str | None:
    """Who says to have issued a token, of which nothing is proved. Raises: NotLetIn."""
    header_of(token)
    try:
        payload = orjson.loads(PyJWS().decode(token, options={"verify_signature": False}))
    except (InvalidTokenError, ValueError) as error:
        raise _malformed() from error
    issuer = payload.get("iss") if isinstance(payload, dict) else None
    return issuer if isinstance(issuer, str) else None


def _malformed() -> NotLetIn:
    return unauthenticated(Reason.MALFORMED, "The bearer token is no signed JSON web token that could be read.")


def _within(payload: Mapping[str, Any], name: str) -> Any:
    """What a claim says; one whose own name has dots, such as a URL, comes before a way into objects."""
    if name in payload:
        return payload[name]
    found: Any = payload
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _roles(told: Any) -> frozenset[Role]:
    """The roles in a claim, a list or a text with spaces; issuers put others there, which say nothing here."""
    named = told.split() if isinstance(told, str) else told if isinstance(told, list) else []
    return frozenset(role for role in Role if role.value in named)


def _text(payload: Mapping[str, Any], name: str) -> str:
    found = _within(payload, name)
    if not isinstance(found, str) or not found.strip() or not found.isprintable() or len(found) > LONGEST_CLAIM:
        message = f"The token has to say {name!r}, in 1 to {LONGEST_CLAIM} printable characters."
        raise unauthenticated(Reason.CLAIM_MISSING, message)
    return found.strip()


def _instant(payload: Mapping[str, Any], name: str) -> float:
    found = payload.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < LAST:
        raise unauthenticated(Reason.CLAIM_MISSING, f"The token has to say {name!r}, in seconds since 1970.")
    return float(found)
