"""The types of one mutation's answer, made out of what can come of it: its codes, its user error, its payload."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from types import new_class
from typing import Any, NamedTuple

import strawberry
from strawberry.scalars import JSON

from api.graphql.carrying_out import Objection
from api.graphql.codes import code_type
from api.graphql.scalars import ConsistencyToken


@strawberry.interface(description="Why something was not done, in words for the asker and in terms for the front end.")
class UserError:
    field: list[str] | None = strawberry.field(description="The path to the field at fault inside `input`.")
    params: JSON = strawberry.field(description="What a translation of the message needs, by name; empty for nothing.")
    message: str = strawberry.field(description="What was found and what can be done, in English.")


AS_SHOWN = {
    "customer": "The customer as they are now",
    "staff": "The member of staff as they are now",
    "policies": "The book's policies as they are now",
    "calendars": "The book's calendars as they are now",
    "revealed": "The values that were asked for, open",
    "comparison": "The result",
    "upload": "Where to send the file",
    "download": "Where to fetch the file",
}
"""What a payload shows that is not one thing as it is now."""


WHEN_NOT_SHOWN = "Null when there is none, or when it cannot be shown yet."
TO_WAIT_BY = (
    "Stands for what this answer shows: a query that carries it shows at least that. Null when there is nothing to "
    "wait for."
)


class Answer(NamedTuple):
    """The types of a mutation's answer."""

    codes: type[StrEnum]
    error: Any
    payload: Any

    def errors(self, objections: Iterable[Objection]) -> list[Any]:
        """Objections as user errors. Raises: ValueError for a code that the mutation does not declare."""
        return [
            self.error(
                code=self.codes(objection.code),
                field=list(objection.field) if objection.field else None,
                params=dict(objection.params or {}),
                message=objection.message,
            )
            for objection in objections
        ]


def answer_of(name: str, subject: str, shown: Any, codes: Iterable[str]) -> Answer:
    """The types of the mutation called `name` (in Pascal case), whose payload shows `shown` under `subject`."""
    code = code_type(f"{name}ErrorCode", codes)
    error = _declared(
        f"{name}UserError",
        "Why it was not done, or cannot be shown.",
        {"code": (code, "What is wrong, stable for translation.")},
        bases=(UserError,),
    )
    payload = _declared(
        f"{name}Payload",
        "What came of it.",
        {
            subject: (
                shown | None,
                f"{AS_SHOWN.get(subject, f'The {subject} as it is now')}. {WHEN_NOT_SHOWN}",
            ),
            "user_errors": (list[error], "Why it was not done; empty when it was."),  # type: ignore[valid-type]
            "consistency_token": (ConsistencyToken | None, TO_WAIT_BY),
        },
    )
    return Answer(code, error, payload)


def _declared(name: str, description: str, parts: dict[str, tuple[Any, str]], bases: tuple[type, ...] = ()) -> Any:
    """A type of the schema, made of its fields' types and descriptions."""
    namespace: dict[str, Any] = {field: strawberry.field(description=about) for field, (_, about) in parts.items()}
    namespace["__annotations__"] = {field: kind for field, (kind, _) in parts.items()}
    namespace["__module__"] = __name__
    return strawberry.type(new_class(name, bases, {}, lambda body: body.update(namespace)), description=description)
