"""What became of a submission: where its events lie, the same each time it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from domain.envelope import RegisterNumber
from domain.event import Refused
from ledger.append import Write, Written
from ledger.decision import Asked
from ledger.errors import CommandIdReused, LedgerError


class Placed(NamedTuple):
    """Where one event came to lie."""

    stream: str
    version: int
    position: int
    topic: str
    register: RegisterNumber | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A submission that was carried out; with no events when it changed nothing."""

    command_id: UUID
    position: int
    """A view that has reached this position shows what the submission did."""
    placed: tuple[Placed, ...]
    recorded_at: datetime | None
    """When its events were recorded, in UTC; None when there are none."""
    repeated: bool = field(default=False, compare=False)
    """Whether it had been carried out before, and this is the stored answer."""

    def version(self, stream: str) -> int | None:
        """The version to which the submission brought a stream; None when it added nothing there."""
        return max((placed.version for placed in self.placed if placed.stream == stream), default=None)

    def register(self) -> RegisterNumber | None:
        """The first register number given, if any."""
        return next((placed.register for placed in self.placed if placed.register), None)


Outcome = Accepted | Refused | LedgerError
"""In bulk, refusals and faults of one submission are answers beside the others', not exceptions."""


class Stored(NamedTuple):
    """An outcome out of the database, with the digest of the commands that led to it."""

    digest: bytes
    accepted: Accepted


def stored_outcomes(rows: Iterable[tuple[Any, ...]]) -> dict[UUID, Stored]:
    """Outcomes by command id, out of rows that join each outcome with its events in order."""
    found: dict[UUID, Stored] = {}
    for (command_id, digest, position), joined in groupby(rows, key=lambda row: (row[0], bytes(row[1]), row[2])):
        events = [row for row in joined if row[3] is not None]
        placed = tuple(
            Placed(stream, version, place, topic, RegisterNumber(series, number) if series else None)
            for _, _, _, place, stream, version, topic, series, number, _ in events
        )
        recorded_at = events[0][9] if events else None
        found[command_id] = Stored(digest, Accepted(command_id, position, placed, recorded_at, repeated=True))
    return found


def accepted(write: Write, written: Written) -> Accepted:
    """The outcome of what has just been written."""
    placed = tuple(
        Placed(draft.stream, draft.version, written.base + nth, draft.topic, number)
        for nth, (draft, number) in enumerate(zip(write.drafts, written.numbers, strict=True), 1)
    )
    return Accepted(write.command_id, written.base + len(placed), placed, written.recorded_at if placed else None)


def same(stored: Stored, asked: Asked) -> Accepted:
    """The stored outcome, for the same request. Raises: CommandIdReused when it is another."""
    if stored.digest != asked.digest:
        raise CommandIdReused(
            f"Command id {stored.accepted.command_id} was used for something else before; "
            "send this with an id of its own."
        )
    return stored.accepted


def same_or_error(stored: Stored, asked: Asked) -> Outcome:
    """The stored outcome, or that the id was used for something else."""
    try:
        return same(stored, asked)
    except CommandIdReused as error:
        return error


def same_or_reused(first: Asked, outcome: Outcome, again: Asked) -> Outcome:
    """The answer to a request that stands in its batch twice."""
    if not isinstance(outcome, Accepted):
        return outcome
    answer = same_or_error(Stored(first.digest, outcome), again)
    return replace(answer, repeated=True) if isinstance(answer, Accepted) else answer
