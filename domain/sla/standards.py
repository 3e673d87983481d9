"""The standards of a book (分层服务标准): every version of its policies and calendars, and when each became known."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from domain.sla.policy import PolicyDocument


class PolicyVersion(NamedTuple):
    """A policy as it was published."""

    name: str
    version: int
    """From 1, for each name."""
    effective_from: date
    """The first local day of receipt, in the policy's zone, for which it is in force."""
    effective_before: date | None
    """From that day on no version of it is in force, when it was withdrawn; None while it was not."""
    known_at: datetime
    """When its publication was recorded."""
    document: PolicyDocument
    withdrawn_at: datetime | None = None
    """When its withdrawal was recorded, which nobody knew of before."""
