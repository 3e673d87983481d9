"""The hours of a unit (机构工作时间): by which calendar it works since when, and from when on that was known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from domain.event import EARLIEST


class UnitHours(NamedTuple):
    """By what a unit works, when that is not what the policy says."""

    calendar: str
    zone: str


class Spell(NamedTuple):
    """By what a unit works from an instant on; None is as the policy says."""

    at: datetime
    hours: UnitHours | None


class KnownSpells(NamedTuple):
    """What was known of a unit's hours from an instant on."""

    at: datetime
    spells: Sequence[Spell]
    """In order of time. Before the first of them it worked as the policy says."""


@dataclass(frozen=True, slots=True)
class HoursOfUnit:
    """The hours of one unit, its own or else those of the nearest unit above that has some."""

    known: Sequence[KnownSpells]
    """In order of time, each with all that was known by then."""

    @classmethod
    def always(cls, hours: UnitHours) -> HoursOfUnit:
        """The same hours at any time, known before anything happened."""
        return cls((KnownSpells(EARLIEST, (Spell(EARLIEST, hours),)),))

    def until(self, at: datetime) -> HoursOfUnit:
        """The same as of an instant, whatever is known of a change after it."""
        return HoursOfUnit(
            tuple(each._replace(spells=[spell for spell in each.spells if spell.at <= at]) for each in self.known)
        )

    def at(self, at: datetime, known_at: datetime) -> UnitHours | None:
        """Those of an instant, as known at another one."""
        known = next((each.spells for each in reversed(self.known) if each.at <= known_at), ())
        return next((spell.hours for spell in reversed(known) if spell.at <= at), None)

    def since(self, at: datetime, known_at: datetime) -> list[Spell]:
        """Those that count from an instant on for a case that came to the unit then, which was recorded at `known_at`.

        The first are those known when that was recorded. Each later change counts from when it took effect, but not
        before it was recorded: what is written down today makes no deadline of yesterday another one.
        """
        instants = {each.at for each in self.known} | {spell.at for each in self.known for spell in each.spells}
        found: list[Spell] = []
        for instant in [at, *sorted(each for each in instants if each > at)]:
            hours = self.at(instant, max(instant, known_at))
            if not found or found[-1].hours != hours:
                found.append(Spell(instant, hours))
        return found
