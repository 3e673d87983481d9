"""Rules: the commands that a row leads to, their fields constants or columns, checked when the mapping is loaded."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, NamedTuple, TypeAlias, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError, model_validator

from api.imports.errors import BadRow
from api.imports.mapping import Column, Place, Rule, Use
from api.imports.record import Record
from domain.case.about import AboutCase
from domain.case.commands import CaseCommand
from domain.personal import Personal

OF_THE_ROW = ("case_id", "at", "zone", "precision", "source_key", "touchpoint_id")
"""What a row says by itself, so that no rule gives it."""


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


COMMANDS: Mapping[str, type[AboutCase]] = {_kebab(command.__name__): command for command in get_args(CaseCommand)}
"""Every command about a case, by the name that mappings have for it."""


def name_of(command: type[BaseModel]) -> str:
    """The name that mappings have for a command."""
    return _kebab(command.__name__)


class _Missing:
    """A column that has nothing."""


MISSING = _Missing()
Build: TypeAlias = Callable[[Record], Any]
"""Makes a field's value out of a row; MISSING when the row has none. Raises: BadRow."""


def _pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from error
    if groups != 1:
        raise ValueError(f"{text!r} has {groups} groups; the one that it should have is the value")
    return text


class FromColumn(Rule):
    """A field that a column fills."""

    column: Column
    values: dict[str, Any] | None = None
    """What each code means; another code is no value of this column."""
    missing: tuple[str, ...] = ()
    when_missing: Any = None
    """The value when the column has nothing."""
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None
    """A regular expression whose group is the value; a text without it counts as nothing."""
    places: Annotated[int, Field(ge=0, le=6)] | None = None
    """Of a decimal number, how many places its whole number takes in: with 2, 12.5 is 1250."""
    personal: bool = False
    """Says that the column is about a person; its value is kept under a key that can be destroyed."""


class CommandRule(Rule):
    """One command that rows lead to."""

    do: str
    when: dict[Column, bool | tuple[str, ...]] = Field(default_factory=dict)
    """Only rows in which each of these columns has something (true), has nothing (false), or has one of the words."""
    fields: dict[str, Any]
    """The command's own, by name."""

    @model_validator(mode="before")
    @classmethod
    def _with_fields(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "fields" in given:
            return given
        own = {name: value for name, value in given.items() if name in ("do", "when")}
        return {**own, "fields": {name: value for name, value in given.items() if name not in own}}


class Compiled(NamedTuple):
    """A rule, ready for rows."""

    command: type[AboutCase]
    when: Mapping[Column, bool | tuple[str, ...]]
    fields: Mapping[str, Build]
    columns: tuple[tuple[str, Column, Use], ...]
    """The columns that it reads, each with the field that does."""

    def applies(self, record: Record) -> bool:
        """Whether the rule is about such a row."""
        for column, wanted in self.when.items():
            text = record.text(column)
            if (text is not None) != wanted if isinstance(wanted, bool) else text not in wanted:
                return False
        return True

    def given(self, record: Record) -> dict[str, Any]:
        """The fields that the rule gives for a row. Raises: BadRow when the command cannot be without one."""
        found: dict[str, Any] = {}
        for name, build in self.fields.items():
            value = build(record)
            if value is not MISSING:
                found[name] = value
            elif self.command.model_fields[name].is_required():
                column = next(column for field, column, _ in self.columns if field == name)
                raise BadRow("no-value", f"{column} has nothing, and {name_of(self.command)} needs it as its {name}")
        return found


def compiled(rule: CommandRule, own: Sequence[str] = ()) -> Compiled:
    """The rule, checked against the command's own fields; `own` are those that the row gives besides.

    Raises: ValueError, naming the key.
    """
    command = COMMANDS.get(rule.do)
    if command is None:
        raise ValueError(f"do: there is no command {rule.do!r}; there are {', '.join(COMMANDS)}")
    by_row = {*OF_THE_ROW, *own}
    return _of_model(command, rule.fields, by_row, rule.when)


def places_of(rules: Sequence[tuple[str, Compiled]]) -> Iterator[Place]:
    """The places in which rules name columns."""
    for name, rule in rules:
        yield from (Place(f"{name}.{field}", column, use) for field, column, use in rule.columns)
        yield from (Place(f"{name}.when", column, Use.OPEN) for column in rule.when)


def _of_model(
    command: type[AboutCase], given: Mapping[str, Any], by_row: set[str], when: Mapping[Column, bool | tuple[str, ...]]
) -> Compiled:
    builds, columns = _fields(command, given, by_row, name_of(command))
    return Compiled(command, when, builds, tuple(columns))


def _fields(
    model: type[BaseModel], given: Mapping[str, Any], by_row: set[str], called: str
) -> tuple[dict[str, Build], list[tuple[str, Column, Use]]]:
    hints = get_type_hints(model, include_extras=True)
    open_to_rules = [name for name in model.model_fields if name not in by_row]
    builds: dict[str, Build] = {}
    columns: list[tuple[str, Column, Use]] = []
    for name, value in given.items():
        if name in by_row and name in model.model_fields:
            raise ValueError(f"{name}: the row gives it; leave it out")
        if name not in open_to_rules:
            has = f"it has {', '.join(open_to_rules)}" if open_to_rules else "it has none to be given"
            raise ValueError(f"{name}: {called} has no such field; {has}")
        builds[name] = _build(hints[name], value, name, columns)
        follows = name.removesuffix("_at") + "_precision"
        if name.endswith("_at") and follows in model.model_fields and follows not in given and _is_column(value):
            builds[follows] = _precision(FromColumn.model_validate(value))
    lacking = [name for name in open_to_rules if model.model_fields[name].is_required() and name not in given]
    if lacking:
        raise ValueError(f"{lacking[0]}: {called} needs it; give a constant or a column")
    return builds, columns


def _is_column(value: Any) -> bool:
    return isinstance(value, dict) and "column" in value


def _build(hint: Any, value: Any, name: str, columns: list[tuple[str, Column, Use]]) -> Build:
    """How a field gets its value. Raises: ValueError, naming the key."""
    if _is_column(value):
        return _from_column(hint, value, name, columns)
    bare = bare_type(hint)
    if get_origin(bare) is tuple and isinstance(value, list):
        items = [_build(get_args(bare)[0], item, f"{name}.{nth}", columns) for nth, item in enumerate(value)]
        return lambda record: tuple(made for item in items if (made := item(record)) is not MISSING) or MISSING
    if isinstance(bare, type) and issubclass(bare, BaseModel) and isinstance(value, dict):
        return _nested(bare, value, name, columns)
    if get_origin(bare) is Personal:
        raise ValueError(f"{name}: it is personal; take it from a column, with personal = true")
    constant = _checked(hint, value, name)
    return lambda _: constant


def _nested(model: type[BaseModel], value: Mapping[str, Any], name: str, columns: list[Any]) -> Build:
    try:
        builds, inner = _fields(model, value, set(), name_of(model))
    except ValueError as error:
        raise ValueError(f"{name}.{error}") from error
    columns += [(f"{name}.{field}", column, use) for field, column, use in inner]
    required = {field for field in builds if model.model_fields[field].is_required()}
    # A fact whose name is constant and whose column has nothing is no fact.
    required |= {field for field, _, _ in inner}

    def build(record: Record) -> Any:
        made = {field: part(record) for field, part in builds.items()}
        if any(made[field] is MISSING for field in required if field in made):
            return MISSING
        return {field: part for field, part in made.items() if part is not MISSING}

    return build


def _from_column(hint: Any, value: Any, name: str, columns: list[tuple[str, Column, Use]]) -> Build:
    try:
        rule = FromColumn.model_validate(value)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in (name, *fault["loc"]))
        raise ValueError(f"{place}: {str(fault['msg']).removeprefix('Value error, ')}") from error
    bare = bare_type(hint)
    personal = get_origin(bare) is Personal
    if personal and not rule.personal:
        raise ValueError(f"{name}: it is personal; say so with personal = true")
    if rule.personal and not personal:
        raise ValueError(f"{name}: {rule.column!r} is personal, and this field is kept in the open; leave it out")
    codes = None
    if bare is UUID and (rule.values is not None or rule.pattern is not None):
        raise ValueError(f"{name}: an id follows from the whole of the source's key; leave out values and pattern")
    if rule.values is not None:
        codes = {word: _checked(hint, meant, f"{name}.values.{word}") for word, meant in rule.values.items()}
    otherwise: Any = MISSING
    if rule.when_missing is not None and not personal:
        otherwise = _checked(hint, rule.when_missing, f"{name}.when_missing")
    columns.append((name, rule.column, Use.PERSONAL if rule.personal else Use.OPEN))
    convert = _conversion(bare, name, rule)

    def build(record: Record) -> Any:
        text = _text(record, rule)
        if text is None:
            return otherwise
        if codes is None:
            return convert(record, text)
        if text not in codes:
            raise BadRow("unknown-value", f"{rule.column} is {text!r}, which the mapping does not know")
        return codes[text]

    return build


