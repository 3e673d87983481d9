"""Files that appear under their names whole or not at all: written beside, brought to the disk, and then renamed."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

BUFFER_BYTES = 256 * 1024
GZIP_WINDOW = 31
"""Has zlib write gzip, with no name and no time in its header, so that the same bytes always become the same bytes."""
STANDARD_OUTPUT = Path("-")


class CannotLand(Exception):
    """A file is not written; what was under its name stays there."""


class Landed(NamedTuple):
    """A file that is there."""

    file: str
    size: int
    """In bytes."""
    sha256: str
    """Of the file as it lies, compressed where it is."""


class Landing:
    """A file on its way; what ends in .gz is compressed. `-` is standard output, which has no name to appear under.

    Raises: CannotLand, where something is in the way and `over` does not say that it may be replaced.
    """

    def __init__(self, path: Path, *, over: bool = False) -> None:
        self.path = path
        self._over = over
        self._digest = hashlib.sha256()
        self._size = 0
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self._gzip: Any = zlib.compressobj(6, zlib.DEFLATED, GZIP_WINDOW) if path.suffix == ".gz" else None
        self._beside: Path | None = None
        self._file: BinaryIO
        if path == STANDARD_OUTPUT:
            self._file = sys.stdout.buffer
            return
        try:
            self._is_free()
            # By no number of a process: in a container these are the same again after a kill, and so would the name be.
            beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
            self._file = beside.open("xb", buffering=0)
        except OSError as error:
            raise CannotLand(f"{path} cannot be written: {error.strerror}.") from error
        self._beside = beside

    def write(self, data: bytes) -> None:
        """Some bytes more. Raises: OSError."""
        self._kept.append(data)
        self._kept_bytes += len(data)
        if self._kept_bytes >= BUFFER_BYTES:
            self._flush()

    def finish(self) -> None:
        """Brings all of it to the disk. Raises: OSError."""
        self._flush()
        if self._gzip is not None:
            self._out(self._gzip.flush())
        self._file.flush()
        if self._beside is not None:
            os.fsync(self._file.fileno())
            self._file.close()

    def appear(self) -> Landed:
        """Gives the finished file its name. Raises: CannotLand, OSError."""
        if self._beside is not None:
            self._rename(self._beside)
            self._beside = None
            _settle(self.path.parent)
        return Landed(str(self.path), self._size, self._digest.hexdigest())

    def drop(self) -> None:
        """Leaves nothing of a file that has not appeared."""
        if self._beside is not None:
            self._file.close()
            self._beside.unlink(missing_ok=True)
            self._beside = None

    def _flush(self) -> None:
        data, self._kept, self._kept_bytes = b"".join(self._kept), [], 0
        self._out(data if self._gzip is None else self._gzip.compress(data))

    def _out(self, data: bytes) -> None:
        self._digest.update(data)
        self._size += len(data)
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) or 0 :]

    def _is_free(self) -> None:
        """Raises: CannotLand."""
        path = self.path
        if not path.parent.is_dir():
            raise CannotLand(f"There is no folder {path.parent} for {path.name}; make it first.")
        if path.is_dir():
            raise CannotLand(f"{path} is a folder; name a file in it.")
        if path.exists() and not path.is_file():
            raise CannotLand(f"{path} is no ordinary file; write to - and send that there.")
        if path.exists() and not self._over:
            raise self._taken()

    def _taken(self) -> CannotLand:
        return CannotLand(f"{self.path} is there already; name another file, or replace it with --force.")

    def _rename(self, beside: Path) -> None:
        """A link fails where somebody else has taken the name meanwhile; not every file system has links."""
        if not self._over:
            try:
                os.link(beside, self.path)
            except FileExistsError:
                raise self._taken() from None
            except OSError:
                self._is_free()
            else:
                beside.unlink()
                return
        beside.replace(self.path)


class Landings:
    """Files that belong together. Those that have not appeared by the end of the block are gone."""

    def __init__(self, paths: Sequence[Path], *, over: bool = False) -> None:
        self.files: list[Landing] = []
        try:
            for path in paths:
                self.files.append(Landing(path, over=over))
        except CannotLand:
            self._drop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()

    def land(self) -> list[Landed]:
        """All of them on the disk, and then under their names, the first of them last. Raises: CannotLand, OSError."""
        for file in self.files:
            file.finish()
        return [file.appear() for file in reversed(self.files)][::-1]

    def _drop(self) -> None:
        for file in self.files:
            file.drop()


def _settle(folder: Path) -> None:
    """Brings a new name to the disk, where folders can be."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
