"""Rows that a file has twice, wherever they stand in it."""

from __future__ import annotations

from collections.abc import Sequence

from api.imports.errors import BadRow
from api.imports.scratch import Notes, mark_of


class RowKeys:
    """The keys of the rows so far."""

    def __init__(self) -> None:
        self._notes = Notes()
        self._last = b""

    def again(self, key: Sequence[str], values: Sequence[str]) -> bool:
        """Whether the same row was there before. Raises: BadRow when another one has its key."""
        self._last = mark_of(*key)
        content = mark_of(*values)
        before = self._notes.note(self._last, content)
        if before is not None and before != content:
            said = " ".join(key[1:]) or key[0]
            raise BadRow("row-key-twice", f"the case has a row with the key {said} already, and it says otherwise")
        return before is not None

    def take_back(self) -> None:
        """The latest row was not told; another one may have its key."""
        self._notes.forget(self._last)
