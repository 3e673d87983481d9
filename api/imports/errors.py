"""Why a file is not imported at all, told before anything of it is written."""

from __future__ import annotations


class CannotImport(Exception):
    """The import did not begin; nothing was written."""


class BadMapping(CannotImport):
    """A mapping is not there, cannot be read, contradicts itself, or does not fit the file."""


class BadFile(CannotImport):
    """The file is not there, is not whole, or is not written as the mapping says."""
