"""Policies in TOML files: read, checked line by line, and those of the regulatory library that ships."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path as File
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from api.toml_lines import Path, line_at, lines_of
from domain.event import Label
from domain.sla.calendar import Day
from domain.sla.check import Problem, Severity, document_of, problems
from domain.sla.document import Slug
from domain.sla.policy import PolicyDocument, Text, Title

SHIPPED = files("api") / "library"
COUNTING = "counting"
"""The file of the library that holds rules of counting, and no policy."""

PLURAL: Mapping[str, str] = MappingProxyType({
    "rule": "rules",
    "target": "targets",
    "extension": "extensions",
    "warning": "warnings",
    "escalation": "escalations",
})  # fmt: skip
"""How a list of tables is called in a file, `[[rule]]`, and in the document."""
LISTS: Mapping[Path, tuple[str, ...]] = MappingProxyType({
    (): ("rule", "target"),
    ("targets",): ("extension", "warning", "escalation"),
})  # fmt: skip
EXAMPLE = "example"
MOST_BYTES = 1 << 20


class UnreadableFile(Exception):
    """A file that cannot be read at all, or is no TOML."""


class Example(BaseModel):
    """A worked example of a target: what starts it on a day is due on another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: Slug
    start: Day
    due: Day
    rolled: Day | None = None
    """The due where a last day on which nobody works moves to the next working day."""
    note: Text | None = None


class Counting(BaseModel):
    """A rule of how time is counted, which is no clock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Slug
    title: Title
    jurisdiction: Label
    clause: Text
    source: Text
    fields: dict[str, str]
    """By which fields of a target's clock it is declared."""
    note: Text


class Found(NamedTuple):
    """A problem of a file, and the line in which it can be found."""

    problem: Problem
    line: int | None


class PolicyFile(NamedTuple):
    """A file as it was read, before anybody looked whether it is a policy."""

    name: str
    """Where it was read, for messages."""
    raw: Mapping[str, Any]
    """The document as the domain takes it."""
    examples: tuple[Any, ...]
    lines: Mapping[Path, int]

    def problems(self) -> tuple[Found, ...]:
        """Every mistake and warning, in the order of the document, those of the examples last."""
        found = [*problems(self.raw), *self._of_examples()]
        return tuple(Found(each, line_at(self.lines, each.path)) for each in found)

    def mistakes(self) -> tuple[Found, ...]:
        """Those problems with which it cannot be used."""
        return tuple(found for found in self.problems() if found.problem.severity is Severity.MISTAKE)

    def document(self) -> PolicyDocument:
        """The policy. Raises: BadPolicy with every mistake."""
        return document_of(self.raw)

    def worked(self) -> tuple[Example, ...]:
        """The worked examples. Raises: ValidationError."""
        return tuple(map(Example.model_validate, self.examples))

    def _of_examples(self) -> list[Problem]:
        targets = self.raw.get("targets", ())
        told = targets if isinstance(targets, list) else ()
        named = [target.get("id") for target in told if isinstance(target, dict)]
        found = []
        for place, raw in enumerate(self.examples):
            try:
                example = Example.model_validate(raw)
            except ValidationError as error:
                (fault, *_) = error.errors(include_url=False)
                said = f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}."
                found.append(Problem((EXAMPLE, place, *fault["loc"]), said))
                continue
            if example.target not in named:
                found.append(Problem((EXAMPLE, place, "target"), f"There is no target {example.target!r}."))
        return found


def read_policy(path: File) -> PolicyFile:
    """A policy file. Raises: UnreadableFile."""
    try:
        with path.open("rb") as file:
            said = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UnreadableFile(f"The policy {path} cannot be read: {error.strerror}.") from error
    if len(said) > MOST_BYTES:
        raise UnreadableFile(f"The policy {path} has more than {MOST_BYTES} bytes; an event keeps far less.")
    try:
        return policy_in(said.decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"The policy {path} is not UTF-8, as TOML is.") from error


def _too_deep(name: str) -> UnreadableFile:
    return UnreadableFile(f"The values of the policy {name} are nested too deep for one.")


def policy_in(text: str, name: str) -> PolicyFile:
    """The policy in a text; `name` is told in messages. Raises: UnreadableFile."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UnreadableFile(f"The policy {name} is not TOML: {error}.") from error
    except ValueError as error:
        raise UnreadableFile(f"The policy {name} holds a number of more digits than anybody counts.") from error
    except RecursionError as error:
        raise _too_deep(name) from error
    examples = said.pop(EXAMPLE, [])
    try:
        raw = _plural(said, ())
    except RecursionError as error:
        raise _too_deep(name) from error
    lines = {_plural_path(path): line for path, line in lines_of(text).items()}
    return PolicyFile(name, raw, tuple(examples) if isinstance(examples, list) else (examples,), lines)


def _plural(said: Any, place: Path) -> Any:
    """A file's tables as the document names them; where both names stand, the file's own is left to be a mistake."""
    if isinstance(said, list):
        return [_plural(each, place) for each in said]
    if not isinstance(said, dict):
        return said
    singular = [name for name in LISTS.get(place, ()) if PLURAL[name] not in said]
    told = {}
    for key, value in said.items():
        name = PLURAL[key] if key in singular else str(key)
        told[name] = _plural(value, (*place, name))
    return told


def _plural_path(path: Path) -> Path:
    """A place in a file as one in the document."""
    told: list[str | int] = []
    names: Path = ()
    for part in path:
        one: str | int = PLURAL[str(part)] if part in LISTS.get(names, ()) else part
        told.append(one)
        names = (*names, one) if isinstance(one, str) else names
    return tuple(told)


# The library ----------------------------------------------------------------------------------------------------------


def library() -> Sequence[str]:
    """The names of the policies that ship."""
    names = (file.name.removesuffix(".toml") for file in SHIPPED.iterdir() if file.name.endswith(".toml"))
    return sorted(name for name in names if name != COUNTING)


def library_text(name: str) -> str:
    """A policy of the library as its file has it. Raises: UnreadableFile."""
    if name not in library():
        raise UnreadableFile(f"There is no policy {name!r} in the library; there are {', '.join(library())}.")
    return (SHIPPED / f"{name}.toml").read_text("utf-8")


def library_policy(name: str) -> PolicyFile:
    """A policy of the library. Raises: UnreadableFile."""
    return policy_in(library_text(name), f"{name}.toml")


def rules_of_counting() -> Sequence[Counting]:
    """What the library says of counting: no clocks, but what fields of clocks declare."""
    said = tomllib.loads((SHIPPED / f"{COUNTING}.toml").read_text("utf-8"))
    return TypeAdapter(tuple[Counting, ...]).validate_python(said["counting"])


def as_day(text: str) -> date:
    """A day as people type it. Raises: ValueError."""
    return TypeAdapter(Day).validate_python(text.strip())
