"""Why a file, or a row of it, is not imported."""

from __future__ import annotations


class CannotImport(Exception):
    """The import did not begin; nothing was written."""


class BadMapping(CannotImport):
    """A mapping is not there, cannot be read, contradicts itself, or does not fit the file."""


class BadFile(CannotImport):
    """The file is not there, is not whole, or is not written as the mapping says."""


class CannotGoOn(Exception):
    """The import was cut off by what lies beside the ledger; what was written stays, and the next run goes on."""

    def __init__(self, found: str) -> None:
        super().__init__(f"{found} What is written stays; run the same command again to go on from there.")


class BadRow(Exception):
    """A row that cannot be understood; `code` is the reason's name."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
