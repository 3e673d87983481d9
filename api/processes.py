"""Declared processes in TOML files: read, and checked line by line; and the one that ships."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path as File
from types import MappingProxyType
from typing import Any

from api.toml_lines import Path, line_at, lines_of
from domain.sla.shape import Problem
from replay.process import Process, process_of, process_problems

SHIPPED = files("replay") / "processes" / "case.toml"
PLURAL: Mapping[str, str] = MappingProxyType({"step": "steps", "rule": "rules"})
"""How the lists of tables are called in a file, `[[rule]]`, and in the document."""
MOST_BYTES = 1 << 20


class BadProcessFile(Exception):
    """A file that cannot be read, or holds no process; says every mistake with its line."""


def read_process(path: File) -> Process:
    """The process in a file. Raises: BadProcessFile."""
    try:
        with path.open("rb") as file:
            said = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadProcessFile(f"The process {path} cannot be read: {error.strerror}.") from error
    if len(said) > MOST_BYTES:
        raise BadProcessFile(f"The process {path} has more than {MOST_BYTES} bytes; name a file that holds one.")
    try:
        return process_in(said.decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise BadProcessFile(f"The process {path} is not UTF-8, as TOML is.") from error


def process_in(text: str, name: str) -> Process:
    """The process in a text; `name` is told in messages. Raises: BadProcessFile."""
    try:
        said = tomllib.loads(text)
        raw = {PLURAL.get(key, key): value for key, value in said.items()}
        found = process_problems(raw)
    except tomllib.TOMLDecodeError as error:
        raise BadProcessFile(f"The process {name} is not TOML: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise BadProcessFile(f"The process {name} holds a value that no process has: {error}.") from error
    if found:
        lines = {_plural(path): line for path, line in lines_of(text).items()}
        mistakes = "; ".join(_told(each, lines) for each in found)
        raise BadProcessFile(f"The process {name} is not right: {mistakes}")
    return process_of(raw)


@cache
def shipped_process() -> Process:
    """The process of a case that ships."""
    return process_in(shipped_text(), "case.toml")


def shipped_text() -> str:
    """Its file, to be copied and changed."""
    return SHIPPED.read_text("utf-8")


def _plural(path: Path) -> Path:
    return tuple(PLURAL.get(str(part), part) if place == 0 else part for place, part in enumerate(path))


def _told(problem: Problem, lines: Mapping[Path, int]) -> str:
    """A mistake in one line: where, and what."""
    line: Any = line_at(lines, problem.path)
    return f"{'' if line is None else f'line {line}, '}{problem.place or 'the whole'}: {problem.message}"
