"""Why somebody is not let in: the reasons, and how each is said over HTTP."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

REALM = "daybook"


class Reason(StrEnum):
    """Why a request is answered 401. Stable, since front ends act on it."""

    NO_TOKEN = "NO_TOKEN"  # noqa: S105  no password: the name of a reason
    MALFORMED = "MALFORMED"
    """It is no signed JSON web token that could be read."""
    ALGORITHM_REFUSED = "ALGORITHM_REFUSED"
    """It says `none`, a symmetric algorithm, or another one than its key is for."""
    UNKNOWN_ISSUER = "UNKNOWN_ISSUER"
    UNKNOWN_KEY = "UNKNOWN_KEY"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    WRONG_AUDIENCE = "WRONG_AUDIENCE"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    CLAIM_MISSING = "CLAIM_MISSING"
    """A claim without which nobody is let in is missing, or is not what it should be."""


class NotLetIn(Exception):
    """A request that is answered before anything of it is read: a status, a code, and what to do."""

    def __init__(self, status: int, code: str, message: str, **extensions: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.extensions = extensions

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer."""
        if self.status == 401:
            reason = self.extensions["reason"]
            if reason is Reason.NO_TOKEN:
                return {"WWW-Authenticate": f'Bearer realm="{REALM}"'}
            told = f'Bearer realm="{REALM}", error="invalid_token", error_description="{reason}"'
            return {"WWW-Authenticate": told}
        return {"Retry-After": "5"} if self.status == 503 else {}

    @property
    def answer(self) -> dict[str, Any]:
        """The answer, in the shape of every other one."""
        return {"errors": [{"message": self.message, "extensions": {"code": self.code} | self.extensions}]}


def unauthenticated(reason: Reason, message: str) -> NotLetIn:
    """The token does not let anybody in."""
    return NotLetIn(401, "UNAUTHENTICATED", message, reason=reason)


def keys_away(message: str) -> NotLetIn:
    """The keys of the issuer cannot be had, so that nobody can be told from anybody."""
    return NotLetIn(503, "SIGN_IN_AWAY", message)


def forbidden(reason: str, message: str, **params: Any) -> NotLetIn:
    """Who asks is known, and may not."""
    return NotLetIn(403, "FORBIDDEN", message, reason=reason, **({"params": params} if params else {}))
