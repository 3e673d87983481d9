"""What a case's targets become in its life: another rule after a change, an older start after a merge, other hours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from domain.event import Event
from domain.sla.compiled import CompiledTarget
from domain.sla.happenings import Timeline, first, name_of
from domain.sla.measures import Move
from domain.sla.policy import OnTransfer
from domain.sla.selection import BEGINS, CHANGES_FACTS, CaseFacts, Fit, asked
from domain.sla.standards import Standards
from domain.sla.unit_hours import Spell, UnitHours
from domain.stream import Category, stream_of


class TierSince(NamedTuple):
    """The tier that a case's customer had from an instant on."""

    at: datetime
    tier: str | None


class Why(StrEnum):
    """Why a target goes on otherwise."""

    TERMS = "terms"
    RULE = "rule"
    """Something changed that the choice of the rule rests on."""
    MERGE = "merge"
    """The case took the place of an older one."""
    TRANSFER = "transfer"
    """Another unit has the case, with hours of its own."""
    HOURS = "hours"
    """The unit that has the case works by other hours."""


class Inherited(NamedTuple):
    """The start of a target in a case that was merged into this one."""

    at: datetime
    day: date | None
    recorded_at: datetime


class Stage(NamedTuple):
    """What holds of a target from a place in the history on."""

    place: int
    at: datetime | None
    """None is from the beginning."""
    by: int | None
    """The version of the event that brought it about, when one did."""
    why: Why
    target: CompiledTarget | None
    """None when the rule that fits now asks for nothing of that kind."""
    moves: tuple[Move, ...] = ()
    inherited: Inherited | None = None


Lane = tuple[Stage, ...]
"""One target of a case, through all changes."""


class Terms(NamedTuple):
    """The rules assigned to a case, and by which event."""

    fits: tuple[Fit, ...]
    place: int
    version: int
    recorded_at: datetime
    instead: bool = False
    """Whether they stand in the place of those that were assigned, for a counterfactual."""


def terms_of(timeline: Timeline, under: Sequence[Fit] = ()) -> Terms | None:
    """The terms that hold: the latest recorded, or others in their place. None when none were assigned."""
    if under:
        places = timeline.places("terms-assigned") or timeline.places("case-registered", *BEGINS)
        if not places:
            return None
        recorded = timeline.all[places[-1]].recorded
        return Terms(tuple(under), places[-1], recorded.version, recorded.recorded_at, instead=True)
    places = timeline.places("terms-assigned", "policy-reassigned")
    if not places:
        return None
    place = places[0] if len(places) == 1 else max(places, key=lambda each: timeline.all[each].recorded.version)
    recorded = timeline.all[place].recorded
    fits = tuple(Fit(str(each.policy), int(each.policy_version), str(each.rule)) for each in recorded.event.terms)
    return Terms(fits, place, recorded.version, recorded.recorded_at)


def lanes_of(
    timeline: Timeline,
    terms: Terms,
    standards: Standards,
    tiers: Sequence[TierSince],
    absorbed: Mapping[str, Timeline],
) -> list[Lane]:
    """Each target of a case with what becomes of it."""
    begun = _begun(standards, terms.fits)
    changes: list[tuple[int, _RuleChange | _Transfer | None]] = [*_rule_changes(timeline, terms, standards, tiers)]
    if standards.units:
        changes += _transfers(timeline, standards)
    if absorbed:
        changes += [(place, None) for place in timeline.places("case-absorbed")]
    if not changes:
        return list(begun)
    lanes = [list(lane) for lane in begun]
    for place, change in sorted(changes, key=lambda one: one[0]):
        if isinstance(change, _RuleChange):
            _changed(lanes, place, change, _targets(standards, change.fits))
        elif isinstance(change, _Transfer):
            _moved(lanes, place, change)
        else:
            _merged(lanes, place, timeline, absorbed)
    return [tuple(lane) for lane in lanes]


def _begun(standards: Standards, fits: tuple[Fit, ...]) -> Sequence[Lane]:
    """The lanes of a case at its beginning, the same for all to which the same rules were assigned."""
    key = ("lanes", fits)
    lanes: Sequence[Lane] | None = standards.kept.get(key)
    if lanes is None:
        lanes = [(Stage(0, None, None, Why.TERMS, target),) for target in _targets(standards, fits)]
        standards.kept[key] = lanes
    return lanes


