"""Reading a file row by row, plain or gzipped, in constant memory, with line numbers that stay right."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from api.imports.errors import BadFile, BadRow, CannotGoOn

CHUNK_BYTES = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
FOREIGN_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
UNDECODED = re.compile(r"[\udc80-\udcff]")
MOST_CHARACTERS = 1 << 20  # of a line; sixteen times what the ledger keeps of one event
SHOWN_CHARACTERS = 1_000


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


class Records(Protocol):
    """A file of rows, open for one reading; a context manager."""

    @property
    def header(self) -> Sequence[str]:
        """The names of its columns."""

    @property
    def path(self) -> Path:
        """Where it lies."""

    @property
    def bytes_read(self) -> int:
        """How much of the file has been read, as it lies there."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[Row]:
        """The rows below the header, each once; blank lines are none."""


class Lines:
    """The lines of a file, numbered from 1, each with its line feed. An iterator.

    Keeps those of the record at hand. Raises: CannotGoOn; BadRow for a line that is too long, which is then over.
    """

    def __init__(self, file: Inspected, encoding: str) -> None:
        self.number = 0
        self.of_record: list[str] = []
        self.encoding = encoding
        self._raw = file.path.open("rb")
        unzipped = gzip.GzipFile(fileobj=self._raw) if file.zipped else self._raw
        # Bytes that the encoding does not know come through as surrogates: they spoil their own row only.
        self._text = io.TextIOWrapper(
            unzipped, "utf-8-sig" if encoding == "utf-8" else encoding, errors="surrogateescape", newline=""
        )

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._read()
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) >= MOST_CHARACTERS and not line.endswith(("\n", "\r")):
            self.of_record.append(line[:SHOWN_CHARACTERS])
            self._skip()
            raise BadRow("line-too-long", f"its line has more than {MOST_CHARACTERS:,} characters")
        self.of_record.append(line)
        return line

    def close(self) -> None:
        """Lets go of the file."""
        self._raw.close()

    @property
    def bytes_read(self) -> int:
        """How much of the file has been read, as it lies there."""
        return self._raw.tell()

    def undecoded(self) -> str | None:
        """The first byte of the record at hand that is no text, in words."""
        for line in self.of_record:
            if not line.isascii() and (found := UNDECODED.search(line)):
                return f"it holds the byte 0x{ord(found.group()) - 0xDC00:02x}"
        return None

    def fault(self) -> tuple[str, str] | None:
        """Why the record at hand is no text."""
        if undecoded := self.undecoded():
            return "wrong-encoding", f"{undecoded}, which is not {self.encoding}"
        if any("\0" in line for line in self.of_record):
            return "nul-character", "it holds a NUL character, which is no text"
        return None

    def _skip(self) -> None:
        """Reads to the end of the line."""
        while (more := self._read()) and not more.endswith(("\n", "\r")):
            pass

    def _read(self) -> str:
        try:
            return self._text.readline(MOST_CHARACTERS)
        except (OSError, EOFError, zlib.error) as error:
            raise CannotGoOn(f"The file cannot be read beyond line {self.number}: {error}.") from error
