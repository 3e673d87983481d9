"""Columns of values as PostgreSQL arrays in their binary form, made a column at a time.

psycopg dumps a list item by item, in Python: 20 ms of CPU for the arrays of 10 000 events, against 11 this way, of an
append of 76 (2026-11, medians of eleven, without the garbage collector).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import TypeVar
from uuid import UUID

import psycopg
from psycopg import postgres
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format
from typing_extensions import override

V = TypeVar("V")

POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NULL = struct.pack(">i", -1)
_length = struct.Struct(">i").pack
_int64 = struct.Struct(">q").pack


class Column(bytes):
    """An array parameter as array_recv reads it; the query names its type by a cast."""


class ColumnDumper(Dumper):
    """Hands a column to psycopg as it is."""

    format = Format.BINARY

    @override
    def dump(self, obj: Column) -> Buffer:
        return obj


psycopg.adapters.register_dumper(Column, ColumnDumper)


def texts(values: Iterable[str | None]) -> Column:
    """A text[]."""
    return _repetitive("text", values, str.encode)


def blobs(values: Iterable[bytes]) -> Column:
    """A bytea[]."""
    return _array("bytea", list(values))


def uuids(values: Iterable[UUID]) -> Column:
    """A uuid[]."""
    return _array("uuid", [value.bytes for value in values])


def integers(values: Iterable[int]) -> Column:
    """An int4[]."""
    listed = list(values)
    pairs = chain.from_iterable(zip(repeat(4), listed, strict=False))
    return _framed("int4", len(listed), struct.pack(f">{2 * len(listed)}i", *pairs))


def instants(values: Iterable[datetime | None]) -> Column:
    """A timestamptz[]."""
    return _repetitive("timestamptz", values, _instant)


def _instant(value: datetime) -> bytes:
    return _int64((value - POSTGRES_EPOCH) // MICROSECOND)


def _array(element: str, values: Sequence[bytes]) -> Column:
    lengths = map(_length, map(len, values))
    return _framed(element, len(values), b"".join(chain.from_iterable(zip(lengths, values, strict=True))))


def _repetitive(element: str, values: Iterable[V | None], encode: Callable[[V], bytes]) -> Column:
    """An array whose values repeat, as topics, zones and streams do: each of them is encoded once."""
    listed = list(values)
    items: dict[V | None, bytes] = {value: NULL if value is None else _item(encode(value)) for value in set(listed)}
    return _framed(element, len(listed), b"".join(map(items.__getitem__, listed)), null=None in items)


def _item(encoded: bytes) -> bytes:
    return _length(len(encoded)) + encoded


def _framed(element: str, size: int, items: bytes, *, null: bool = False) -> Column:
    """The head (dimensions, nulls, element type, size, lower bound), then the items, each behind its length."""
    oid = postgres.types[element].oid
    if not size:
        return Column(struct.pack(">iii", 0, 0, oid))
    return Column(struct.pack(">iiiii", 1, null, oid, size, 1) + items)
