"""One call of the append function: a batch of commands as arrays in, places in the book out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from domain.envelope import RegisterNumber
from ledger.codec import SealedValue
from ledger.columns import Column, blobs, instants, integers, texts, uuids
from ledger.errors import ClocksDisagree, LedgerError, UnknownBook

APPEND = """
SELECT base, refused, repeated, recorded_at, given_series, given_numbers FROM ledger.append(
  %b::text, %b::timestamptz, %b::bool,
  %b::uuid[], %b::bytea[], %b::int4[], %b::timestamptz[],
  %b::int4[], %b::text[], %b::int4[],
  %b::int4[], %b::text[], %b::int4[], %b::text[], %b::timestamptz[],
  %b::text[], %b::text[], %b::timestamptz[], %b::text[],
  %b::bytea[], %b::bytea[],
  %b::int4[], %b::text[], %b::int4[], %b::text[], %b::uuid[], %b::int4[], %b::bytea[])
"""


class Draft(NamedTuple):
    """An event ready to be appended, all but position, time of recording and register number."""

    stream: str
    version: int
    topic: str
    occurred_at: datetime
    occurred_zone: str
    occurred_precision: str
    source_recorded_at: datetime | None
    series: str | None
    data: bytes
    metadata: bytes


class Write(NamedTuple):
    """One command's worth of writing; no events when it changed nothing."""

    command_id: UUID
    digest: bytes
    said_at: datetime
    drafts: tuple[Draft, ...]
    sealed: tuple[SealedValue, ...]
    expected: tuple[tuple[str, int], ...]
    """The version that each of its streams is expected to have."""


class Written(NamedTuple):
    """Where a command's events came to lie."""

    base: int
    """The book's position before its first event."""
    recorded_at: datetime
    numbers: tuple[RegisterNumber | None, ...]
    """The register number of each event, or None."""


class LeftOut(NamedTuple):
    """Why a command was not written: a stream had moved (`stale`), or its id is there already."""

    repeated: bool


class Batch:
    """The arrays of one call.

    With `together`, commands may share streams and go in all or none.
    """

    def __init__(self, writes: Sequence[Write], *, together: bool = False) -> None:
        self.writes = writes
        self.together = together

    def run(self, connection: psycopg.Connection, book: str, now: datetime) -> list[Written | LeftOut]:
        """Calls the function in the connection's transaction.

        Gives one result a command. Raises: UnknownBook, ClocksDisagree, LedgerError, and psycopg's own errors.
        """
        try:
            cursor = connection.execute(APPEND, (book, now, self.together, *self._columns()), prepare=True, binary=True)
        except psycopg.Error as error:
            raise translated(error, book) from error
        row = cursor.fetchone()
        if row is None:
            raise LedgerError("The append function gave no answer.")
        return self._results(*row)

    def _columns(self) -> tuple[Column, ...]:
        """The arrays, in the order of the function's parameters."""
        writes = self.writes
        expected: dict[str, tuple[int, int]] = {}
        for place, write in enumerate(writes, 1):
            for stream, version in write.expected:
                expected.setdefault(stream, (place, version))
        drafts = _transposed(Draft, [draft for write in writes for draft in write.drafts])
        values = _transposed(SealedValue, [value for write in writes for value in write.sealed])
        return (
            uuids(write.command_id for write in writes),
            blobs(write.digest for write in writes),
            integers(len(write.drafts) for write in writes),
            instants(write.said_at for write in writes),
            integers(place for place, _ in expected.values()),
            texts(expected),
            integers(version for _, version in expected.values()),
            integers(place for place, write in enumerate(writes, 1) for _ in write.drafts),
            texts(drafts["stream"]),
            integers(drafts["version"]),
            texts(drafts["topic"]),
            instants(drafts["occurred_at"]),
            texts(drafts["occurred_zone"]),
            texts(drafts["occurred_precision"]),
            instants(drafts["source_recorded_at"]),
            texts(drafts["series"]),
            blobs(drafts["data"]),
            blobs(drafts["metadata"]),
            integers(place for place, write in enumerate(writes, 1) for _ in write.sealed),
            texts(values["stream"]),
            integers(values["version"]),
            texts(values["path"]),
            uuids(values["subject"]),
            integers(values["key_version"]),
            blobs(values["sealed"]),
        )

    def _results(
        self,
        base: int,
        refused: list[int] | None,
        repeated: list[int] | None,
        recorded_at: list[datetime],
        series: list[str] | None,
        numbers: list[int] | None,
    ) -> list[Written | LeftOut]:
        left_out = {place: LeftOut(repeated=False) for place in refused or ()}
        left_out |= {place: LeftOut(repeated=True) for place in repeated or ()}
        if self.together and left_out:
            return [left_out.get(place, LeftOut(repeated=False)) for place in range(1, len(self.writes) + 1)]
        given = iter([RegisterNumber(*pair) for pair in zip(series or (), numbers or (), strict=True)])
        results: list[Written | LeftOut] = []
        for place, write in enumerate(self.writes, 1):
            if place in left_out:
                results.append(left_out[place])
                continue
            registers = tuple(next(given) if draft.series else None for draft in write.drafts)
            results.append(Written(base, recorded_at[place - 1], registers))
            base += len(write.drafts)
        return results


def _transposed(row_type: type[Draft | SealedValue], rows: Sequence[Draft | SealedValue]) -> dict[str, Sequence[Any]]:
    """The columns of rows by name, also when there is no row."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(row_type._fields)
    return dict(zip(row_type._fields, columns, strict=True))


def translated(error: psycopg.Error, book: str) -> Exception:
    """The ledger's own error for a SQLSTATE of its own; any other error as it is."""
    reason = error.diag.message_primary or str(error)
    match error.sqlstate:
        case "LB001":
            return UnknownBook(f"There is no book {book!r} in this ledger.")
        case "LB002" | "LB003":
            return ClocksDisagree(f"Nothing was written, since {reason}. Set the clocks right and try again.")
        case "LB004":
            return LedgerError(f"Nothing was written, since {reason}.")
        case _:
            return error
