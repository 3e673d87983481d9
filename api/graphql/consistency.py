"""Consistency tokens: an opaque mark of a position, so that who wrote something can wait until it shows."""

from __future__ import annotations

import re
from typing import NamedTuple

from api.graphql.identity import opaque, parts_of
from api.graphql.problem import Code, Problem
from api.graphql.scalars import ConsistencyToken

POSITION = re.compile(r"[0-9]{1,15}")
"""As long as one that every reader of JSON keeps exactly."""


class Place(NamedTuple):
    """What a token stands for: a position, and for some of what is told of live how much beside it was told."""

    position: int
    beside: str = ""


def token_of(book: str, position: int, beside: str = "") -> ConsistencyToken:
    """The token of a position in a book."""
    return ConsistencyToken(opaque("position", book, str(position), *([beside] if beside else [])))


def position_of(token: str, book: str) -> int:
    """The position that a token of this book stands for. Raises: Problem."""
    return place_of(token, book).position


def place_of(token: str, book: str) -> Place:
    """All that a token of this book stands for. Raises: Problem."""
    try:
        kind, of_book, position, *beside = parts_of(token)
        if kind == "position" and of_book == book and POSITION.fullmatch(position) and len(beside) <= 1:
            return Place(int(position), *beside)
    except ValueError:
        pass
    raise Problem(
        Code.BAD_CONSISTENCY_TOKEN, f"{token!r} is no consistency token of book {book!r}; use one as an answer gave it."
    )