def _targets(standards: Standards, fits: Iterable[Fit]) -> list[CompiledTarget]:
    found: list[CompiledTarget] = []
    for fit in fits:
        policy = standards.policies.compiled(fit.policy, fit.version)
        if policy is not None:
            found += policy.rules.get(fit.rule, ())
    return found


# Rules ----------------------------------------------------------------------------------------------------------------


class _RuleChange(NamedTuple):
    fits: tuple[Fit, ...]
    at: datetime
    by: int | None


FIELD_OF = {
    "kind-changed": "kind",
    "case-classified": "category",
    "case-prioritised": "priority",
    "case-channel-changed": "channel",
    "case-attributes-recorded": "attributes",
}
"""Which fact an event changes; any other of CHANGES_FACTS changes the unit."""


def _rule_changes(
    timeline: Timeline, terms: Terms, standards: Standards, tiers: Sequence[TierSince]
) -> Iterable[tuple[int, _RuleChange]]:
    receipts = timeline.places(*BEGINS)
    if not receipts:
        return
    known = timeline.places(*CHANGES_FACTS)
    places = [place for place in known if timeline.all[place].recorded.version > terms.version]
    assigned_at = timeline.all[terms.place].at
    later = [each for each in tiers if each.at > assigned_at]
    if not places and not later:
        return
    receipt = timeline.all[receipts[0]].recorded.occurred_at
    among = asked(standards.policies, receipt, terms.recorded_at, terms.fits, alone=terms.instead)
    places = [place for place in places if _field_of(timeline, place) in among.fields]
    told: list[tuple[int, datetime, int | None, Any]] = [
        (place, timeline.all[place].at, timeline.all[place].recorded.version, timeline.all[place].recorded.event)
        for place in places
    ]
    if "tier" in among.fields:
        told += [(timeline.after(each.at), each.at, None, each) for each in later]
    if not told:
        return
    facts, latest = facts_assigned(timeline, terms, tiers, assigned_at)
    fits = terms.fits
    for place, at, by, event in sorted(told, key=lambda one: (one[0], one[1])):
        if isinstance(event, TierSince):
            facts = facts._replace(tier=event.tier)
        elif place > latest.get(name_of(event), -1):
            facts = facts.after(event)
        found = among.first_that_fit(facts)
        if found != fits and set(found) != set(fits):  # the terms may name the regimes in another order
            fits = found
            yield place, _RuleChange(fits, at, by)


def _field_of(timeline: Timeline, place: int) -> str:
    return FIELD_OF.get(name_of(timeline.all[place].recorded.event), "unit")


def facts_assigned(
    timeline: Timeline, terms: Terms, tiers: Sequence[TierSince], at: datetime
) -> tuple[CaseFacts, dict[str, int]]:
    """The facts on which the terms rest, and of each event the latest place that told one of them."""
    facts, latest = CaseFacts(), dict[str, int]()
    for place in timeline.places(*BEGINS, *CHANGES_FACTS):
        recorded = timeline.all[place].recorded
        if recorded.version <= terms.version:  # a registration that stands for its terms tells facts itself
            facts = facts.after(recorded.event)
            latest[name_of(recorded.event)] = place
    tier = next((each.tier for each in reversed(tiers) if each.at <= at), None)
    return facts._replace(tier=tier), latest


def _changed(lanes: list[list[Stage]], place: int, change: _RuleChange, targets: list[CompiledTarget]) -> None:
    """Lets each lane go on with the target that takes its place: the same, or else another of its kind.

    One that was asked for no longer is taken up again where it was.
    """
    left = list(targets)
    going: dict[int, CompiledTarget | None] = {}
    for dropped, same in ((False, _same_target), (False, _same_kind), (True, _same_target), (True, _same_kind)):
        for number, lane in enumerate(lanes):
            if number in going or (lane[-1].target is None) is not dropped:
                continue
            before = next(stage.target for stage in reversed(lane) if stage.target is not None)
            found = next((each for each in left if same(before, each)), None)
            if found is not None:
                left.remove(found)
                going[number] = found
    for number, lane in enumerate(lanes):
        last, target = lane[-1], going.get(number)
        if last.target is not None or target is not None:
            lane.append(Stage(place, change.at, change.by, Why.RULE, target, last.moves, last.inherited))
    lanes += [[Stage(place, change.at, change.by, Why.RULE, target)] for target in left]


def _same_target(one: CompiledTarget, other: CompiledTarget) -> bool:
    return (one.policy, one.target.id) == (other.policy, other.target.id)


