"""The standards of a book (分层服务标准): every version of its policies and calendars, and when each became known."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from domain.sla.calendars import Calendars
from domain.sla.compiled import CompiledPolicy, compiled
from domain.sla.policy import PolicyDocument
from domain.sla.unit_hours import HoursOfUnit
from domain.sla.zones import zone


class Ended(NamedTuple):
    """From which day on a version was known to be in force no more, and since when that was known."""

    known_at: datetime | None
    """None is since its publication."""
    before: date


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
    ended: tuple[Ended, ...] = ()
    """What was known of its end before that: an end of its own, and earlier withdrawals from a later day on."""

    def ends(self, known_at: datetime) -> date | None:
        """From which day on it is in force no more, as known at an instant."""
        if self.withdrawn_at is None or self.withdrawn_at <= known_at:
            return self.effective_before
        known = (each.before for each in self.ended if each.known_at is None or each.known_at <= known_at)
        return min(known, default=None)

    def withdrawn(self, before: date, known_at: datetime) -> PolicyVersion:
        """The same after a withdrawal, which nothing changes about what ends no later anyhow."""
        if self.effective_before is None:
            return self._replace(effective_before=before, withdrawn_at=known_at)
        if self.effective_before <= before:
            return self
        ended = (*self.ended, Ended(self.withdrawn_at, self.effective_before))
        return self._replace(effective_before=before, withdrawn_at=known_at, ended=ended)


@dataclass(frozen=True)
class Policies:
    """The policies of a book, out of all their versions in order of publication."""

    published: tuple[PolicyVersion, ...] = ()
    kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was worked out before, by what it was worked out for."""

    def version(self, name: str, version: int) -> PolicyVersion | None:
        """The version of a policy; None when it was never published."""
        by_number = self.kept.get("versions")
        if by_number is None:
            by_number = self.kept["versions"] = {(each.name, each.version): each for each in self.published}
        found: PolicyVersion | None = by_number.get((name, version))
        return found

    def compiled(self, name: str, version: int) -> CompiledPolicy | None:
        """The same, made ready."""
        key = (name, version)
        if key not in self.kept:
            found = self.version(name, version)
            self.kept[key] = None if found is None else compiled(name, version, found.document)
        ready: CompiledPolicy | None = self.kept[key]
        return ready

    def in_force(self, receipt: datetime, known_at: datetime) -> Mapping[str, tuple[PolicyVersion, ...]]:
        """For each regime the versions of its policies that hold for a receipt, as known at an instant.

        Of each policy the one with the latest effective day that is not after the local day of receipt in the policy's
        zone; none when it was withdrawn by then. Those of a regime stand in the order in which they are asked: by rank,
        then name.
        """
        zones, heard = self._zones_and_news()
        days = [receipt.astimezone(place).date() for place in zones.values()]
        key = (bisect_right(heard, known_at), *days)
        found: Mapping[str, tuple[PolicyVersion, ...]] | None = self.kept.get(key)
        if found is None:
            found = self.kept[key] = self._in_force(dict(zip(zones, days, strict=True)), known_at)
        return found

    def _zones_and_news(self) -> tuple[dict[str, ZoneInfo], list[datetime]]:
        """The zones of all policies, and the instants at which anything became known of one."""
        held: tuple[dict[str, ZoneInfo], list[datetime]] | None = self.kept.get("zones")
        if held is None:
            zones = {name: zone(name) for name in sorted({each.document.zone for each in self.published})}
            heard = {each.known_at for each in self.published}
            ends = {each.withdrawn_at for each in self.published}
            ends |= {end.known_at for each in self.published for end in each.ended}
            heard |= {at for at in ends if at is not None}
            held = self.kept["zones"] = (zones, sorted(heard))
        return held

    def _in_force(self, days: Mapping[str, date], known_at: datetime) -> Mapping[str, tuple[PolicyVersion, ...]]:
        latest: dict[str, PolicyVersion] = {}
        for each in self.published:
            if each.known_at > known_at or each.effective_from > days[each.document.zone]:
                continue
            other = latest.get(each.name)
            if other is None or (each.effective_from, each.version) >= (other.effective_from, other.version):
                latest[each.name] = each
        regimes: dict[str, list[PolicyVersion]] = {}
        for each in sorted(latest.values(), key=lambda one: (one.document.rank, one.name)):
            end = each.ends(known_at)
            if end is None or days[each.document.zone] < end:
                regimes.setdefault(each.document.regime, []).append(each)
        found = {regime: tuple(regimes[regime]) for regime in sorted(regimes)}
        # Most days have the same policies in force, and what is worked out for one day then serves for all of them.
        key = tuple((regime, *((each.name, each.version) for each in found[regime])) for regime in found)
        kept: Mapping[str, tuple[PolicyVersion, ...]] = self.kept.setdefault(("in force", key), MappingProxyType(found))
        return kept


@dataclass(frozen=True)
class Standards:
    """All by which clocks run."""

    policies: Policies = field(default_factory=Policies)
    calendars: Calendars = field(default_factory=Calendars)
    units: Mapping[str, HoursOfUnit] = field(default_factory=dict)
    """By name the units that work by a calendar and in a zone of their own, among those that a case went through."""
    kept: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was worked out before for all cases, by what it was worked out for; nothing of it rests on units."""

    def among(self, units: Mapping[str, HoursOfUnit]) -> Standards:
        """The same for a case that went through some units."""
        return replace(self, units=units) if units else self
