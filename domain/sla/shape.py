"""Mistakes in the shape of a document, in the words of whoever writes one, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

Path: TypeAlias = tuple[str | int, ...]
"""Where in a document something stands: names of fields, and places in lists from 0."""


class Severity(StrEnum):
    """Whether a document can be used as it is."""

    MISTAKE = "mistake"
    WARNING = "warning"
    """It means something, but perhaps not what was meant."""


class Problem(NamedTuple):
    """Something in a document that is wrong, or looks so."""

    path: Path
    message: str
    severity: Severity = Severity.MISTAKE

    @property
    def place(self) -> str:
        """Its place as text, such as `targets[2].stop`."""
        return place_of(self.path)


def place_of(path: Path) -> str:
    """A path as text, such as `targets[2].stop`; of a key that is no word, `when.attributes["a b"]`."""
    told = ""
    for part in path:
        if isinstance(part, int):
            told += f"[{part}]"
        elif part.isidentifier():
            told += f".{part}" if told else part
        else:
            told += f'["{part}"]'
    return told


def near(word: str, known: Iterable[str]) -> str:
    """A hint at what was probably meant, ready to end a sentence with; empty when nothing is near."""
    found = get_close_matches(word, list(known), n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(found)}?" if found else "."


def one_of(words: Sequence[str], most: int = 12) -> str:
    """A list for a sentence, cut where it would be longer than anybody reads."""
    return ", ".join(words[:most]) + (", ..." if len(words) > most else "")


def shape_problems(model: type[BaseModel], raw: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Where a raw document does not have the shape that its model asks for; empty when it has."""
    try:
        model.model_validate(raw)
    except ValidationError as error:
        found: dict[Path, str] = {}
        for fault in error.errors(include_url=False):
            if fault["type"] == "too_short" and len(fault["input"]) >= fault["ctx"]["min_length"]:
                continue  # it has enough, but none that is right
            path, annotation, beside = _located(model, raw, fault["loc"])
            message = _told(dict(fault), path, annotation, beside)
            # Of a field that may be one of several things, each says what it misses: they are told as one.
            found[path] = found[path] if found.get(path) == message else _together(found.get(path), message)
        return tuple(Problem(path, message) for path, message in found.items())
    return ()


def _together(before: str | None, message: str) -> str:
    return message if before is None else f"{before.rstrip('.')}, or: {message}"


def _located(model: type[BaseModel], raw: Any, loc: Sequence[str | int]) -> tuple[Path, Any, Sequence[str]]:
    """The path of an error, without the names of the union's members that pydantic puts into it; what belongs there;
    and the fields that may stand beside it."""
    path: list[str | int] = []
    annotation: Any = model
    fields: dict[str, Any] = {}
    for part in loc:
        fields = _fields(annotation, raw) or fields
        if isinstance(part, str) and part in fields:
            annotation, raw = fields[part], raw.get(part) if isinstance(raw, Mapping) else None
        elif isinstance(part, int) and isinstance(raw, list | tuple):
            annotation = _item(annotation)
            raw = raw[part] if part < len(raw) else None
        elif isinstance(raw, Mapping) and part in raw:
            annotation, raw = _item(annotation), raw[part]
        else:
            continue
        path.append(part)
    return tuple(path), annotation, tuple(fields)


def _fields(annotation: Any, raw: Any) -> dict[str, Any]:
    """The fields that may stand at a place, by name; of a union with types those of the type that is named."""
    models = list(_models(annotation))
    told = raw.get("type") if isinstance(raw, Mapping) else None
    chosen = [each for each in models if told in _tags(each)] or models
    return {name: field.rebuild_annotation() for each in chosen for name, field in each.model_fields.items()}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    if get_origin(annotation) in (Annotated, Union, UnionType):
        for inner in get_args(annotation):
            yield from _models(inner)


def _tags(model: type[BaseModel]) -> tuple[str, ...]:
    field = model.model_fields.get("type")
    return () if field is None else get_args(field.annotation)


