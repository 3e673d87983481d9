"""What happened, what is asked, and the answer no."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def rfc3339(instant: datetime) -> str:
    """The instant in UTC with six digits, as every stored byte has it: 2026-03-02T09:00:00.000000Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _possible(instant: datetime) -> datetime:
    if not EARLIEST <= instant < LATEST:
        raise ValueError(f"{instant.isoformat()} is not a date of this ledger; give one from 1900 to 2199")
    return instant.astimezone(UTC)


Instant = Annotated[
    AwareDatetime, AfterValidator(_possible), PlainSerializer(rfc3339, return_type=str, when_used="json")
]
"""An aware instant, kept in UTC. A naive one is a ValidationError."""

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL keeps no U+0000 in a text, so one would stop every view that shows it."""

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16_000, pattern=NO_NUL)]
"""What somebody said, in any script: 1 to 16 000 characters."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NO_NUL)]
"""What somebody or something is called, in any script: 1 to 200 characters."""

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NO_NUL)]
"""A term out of a list that the installation keeps (a category, a product); never about a person."""

UnitName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NO_NUL)]
"""A branch, desk or team, by its name."""

StaffName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NO_NUL)]
"""A member of staff, by the name under which they work; a role at work, not a customer's personal data."""

SourceKey = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NO_NUL)]
"""The key of a thing in the system it came from, such as INC0000102."""

ZoneName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*$", max_length=64)]
"""An IANA zone by name, such as Asia/Shanghai. Whether the zone exists is checked where zone data is: at the door."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 digest in lower-case hexadecimal (FIPS 180-4)."""

COUNT_LIMIT = 2**53 - 1
Count = Annotated[int, Field(ge=0, le=COUNT_LIMIT)]
"""A whole number that every JSON reader keeps exactly (RFC 8785, 3.2.2.3)."""

Ordinal = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""Which one of several, from 1."""

Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""A place in a stream, from 1."""


class Precision(StrEnum):
    """How exactly an occurrence is known."""

    INSTANT = "instant"
    DAY = "day"


class Event(BaseModel):
    """Something that happened; immutable, stored under a topic that outlives the class.

    `TOPIC` is `<name>.<schema version>`. `REGISTER` is the series in which the ledger gives the event the next
    gapless number, or None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    TOPIC: ClassVar[str]
    REGISTER: ClassVar[str | None] = None


class Command(BaseModel):
    """Something asked for, about one stream; time and ids arrive with it.

    `at` says when it happened (UTC), `zone` where that was written down, `precision` how exactly it is known.
    `REFUSALS` are the codes with which it may be refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    REFUSALS: ClassVar[tuple[str, ...]] = ()

    at: Instant
    zone: ZoneName = "UTC"
    precision: Precision = Precision.INSTANT

    @property
    def stream(self) -> str:
        """The stream the command is about."""
        raise NotImplementedError

    @property
    def streams(self) -> tuple[str, ...]:
        """Every stream that the command may write, the one it is about first."""
        return (self.stream,)


class Refused(Exception):
    """The answer is no, in the user's words, with a code that front ends translate.

    `code` is stable SCREAMING_SNAKE; `field` is the command's field at fault, or None; `params` fill a translation.
    """

    def __init__(self, code: str, message: str, *, field: str | None = None, params: Mapping[str, Any] | None = None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.params: Mapping[str, Any] = dict(params or {})


def same_day_or_before(instant: datetime, other: datetime, precision: Precision) -> bool:
    """Whether `instant` is not after `other`, as far as its precision tells (a day spans 48 hours of zones)."""
    slack = timedelta(days=1) if precision is Precision.DAY else timedelta()
    return instant <= other + slack
