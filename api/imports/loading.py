"""Finding a mapping: by the name under which it ships, or in a file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Table
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from api.imports.errors import BadMapping
from api.imports.mapping import Mapping
from api.imports.ruled_mapping import EventMapping, RequestMapping
from api.imports.snapshot_mapping import SnapshotMapping

SHIPPED = files("api.imports") / "mappings"
SHAPES: Table[str, type[Mapping]] = {"snapshot": SnapshotMapping, "request": RequestMapping, "event": EventMapping}


def load_mapping(name_or_path: str | Path) -> Mapping:
    """The mapping that ships under a name, or the one in a file. Raises: BadMapping, with file and key."""
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.exists():
        try:
            return parsed(path.read_text("utf-8"), str(path))
        except OSError as error:
            raise BadMapping(f"The mapping {path} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise BadMapping(f"The mapping {path} is not UTF-8, as TOML is.") from error
    if str(name_or_path) not in shipped_mappings():
        known = ", ".join(shipped_mappings())
        raise BadMapping(f"There is no mapping {str(name_or_path)!r}. Name a TOML file, or one that ships: {known}.")
    file = SHIPPED / f"{name_or_path}.toml"
    return parsed(file.read_text("utf-8"), f"{name_or_path}.toml")


def shipped_mappings() -> list[str]:
    """The names of the mappings that come with Daybook."""
    return sorted(file.name.removesuffix(".toml") for file in SHIPPED.iterdir() if file.name.endswith(".toml"))


def parsed(text: str, file: str) -> Mapping:
    """The mapping in a text; `file` is told in errors. Raises: BadMapping."""
    try:
        said = tomllib.loads(text)
        shape = said.get("shape", "snapshot")
        if not isinstance(shape, str) or shape not in SHAPES:
            raise BadMapping(
                f"The mapping {file} is not right: shape: there is no shape {shape!r}; there are {', '.join(SHAPES)}."
            )
        return SHAPES[shape].model_validate(said)
    except tomllib.TOMLDecodeError as error:
        raise BadMapping(f"The mapping {file} is not TOML: {error}.") from error
    except ValidationError as error:
        faults = "; ".join(_fault(fault) for fault in error.errors())
        raise BadMapping(f"The mapping {file} is not right: {faults}.") from error


def _fault(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    said = str(fault["msg"]).removeprefix("Value error, ")
    return f"{place}: {said[:1].lower()}{said[1:]}" if place else said