def _item(annotation: Any) -> Any:
    """What a list holds, or what stands under a key."""
    for each in _plain(annotation):
        if get_origin(each) in (tuple, list):
            return get_args(each)[0]
        if get_origin(each) is dict:
            return get_args(each)[1]
    return Any


def _plain(annotation: Any) -> Iterator[Any]:
    """The types that a place may have, without what they are annotated with."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _plain(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for inner in get_args(annotation):
            yield from _plain(inner)
    else:
        yield annotation


def _words(annotation: Any) -> list[str]:
    """The words that may stand at a place, where there are only some."""
    found: list[str] = []
    for each in _plain(annotation):
        if isinstance(each, type) and issubclass(each, StrEnum):
            found += [str(member) for member in each]
        elif get_origin(each) is Literal:
            found += map(str, get_args(each))
    return found


SAID = {
    "missing": "is missing",
    "int_type": "has to be a whole number",
    "int_parsing": "has to be a whole number",
    "int_from_float": "has to be a whole number",
    "string_type": "has to be text, in quotation marks",
    "bool_type": "has to be true or false",
    "bool_parsing": "has to be true or false",
    "tuple_type": "has to be a list, in square brackets",
    "dict_type": "has to be a table",
    "model_type": "has to be a table",
    "model_attributes_type": "has to be a table",
    "time_delta_type": "has to be a duration such as PT4H (four hours) or P1D (a day of 24 hours)",
    "time_delta_parsing": "has to be a duration such as PT4H (four hours) or P1D (a day of 24 hours)",
    "time_type": "has to be a time of day such as 17:30:00",
    "time_parsing": "has to be a time of day such as 17:30:00",
}
"""How pydantic's errors read in users' words, by their type."""
BOUNDS = {
    "greater_than": "more than",
    "greater_than_equal": "at least",
    "less_than": "less than",
    "less_than_equal": "at most",
}


def _told(fault: dict[str, Any], path: Path, annotation: Any, beside: Sequence[str]) -> str:
    """One error as a sentence about its place; `beside` are the fields that there are."""
    kind, given, context = fault["type"], fault.get("input"), fault.get("ctx", {})
    name = str(path[-1]) if path else "the document"
    if kind in SAID:
        return f"{name} {SAID[kind]}."
    match kind:
        case "extra_forbidden":
            return f"There is no field {name!r} here{near(name, beside)}"
        case "enum" | "literal_error":
            words = _words(annotation)
            return f"{given!r} is none of {one_of(words, 20)}{near(str(given), words)}"
        case "union_tag_invalid":
            words = [word.strip("' ") for word in str(context.get("expected_tags", "")).split(",")]
            tag = str(context.get("tag"))
            return f"There is no type {tag!r}; there are {one_of(words)}{near(tag, words)}"
        case "union_tag_not_found":
            return "It does not say of which type it is: type is missing."
        case "string_pattern_mismatch":
            return _no_name(name, given, str(context.get("pattern")))
        case "too_short":
            return f"{name} has too few entries; at least {context.get('min_length')} are needed."
        case "too_long":
            return f"{name} has too many entries; at most {context.get('max_length')} are taken."
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            (limit,) = context.values()
            shown = given if isinstance(given, int) else repr(str(given))
            return f"{name} is {shown}; it has to be {BOUNDS[kind]} {limit}."
        case _:
            message = str(fault["msg"]).removeprefix("Value error, ")
            return f"{name}: {message[:1].lower()}{message[1:]}."


def _no_name(name: str, given: Any, pattern: str) -> str:
    if name == "zone":
        return f"{given!r} is no IANA zone; write one such as Asia/Shanghai."
    example = "product_group" if "_" in pattern else "first-reply"
    marks = "underscores" if "_" in pattern else "dashes"
    return f"{given!r} is no name; write small ASCII letters, digits and {marks}, such as {example}."
