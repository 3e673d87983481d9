"""Global ids: opaque to the reader, and inside them what a thing is, in which book, and its own id."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from typing import NamedTuple
from uuid import UUID

import orjson

from api.graphql.problem import Code, Problem
from domain.stream import Category, stream_of

KINDS = (
    Category.CASE, Category.CUSTOMER, Category.TOUCHPOINT, Category.UNIT, Category.STAFF, Category.OBLIGATION
)  # fmt: skip


class Identity(NamedTuple):
    """What a global id stands for."""

    kind: Category
    book: str
    subject: UUID

    @property
    def stream(self) -> str:
        """The stream that holds its events."""
        return stream_of(self.kind, self.subject)


def opaque(*parts: str) -> str:
    """The parts as one opaque text, safe in a URL."""
    return urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def parts_of(text: str) -> list[str]:
    """The parts of an opaque text. Raises: ValueError."""
    sealed = text.encode("ascii") + b"=" * (-len(text) % 4)
    parts = orjson.loads(b64decode(sealed, b"-_", validate=True))
    if not isinstance(parts, list):
        raise ValueError("no parts")
    return [str(part) for part in parts]


def global_id(kind: Category, book: str, subject: UUID) -> str:
    """The global id of a thing."""
    return opaque(kind, book, str(subject))


def identity_of(text: str, book: str, *kinds: Category) -> Identity:
    """What a global id of this book stands for. Raises: Problem when it is none, or none of these kinds."""
    try:
        kind, of_book, subject = parts_of(text)
        found = Identity(Category(kind), of_book, UUID(subject))
    except ValueError:
        raise Problem(Code.BAD_ID, f"{text!r} is no id of this ledger; use one as an answer gave it.") from None
    wanted = kinds or KINDS
    if found.kind not in wanted:
        raise Problem(
            Code.BAD_ID, f"{text!r} is the id of {_one(found.kind)}, not of {' or '.join(map(_one, wanted))}."
        )
    if found.book != book:
        raise Problem(Code.BAD_ID, f"{text!r} lies in book {found.book!r}; this door opens book {book!r}.")
    return found


def _one(kind: Category) -> str:
    """A thing of a kind, in a sentence."""
    return {Category.OBLIGATION: "an obligation", Category.STAFF: "a member of staff"}.get(kind, f"a {kind}")
