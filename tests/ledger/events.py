"""Arbitrary events of every kind, made from the declarations of their models."""

import types
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, timedelta
from enum import Enum
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from annotated_types import Ge, Le
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from domain.amendment import Replacement
from domain.correctable import CORRECTABLE
from domain.event import EARLIEST, LATEST, NO_NUL, Event
from domain.personal import Personal
from domain.sla.calendar import CalendarDocument
from domain.sla.policy import PolicyDocument
from domain.topics import EVENTS
from tests.domain.sla.documents import POLICY
from tests.domain.sla.every_field import DOCUMENT
from tests.domain.sla.made import calendar

WRITABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
LONGEST = 40
"""Long enough to meet every script; the limits have tests of their own."""


DOCUMENTS: Mapping[type[BaseModel], Sequence[BaseModel]] = {
    CalendarDocument: (calendar(), calendar(("22:00-06:00",), holidays={"2026-10-01": "国庆节"})),
    PolicyDocument: (DOCUMENT, PolicyDocument.model_validate(POLICY)),
}
"""What has to hold together in itself, so that no arbitrary fields make one."""


def any_event() -> st.SearchStrategy[Event]:
    return st.one_of([of_model(event) for event in EVENTS])


@cache
def of_model(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    if model is Replacement:
        return st.one_of([of_model(event) for event in CORRECTABLE]).map(Replacement.of)
    if model in DOCUMENTS:
        return st.sampled_from(DOCUMENTS[model])
    hints = get_type_hints(model, include_extras=True)
    return st.builds(model, **{name: _of_type(hints[name]) for name in model.model_fields})


def _of_type(hint: Any, constraints: Iterable[Any] = ()) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _of_type(arguments[0], arguments[1:])
    if origin in (Union, types.UnionType):
        return st.one_of([_of_type(argument) for argument in arguments])
    if origin is Personal:
        return st.builds(Personal.open, st.uuids(), _of_type(arguments[0]))
    if origin is tuple:
        return st.lists(_of_type(arguments[0]), max_size=4).map(tuple)
    return _of_plain_type(hint, constraints)


def _of_plain_type(hint: type, constraints: Iterable[Any]) -> st.SearchStrategy[Any]:
    if hint is type(None):
        return st.none()
    if hint is AwareDatetime:
        earliest, latest = EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None) - timedelta(microseconds=1)
        return st.datetimes(earliest, latest, timezones=st.just(UTC))
    if hint is date:
        return st.dates(EARLIEST.date(), LATEST.date() - timedelta(days=1))
    if hint is bool:
        return st.booleans()
    if hint is UUID:
        return st.uuids()
    if hint is int:
        return st.integers(_bound(constraints, Ge, "ge"), _bound(constraints, Le, "le"))
    if hint is str:
        return _of_text(next(c for c in constraints if isinstance(c, StringConstraints)))
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    if issubclass(hint, BaseModel):
        return of_model(hint)
    raise AssertionError(f"no strategy for {hint}")


def _of_text(limits: StringConstraints) -> st.SearchStrategy[str]:
    longest = min(limits.max_length or LONGEST, LONGEST if limits.pattern in (None, NO_NUL) else 200)
    if limits.pattern not in (None, NO_NUL):
        pattern = str(limits.pattern)
        return st.from_regex(pattern, fullmatch=True).filter(lambda text: len(text) <= longest)
    return st.text(WRITABLE, min_size=1, max_size=longest).map(str.strip).filter(bool)


def _bound(constraints: Iterable[Any], kind: type, name: str) -> int:
    parts = [part for c in constraints for part in (c.metadata if isinstance(c, FieldInfo) else [c])]
    return int(getattr(next(part for part in parts if isinstance(part, kind)), name))
