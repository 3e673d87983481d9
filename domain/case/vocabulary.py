"""The words in which a case is described: its kind, priority, grounds of waiting, outcome, and facts of its source."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from domain.event import Label

AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""The name of a fact at its source, in ASCII snake_case: 1 to 64 characters."""


class CaseKind(StrEnum):
    """What kind of matter it is; a complaint is a case of kind complaint."""

    COMPLAINT = "complaint"
    REQUEST = "request"
    INQUIRY = "inquiry"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    INTERNAL = "internal"
    """Between units of the company (内部客户)."""


class Priority(StrEnum):
    """How soon the case is to be dealt with, most pressing first (the four codes of ITIL 4)."""

    CRITICAL = "critical"
    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"


class Level(StrEnum):
    """How much, of impact or urgency."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class PauseGround(StrEnum):
    """What a paused case waits for; whether a clock stops for it is for its policy to say."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    PROBLEM = "problem"
    """The cause that several cases share."""
    EVIDENCE = "evidence"
    THIRD_PARTY = "third-party"
    OTHER = "other"


class ResponseKind(StrEnum):
    """What a response is for (初步回复, 持续跟进)."""

    FIRST = "first"
    UPDATE = "update"
    INTERIM = "interim"
    HOLDING = "holding"
    DELAY_LETTER = "delay-letter"
    FINAL = "final"


class Outcome(StrEnum):
    """How a case ended for the customer."""

    UPHELD = "upheld"
    PARTLY_UPHELD = "partly-upheld"
    REJECTED = "rejected"
    SOLVED = "solved"
    NOT_SOLVED = "not-solved"
    UNSTATED = "unstated"
    """An imported history does not say; a live resolution must."""


class Attribute(BaseModel):
    """A fact that a case's source keeps, and to which Daybook gives no meaning of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: AttributeName
    value: Label | None
    """None says that the source keeps it and has nothing there."""
