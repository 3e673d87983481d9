"""The names of streams: a category, a dash, and the id of the one subject whose events they hold."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID


class Category(StrEnum):
    """The kinds of streams a book holds."""

    ACCESS = "access"
    BOOK = "book"
    CALENDAR = "calendar"
    CASE = "case"
    CUSTOMER = "customer"
    IMPORT = "import"
    OBLIGATION = "obligation"
    POLICY = "policy"
    STAFF = "staff"
    TOUCHPOINT = "touchpoint"
    UNIT = "unit"


def stream_of(category: Category, subject: UUID) -> str:
    """The stream of a subject, such as `case-7c1e…`."""
    return f"{category}-{subject}"


def subject_of(stream: str) -> UUID:
    """The id in a stream's name. Raises: ValueError when the name holds none."""
    return UUID(stream.partition("-")[2])


def category_of(stream: str) -> str:
    """The category in a stream's name."""
    return stream.partition("-")[0]
