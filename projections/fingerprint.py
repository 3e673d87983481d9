"""What makes the rows of a view, as one number: programs with the same one make the same rows of the same events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from platform import python_version
from typing import Any

from domain.sla.clock import ENGINE
from domain.sla.zones import ZONE_DATA
from projections.view import View

ROOMS = ("domain", "ledger", "projections")
"""The packages whose code is between an event's bytes and a row."""
LIBRARIES = ("daybook", "pydantic")
PASSED_OVER = ("__pycache__",)


def fingerprint(view: View[Any]) -> str:
    """That of a view, as this program makes it, in hexadecimal."""
    told = (view.name, view.version, view.definition_text, *_program())
    return sha256(repr(told).encode()).hexdigest()


@cache
def _program() -> tuple[str, ...]:
    """What all views share."""
    versions = (f"{library} {version(library)}" for library in LIBRARIES)
    surroundings = (f"python {python_version()}", f"zones {ZONE_DATA}", f"engine {ENGINE}")
    return (*versions, *surroundings, digest_of(files(room) for room in ROOMS))


def digest_of(folders: Iterable[Traversable]) -> str:
    """A digest over all files below some folders, with their names; what Python compiles of them is left out."""
    digest = sha256()
    for folder in folders:
        for path, file in _files(folder, folder.name):
            content = file.read_bytes()
            digest.update(f"{path}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda found: found.name):
        if entry.is_dir() and entry.name not in PASSED_OVER:
            yield from _files(entry, f"{path}/{entry.name}")
        elif entry.is_file():
            yield f"{path}/{entry.name}", entry
