"""Where each unit stood since when: its branch and its top, for whoever asks of many instants at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from domain.unit.events import UnitKind
from projections.unit import Tree, UnitView, tree_of

T = TypeVar("T")


class Borne(NamedTuple):
    """A name, and the unit that it means for a while; None is no bound.

    Before a unit of that name was opened it means the first one that was, and when nobody bears it any more the last
    one that did.
    """

    name: str
    unit_id: UUID
    since: datetime | None
    before: datetime | None


class Lineage(NamedTuple):
    """Above what a unit stood for a while, by the names that these units had then; None is no bound."""

    unit_id: UUID
    branch: str | None
    """The nearest branch (分部) on the way up, the unit itself included."""
    top: str
    since: datetime | None
    before: datetime | None


class Lineages(NamedTuple):
    """Those of all units of a book."""

    borne: Sequence[Borne]
    stood: Sequence[Lineage]


def lineages(units: Sequence[UnitView]) -> Lineages:
    """What every name meant and where every unit stood, over all of time."""
    by_id = {unit.unit_id: unit for unit in units}
    bearers: dict[str, list[UnitView]] = {}
    for unit in units:
        for name in dict.fromkeys(named.name for named in unit.names):
            bearers.setdefault(name, []).append(unit)
    return Lineages(
        [borne for name, those in sorted(bearers.items()) for borne in _borne(name, those)],
        [stood for unit in units for stood in _stood(unit, by_id)],
    )


def _borne(name: str, those: Sequence[UnitView]) -> Iterator[Borne]:
    def meant(tree: Tree) -> UUID | None:
        unit = tree.called(name)
        return None if unit is None else unit.unit_id

    for unit_id, since, before in _spells(those, meant):
        yield Borne(name, unit_id, since, before)


def _stood(unit: UnitView, by_id: Mapping[UUID, UnitView]) -> Iterator[Lineage]:
    def above(tree: Tree) -> tuple[str | None, str] | None:
        path = tree.path(unit.unit_id)
        if not path:
            return None
        branch = next((each.name for each in reversed(path) if each.kind is UnitKind.BRANCH), None)
        return branch, path[0].name

    for (branch, top), since, before in _spells(_ancestors(unit, by_id), above):
        yield Lineage(unit.unit_id, branch, top, since, before)


def _ancestors(unit: UnitView, by_id: Mapping[UUID, UnitView]) -> list[UnitView]:
    """The unit with all that ever stood above it, in turn."""
    found, waiting = {unit.unit_id: unit}, [unit]
    while waiting:
        parents = {placed.parent for placed in waiting.pop().places if placed.parent is not None}
        for above in sorted((parents & by_id.keys()) - found.keys()):
            found[above] = by_id[above]
            waiting.append(by_id[above])
    return list(found.values())


def _spells(
    units: Sequence[UnitView], asked: Callable[[Tree], T | None]
) -> Iterator[tuple[T, datetime | None, datetime | None]]:
    """What a question to the tree was answered with since when and until when.

    Answers that are None are left out: the one before them goes on, and the first one begins earlier.
    """
    told: list[tuple[T, datetime | None]] = []
    for at in sorted(set(_changes(units))):
        answer = asked(tree_of(units, at))
        if answer is not None and (not told or told[-1][0] != answer):
            told.append((answer, at if told else None))
    for place, (answer, since) in enumerate(told):
        yield answer, since, told[place + 1][1] if place + 1 < len(told) else None


def _changes(units: Iterable[UnitView]) -> Iterator[datetime]:
    """When anything became otherwise with some units."""
    for unit in units:
        yield unit.opened_at
        spells: Iterable[Any] = (*unit.names, *unit.places, *unit.standings)
        yield from (spell.since for spell in spells)
