"""Reading a file row by row: CSV, plain or gzipped, in constant memory, with line numbers that stay right."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from types import TracebackType
from typing import NamedTuple, Self

from api.imports.errors import BadFile, CannotGoOn
from api.imports.mapping import FileForm

CHUNK_BYTES = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
FOREIGN_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
UNDECODED = re.compile(r"[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file that can be read to its end."""

    path: Path
    size_bytes: int
    digest: str
    """SHA-256 of its bytes as they lie there, hex."""
    zipped: bool


class Row(NamedTuple):
    """One record of the file; with a fault, what could be made of it."""

    line: int
    """Where it begins, from 1; the header is on line 1."""
    values: list[str]
    fault: tuple[str, str] | None
    """A code and what was found, when it is no row at all."""


def inspect(path: Path) -> Inspected:
    """Reads a file through once, so that a broken one is known before anything of it is written. Raises: BadFile."""
    try:
        found = path.stat()
        if not (S_ISREG(found.st_mode) or S_ISDIR(found.st_mode)):
            raise BadFile(f"{path} is a stream; save it to a file first, since it is read more than once.")
        with path.open("rb") as raw:
            start = raw.read(4)
            raw.seek(0)
            digest = hashlib.file_digest(raw, "sha256").hexdigest()
        zipped = start.startswith(GZIP_MAGIC)
        if zipped:
            with gzip.open(path) as unzipped:
                start = unzipped.read(4)
                while unzipped.read(CHUNK_BYTES):
                    pass
    except EOFError as error:
        raise BadFile(f"{path} is cut off: the gzip stream has no end. Fetch the file again.") from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise BadFile(f"{path} is damaged: {error}. Fetch the file again.") from error
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
    for mark, encoding in FOREIGN_MARKS.items():
        if start.startswith(mark):
            raise BadFile(f"{path} is written in {encoding}; convert it to UTF-8 first.")
    if not start:
        raise BadFile(f"{path} is empty; its first line must name the columns.")
    return Inspected(path, found.st_size, digest, zipped)


class Table:
    """A file of rows under a header, open for one reading. Raises: BadFile when there is no header."""

    def __init__(self, file: Inspected, form: FileForm) -> None:
        self.file = file
        self.form = form
        self._raw = file.path.open("rb")
        try:
            unzipped = gzip.GzipFile(fileobj=self._raw) if file.zipped else self._raw
            encoding = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
            # Bytes that the encoding does not know come through as surrogates: they spoil their own row only.
            text = io.TextIOWrapper(unzipped, encoding, errors="surrogateescape", newline="")
            self._lines = _Lines(text)
            self._records = csv.reader(self._lines, delimiter=form.delimiter, strict=True)
            self.header = self._header()
        except BaseException:
            self._raw.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()

    @property
    def bytes_read(self) -> int:
        """How much of the file has been read, as it lies there."""
        return self._raw.tell()

    def __iter__(self) -> Iterator[Row]:
        """The rows below the header, each once; blank lines are none."""
        width = len(self.header)
        lines, records = self._lines, self._records
        while True:
            lines.of_record.clear()
            line = lines.number + 1
            try:
                values = next(records)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line, ["".join(lines.of_record)], ("not-csv", f"this is not CSV: {error}"))
                continue
            if not values:
                continue
            yield Row(line, values, self._fault(values, width))

    def _header(self) -> list[str]:
        try:
            header = next(self._records)
        except (StopIteration, csv.Error) as error:
            raise BadFile(f"{self.file.path} does not begin with a line that names its columns.") from error
        if undecoded := self._undecoded():
            raise BadFile(f"{self.file.path} is not written in {self.form.encoding}: {undecoded} in its first line.")
        return header

    def _fault(self, values: list[str], width: int) -> tuple[str, str] | None:
        if len(values) != width:
            return "field-count", f"it has {len(values)} fields, the header has {width}"
        if undecoded := self._undecoded():
            return "wrong-encoding", f"{undecoded}, which is not {self.form.encoding}"
        if any("\0" in line for line in self._lines.of_record):
            return "nul-character", "it holds a NUL character, which is no text"
        return None

    def _undecoded(self) -> str | None:
        for line in self._lines.of_record:
            if not line.isascii() and (found := UNDECODED.search(line)):
                return f"it holds the byte 0x{ord(found.group()) - 0xDC00:02x}"
        return None


class _Lines:
    """The file's lines, numbered from 1, which keeps those of the record at hand."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.number = 0
        self.of_record: list[str] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        try:
            line = next(self._text)
        except (OSError, EOFError, zlib.error) as error:
            raise CannotGoOn(f"The file cannot be read beyond line {self.number}: {error}.") from error
        self.number += 1
        self.of_record.append(line)
        return line
