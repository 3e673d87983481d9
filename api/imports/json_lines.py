"""NDJSON: one JSON object a line, its columns named by dotted paths into it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from api.imports.errors import BadRow
from api.imports.mapping import Column, FileForm
from api.imports.reading import Inspected, Lines, Row

MOST_LEVELS = 64
HALF_A_PAIR = re.compile("[\ud800-\udfff]")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


class JsonLines:
    """A file of objects, open for one reading. Its columns are the paths that the mapping names."""

    def __init__(self, file: Inspected, form: FileForm, columns: Sequence[Column]) -> None:
        self.path = file.path
        self.header = list(columns)
        self._paths = [(name, name.split(".")) for name in columns]
        self._lines = Lines(file, form.encoding)

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
        """One row an object; blank lines are none. What cannot be read has its whole line as its only value."""
        lines = self._lines
        while True:
            lines.of_record.clear()
            try:
                text = next(lines).strip()
                if not text:
                    continue
                if fault := lines.fault():
                    raise BadRow(*fault)
                yield Row(lines.number, self._values(text), None)
            except StopIteration:
                return
            except BadRow as error:
                yield Row(lines.number, ["".join(lines.of_record).rstrip()], (error.code, str(error)))

    def _values(self, text: str) -> list[str]:
        """The value under each path; nothing where there is none."""
        if text.count("{") + text.count("[") > MOST_LEVELS and _levels(text) > MOST_LEVELS:
            raise BadRow("nested-too-deep", f"it is nested more than {MOST_LEVELS} levels deep")
        try:
            found = json.loads(
                text, parse_int=str, parse_float=str, parse_constant=_no_number, object_pairs_hook=_each_key_once
            )
        except ValueError as error:
            raise BadRow("not-json", f"this is not JSON: {error}") from error
        if not isinstance(found, dict):
            raise BadRow("not-an-object", "its line is JSON, but no object")
        return [_text(name, _under(found, name, path)) for name, path in self._paths]


def _under(found: dict[str, Any], name: str, path: Sequence[str]) -> Any:
    """What a path leads to; a key that holds the dots itself comes first."""
    if name in found:
        return found[name]
    within: Any = found
    for key in path:
        if not isinstance(within, dict):
            return None
        within = within.get(key)
    return within


def _text(name: str, value: Any) -> str:
    match value:
        case str():
            if "\0" in value:
                raise BadRow("nul-character", f"{name} holds a NUL character, which is no text")
            if not value.isascii() and HALF_A_PAIR.search(value):
                raise BadRow("wrong-encoding", f"{name} holds half of a surrogate pair, which is no text")
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            raise BadRow("not-a-value", f"{name} is a list or an object; name a path to one value in it")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadRow("duplicate-key", f"it has the key {twice[:50]!r} twice, so that nobody can say which one counts")
    return made


def _no_number(word: str) -> str:
    raise ValueError(f"{word} is no number of JSON (RFC 8259, 6)")


def _levels(text: str) -> int:
    """How deep brackets stand inside each other."""
    deepest = level = 0
    for bracket in re.findall(r"[\[\]{}]", STRING.sub("", text)):
        level += 1 if bracket in "[{" else -1
        deepest = max(deepest, level)
    return deepest
