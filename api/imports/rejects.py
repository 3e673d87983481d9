"""The rejects file: every row that was left out, with its line and the reason, as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from api.imports.errors import BadFile, CannotGoOn


class Reject(NamedTuple):
    """A row that was left out."""

    line: int
    code: str
    reason: str
    values: Sequence[str]


class Rejects:
    """A rejects file, written anew by each run; without a path, nothing is kept.

    Raises: BadFile when it cannot be begun, CannotGoOn when it cannot be written further.
    """

    def __init__(self, path: Path | None, header: Sequence[str], encoding: str) -> None:
        self._file = None
        self._path = path
        if path is None:
            return
        try:
            # Bytes that did not belong to the encoding go out as they came in.
            self._file = path.open("w", encoding=encoding, errors="surrogateescape", newline="")
            self._rows = csv.writer(self._file)
            self._rows.writerow(["line", "code", "reason", *header])
            self._file.flush()
        except OSError as error:
            self._let_go()
            raise BadFile(f"The rejects file {path} cannot be written: {error.strerror}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._foreseen():
            if self._file is not None:
                self._file.close()

    def write(self, rejects: Sequence[Reject]) -> None:
        """Adds rows, and has them on the disk's side when it returns."""
        if self._file is None or not rejects:
            return
        with self._foreseen():
            self._rows.writerows([(one.line, one.code, one.reason, *one.values) for one in rejects])
            self._file.flush()

    @contextmanager
    def _foreseen(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._let_go()
            raise CannotGoOn(f"The rejects file {self._path} cannot be written: {error.strerror}.") from error

    def _let_go(self) -> None:
        """Closes the file without what it cannot take."""
        file, self._file = self._file, None
        with suppress(OSError):
            if file is not None:
                file.close()
