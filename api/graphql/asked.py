"""What an input says, as the fields of the command that it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from strawberry.utils.str_converters import to_camel_case

from api.graphql.carrying_out import Making
from domain.event import Command
from domain.personal import Personal
from domain.stream import Category

ENVELOPE = {"command_id", "expected_version", "occurred_at", "occurred_zone", "occurred_precision"}


def content_of(asked: Any) -> dict[str, Any]:
    """What an input says, beside its envelope."""
    return {each.name: getattr(asked, each.name) for each in fields(asked) if each.name not in ENVELOPE}


def personal_of(subject: UUID, value: str | None) -> Personal[str] | None:
    """A personal value about a subject, when something was said."""
    return None if value is None else Personal.open(subject, value)


class OneCommand:
    """How an input becomes one command whose fields have the same names; `ids` says which of them are global ids."""

    def __init__(self, kind: type[Command], ids: Mapping[str, Category]) -> None:
        self.kind = kind
        self.ids = ids

    def __call__(self, asked: Any, making: Making) -> Sequence[Command]:
        """The command."""
        return [making.command(self.kind, **self.content(asked, making))]

    def content(self, asked: Any, making: Making) -> dict[str, Any]:
        """What the input says, with the ids inside its global ids."""
        content = content_of(asked)
        for name, category in self.ids.items():
            if content[name] is not None:
                content[name] = making.id_of(content[name], category, to_camel_case(name))
        return content
