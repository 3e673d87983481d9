"""CSV: rows of fields under a line that names them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from api.imports.errors import BadFile, BadRow
from api.imports.mapping import FileForm
from api.imports.reading import Inspected, Lines, Row


class Table:
    """A file of rows under a header, open for one reading. Raises: BadFile when there is no header."""

    def __init__(self, file: Inspected, form: FileForm) -> None:
        self.path = file.path
        self._form = form
        self._lines = Lines(file, form.encoding)
        self._records = self._reader()
        try:
            self.header = self._header()
        except BaseException:
            self._lines.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()

    @property
    def bytes_read(self) -> int:
        """How much of the file has been read, as it lies there."""
        return self._lines.bytes_read

    def __iter__(self) -> Iterator[Row]:
        """The rows below the header, each once; blank lines are none."""
        width, lines = len(self.header), self._lines
        while True:
            lines.of_record.clear()
            line = lines.number + 1
            try:
                values = next(self._records)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line, ["".join(lines.of_record)], ("not-csv", f"this is not CSV: {error}"))
                continue
            except BadRow as error:
                yield Row(line, ["".join(lines.of_record)], (error.code, str(error)))
                self._records = self._reader()  # the old one still waits for the end of the record
                continue
            if not values:
                continue
            yield Row(line, values, self._fault(values, width))

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self._lines, delimiter=self._form.delimiter, strict=True)

    def _header(self) -> list[str]:
        try:
            header = next(self._records)
        except (StopIteration, csv.Error, BadRow) as error:
            raise BadFile(f"{self.path} does not begin with a line that names its columns.") from error
        if undecoded := self._lines.undecoded():
            raise BadFile(f"{self.path} is not written in {self._form.encoding}: {undecoded} in its first line.")
        return header

    def _fault(self, values: list[str], width: int) -> tuple[str, str] | None:
        if len(values) != width:
            return "field-count", f"it has {len(values)} fields, the header has {width}"
        return self._lines.fault()
