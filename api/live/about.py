"""What is about a case: which of all that is recorded changes what a page shows of it."""

from __future__ import annotations

from functools import partial
from typing import get_args
from uuid import UUID

from domain.amendment import Amendment
from domain.customer import TierAssigned
from domain.policy_events import PolicyPublished, PolicyWithdrawn
from domain.standards import streams_of_standards
from domain.stream import Category, stream_of
from domain.unit.events import UnitHoursSet, UnitMoved, UnitNameTaken, UnitOpened
from ledger.ledger import Ledger
from ledger.marks import Mark
from projections import obligation
from projections.reading import histories
from projections.sla_timer import SLA_TIMER
from projections.working_out import subjects

AMENDED = frozenset(kind.TOPIC.rpartition(".")[0] for kind in get_args(Amendment))
BEARING = AMENDED | {
    kind.TOPIC.rpartition(".")[0] for kind in (TierAssigned, UnitOpened, UnitNameTaken, UnitMoved, UnitHoursSet)
}
"""What changes the clocks of cases that lean on a customer or a unit."""
RULING = frozenset({
    *(kind.TOPIC.rpartition(".")[0] for kind in (PolicyPublished, PolicyWithdrawn)), "calendar-published",
})  # fmt: skip
"""What may change every clock."""


class About:
    """Tells what is about a case, by what was known of it at the position that was passed last.

    That is what happens to the case itself; with `beside` also what happens to obligations and touchpoints of the case,
    and what its clocks lean on: its customer's tier, hours of units, cases that were merged into it, policies and
    calendars. What it leans on is asked of the ledger as of a position, so that who comes later is told the same.
    """

    def __init__(self, ledger: Ledger, case_id: UUID, *, beside: bool) -> None:
        self._ledger = ledger
        self._case_id = case_id
        self._stream = stream_of(Category.CASE, case_id)
        self._beside = beside
        self._standards = frozenset(streams_of_standards(ledger.book))
        self._leant = frozenset[str]()
        self._owed = frozenset[str]()

    def learn(self, position: int) -> None:
        """Finds out what the case leans on, as known at a position. Raises: LedgerAway."""
        if not self._beside:
            return
        read = partial(histories, self._ledger, end=position)
        (subject,) = subjects(SLA_TIMER, [self._stream], read, {})
        self._leant = frozenset(subject.others)
        owed = obligation.of_cases(self._ledger.database, self._ledger.book, [self._case_id])
        self._owed = frozenset(view.stream for view in owed.get(self._case_id, ()))

    def holds(self, mark: Mark) -> bool:
        """Whether something is about the case."""
        if mark.stream == self._stream:
            return True
        if not self._beside:
            return False
        if mark.case_id == self._case_id or mark.stream in self._owed:
            return True
        if mark.stream in self._standards:
            return mark.name in RULING
        return mark.stream in self._leant and (mark.kind == Category.CASE or mark.name in BEARING)

    def is_news(self, mark: Mark) -> bool:
        """Whether after something about the case it may lean on more than before."""
        return mark.stream not in self._standards and mark.kind != Category.TOUCHPOINT
