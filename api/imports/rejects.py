"""The rejects file: every row that was left out, with its line and the reason, as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from api.imports.errors import BadFile


class Reject(NamedTuple):
    """A row that was left out."""

    line: int
    code: str
    reason: str
    values: Sequence[str]


class Rejects:
    """A rejects file, written anew by each run; without a path, nothing is kept. Raises: BadFile."""

    def __init__(self, path: Path | None, header: Sequence[str], encoding: str) -> None:
        self._file = None
        if path is None:
            return
        try:
            # Bytes that did not belong to the encoding go out as they came in.
            self._file = path.open("w", encoding=encoding, errors="surrogateescape", newline="")
        except OSError as error:
            raise BadFile(f"The rejects file {path} cannot be written: {error.strerror}.") from error
        self._rows = csv.writer(self._file)
        self._rows.writerow(["line", "code", "reason", *header])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, rejects: Sequence[Reject]) -> None:
        """Adds rows, and has them on the disk's side when it returns."""
        if self._file is not None and rejects:
            self._rows.writerows([(one.line, one.code, one.reason, *one.values) for one in rejects])
            self._file.flush()