def _text(record: Record, rule: FromColumn) -> str | None:
    """What the column has for the field, if anything."""
    text = record.text(rule.column)
    if text is None or text in rule.missing:
        return None
    if rule.pattern is not None:
        found = re.search(rule.pattern, text)
        return found.group(1) if found else None
    return text


def _precision(rule: FromColumn) -> Build:
    def build(record: Record) -> Any:
        text = _text(record, rule)
        return MISSING if text is None else record.moment(text, rule.column).precision

    return build


def _conversion(bare: Any, name: str, rule: FromColumn) -> Callable[[Record, str], Any]:
    """From a column's text to what the field holds."""
    if get_origin(bare) is Personal:
        return lambda record, text: Personal.open(record.subject, text)
    if isinstance(bare, type) and issubclass(bare, datetime | AwareDatetime):
        return lambda record, text: record.moment(text, rule.column).at
    if bare is UUID:
        kind = name.removesuffix("_id")
        return lambda record, text: record.id_of(kind, text)
    if rule.places is not None:
        return lambda _, text: _whole(text, rule)
    return lambda _, text: text


def _whole(text: str, rule: FromColumn) -> int:
    try:
        number = Decimal(text).scaleb(rule.places or 0)
        if number == number.to_integral_value():
            return int(number)
    except InvalidOperation:
        pass
    raise BadRow("bad-number", f"{rule.column} is {text!r}, which is no decimal number of {rule.places} places")


def _checked(hint: Any, value: Any, name: str) -> Any:
    """A constant as the field holds it. Raises: ValueError, naming the key."""
    try:
        return TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        fault = str(error.errors(include_url=False)[0]["msg"])
        raise ValueError(f"{name}: {fault[:1].lower()}{fault[1:]}") from error


def bare_type(hint: Any) -> Any:
    """The type behind its constraints, and behind "or nothing"."""
    origin = get_origin(hint)
    if origin is Annotated:
        return bare_type(get_args(hint)[0])
    if origin in (Union, types.UnionType):
        (first, *_) = [one for one in get_args(hint) if one is not types.NoneType]
        return bare_type(first)
    return hint
