"""The compliance report as it was known earlier, as a front end asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import strawberry

from api.cut_off import BadCutOff, CutOff, cut_off
from api.graphql.problem import Code, Problem
from api.graphql.scalars import SafeInt
from ledger.ledger import Ledger
from projections import as_known
from projections.sla_row import SlaTimer

MOST_CASES = 1_000
"""Of so many cases and obligations one request works out the clocks; `daybook sla report --known` takes any number."""


@strawberry.input(
    description="As something was known earlier: `cutOff` and `evaluatedAt` of a report that was published give its "
    "figures again. Give `cutOff` or `recordedBy`."
)
class ComplianceKnown:
    cut_off: SafeInt | None = strawberry.field(
        default=None, description="Known is what the book has up to this position."
    )
    recorded_by: datetime | None = strawberry.field(
        default=None, description="Known is what was recorded by this instant."
    )
    evaluated_at: datetime | None = strawberry.field(
        default=None,
        description="The instant at which the clocks are looked at. Null is `recordedBy`, or when the position was "
        "recorded.",
    )

    def cut_off_in(self, ledger: Ledger) -> CutOff:
        """The cut-off in a book. Raises: Problem."""
        known = [each for each in (self.cut_off, self.recorded_by) if each is not None]
        if len(known) != 1:
            raise Problem(Code.BAD_ARGUMENTS, "Say by cutOff or by recordedBy as known when; one of the two.")
        try:
            return cut_off(ledger, known[0], self.evaluated_at)
        except BadCutOff as error:
            raise Problem(Code.BAD_ARGUMENTS, str(error)) from None


class KeptClocks(NamedTuple):
    """The clocks of a book as known at a position, for as long as a request lasts."""

    position: int
    clocks: Sequence[SlaTimer]

    @staticmethod
    def known(ledger: Ledger, cut: CutOff) -> KeptClocks:
        """Works them out. Raises: Problem when there are too many."""
        if as_known.subjects_by(ledger, cut.position, MOST_CASES + 1) > MOST_CASES:
            raise Problem(
                Code.TOO_MANY_CASES,
                f"At position {cut.position} there were more than {MOST_CASES:,} cases and obligations, whose clocks "
                "would have to be worked out anew for one request. Ask `daybook sla report --known "
                f"{cut.position}`, which does so for any number.",
                limit=MOST_CASES,
            )
        clocks = [clock for part in as_known.clocks(ledger, cut.position) for clock in part.clocks]
        return KeptClocks(cut.position, clocks)
