"""What is answered to an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MOST_SAID = 500
"""How much of a message is told that quotes what was sent."""
MOST_NAMED = 100
"""How much of the name of a field, which anybody may make as long as they like."""


class Status(StrEnum):
    """How an item went."""

    ACCEPTED = "accepted"
    """It was carried out, or changed nothing."""
    REPEATED = "repeated"
    """The same item was carried out before; this is its answer again."""
    REFUSED = "refused"
    """The ledger says no, as things stand. The same item may be sent again when they stand otherwise."""
    CONFLICT = "conflict"
    """Its id was used for something else before."""
    INVALID = "invalid"
    """It is no item that anything could be made of."""
    FAILED = "failed"
    """It was not come to, or nobody knows what became of it. Send it again."""


class Fault(StrEnum):
    """What is wrong with an item, beside the codes with which the ledger refuses. Stable, since programs act on it."""

    NOT_JSON = "NOT_JSON"
    """It is no JSON, or not in UTF-8, or has a key twice."""
    TOO_LONG = "TOO_LONG"
    """The line is longer than one may be."""
    BAD_FIELD = "BAD_FIELD"
    """A field is missing, is none of an item, or has no such value; `field` says which."""
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    NO_ID = "NO_ID"
    """It has no id, and the request has no Idempotency-Key."""
    NO_SOURCE = "NO_SOURCE"
    """Neither the item nor the request says which system it comes from."""
    FORBIDDEN = "FORBIDDEN"
    """The sender's role may not bring in items of this type."""
    ID_REUSED = "ID_REUSED"
    """An item of the same source and id was carried out before, and said something else."""
    TOO_LARGE = "TOO_LARGE"
    """What would be recorded is larger than the ledger keeps."""
    LEDGER_AWAY = "LEDGER_AWAY"
    CLOCKS_DISAGREE = "CLOCKS_DISAGREE"
    TIMED_OUT = "TIMED_OUT"
    MOVED = "MOVED"
    """Others kept writing about the same thing."""
    FAULT = "FAULT"


Path = tuple[str, ...]


class BadItem(Exception):
    """Nothing can be made of an item: why, and which of its fields is at fault."""

    def __init__(self, code: Fault, message: str, field: Path | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to one item."""

    item: int
    """Its line, or its place in the batch, from 1."""
    id: str | None
    kind: str
    """Its type, and "unknown" for what is none."""
    status: Status
    code: str | None = None
    message: str | None = None
    field: Path | None = None
    params: Mapping[str, Any] | None = None
    subject: str | None = None
    """The global id of what it is about."""
    number: str | None = None
    """The register number that it was given."""
    version: int | None = None
    """The version to which it brought its subject."""
    position: int | None = None
    """Views that have reached this position show what it did."""

    def told(self) -> dict[str, Any]:
        """As it is answered, without what there is nothing to say of."""
        said: dict[str, Any] = {
            "item": self.item,
            "id": self.id,
            "status": self.status.value,
            "code": self.code,
            "message": self.message and self.message[:MOST_SAID],
            "field": self.field and [part[:MOST_NAMED] for part in self.field],
            "params": self.params or None,
            "subject": self.subject,
            "number": self.number,
            "version": self.version,
            "position": self.position,
        }
        return {name: value for name, value in said.items() if value is not None}


def told_at_the_end(results: Mapping[Status, int], token: str | None) -> dict[str, Any]:
    """The last line of an answer: without it, the answer is not whole."""
    counts = {status.value: results.get(status, 0) for status in Status}
    said = {"end": True, "items": sum(counts.values()), **counts}
    return said if token is None else {**said, "consistency_token": token}


def names(path: Sequence[str | int]) -> Path:
    """A path into an item as it is answered."""
    return tuple(str(part) for part in path)
