"""The types of items: for each the command that it becomes, and the form of its data, made of the command's fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Self, get_args, get_type_hints
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from api.imports.rules import bare_type, name_of
from domain.case.attaching import AttachToCase
from domain.case.commands import CaseCommand, ReceiveCase
from domain.case.deadline import DeadlineCommand
from domain.case.extension import ExtensionCommand
from domain.case.pausing import PausingCommand
from domain.case.statutory import DecideReview, MakeDecision
from domain.case.terms import TermsCommand
from domain.customer import (
    AssignTier,
    ChangeLanguage,
    RecordContact,
    RegisterCustomer,
    RenameCustomer,
    WithdrawContact,
)
from domain.event import Command, SourceKey
from domain.personal import Personal
from domain.stream import Category
from domain.touchpoint import RecordTouchpoint

OF_CUSTOMERS = (RegisterCustomer, RenameCustomer, RecordContact, WithdrawContact, ChangeLanguage, AssignTier)
BY_OTHERS: frozenset[type[Command]] = frozenset(
    (
        *(
            one
            for union in (ExtensionCommand, TermsCommand, PausingCommand, DeadlineCommand)
            for one in get_args(union)
        ),
        MakeDecision,
        DecideReview,
        AttachToCase,
    )
)
"""What people ask of each other and decide in their own names, what a clock notes, and files, whose bytes come by
another door: no source tells of it."""
BEGINS = frozenset({RegisterCustomer, RecordTouchpoint, ReceiveCase})
OF_THE_ITEM = ("at", "zone", "precision", "source_key")
"""What an item says beside its data."""
REFERENCES: Mapping[str, Category] = MappingProxyType({
    "customer_id": Category.CUSTOMER,
    "case_id": Category.CASE,
    "touchpoint_id": Category.TOUCHPOINT,
    "other_id": Category.CASE,
    "into": Category.CASE,
})  # fmt: skip
"""The fields of commands that stand for something else than what the command is about."""


class Elsewhere(BaseModel):
    """Something that came in by another door: by its id, or a case by its register number."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, title="Elsewhere")

    id: str | None = Field(None, description="Its id, as GraphQL and the answers here give it.")
    number: str | None = Field(None, description="The register number of a case, such as C2026-000123.")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.id is None) == (self.number is None):
            raise ValueError("give either its id or its number")
        return self


Reference = SourceKey | Elsewhere
"""A thing by the source's own key for it, or one that came in by another door."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of item."""

    name: str
    command: type[Command]
    category: Category
    """Of what it is about."""
    data: type[BaseModel]
    references: Mapping[str, str]
    """The fields of the data that name other things, each with the command's field."""
    personal: frozenset[str]
    """Those that are about a person."""

    @property
    def subject(self) -> str:
        """The command's field for what it is about."""
        return f"{self.category}_id"

    @property
    def begins(self) -> bool:
        """Whether what it is about begins with it."""
        return self.command in BEGINS

    @property
    def keyed(self) -> bool:
        """Whether the source's key is kept with it."""
        return "source_key" in self.command.model_fields


@cache
def kinds() -> Mapping[str, Kind]:
    """All types of items, by name."""
    of_cases = [command for command in get_args(CaseCommand) if command not in BY_OTHERS]
    made = [
        *(_kind(command, Category.CUSTOMER) for command in OF_CUSTOMERS),
        _kind(RecordTouchpoint, Category.TOUCHPOINT),
        *(_kind(command, Category.CASE) for command in of_cases),
    ]
    return MappingProxyType({kind.name: kind for kind in made})


def _kind(command: type[Command], category: Category) -> Kind:
    subject = f"{category}_id"
    hints = get_type_hints(command, include_extras=True)
    fields: dict[str, Any] = {}
    references: dict[str, str] = {}
    personal: set[str] = set()
    for name, field in command.model_fields.items():
        if name == subject or name in OF_THE_ITEM:
            continue
        told, hint = name, hints[name]
        bared = bare_type(hint)
        if bared is UUID:
            told, hint = name.removesuffix("_id"), Reference
            references[told] = name
        elif getattr(bared, "__origin__", None) is Personal:
            (hint,) = get_args(bared)
            personal.add(name)
        fields[told] = (
            (hint, ...) if field.is_required() else (hint if hint is hints[name] else hint | None, field.default)
        )
    if command not in BEGINS:
        about = Field(
            None, description=f"The {category}, when it came in by another door; it takes the subject's place."
        )
        fields[str(category)] = (Elsewhere | None, about)
    name = name_of(command)
    data = create_model(
        name,
        __config__=ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True),
        __doc__=command.__doc__,
        **fields,
    )
    return Kind(name, command, category, data, MappingProxyType(references), frozenset(personal))
