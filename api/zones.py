"""Which time zones there are: the IANA's, by name, whatever else the machine at hand calls a zone."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

NO_ZONES = frozenset({"Factory", "localtime"})
"""Names in the zone data of some machines that say nothing on another."""


@cache
def zones() -> frozenset[str]:
    """The names of all zones."""
    return frozenset(available_timezones()) - NO_ZONES
