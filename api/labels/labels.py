"""The words of the three tables."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple


class Label(NamedTuple):
    """What something is called."""

    en: str
    zh: str


@cache
def of_enumeration(name: str) -> Mapping[str, Label]:
    """What the values of an enumeration of the schema are called, by their names there; empty for one without words."""
    return {value: Label(*words) for value, words in _table("enumerations").get(name, {}).items()}


@cache
def enumerations() -> tuple[str, ...]:
    """The enumerations whose values have words."""
    return tuple(_table("enumerations"))


@cache
def of_topics() -> Mapping[str, Label]:
    """What events are called, by their topics without the version of a schema."""
    return {topic: Label(*words) for topic, words in _table("topics").items()}


@cache
def of_codes() -> Mapping[str, str]:
    """What the codes of user errors say, in Chinese."""
    return _table("codes")


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((files("api.labels") / f"{name}.toml").read_text("utf-8"))
