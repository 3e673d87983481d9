"""In which lines of a TOML file things stand, which the parser does not tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]

HEADER = re.compile(r"^\s*(?P<many>\[)?\[(?P<name>[^\[\]]+)\]\]?\s*(?:#.*)?$")
KEY = re.compile(r"""^\s*(?P<name>(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
INLINE_KEY = re.compile(r"""(?:[{,]\s*)(?P<name>[\w-]+)\s*=""")
QUOTES = ('"""', "'''")


def lines_of(text: str) -> Mapping[Path, int]:
    """The line, from 1, in which each table and key of a file begins, by its path as the parsed file has it."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    quoted: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if quoted is not None:  # within a text of several lines, nothing is a key
            quoted = None if quoted in line else quoted
            continue
        if header := HEADER.match(line):
            table = _table(_parts(header["name"]), counts, many=header["many"] is not None)
            found.setdefault(table, number)
        elif key := KEY.match(line):
            path = (*table, *_parts(key["name"]))
            found.setdefault(path, number)
            for inline in INLINE_KEY.finditer(line[key.end() :]):
                found.setdefault((*path, inline["name"]), number)
            quoted = next((mark for mark in QUOTES if line.count(mark) == 1), None)
    return found


def line_at(lines: Mapping[Path, int], path: Path) -> int | None:
    """The line in which something stands, or the nearest thing around it that has one; None for the whole file."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def _parts(name: str) -> Path:
    return tuple(part.strip("\"'") for part in PART.findall(name))


def _table(name: Path, counts: dict[Path, int], *, many: bool) -> Path:
    """The path of a table: each list of tables that it lies in stands at its last entry so far."""
    path: Path = ()
    for place, part in enumerate(name):
        path = (*path, part)
        if many and place == len(name) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
