"""A case as told, by the standards of its time and by others, in few words and without a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from domain.calendar import BookCalendars
from domain.customer import Tier, TierAssigned
from domain.envelope import Recorded
from domain.policy_events import BookPolicies
from domain.sla.calendars import CalendarVersion
from domain.sla.policy import PolicyDocument
from domain.sla.standards import Policies, Standards
from domain.stream import Category, stream_of
from replay.flip_reasons import ReasonKind
from replay.flips import Compared, Flip, FlipKind, compared
from replay.hypothesis import Hypothesis, Supposed, supposed
from replay.hypothetical_terms import Subject
from tests.domain.sla.history import Case, calendar, instant, published
from tests.domain.story import recorded

CUSTOMER = UUID(int=11)
EVENING = "2026-04-30 18:00"


def book(
    *policies: PolicyDocument, calendars: Sequence[CalendarVersion] | None = None
) -> tuple[BookPolicies, BookCalendars]:
    """A book's policies in their first versions, and the office's calendar unless told."""
    versions = tuple(published(each) for each in policies)
    return BookPolicies(versions), BookCalendars((calendar(),) if calendars is None else tuple(calendars))


def under(hypothesis: Hypothesis, kept: tuple[BookPolicies, BookCalendars]) -> Supposed:
    """The standards that the book would have."""
    return supposed(hypothesis, *kept, "main")


def standards(kept: tuple[BookPolicies, BookCalendars]) -> Standards:
    """The standards that it has."""
    return Standards(Policies(kept[0].versions), kept[1].calendars)


def what_if(
    case: Case,
    hypothesis: Hypothesis,
    *policies: PolicyDocument,
    at: str = EVENING,
    calendars: Sequence[CalendarVersion] | None = None,
    tier: Tier | None = None,
    inherited: Sequence[Recorded[Any]] = (),
) -> Compared:
    """The case compared; the tier, if any, was assigned long ago."""
    kept = book(*policies, calendars=calendars)
    customers: dict[str, tuple[Recorded[Any], ...]] = {}
    if tier is not None:
        assigned = recorded(TierAssigned(tier=tier, rule_version=None), 2)
        stream = stream_of(Category.CUSTOMER, CUSTOMER)
        customers[stream] = (assigned._replace(stream=stream, position=0, occurred_at=instant("2020-01-01 00:00")),)
    told = tuple(case.told)
    subject = Subject(case.stream, told, told, customers, tuple(inherited))
    return compared(subject, standards(kept), under(hypothesis, kept), instant(at, case.zone))


def told(compared_case: Compared) -> list[tuple[str, FlipKind, list[ReasonKind]]]:
    """The flips in short."""
    return [(name_of(flip), flip.kind, [reason.kind for reason in flip.reasons]) for flip in compared_case.flips]


def name_of(flip: Flip) -> str:
    """The target that a flip is about."""
    clock = flip.hypothetical or flip.actual
    return "" if clock is None else clock.key.target


def since(text: str) -> date:
    """A day."""
    return date.fromisoformat(text)
