"""Time zones out of one named set of zone data, so that an answer can say on which it rests."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]  # data, and one constant

ZONE_DATA: str = tzdata.IANA_VERSION
"""The release of the IANA's zone data that every zone here comes from, such as 2025b."""


class UnknownZone(ValueError):
    """The zone data know no zone of this name."""


@cache
def zone_names() -> frozenset[str]:
    """The names of all zones in the data."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split()) - {"Factory"}


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that name, never the machine's own idea of it. Raises: UnknownZone, with names that look alike."""
    if name not in zone_names():
        alike = get_close_matches(name, sorted(zone_names()), n=3, cutoff=0.75)
        meant = f"did you mean {' or '.join(alike)}?" if alike else "give the name of a zone, such as Asia/Shanghai."
        raise UnknownZone(f"There is no zone {name!r} in the zone data {ZONE_DATA}; {meant}")
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)
