"""Why a file is not imported: told before anything of it is written, or when there is no going on."""

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
