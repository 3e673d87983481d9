"""The standards of a book out of the states of its own streams, made ready once for all who ask by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.calendar import BookCalendars, stream_of_calendars
from domain.policy import stream_of_policies
from domain.policy_events import BookPolicies
from domain.sla.standards import Policies, Standards

MOST_KEPT = 16
"""Books, and states of them, for which what was made ready is kept."""

NO_POLICIES = BookPolicies()
NO_CALENDARS = BookCalendars()

_kept: dict[tuple[int, int], tuple[BookPolicies, BookCalendars, Standards]] = {}


def streams_of_standards(book: str) -> tuple[str, str]:
    """The streams of a book's policies and of its calendars."""
    return stream_of_policies(book), stream_of_calendars(book)


def policies_of(states: Mapping[str, Any], book: str) -> BookPolicies:
    """The policies of a book, among the states of streams; none when that stream is not among them."""
    found: BookPolicies | None = states.get(stream_of_policies(book))
    return found or NO_POLICIES


def standards_of(states: Mapping[str, Any], book: str) -> Standards:
    """The policies and calendars of a book, among the states of streams.

    For the same two states it is the same object, with all that was compiled before: a state is folded once, and then
    handed to every decision until it grows.
    """
    policies = policies_of(states, book)
    calendars: BookCalendars = states.get(stream_of_calendars(book)) or NO_CALENDARS
    key = (id(policies), id(calendars))
    known = _kept.get(key)
    if known is not None and known[0] is policies and known[1] is calendars:
        return known[2]
    made = Standards(Policies(policies.versions), calendars.calendars)
    while len(_kept) >= MOST_KEPT:
        _kept.pop(next(iter(_kept)), None)
    _kept[key] = (policies, calendars, made)
    return made
