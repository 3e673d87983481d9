"""From an item to the command that it becomes, and what that command leans on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from pydantic import ValidationError

from api.graphql.identity import identity_of
from api.graphql.problem import Problem
from api.ingest.outcome import BadItem, Fault, Path
from api.ingest.reading import Item, bad_field
from api.ingest.vocabulary import REFERENCES, Elsewhere
from api.source_keys import id_in
from domain.case.commands import ChangeCaseCustomer, ReceiveCase
from domain.envelope import RegisterNumber
from domain.event import Command
from domain.personal import Personal
from domain.stream import Category, category_of, stream_of, subject_of
from ledger.ledger import Ledger

NUMBER = re.compile(r"([A-Za-z]+\d{4})-(\d{1,9})")
ENVELOPE: Mapping[str, Path] = {"at": ("time",), "zone": ("zone",), "precision": ("precision",)}


class Ready(NamedTuple):
    """An item as a command."""

    item: Item
    command: Command
    leans_on: Mapping[str, Path]
    """The streams of other things that it names, each with the field that does."""

    @property
    def stream(self) -> str:
        """Of what it is about."""
        return self.command.stream

    @property
    def said_in_case(self) -> bool:
        """Whether its words fall with whoever the case is about by then."""
        return (
            self.item.kind.category is Category.CASE
            and not self.item.kind.begins
            and any(getattr(self.command, name) is not None for name in self.item.kind.personal)
        )

    @property
    def customer_of_case(self) -> UUID | None:
        """Whom it says its case is about."""
        return self.command.customer_id if isinstance(self.command, ReceiveCase | ChangeCaseCustomer) else None

    def about(self, subject: UUID) -> Command:
        """The command, with its words about somebody."""
        said = {name: getattr(self.command, name) for name in self.item.kind.personal}
        told = {name: Personal.open(subject, value.value) for name, value in said.items() if value is not None}
        return self.command.model_copy(update=told)


class Maker:
    """Makes commands of the items of one request."""

    def __init__(self, ledger: Ledger, now: datetime) -> None:
        self._ledger = ledger
        self._now = now
        self._numbers: dict[RegisterNumber, str | None] = {}

    def ready(self, item: Item) -> Ready:
        """The item as a command. Raises: BadItem, LedgerAway."""
        kind, envelope = item.kind, item.envelope
        leans_on: dict[str, Path] = {}
        content = {
            name: value for name in item.data.model_fields_set if (value := getattr(item.data, name)) is not None
        }
        elsewhere = None if kind.begins else content.pop(str(kind.category), None)
        subject = self._subject(item, elsewhere)
        for told, name in kind.references.items():
            if told in content:
                category = REFERENCES[name]
                content[name] = self._named(item, content.pop(told), category, ("data", told))
                leans_on[stream_of(category, content[name])] = ("data", told)
        if kind.keyed and envelope.subject is not None:
            content["source_key"] = envelope.subject
        about = content.get("customer_id") or content.get("case_id") or subject
        content |= {name: Personal.open(about, content[name]) for name in kind.personal if name in content}
        when: dict[str, Any] = {
            "at": envelope.time or self._now,
            "zone": envelope.zone or self._ledger.zone,
            "precision": envelope.precision,
        }
        try:
            command = kind.command.model_validate({**when, **content, kind.subject: subject})
        except ValidationError as error:
            raise _not_fitting(error) from error
        return Ready(item, command, leans_on)

    def _subject(self, item: Item, elsewhere: Elsewhere | None) -> UUID:
        """What the item is about. Raises: BadItem."""
        category, key = item.kind.category, item.envelope.subject
        field = ("data", str(category))
        if elsewhere is not None:
            if key is not None:
                message = f"It names its {category} twice; give the subject or data.{category}."
                raise BadItem(Fault.BAD_FIELD, message, field)
            return self._named(item, elsewhere, category, field)
        if key is not None:
            return id_in(item.namespace, category, key)
        if category is Category.TOUCHPOINT:
            return uuid5(item.command_id, category)
        raise BadItem(Fault.BAD_FIELD, f"It does not say which {category} it is about.", ("subject",))

    def _named(self, item: Item, told: str | Elsewhere, category: Category, field: Path) -> UUID:
        """The id of a thing that an item names. Raises: BadItem."""
        if isinstance(told, str):
            return id_in(item.namespace, category, told)
        if told.id is not None:
            try:
                return identity_of(told.id, self._ledger.book, category).subject
            except Problem as problem:
                raise BadItem(Fault.BAD_FIELD, problem.message, (*field, "id")) from problem
        found = NUMBER.fullmatch((told.number or "").strip())
        if found is None or category is not Category.CASE:
            message = f"{told.number!r} is no register number of a {category}; cases have some, such as C2026-000123."
            raise BadItem(Fault.BAD_FIELD, message, (*field, "number"))
        number = RegisterNumber(found[1].upper(), int(found[2]))
        if number not in self._numbers:
            self._numbers[number] = self._ledger.stream_of_number(number)
        stream = self._numbers[number]
        if stream is None or category_of(stream) != category:
            raise BadItem(Fault.BAD_FIELD, f"No case has the number {number}.", (*field, "number"))
        return subject_of(stream)


def field_of(item: Item, name: str | None) -> Path | None:
    """The field of an item for a command's."""
    if name is None:
        return None
    if name == item.kind.subject:
        return ("subject",)
    return ENVELOPE.get(name) or ("data", name.removesuffix("_id") if name in REFERENCES else name)


def _not_fitting(error: ValidationError) -> BadItem:
    """What does not fit although its form was right: an instant that is none, or a date out of reach."""
    bad = bad_field(error, ())
    name, *inner = bad.field or ("",)
    return BadItem(bad.code, bad.message, (*ENVELOPE.get(name, ("data", name)), *inner))
