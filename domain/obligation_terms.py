"""What an obligation is promised: the policies in force when it was opened, chosen by its kind and its unit."""

from __future__ import annotations

from collections.abc import Iterable

from domain.case.promise import Terms
from domain.case.promising import ALL_KNOWN, begun, terms_by
from domain.case.terms import TermsAssigned
from domain.envelope import Context, When
from domain.sla.clock import ENGINE
from domain.sla.selection import CaseFacts, chosen
from domain.sla.zones import ZONE_DATA
from domain.standards import standards_of, streams_of_standards


def needs(context: Context) -> Iterable[str]:
    """The book's policies and calendars."""
    return streams_of_standards(context.book)


def assigned(kind: str, unit: str | None, opened: When, context: Context) -> TermsAssigned | None:
    """The terms of an obligation that was just opened; None when no policy in force has a rule for it."""
    standards = standards_of(context.others, context.book)
    started = {"obligation-opened": begun(opened.at, opened.precision, opened.zone)}
    choices = chosen(standards, CaseFacts(obligation=kind, unit=unit), opened.at, ALL_KNOWN)
    terms: tuple[Terms, ...] = tuple(terms_by(choice, started, standards) for choice in choices)
    return TermsAssigned(terms=terms, zone_data=ZONE_DATA, engine=ENGINE) if terms else None
