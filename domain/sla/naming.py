"""Whether an expression names events that there are, fields that they have, and values that those can take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

from domain.event import Event
from domain.sla.expression import AllOf, Condition, Expression, Happens, plain, read
from domain.sla.policy import SubjectKind
from domain.sla.shape import Path, Problem, near, one_of
from domain.stream import Category

OF_SUBJECT: Mapping[SubjectKind, Category] = MappingProxyType({
    SubjectKind.CASE: Category.CASE,
    SubjectKind.PART: Category.CASE,
    SubjectKind.OBLIGATION: Category.OBLIGATION,
})  # fmt: skip
"""In which streams the events lie that a clock of a subject can see."""


@cache
def events_of(category: Category) -> Mapping[str, type[Event]]:
    """The events of a kind of stream, by the name in their topic."""
    # Policies are events themselves, so the list of all events cannot be known while this module is first read.
    from domain.deciders import DECIDERS

    return {event.TOPIC.rpartition(".")[0]: event for event in DECIDERS[category].events}


@cache
def category_of_event(name: str) -> Category | None:
    """The kind of stream that events of a name lie in; None when there are none."""
    return next((category for category in Category if name in events_of(category)), None)


def naming_problems(text: str, path: Path, subject: SubjectKind) -> Iterator[Problem]:
    """What is wrong with the names in an expression, of a clock of such a subject."""
    yield from _within(read(text), path, OF_SUBJECT[subject], ())


def _within(expression: Expression, path: Path, category: Category, beside: tuple[str, ...]) -> Iterator[Problem]:
    if isinstance(expression, Happens):
        yield from _of_event(expression, path, category, beside)
        return
    if isinstance(expression, AllOf):
        beside = tuple(part.name for part in expression.of if isinstance(part, Happens))
    else:
        beside = ()
    for part in expression.of:
        yield from _within(part, path, category, beside)


def _of_event(happens: Happens, path: Path, category: Category, beside: tuple[str, ...]) -> Iterator[Problem]:
    event = events_of(category).get(happens.name)
    if event is None:
        elsewhere = category_of_event(happens.name)
        if elsewhere is None:
            why = f"There is no event {happens.name!r}{near(happens.name, events_of(category))}"
        else:
            why = f"{happens.name!r} happens to {_one(elsewhere)}; the clock of {_one(category)} cannot see it."
        yield Problem(path, why)
        return
    fields = [condition.field for condition in happens.conditions]
    for name in dict.fromkeys(fields):
        if fields.count(name) > 1:
            yield Problem(path, f"{happens.name} has {name} {fields.count(name)} times; write its values once, with |.")
    for condition in happens.conditions:
        yield from _of_field(event, happens, condition, path, beside)


def _of_field(
    event: type[Event], happens: Happens, condition: Condition, path: Path, beside: tuple[str, ...]
) -> Iterator[Problem]:
    field = event.model_fields.get(condition.field)
    if field is None:
        usable = [name for name, each in event.model_fields.items() if _comparable(each.annotation)]
        there = f"it has {one_of(usable)}" if usable else "it has none that could be compared"
        said = f"{happens.name} has no field {condition.field!r}; {there}"
        yield Problem(path, said + near(condition.field, usable))
        return
    if not _comparable(field.annotation):
        yield Problem(path, f"{condition.field} of {happens.name} cannot be compared: it is not one plain word.")
        return
    kinds = tuple(_kinds(field.annotation))
    if condition.values[0].startswith("@"):
        yield from _of_reference(happens, condition, kinds, path, beside)
        return
    for value in condition.values:
        allowed = _allowed(kinds)
        if allowed is not None and value not in allowed:
            said = f"{condition.field} of {happens.name} is never {value!r}; it is {' or '.join(allowed)}"
            yield Problem(path, said + near(value, allowed))
        elif int in kinds and not value.isdecimal():
            yield Problem(path, f"{condition.field} of {happens.name} is a number, and never {value!r}.")


def _of_reference(
    happens: Happens, condition: Condition, kinds: tuple[Any, ...], path: Path, beside: tuple[str, ...]
) -> Iterator[Problem]:
    name = condition.values[0][1:]
    if int not in kinds:
        yield Problem(path, f"{condition.field} of {happens.name} is no version, so it names no other event.")
    elif name == happens.name:
        yield Problem(path, f"{happens.name} refers to itself by @{name}.")
    elif name not in beside:
        hint = f"all({name}, {happens.name}(...))"
        yield Problem(path, f"@{name} refers to an event that does not stand beside it; write {hint}.")


def _kinds(annotation: Any) -> Iterator[Any]:
    """The types that a field may have, without None and what they are annotated with."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for inner in get_args(annotation):
            yield from _kinds(inner)
    elif annotation is not NoneType:
        yield annotation


def _comparable(annotation: Any) -> bool:
    """Whether a field has one value that an expression can write: no personal value, list, table or instant."""
    return all(isinstance(kind, type) and issubclass(kind, str | int | UUID) for kind in _kinds(annotation))


def _allowed(kinds: tuple[Any, ...]) -> tuple[str, ...] | None:
    """The values that a field can take, where they are few."""
    if kinds == (bool,):
        return ("true", "false")
    (kind,) = kinds if len(kinds) == 1 else (None,)
    return tuple(plain(member) or "" for member in kind) if kind and hasattr(kind, "__members__") else None


def _one(category: Category) -> str:
    return f"an {category}" if category[0] in "aeiou" else f"a {category}"
