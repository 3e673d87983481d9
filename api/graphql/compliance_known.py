"""The compliance report as it was known earlier, as a front end asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import strawberry

from api.cut_off import BadCutOff, past_at
from api.graphql.as_of import AskedPast, asked_past
from api.graphql.problem import Code, Problem
from api.graphql.scalars import SafeInt
from api.past_clocks import every_past_clock
from ledger.ledger import Ledger
from projections import as_known
from projections.sla_row import SlaTimer
from replay.as_of import AsOf, KnownBy

MOST_CASES = 1_000
"""Of so many cases and obligations one request works out the clocks; `daybook sla report --known` takes any number."""


@strawberry.input(
    description="As something was known earlier, and as it stood then: `knownPosition` and `validAt` of a report that "
    "was published give its figures again; those of one by a source `knownAt`, `validAt` and `knownBy`. Give `knownAt` "
    "or `knownPosition`, or `validAt` alone for how it stood then, as known by now."
)
class ComplianceKnown:
    known_at: datetime | None = strawberry.field(default=None, description="Known is what was recorded by then.")
    known_position: SafeInt | None = strawberry.field(
        default=None, description="Known is what the book has up to this position; instead of `knownAt`."
    )
    known_by: KnownBy = strawberry.field(
        default=KnownBy.LEDGER, description="Who had to know of an event; a source by `knownAt` only."
    )
    valid_at: datetime | None = strawberry.field(
        default=None,
        description="It had occurred by then, which is when the clocks are looked at. Null is `knownAt`, or when the "
        "position was recorded. It may be later than that.",
    )

    def as_of_in(self, ledger: Ledger) -> AsOf:
        """Both instants in a book. Raises: Problem."""
        asked = asked_past(self.known_at, self.known_position, self.known_by, self.valid_at)
        if asked == AskedPast():
            raise Problem(Code.BAD_ARGUMENTS, "Say by knownAt or by knownPosition as known when, or by validAt.")
        try:
            found = past_at(ledger, asked.known, asked.valid_at, asked.known_by)
        except BadCutOff as error:
            raise Problem(Code.BAD_ARGUMENTS, str(error)) from None
        if found is None:
            raise Problem(Code.BAD_ARGUMENTS, f"Nothing had been recorded in book {ledger.book!r} by then.")
        return found


class KeptClocks(NamedTuple):
    """The clocks of a book as of two instants, for as long as a request lasts."""

    as_of: AsOf
    clocks: Sequence[SlaTimer]

    @staticmethod
    def worked_out(ledger: Ledger, as_of: AsOf) -> KeptClocks:
        """Works them out. Raises: Problem when there are too many."""
        if as_known.subjects_by(ledger, as_of.position, MOST_CASES + 1) > MOST_CASES:
            raise Problem(
                Code.TOO_MANY_CASES,
                f"At position {as_of.position} there were more than {MOST_CASES:,} cases and obligations, whose clocks "
                "would have to be worked out anew for one request. Ask `daybook sla report --known "
                f"{as_of.position}`, which does so for any number.",
                limit=MOST_CASES,
            )
        clocks = [clock for part in every_past_clock(ledger, as_of) for clock in part.clocks]
        return KeptClocks(as_of, clocks)
