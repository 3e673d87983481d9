"""Reach: the part of a book that one asker is told of. It is a matter of the statements, so that pages stay full and
counts give nothing away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, LiteralString, Protocol
from uuid import UUID

Conditions = tuple[list[str], dict[str, Any]]
"""What holds for the rows of a statement, with its parameters."""


class Held(Protocol):
    """What of a case says within whose reach it lies."""

    @property
    def unit(self) -> str | None:
        """The unit that holds it."""

    @property
    def received_by(self) -> str | None:
        """Who took it in."""

    @property
    def customer_id(self) -> UUID | None:
        """Whom it is about."""


# Parameters have names that no filter uses.
BY_UNIT: LiteralString = "unit = ANY(%(reach_units)s)"
UNHELD: LiteralString = "(unit IS NULL AND (%(reach_unheld)s OR received_by = %(reach_name)s))"
BY_CUSTOMER: LiteralString = "customer_id = ANY(%(reach_customers)s)"
# Leans on the case file's primary key where the rows outside are few, and else is hashed.
BY_CASE: LiteralString = """{column} IN (
  SELECT reached.case_id FROM views.case_file AS reached WHERE reached.book = %(book)s AND {cases}
)"""
# A customer without any case belongs to nobody yet, and whoever hears of them first needs their file. Leans on the case
# file's index customer, once for the customer and each who was merged into them.
BY_THEIR_CASES: LiteralString = """(
  EXISTS (SELECT FROM views.case_file AS reached WHERE reached.book = %(book)s
          AND reached.customer_id IN ({family}) AND {cases})
  OR NOT EXISTS (SELECT FROM views.case_file AS reached WHERE reached.book = %(book)s
                 AND reached.customer_id IN ({family}))
)"""
FAMILY: LiteralString = """WITH RECURSIVE kin (id) AS (
      SELECT {customer}
      UNION
      SELECT merged.customer_id FROM kin JOIN views.customer_profile AS merged
      ON merged.book = %(book)s AND merged.merged_into = kin.id
    ) SELECT id FROM kin"""


@dataclass(frozen=True, slots=True)
class Reach:
    """Everything; or the cases of some units; or those of some customers."""

    everything: bool = False
    units: frozenset[str] = frozenset()
    """Whose cases are told, by every name that they bear or bore."""
    unheld: bool = False
    """Whether those that no unit holds are told as well, whoever took them in."""
    name: str | None = None
    """Who is told of those that they took in themselves and that no unit holds."""
    customers: frozenset[UUID] | None = None
    """Whose cases alone are told: one person, by every id that they proved to have."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the conditions ask with."""
        if self.customers is not None:
            return {"reach_customers": list(self.customers)}
        return {"reach_units": list(self.units), "reach_unheld": self.unheld, "reach_name": self.name}

    def cases(self, of: str = "") -> Conditions:
        """For the rows of the case file; `of` is what they are called, with a point."""
        if self.everything:
            return [], {}
        if self.customers is not None:
            return [f"{of}{BY_CUSTOMER}"], dict(self.parameters)
        unheld = UNHELD.replace("unit IS", f"{of}unit IS").replace("received_by", f"{of}received_by")
        return [f"({of}{BY_UNIT} OR {unheld})"], dict(self.parameters)

    def by_case(self, column: str = "case_id", *, or_unit: str | None = None) -> Conditions:
        """For rows that belong to a case; with `or_unit` a unit in a column of that name will do as well."""
        if self.everything:
            return [], {}
        (cases,), parameters = self.cases("reached.")
        condition = BY_CASE.replace("{column}", column).replace("{cases}", cases)
        if or_unit is not None and self.customers is None:
            condition = f"({condition} OR {or_unit} = ANY(%(reach_units)s))"
        return [condition], parameters

    def by_unit(self, column: str = "unit") -> Conditions:
        """For rows that belong to a unit, and to no case."""
        if self.everything:
            return [], {}
        if self.customers is not None:
            return ["FALSE"], {}
        return [f"{column} = ANY(%(reach_units)s)"], {"reach_units": list(self.units)}

    def of_customers(self, customer: str) -> Conditions:
        """For customers, whose id is in `customer`; of somebody's own only themselves."""
        if self.everything:
            return [], {}
        if self.customers is not None:
            return [f"{customer} = ANY(%(reach_customers)s)"], dict(self.parameters)
        (cases,), parameters = self.cases("reached.")
        family = FAMILY.replace("{customer}", customer)
        return [BY_THEIR_CASES.replace("{family}", family).replace("{cases}", cases)], parameters

    def holds(self, case: Held) -> bool:
        """Whether a case lies within it."""
        if self.everything:
            return True
        if self.customers is not None:
            return case.customer_id in self.customers
        if case.unit is None:
            return self.unheld or (self.name is not None and case.received_by == self.name)
        return case.unit in self.units

    def holds_unit(self, unit: str | None) -> bool:
        """Whether what belongs to a unit lies within it."""
        return self.everything or (self.customers is None and unit in self.units)


EVERYTHING = Reach(everything=True)
NOTHING = Reach()


def added(conditions: Iterable[str], parameters: Mapping[str, Any], more: Conditions) -> Conditions:
    """Both, as one."""
    return [*conditions, *more[0]], {**parameters, **more[1]}
