"""The settings in words: each with its variable, what it is, its value and where that came from.

Run as a module it prints docs/settings.md: `python -m api.setting_page`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from api.settings import Settings
from ledger.connection import place_of

DEFAULTS = {"data": "`.data` in the current folder", "master_key": "embedded: `master.key` beside the data"}
"""Defaults that depend on where the program is started."""
HEAD = """# Settings

All of them are variables of the environment; one that is set to nothing counts as not set. `daybook settings` shows
what they are here and where each came from. A switch is `on` or `off`, and a list is separated by commas.

| variable | what it is | by default |
| --- | --- | --- |
"""


class Shown(NamedTuple):
    """A setting as it may be shown to anybody."""

    variable: str
    value: str
    source: str
    about: str


def shown(settings: Settings, environment: Mapping[str, str] = os.environ) -> Iterator[Shown]:
    """All settings, those that are secret without their value."""
    for name, field in Settings.model_fields.items():
        variable = str(field.alias)
        source = "environment" if environment.get(variable, "").strip() else "default"
        yield Shown(variable, _open(name, getattr(settings, name)), source, _about(name))


def page() -> str:
    """The page on settings."""
    rows = (
        f"| `{field.alias}` | {_about(name)} | {DEFAULTS.get(name) or _default(field.default)} |\n"
        for name, field in Settings.model_fields.items()
    )
    return HEAD + "".join(rows)


def _about(name: str) -> str:
    text = " ".join((Settings.model_fields[name].description or "").split())
    return text.removesuffix(".")


def _default(value: Any) -> str:
    text = "" if value is PydanticUndefined else plain(value)
    return f"`{text}`" if text else ""


def _open(name: str, value: Any) -> str:
    if isinstance(value, SecretStr):
        return "(hidden)"
    if value is not None and name.endswith("_url"):
        try:
            return place_of(value)
        except psycopg.ProgrammingError:
            return "(hidden, since it cannot be read)"
    return plain(value)


def plain(value: Any) -> str:
    """A value as it would be written into the environment."""
    match value:
        case None:
            return ""
        case bool():
            return "on" if value else "off"
        case float():
            return f"{value:g}"
        case tuple():
            return ",".join(value)
        case Path():
            return str(value)
        case _:
            return str(value)


if __name__ == "__main__":
    sys.stdout.write(page())
