"""Why a socket is closed: each reason with the code that clients of graphql-transport-ws go by."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum

from api.access.refused import NotLetIn, Reason
from api.http.turned_away import TurnedAway

LONGEST_REASON = 123
"""In bytes: RFC 6455, 5.5, leaves no more room in the frame that closes."""


class CloseCode(IntEnum):
    """Codes of RFC 6455 below 4000, and above those of graphql-transport-ws.

    The client graphql-ws, and what is built on it, connects again by itself after 1001, 1013, 4403 and 4408, and gives
    up at 4400, 4401, 4406, 4409, 4429 and 4500. So a code says whether trying again could help.
    """

    GOING_AWAY = 1001
    TRY_AGAIN = 1013
    BAD_MESSAGE = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    OTHER_SUBPROTOCOL = 4406
    NOT_INITIALISED = 4408
    ID_TAKEN = 4409
    TOO_MANY = 4429
    FAULT = 4500


class Why(StrEnum):
    """Reasons of our own; who is not let in is told those of `Reason` as well. Stable, since front ends act on them."""

    SERVER_ENDS = "SERVER_ENDS"
    TOO_MANY_SOCKETS = "TOO_MANY_SOCKETS"
    SLOW = "SLOW"
    BAD_MESSAGE = "BAD_MESSAGE"
    NOT_ACKNOWLEDGED = "NOT_ACKNOWLEDGED"
    ANOTHER_ASKER = "ANOTHER_ASKER"
    OTHER_SUBPROTOCOL = "OTHER_SUBPROTOCOL"
    NOT_INITIALISED = "NOT_INITIALISED"
    ID_TAKEN = "ID_TAKEN"
    INITIALISED_TWICE = "INITIALISED_TWICE"
    RATE_LIMITED = "RATE_LIMITED"
    FAULT = "FAULT"
    CLIENT = "CLIENT"
    """The other end went, with a word or without one."""
    BAD_FRAME = "BAD_FRAME"
    """What came is no frame of a WebSocket; closed with 1002."""
    BAD_TEXT = "BAD_TEXT"
    """A text that is not UTF-8; closed with 1007."""
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"
    """Closed with 1009."""
    SILENT = "SILENT"
    """The other end answered no ping; closed with 1013, since it may have slept."""


BY_PROTOCOL: Mapping[int, Why] = {
    1002: Why.BAD_FRAME,
    1007: Why.BAD_TEXT,
    1008: Why.RATE_LIMITED,
    1009: Why.MESSAGE_TOO_LARGE,
    1012: Why.SERVER_ENDS,
    1013: Why.SILENT,
}
"""Codes with which a socket is closed below the application, or by a client that uses them."""
NEW_TOKEN_HELPS = frozenset({Reason.EXPIRED, Reason.NOT_YET_VALID, Reason.UNKNOWN_KEY})


class Closed(Exception):
    """A socket is over: the code, why in one word, and what the front end's developer can do."""

    def __init__(self, code: CloseCode, why: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.why = why
        self.message = message

    @property
    def reason(self) -> str:
        """What is sent with the code, as long as there is room for it."""
        said = f"{self.why}: {self.message}".encode()[:LONGEST_REASON]
        return said.decode(errors="ignore")


class Left(Exception):
    """The other end is gone, or the protocol below has closed: there is nobody to say anything to."""

    def __init__(self, why: Why = Why.CLIENT) -> None:
        super().__init__(why)
        self.why = why


def bad_message(message: str) -> Closed:
    """What was sent is no message of the protocol."""
    return Closed(CloseCode.BAD_MESSAGE, Why.BAD_MESSAGE, message)


def closed_by_gate(error: NotLetIn) -> Closed:
    """Whoever the gate does not let in; with a code that has clients try again where a new token may help."""
    why = str(error.extensions.get("reason", error.code))
    if error.status == 503:
        return Closed(CloseCode.TRY_AGAIN, why, error.message)
    helps = error.status == 403 or error.extensions.get("reason") in NEW_TOKEN_HELPS
    return Closed(CloseCode.FORBIDDEN if helps else CloseCode.UNAUTHENTICATED, why, error.message)


def closed_by_rate(away: TurnedAway) -> Closed:
    """Whoever sends more than they may."""
    return Closed(CloseCode.TOO_MANY, Why.RATE_LIMITED, away.problem.message)