def _same_kind(one: CompiledTarget, other: CompiledTarget) -> bool:
    a, b = one.target, other.target
    return (a.kind, a.subject, a.statutory, one.opened) == (b.kind, b.subject, b.statutory, other.opened)


# Merges and transfers -------------------------------------------------------------------------------------------------


def _merged(lanes: list[list[Stage]], place: int, timeline: Timeline, absorbed: Mapping[str, Timeline]) -> None:
    """The survivor takes the earliest start of each statutory target (DOMAIN.md, point 14)."""
    happening = timeline.all[place]
    streams = _streams_of(timeline, place, absorbed)
    for lane in lanes:
        last = lane[-1]
        if last.target is None or last.target.opened or not last.target.target.statutory:
            continue
        starts = [_start_in(absorbed[stream], last.target) for stream in streams]
        found = [start for start in starts if start is not None]
        if found:
            earliest = min(found if last.inherited is None else [*found, last.inherited], key=lambda one: one.at)
            by = happening.recorded.version
            lane.append(last._replace(place=place, at=happening.at, by=by, why=Why.MERGE, inherited=earliest))


def _streams_of(timeline: Timeline, place: int, absorbed: Mapping[str, Timeline]) -> list[str]:
    """The case that was taken over, and whatever that had taken over."""
    found: list[str] = []
    named = [stream_of(Category.CASE, timeline.all[place].recorded.event.case_id)]
    while named:
        stream = named.pop()
        if stream in found or stream not in absorbed:
            continue
        found.append(stream)
        other = absorbed[stream]
        ids = (other.all[each].recorded.event.case_id for each in other.places("case-absorbed"))
        named += [stream_of(Category.CASE, each) for each in ids]
    return found


def _start_in(timeline: Timeline, target: CompiledTarget) -> Inherited | None:
    place = first(target.measured_from or target.start, timeline, 0)
    if place is None:
        return None
    start = timeline.all[place]
    return Inherited(start.at, start.day, start.recorded.recorded_at)


class _Transfer(NamedTuple):
    hours: UnitHours | None
    """None is a unit that works as the policy says."""
    at: datetime
    by: int | None
    why: Why


PASSES_ON = ("case-registered", "case-dispatched", "case-transferred", "obligation-opened", "obligation-reassigned")
"""The events that say which unit has the case, or owes what is owed."""


def _transfers(timeline: Timeline, standards: Standards) -> Iterator[tuple[int, _Transfer]]:
    """Each coming of a case to another unit, and each change of that unit's hours while it has the case."""
    stays = list(_stays(timeline))
    for number, (place, unit) in enumerate(stays):
        before = stays[number - 1][1] if number else None
        if before is None or not {before, unit} & standards.units.keys():
            continue
        one, own = timeline.all[place], standards.units.get(unit)
        spells = [Spell(one.at, None)] if own is None else own.since(one.at, one.recorded.recorded_at)
        yield place, _Transfer(spells[0].hours, one.at, one.recorded.version, Why.TRANSFER)
        until = timeline.all[stays[number + 1][0]].at if number + 1 < len(stays) else None
        for spell in spells[1:]:
            if until is None or spell.at < until:
                yield timeline.after(spell.at), _Transfer(spell.hours, spell.at, None, Why.HOURS)


def _stays(timeline: Timeline) -> Iterator[tuple[int, str]]:
    """Where in the history each unit came to have the case."""
    unit: str | None = None
    for place in timeline.places(*PASSES_ON):
        now = _named(timeline.all[place].recorded.event)
        if now is not None and now != unit:
            yield place, now
        unit = now or unit


def units_named(events: Iterable[Event]) -> Iterator[str]:
    """The units that had a case, or owed what is owed, by events in any order; one as often as it is named."""
    for event in events:
        if name_of(event) in PASSES_ON and (unit := _named(event)) is not None:
            yield unit


def _named(event: Any) -> str | None:
    named: str | None = getattr(event, "to_unit", None) or getattr(event, "unit", None)
    return named


def _moved(lanes: list[list[Stage]], place: int, change: _Transfer) -> None:
    for lane in lanes:
        last = lane[-1]
        if last.target is None or last.target.target.on_transfer is not OnTransfer.MOVE:
            continue
        now = change.hours or UnitHours(last.target.calendar, last.target.zone.key)
        moves = (*last.moves, Move(change.at, now.calendar, now.zone))
        lane.append(last._replace(place=place, at=change.at, by=change.by, why=change.why, moves=moves))
