"""The log: lines for people, or a JSON document a line that holds nothing which a customer said or is called."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TextIO

import orjson
import psycopg
from typing_extensions import override

from ledger.errors import LedgerError

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request that is being answered; it stands in every line that is written meanwhile."""
MOST_FRAMES = 40


class LogFormat(StrEnum):
    """How a line of the log is written."""

    TEXT = "text"
    JSON = "json"


class TextLines(logging.Formatter):
    """Lines for whoever develops: tracebacks are whole, with what the exceptions said."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    @override
    def format(self, record: logging.LogRecord) -> str:
        request = REQUEST_ID.get()
        return super().format(record) + (f" [{request}]" if request else "")


class JsonLines(logging.Formatter):
    """One JSON document a line.

    An exception is told by its class, the places in the code and, of the database's, their state: what it says may
    quote a value, and any value may be personal. The ledger's own errors never do, and say what to do.
    """

    @override
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": os.getpid(),
        }
        if (request := REQUEST_ID.get()) is not None:
            line["request"] = request
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["exceptions"] = list(_told(record.exc_info[1]))
        return orjson.dumps(line, default=str).decode()


def log_to(stream: TextIO, kind: LogFormat) -> None:
    """Has the whole program log there, from now on, in that form."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines() if kind is LogFormat.JSON else TextLines())
    root = logging.getLogger()
    for other in list(root.handlers):
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(logging.INFO)


def _told(error: BaseException) -> Iterator[dict[str, Any]]:
    """An exception and those that led to it, the last one first."""
    met: BaseException | None = error
    seen: set[int] = set()
    while met is not None and id(met) not in seen:
        seen.add(id(met))
        told: dict[str, Any] = {"type": f"{type(met).__module__}.{type(met).__qualname__}"}
        if isinstance(met, LedgerError):
            told["message"] = str(met)
        if isinstance(met, psycopg.Error) and met.sqlstate:
            told |= {"sqlstate": met.sqlstate, "table": met.diag.table_name, "constraint": met.diag.constraint_name}
        frames = traceback.extract_tb(met.__traceback__)[-MOST_FRAMES:]
        told["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        yield told
        met = met.__cause__ or (None if met.__suppress_context__ else met.__context__)
