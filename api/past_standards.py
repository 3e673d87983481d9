"""The policies and calendars of a book as of two instants: as it had published them, and in force when.

They come from no source. Whoever asks what a source knew is told those of the position up to which the book is looked
at.
"""

from __future__ import annotations

from datetime import datetime

from domain.calendar import BookCalendars, stream_of_calendars
from domain.event import LATEST
from domain.policy import stream_of_policies
from domain.policy_events import BookPolicies
from domain.sla.standards import Policies, PolicyVersion
from ledger.ledger import Ledger
from replay.as_of import AsOf


def past_policies(ledger: Ledger, as_of: AsOf) -> BookPolicies:
    """The policies as they were known. Raises: LedgerAway."""
    stream = stream_of_policies(ledger.book)
    found: BookPolicies = ledger.standing([stream], as_of.position)[stream]
    return found


def past_calendars(ledger: Ledger, as_of: AsOf) -> BookCalendars:
    """The calendars as they were known. Raises: LedgerAway."""
    stream = stream_of_calendars(ledger.book)
    found: BookCalendars = ledger.standing([stream], as_of.position)[stream]
    return found


def in_force(policies: BookPolicies, received_at: datetime) -> tuple[PolicyVersion, ...]:
    """Those that hold for what is received at an instant, by all that is told of them: by regime, then as asked."""
    found = Policies(policies.versions).in_force(received_at, LATEST)
    return tuple(version for versions in found.values() for version in versions)
