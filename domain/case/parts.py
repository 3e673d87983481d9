"""The parts of a case that are dealt with apart, each with an end of its own (such as DISP 1.6.1R has them)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeAlias, assert_never

from domain.case.about import OPEN, AboutCase
from domain.case.rules import Departure, finished, out_of_time, unregistered, unstated
from domain.case.vocabulary import Outcome
from domain.decider import Decided
from domain.departure import Broken, stepped
from domain.envelope import Context, Recorded
from domain.event import Event, Label, UnitName
from domain.money import Money
from domain.refusal import Refusal

if TYPE_CHECKING:
    from domain.case.state import Case

# Events ---------------------------------------------------------------------------------------------------------------


class CasePartOpened(Event):
    """A part of the matter is dealt with apart."""

    TOPIC: ClassVar = "case-part-opened.1"

    part: Label
    """Its name within the case, such as "card payment"."""
    category: Label | None
    unit: UnitName | None


class CasePartResolved(Event):
    """The company gave a part of the matter its outcome."""

    TOPIC: ClassVar = "case-part-resolved.1"

    part: Label
    outcome: Outcome
    redress: Money | None
    code: Label | None


PartEvent: TypeAlias = CasePartOpened | CasePartResolved

# Commands -------------------------------------------------------------------------------------------------------------


class OpenCasePart(AboutCase):
    """Deal with a part of the matter apart."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.PART_ALREADY_OPENED)

    part: Label
    category: Label | None = None
    unit: UnitName | None = None


class ResolveCasePart(AboutCase):
    """Give a part of the matter its outcome."""

    REFUSALS: ClassVar[tuple[str, ...]] = (
        *OPEN,
        Refusal.UNKNOWN_PART,
        Refusal.PART_ALREADY_RESOLVED,
        Refusal.OUTCOME_UNSTATED,
    )

    part: Label
    outcome: Outcome
    redress: Money | None = None
    code: Label | None = None


PartCommand: TypeAlias = OpenCasePart | ResolveCasePart

# Life -----------------------------------------------------------------------------------------------------------------


class Part(NamedTuple):
    """A part of a case."""

    opening: CasePartOpened | None
    """None when history resolved what it never opened."""
    resolution: CasePartResolved | None


Parts: TypeAlias = Mapping[str, Part]
"""By name, in the order in which they came up."""
NO_PARTS: Parts = MappingProxyType({})


def evolve(parts: Parts, recorded: Recorded[PartEvent]) -> Parts:
    """The parts after an event, in whatever order history has them."""
    event = recorded.event
    known = parts.get(event.part, Part(None, None))
    match event:
        case CasePartOpened():
            return MappingProxyType({**parts, event.part: Part(event, None)})
        case CasePartResolved():
            return MappingProxyType({**parts, event.part: known._replace(resolution=event)})
        case _:
            assert_never(event)


def still_open(parts: Parts) -> Parts:
    """Those that have no outcome yet: what a reopening leaves."""
    if not parts:
        return parts
    return MappingProxyType({name: part for name, part in parts.items() if part.resolution is None})


def part_open(case: Case) -> Broken | None:
    """Whether a part of the case has no outcome yet, so that the whole has none."""
    names = ", ".join(still_open(case.rare.parts))
    if not names:
        return None
    return Broken(
        Refusal.PART_STILL_OPEN,
        Departure.RESOLVED_WITH_OPEN_PART,
        f"A part of this case is open ({names}); resolve it first.",
        params={"parts": names},
    )


def decide(case: Case, command: PartCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    early = out_of_time(case, command, context)
    match command:
        case OpenCasePart():
            return _open(case, command, context, early)
        case ResolveCasePart():
            return _resolve(case, command, context, early)
        case _:
            assert_never(command)


def _open(case: Case, command: OpenCasePart, context: Context, early: Broken | None) -> Decided:
    opening = CasePartOpened(part=command.part, category=command.category, unit=command.unit)
    known = case.rare.parts.get(command.part)
    if known is not None and known.opening == opening:
        return []
    twice = Broken(
        Refusal.PART_ALREADY_OPENED,
        Departure.PART_OPENED_AGAIN,
        f"This case has a part {command.part} already; name another one.",
        field="part",
        params={"part": command.part},
    )
    return stepped(context, opening, unregistered(case), finished(case), twice if known else None, early)


def _resolve(case: Case, command: ResolveCasePart, context: Context, early: Broken | None) -> Decided:
    resolution = CasePartResolved(
        part=command.part, outcome=command.outcome, redress=command.redress, code=command.code
    )
    known = case.rare.parts.get(command.part)
    if known is not None and known.resolution == resolution:
        return []
    unknown = Broken(
        Refusal.UNKNOWN_PART,
        Departure.PART_NOT_OPENED,
        f"This case has no part {command.part}; open it first.",
        field="part",
        params={"part": command.part},
    )
    twice = Broken(
        Refusal.PART_ALREADY_RESOLVED,
        Departure.PART_RESOLVED_AGAIN,
        f"The part {command.part} of this case has its outcome already, and otherwise.",
        field="part",
        params={"part": command.part},
    )
    return stepped(
        context,
        resolution,
        unregistered(case),
        finished(case),
        unknown if known is None else None,
        twice if known and known.resolution else None,
        unstated(command.outcome),
        early,
    )
