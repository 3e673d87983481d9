"""A value about a person: stored sealed beside its event, shown only while its key exists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar, cast, get_args
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


class Opening(Protocol):
    """What knows the values of an event by their commitments; a mapping will do."""

    def get(self, commitment: str, default: Any, /) -> Any:
        """The value as plain JSON types, ERASED, or the default for a value that stays closed."""


class Personal(Generic[T]):
    """A value of type T, which is plain JSON, about `subject`, in one of three states.

    Open: `value` can be read. Closed: the event was read without opening it. Erased: the key is gone for good.
    An open value equals another by subject and value; a closed or erased one by subject and commitment.

    A stored value that was read to be opened is unsealed when it is first looked at: most decisions look at none.
    """

    __slots__ = ("_state", "_value", "commitment", "subject")

    _state: PersonalState | None
    _value: Any
    """The value; or, while the state is None, where to find it."""
    subject: UUID
    commitment: str | None
    """The commitment in the event's bytes (hex of HMAC-SHA256); None before the value is first stored."""

    def __init__(self, subject: UUID, state: PersonalState | None, value: Any, commitment: str | None) -> None:
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
        if self._state is None:
            found = self._value.get(self.commitment, _NO_VALUE)
            state = PersonalState.OPEN
            if found is _NO_VALUE or found is ERASED:
                state = PersonalState.CLOSED if found is _NO_VALUE else PersonalState.ERASED
                found = None
            object.__setattr__(self, "_value", found)
            object.__setattr__(self, "_state", state)
            return state
        return self._state

    @property
    def value(self) -> T:
        """The value itself. Raises: NotOpen when it is closed or erased."""
        if self.state is not PersonalState.OPEN:
            raise NotOpen(f"This personal value is {self.state}; ask the ledger to open it, with a purpose.")
        return cast(T, self._value)

    @override
    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Personal values are immutable")

    @override
    def __repr__(self) -> str:
        return f"<personal {self._state or 'not looked at'}>"

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Personal) or self.subject != other.subject or self.state is not other.state:
            return False
        if self.state is PersonalState.OPEN:
            return bool(self._value == other._value)
        return self.commitment == other.commitment

    @override
    def __hash__(self) -> int:
        return hash(self.subject)

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
    """What stands in stored bytes: subject and commitment; the context, if any, knows values by commitment."""
    if info.context is None:
        return Personal(pair["subject"], PersonalState.CLOSED, None, pair["commitment"])
    return Personal(pair["subject"], None, info.context, pair["commitment"])


def _stored(personal: Personal[Any], info: SerializationInfo) -> Any:
    """The pair that stands in the event's bytes: who it is about, and a commitment to what was said.

    What stands for a value that is not yet stored comes from the ledger, in the context, by identity.
    """
    given: Mapping[int, Any] = info.context or {}
    if id(personal) in given:
        return given[id(personal)]
    if personal.commitment is None:
        raise ValueError("a personal value is serialised by the ledger's codec only")
    return pair_of(personal.subject, personal.commitment)


def pair_of(subject: UUID, commitment: str) -> dict[str, str]:
    """How a personal value stands in the bytes of its event."""
    return {"commitment": commitment, "subject": str(subject)}


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
