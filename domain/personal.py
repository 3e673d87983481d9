"""A value about a person: stored sealed beside its event, shown only while its key exists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast, get_args
from uuid import UUID

from pydantic import BaseModel, GetCoreSchemaHandler, SerializationInfo, TypeAdapter, ValidationInfo
from pydantic_core import CoreSchema, core_schema
from typing_extensions import override

T = TypeVar("T")


class PersonalState(StrEnum):
    """Whether a personal value can be read here and now."""

    OPEN = "open"
    CLOSED = "closed"
    ERASED = "erased"


class NotOpen(Exception):
    """A personal value was read while it was closed or erased."""


class _Erased:
    """The mark under which the ledger hands over a value whose key is gone."""


ERASED = _Erased()
_NO_VALUE = object()


class Personal(Generic[T]):
    """A value of type T about `subject`, in one of three states.

    Open: `value` can be read. Closed: the event was read without opening it. Erased: the key is gone for good.
    An open value equals another by subject and value; a closed or erased one by subject and commitment.
    """

    __slots__ = ("_state", "_value", "commitment", "subject")

    _state: PersonalState
    _value: Any
    subject: UUID
    commitment: str | None
    """The commitment in the event's bytes (hex of HMAC-SHA256); None before the value is first stored."""

    def __init__(self, subject: UUID, state: PersonalState, value: Any, commitment: str | None) -> None:
        object.__setattr__(self, "subject", subject)
        object.__setattr__(self, "commitment", commitment)
        object.__setattr__(self, "_state", state)
        object.__setattr__(self, "_value", value)

    @classmethod
    def open(cls, subject: UUID, value: T) -> Personal[T]:
        """An open value about `subject`, not yet stored."""
        return cls(subject, PersonalState.OPEN, value, None)

    @property
    def state(self) -> PersonalState:
        """Open, closed or erased."""
        return self._state

    @property
    def value(self) -> T:
        """The value itself. Raises: NotOpen when it is closed or erased."""
        if self._state is not PersonalState.OPEN:
            raise NotOpen(f"This personal value is {self._state}; ask the ledger to open it, with a purpose.")
        return cast(T, self._value)

    @override
    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Personal values are immutable")

    @override
    def __repr__(self) -> str:
        return f"<personal {self._state}>"

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Personal) and self._identity() == other._identity()

    @override
    def __hash__(self) -> int:
        return hash((self.subject, self._state))

    def _identity(self) -> tuple[object, ...]:
        shown = self._value if self._state is PersonalState.OPEN else self.commitment
        return self.subject, self._state, shown

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        (inner,) = get_args(source) or (Any,)
        value = handler.generate_schema(inner)
        pair = core_schema.typed_dict_schema(
            {
                "subject": core_schema.typed_dict_field(core_schema.uuid_schema()),
                "commitment": core_schema.typed_dict_field(core_schema.str_schema()),
            },
            extra_behavior="forbid",
        )
        return core_schema.json_or_python_schema(
            json_schema=core_schema.with_info_after_validator_function(_read, pair),
            python_schema=core_schema.no_info_wrap_validator_function(_given, value),
            serialization=core_schema.plain_serializer_function_ser_schema(_stored, info_arg=True),
        )


def _given(personal: Any, check: core_schema.ValidatorFunctionWrapHandler) -> Personal[Any]:
    """What a program hands in: a Personal, its value checked when it is open."""
    if not isinstance(personal, Personal):
        raise ValueError("a personal value is given as Personal.open(subject, value)")
    if personal.state is not PersonalState.OPEN:
        return personal
    return Personal(personal.subject, PersonalState.OPEN, check(personal.value), personal.commitment)


def _read(pair: dict[str, Any], info: ValidationInfo) -> Personal[Any]:
    """What stands in stored bytes: subject and commitment; the context maps commitments to values or ERASED."""
    subject, commitment = pair["subject"], pair["commitment"]
    if info.context is None:
        return Personal(subject, PersonalState.CLOSED, None, commitment)
    found = info.context.get(commitment, _NO_VALUE)
    if found is _NO_VALUE:
        return Personal(subject, PersonalState.CLOSED, None, commitment)
    if found is ERASED:
        return Personal(subject, PersonalState.ERASED, None, commitment)
    return Personal(subject, PersonalState.OPEN, found, commitment)


def _stored(personal: Personal[Any], info: SerializationInfo) -> dict[str, str]:
    """The pair that stands in the event's bytes: who it is about, and a commitment to what was said.

    The commitments of values not yet stored come from the codec, in the context, by identity.
    """
    given: Mapping[int, str] = info.context or {}
    commitment = given.get(id(personal), personal.commitment)
    if commitment is None:
        raise ValueError("a personal value is serialised by the ledger's codec only")
    return {"commitment": commitment, "subject": str(personal.subject)}


def personal_values(model: BaseModel, path: str = "") -> Iterator[tuple[str, Personal[Any]]]:
    """Every personal value in an event, with its JSON pointer (RFC 6901), in field order."""
    for name in type(model).model_fields:
        yield from _within(getattr(model, name), f"{path}/{name}")


def _within(value: object, path: str) -> Iterator[tuple[str, Personal[Any]]]:
    if isinstance(value, Personal):
        yield path, value
    elif isinstance(value, BaseModel):
        yield from personal_values(value, path)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _within(item, f"{path}/{index}")


_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


def plain(personal: Personal[Any]) -> Any:
    """An open value as plain JSON types, for sealing. Raises: NotOpen when it is closed or erased."""
    return _ANYTHING.dump_python(personal.value, mode="json")
