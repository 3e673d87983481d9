"""How far a principal reaches: from their role, unit or customer to the part of the book that they are told of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from api.access.principal import Principal
from api.access.rules import Rights, Scope
from api.present import present
from domain.case.state import Case
from domain.correction import applied
from domain.obligation import Obligation
from domain.staff import Staff
from domain.stream import Category, stream_of
from domain.touchpoint import TouchpointRecorded
from domain.unit.events import id_of_unit
from ledger.ledger import Ledger
from projections import customer_profile, unit
from projections.customer_profile import CustomerProfile
from projections.reach import EVERYTHING, NOTHING, Reach
from projections.unit import Tree, UnitAt, UnitView


class Units(NamedTuple):
    """The tree of units, and every name that each of them bears or bore."""

    tree: Tree
    names: Mapping[UUID, Sequence[str]]

    @classmethod
    def of(cls, views: Sequence[UnitView], at: datetime) -> Units:
        """Some units as the tree stood at an instant."""
        return cls(unit.tree_of(views, at), {view.unit_id: [name for _, name in view.names] for view in views})

    @classmethod
    def by_now(cls, ledger: Ledger) -> Units:
        """The book's units as they stand now. Raises: LedgerAway."""
        return cls.of(unit.every(ledger.database, ledger.book), present(ledger))

    def called(self, name: str) -> UnitAt | None:
        """The unit that bears a name, or that was opened under it."""
        return self.tree.called(name) or self.tree.units.get(id_of_unit(name))

    def names_of(self, name: str) -> frozenset[str]:
        """The names of the unit that is called so, but for those that others bear by now; the name alone for one that
        the tree does not know."""
        found = self.called(name)
        if found is None:
            return frozenset({name})
        others = {each.name for each in self.tree.units.values() if each is not found}
        return frozenset({found.name, *self.names[found.unit_id]} - others) | {found.name}

    def names_below(self, name: str) -> frozenset[str]:
        """The same of that unit and of those below it."""
        found = self.called(name)
        return frozenset({name}) if found is None else self.tree.names_below(found.unit_id, self.names)


def reach_of(principal: Principal, rights: Rights, ledger: Ledger) -> Reach:
    """What the principal is told of, as the units stand now. Raises: LedgerAway."""
    if rights.scope is Scope.ALL:
        return EVERYTHING
    if rights.scope is Scope.OWN:
        if principal.customer is None:
            return NOTHING
        return Reach(customers=customer_profile.family(ledger.database, ledger.book, principal.customer))
    if principal.unit is None:
        return NOTHING
    return below(principal.unit, Units.by_now(ledger), principal)


def names_below(ledger: Ledger, called: str) -> frozenset[str]:
    """A unit and those below it, as the units stand now, by every name that they bear or bore. Raises: LedgerAway."""
    return Units.by_now(ledger).names_below(called)


def below(called: str, units: Units, principal: Principal) -> Reach:
    """The cases of a unit and of those below it. A unit that the tree does not know has no others below it."""
    top = units.called(called)
    at_the_top = top is not None and (top.parent is None or top.parent not in units.tree.units)
    return Reach(units=units.names_below(called), unheld=at_the_top, name=principal.name)


def sees(ledger: Ledger, reach: Reach, kind: Category, subject: UUID) -> bool:
    """Whether something lies within reach by what the ledger knows of it now; what is not there yet does.

    What a command is about is looked at here rather than in the views, which may be a moment behind.

    Raises: LedgerAway.
    """
    if reach.everything:
        return True
    if kind is Category.CUSTOMER:
        return bool(customers_within(ledger, reach, [subject]))
    if kind is Category.TOUCHPOINT:
        history = applied(ledger.history(stream_of(kind, subject)))
        return all(
            _sees_touchpoint(ledger, reach, one.event) for one in history if isinstance(one.event, TouchpointRecorded)
        )
    stream = stream_of(kind, subject)
    state = ledger.tips([stream])[stream].state
    match state:
        case None:
            return True
        case Case():
            return reach.holds(_HeldNow(state))
        case Obligation():
            return reach.holds_unit(state.unit) or (
                state.opening.case_id is not None and sees(ledger, reach, Category.CASE, state.opening.case_id)
            )
        case Staff():
            return reach.holds_unit(state.unit)
        case _:
            return False


def customers_within(
    ledger: Ledger, reach: Reach, customer_ids: Iterable[UUID]
) -> Mapping[UUID, CustomerProfile | None]:
    """Those of some customers who lie within reach, with their files as far as they have one; who was merged lies where
    the survivor does. Raises: LedgerAway."""
    asked = list(customer_ids)
    found = customer_profile.by_ids(ledger.database, ledger.book, asked)
    stands = {each: found[each].customer_id if each in found else each for each in asked}
    seen = customer_profile.within_reach(ledger.database, ledger.book, set(stands.values()), reach)
    return {each: found.get(each) for each in asked if stands[each] in seen}


class _HeldNow:
    """A case as the ledger knows it, by what says within whose reach it lies."""

    def __init__(self, case: Case) -> None:
        self.unit = case.unit
        self.received_by = case.receipt.received_by
        self.customer_id = case.customer_id


def _sees_touchpoint(ledger: Ledger, reach: Reach, event: TouchpointRecorded) -> bool:
    """Within reach is a touchpoint with its case, or else with its unit, or else with its customer."""
    if event.case_id is not None:
        return sees(ledger, reach, Category.CASE, event.case_id)
    if event.unit is not None and reach.customers is None:
        return reach.holds_unit(event.unit)
    if event.customer_id is not None:
        return sees(ledger, reach, Category.CUSTOMER, event.customer_id)
    return event.staff is not None and event.staff == reach.name
