"""What a case is promised by the policies in force at its receipt, and the seam to whoever works that out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, StringConstraints

from domain.case.about import AboutCase
from domain.envelope import Context
from domain.event import Instant, Label, Version
from domain.sla.document import Slug
from domain.sla.selection import Fit
from domain.sla.standards import PolicyVersion

if TYPE_CHECKING:
    from domain.case.state import Case

GroundField = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]*$", max_length=80)]
"""What of a case a choice rests on, in ASCII: `kind`, `tier`, `attributes.product`."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Ground(_Said):
    """Something of the case on which the choice of a rule rests."""

    field: GroundField
    value: Label | None
    """None says that the case had nothing there."""


class PromisedDue(_Said):
    """By when something is to be done, as it could be said when the terms were worked out."""

    target: Slug
    calendar: Slug
    calendar_version: Version
    """The one in force at the start, as known then."""
    due_at: Instant | None
    """None of a target without a number, and of one that has not started."""
    due_on: date | None
    """The local day, of a due that counts days."""


class Terms(_Said):
    """What one policy promises a case: the rule that fits it, why, and by when what is due."""

    policy: Slug
    policy_version: Version
    rule: Slug
    ground: tuple[Ground, ...]
    """What of the case the rule asks for, and the case has."""
    dues: tuple[PromisedDue, ...]
    """One for each target of the rule, in the order of the rule."""


class Assessment(NamedTuple):
    """The terms of a case, one for each policy that has the say, with the versions of all that they rest on."""

    terms: tuple[Terms, ...]
    zone_data: str
    engine: int


class Under(NamedTuple):
    """A policy in a version, by name."""

    policy: str
    version: int


class Promising(NamedTuple):
    """Who works out what a case is promised."""

    needs: Callable[[AboutCase, Context], Iterable[str]]
    """The streams that this takes: those of policies and calendars, and of the customer for their tier. It is asked
    again with what was read, as a decider's own `needs` is."""
    policies: Callable[[Context], Sequence[PolicyVersion]]
    """Every version of the book's policies that is known to a decision."""
    assess: Callable[[Case, Under | None, Context], Assessment | None]
    """The terms of a case by the policies in force at its receipt, right behind its registration, of which the case's
    `previous` says when it occurred. Given a policy and its version, by that one in the place of whichever of its
    regime had the say before, while other regimes keep what they promised. None when no rule fits."""
    fitting: Callable[[Case, Context], Sequence[Fit]]
    """The rules that fit a case with terms as it is now, among its policies and the others in force at its receipt, as
    they were known when it got its terms."""


def _nothing_read(command: AboutCase, context: Context) -> Iterable[str]:
    del command, context
    return ()


def _no_policy(context: Context) -> Sequence[PolicyVersion]:
    del context
    return ()


def _no_terms(case: Case, under: Under | None, context: Context) -> Assessment | None:
    del case, under, context
    return None


def _no_rule(case: Case, context: Context) -> Sequence[Fit]:
    del case, context
    return ()


NOTHING_PROMISED = Promising(_nothing_read, _no_policy, _no_terms, _no_rule)
"""No policy is in force: a case gets no terms, and there is nothing to be extended or assigned otherwise."""
