"""The compliance report as both doors ask for it, and its words in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from domain.policy import stream_of_policies
from ledger.ledger import Ledger
from projections.compliance import Basis
from projections.compliance_question import By, Duty, Grouping, Question, Values, worst_of
from projections.movement import Period

DUTIES: Mapping[Duty, tuple[str, str]] = MappingProxyType({
    Duty.STATUTORY: ("Statutory duties", "法定时限"),
    Duty.INTERNAL: ("Internal targets", "内部时限"),
    Duty.STATED: ("Stated dates", "言明的日期"),
})  # fmt: skip
"""What is shown apart, in English and in Chinese."""


def asked(
    ledger: Ledger,
    now: datetime,
    by: By,
    period: Period,
    groups: Sequence[Grouping],
    where: Mapping[Grouping, Values],
    upto: int | None = None,
) -> Question:
    """A question to a book; whether a case counts with the worst of its cycles is as its policies say by a position,
    or by now.

    Raises: LedgerAway.
    """
    stream = stream_of_policies(ledger.book)
    policies = ledger.standing([stream], ledger.head() if upto is None else upto)[stream]
    return Question(now, ledger.zone, by, period, tuple(groups), where, worst_of(policies))


def versions_of(rests: Sequence[Basis]) -> tuple[list[tuple[str, int]], list[tuple[str, int]], list[str], list[int]]:
    """The policies, the calendars, the releases of zone data and the engines on which figures rest, each once."""
    return (
        sorted({(basis.policy, basis.policy_version) for basis in rests if basis.policy_version}),
        sorted({(basis.calendar, basis.calendar_version) for basis in rests if basis.calendar_version}),
        sorted({basis.zone_data for basis in rests}),
        sorted({basis.engine for basis in rests}),
    )
