"""The arguments that many queries take."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, TypeVar

import strawberry

from api.graphql.connection import AFTER, BEFORE, FIRST, LAST
from api.graphql.problem import Code, Problem
from api.graphql.scalars import ConsistencyToken
from api.graphql.sorting import Sorting
from domain.envelope import RegisterNumber

T = TypeVar("T")
NUMBER = re.compile(r"([A-Za-z]+\d{4})-(\d{1,9})")

Token = Annotated[
    ConsistencyToken | None,
    strawberry.argument(
        description="A token out of an earlier answer: this one then shows at least what that one did, or fails as "
        "NOT_CAUGHT_UP. The header Daybook-Consistency-Token does the same for a whole request."
    ),
]
First = Annotated[int | None, FIRST]
After = Annotated[str | None, AFTER]
Last = Annotated[int | None, LAST]
Before = Annotated[str | None, BEFORE]
Direction = Annotated[Sorting, strawberry.argument(description="Which way the order runs.")]
OccurredFrom = Annotated[datetime | None, strawberry.argument(description="Counts what happened then or later.")]
OccurredBefore = Annotated[datetime | None, strawberry.argument(description="Counts what happened earlier than then.")]


def number_in(text: str) -> RegisterNumber:
    """A register number as people write it: C2026-000123, c2026-123. Raises: Problem."""
    found = NUMBER.fullmatch(text.strip())
    if found is None:
        raise Problem(Code.BAD_ARGUMENTS, f"{text!r} is no register number; write one such as C2026-000123.")
    return RegisterNumber(found[1].upper(), int(found[2]))


def the_one(found: list[T], what: str, key: str) -> T | None:
    """The only one with a key; None when there is none. Raises: Problem when there are more."""
    if len(found) > 1:
        raise Problem(Code.AMBIGUOUS, f"{len(found)} {what} have the key {key!r}; ask by id.")
    return found[0] if found else None


def one_argument(**given: str | None) -> tuple[str, str]:
    """The one that is given, with its name. Raises: Problem."""
    said = [(name, value) for name, value in given.items() if value is not None]
    if len(said) != 1:
        raise Problem(Code.BAD_ARGUMENTS, f"Ask by exactly one of {', '.join(given)}.")
    return said[0]
