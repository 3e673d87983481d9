"""Boards: which cases of a unit and of those below it are still to be worked on, and what takes them on and off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from api.access.principal import Principal
from api.access.reaching import Units, below
from api.access.rules import Rights, Scope
from api.live.steps import as_known
from domain.case.state import ENDED, Status
from domain.stream import Category
from ledger.ledger import Ledger
from ledger.marks import streams_since
from projections import case_file, unit
from projections.as_known import units as units_as_known
from projections.case_file import CaseFile, CaseFilter
from projections.reach import EVERYTHING, NOTHING, Reach

OPEN = tuple(status for status in Status if status not in ENDED)


class Move(StrEnum):
    """What became of a case on a board."""

    ENTER = "enter"
    UPDATE = "update"
    LEAVE = "leave"


def units_at(ledger: Ledger, position: int, now: datetime) -> Units:
    """The units as known at a position that the views show. Raises: LedgerAway."""
    there = [view.stream for view in unit.every(ledger.database, ledger.book)]
    return Units.of(units_as_known(ledger, position, there), now)


@dataclass(frozen=True, slots=True)
class Board:
    """A board as its cases are told to one asker, by a tree of units."""

    reach: Reach
    names: frozenset[str] | None
    """The units whose cases stand on it, by every name that they bear or bore; None is all within reach."""
    where: CaseFilter

    @classmethod
    def of(cls, unit_name: str | None, where: CaseFilter, units: Units, principal: Principal, rights: Rights) -> Board:
        """The board of a unit, or of all that the asker is told of; without a status in the filter, of open cases."""

        def under(name: str) -> Reach:
            return below(name, units, principal)

        if rights.scope is Scope.ALL:
            reach = EVERYTHING
        else:
            reach = NOTHING if principal.unit is None else under(principal.unit)
        names = None if unit_name is None else units.names_below(unit_name)
        return cls(reach, names, where if where.statuses else replace(where, statuses=OPEN))

    def holds(self, case: CaseFile | None) -> bool:
        """Whether a case stands on it."""
        if case is None or not self.reach.holds(case):
            return False
        return (self.names is None or case.unit in self.names) and self.where.holds(case)

    def move(self, before: CaseFile | None, after: CaseFile | None) -> Move | None:
        """What becomes of a case on it that was one and is another."""
        was, is_now = self.holds(before), self.holds(after)
        if was:
            return Move.UPDATE if is_now else Move.LEAVE
        return Move.ENTER if is_now else None


def moved(ledger: Ledger, old: Board, new: Board, position: int) -> list[tuple[UUID, Move]]:
    """The cases that come and go when, at a position, a board becomes another one because units have moved or are
    called otherwise; by id. Raises: LedgerAway.

    A case that stands as it stood then is in the view. Which of them do not is looked up after the view is read.
    """
    if old == new:
        return []
    units, unheld = _told(old) ^ _told(new), old.reach.unheld != new.reach.unheld
    now = case_file.held_by(ledger.database, ledger.book, units, new.where.statuses, unheld=unheld)
    since = streams_since(ledger.database, ledger.book, position, Category.CASE)
    found = [view for view in now if view.stream not in since]
    found += [view for view in as_known(ledger, since, position).values() if view is not None]
    moves = ((view.case_id, old.holds(view), new.holds(view)) for view in found)
    return sorted((case_id, Move.ENTER if holds else Move.LEAVE) for case_id, held, holds in moves if held != holds)


def _told(board: Board) -> frozenset[str]:
    """The units of which a board tells."""
    if board.reach.everything:
        return board.names or frozenset()
    return board.reach.units if board.names is None else board.reach.units & board.names
