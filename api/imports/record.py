"""A row by the names of its columns, with the clock and the ids that its values are read by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from api.imports.clock import Clock
from api.imports.errors import BadRow
from api.imports.mapping import Column, Mapping
from api.source_keys import id_in
from domain.case.state import Moment


class Columns:
    """The columns of a file under a mapping: where each stands in a row, and what is nothing in it."""

    def __init__(self, mapping: Mapping, header: Sequence[str]) -> None:
        self.clock = Clock(mapping.clocks)
        self.namespace = mapping.namespace
        self._places: dict[Column, int | None] = {place.column: None for place in mapping.named()}
        self._places |= {name: index for index, name in enumerate(mapping.known_as(header))}
        missing = frozenset(("", *mapping.file.missing))
        self._missing = {
            name: missing.union(mapping.columns[name].missing) if name in mapping.columns else missing
            for name in self._places
        }

    @property
    def names(self) -> Iterable[Column]:
        """The columns that the mapping or the file names."""
        return self._places

    def place(self, column: Column) -> tuple[int | None, frozenset[str]]:
        """Where a column stands in a row, if the file has it, and what is nothing in it."""
        return self._places[column], self._missing[column]

    def text(self, values: Sequence[str], column: Column) -> str | None:
        """What a column has in a row; None when it has nothing, or the file has no such column."""
        index = self._places[column]
        if index is None:
            return None
        text = values[index].strip()
        return None if text in self._missing[column] else text

    def id_of(self, kind: str, *key: str) -> UUID:
        """The id of a thing, from the source's own key for it; the same in every copy of the file."""
        return id_in(self.namespace, kind, *key)


class Record:
    """One row. `subject` is whom its personal values are about."""

    __slots__ = ("_columns", "_values", "subject", "text")

    def __init__(self, columns: Columns, values: Sequence[str]) -> None:
        self._columns = columns
        self._values = values
        self.subject = columns.namespace
        self.text: Callable[[Column], str | None] = lambda column: columns.text(values, column)

    def needed(self, column: Column, code: str) -> str:
        """What a column has. Raises: BadRow under that code when it has nothing."""
        text = self.text(column)
        if text is None:
            raise BadRow(code, f"{column} has nothing")
        return text

    def moment(self, text: str, column: Column) -> Moment:
        """The time in a text that a column has. Raises: BadRow."""
        try:
            return self._columns.clock.moment(text)
        except BadRow as error:
            raise BadRow(error.code, f"{column}: {error}") from error

    def id_of(self, kind: str, *key: str) -> UUID:
        """The id of a thing, from the source's own key for it."""
        return self._columns.id_of(kind, *key)
