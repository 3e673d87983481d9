"""What is supposed: another policy or calendar than was published, and the standards that a book would have by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import NamedTuple

from domain.book import id_of_book
from domain.calendar import CALENDAR, BookCalendars, ProposeCalendar, stream_of_calendars
from domain.envelope import Context
from domain.event import Refused
from domain.policy import POLICY, ProposePolicy
from domain.policy_events import BookPolicies
from domain.refusal import Refusal
from domain.sla.calendar import CalendarDocument
from domain.sla.calendars import CalendarVersion
from domain.sla.policy import PolicyDocument
from domain.sla.standards import Policies, PolicyVersion, Standards

ALWAYS = date(1900, 1, 1)
LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
NEVER = date.max
NOBODY = "what-if"
"""Who would have proposed it; it is proposed to nobody."""


class Hypothesis(NamedTuple):
    """A policy, a calendar or both, as if they had been published long ago."""

    policy: PolicyDocument | None = None
    policy_since: date | None = None
    """The first day of receipt, in the policy's zone, for which it holds; before it, what was published does. None is
    every receipt."""
    instead_of: str | None = None
    """The policy in whose place it stands. None is the one of its own name, if there is one; otherwise it stands beside
    the others."""
    calendar: CalendarDocument | None = None
    calendar_since: date | None = None
    """The first local date for which the calendar holds, in the place of the published versions. None is every
    date."""


class Supposed(NamedTuple):
    """The standards that a book would have, and which version of which policy of them is supposed."""

    standards: Standards
    policy: PolicyVersion | None
    replaced: str | None
    """The name of the policy in whose place that stands."""
    since: date


def supposed(hypothesis: Hypothesis, policies: BookPolicies, calendars: BookCalendars, book: str) -> Supposed:
    """The standards of a book under a hypothesis.

    Raises: Refused, as if somebody proposed it: a policy with mistakes or with a calendar that is not there, a calendar
    in another zone, a policy in the place of one that was never published. Also of a policy that is for obligations
    only, which keep the terms that they were opened with.
    """
    kept = calendars
    if hypothesis.calendar is not None:
        kept = _with_calendar(hypothesis.calendar, hypothesis, calendars, book)
    if hypothesis.policy is None:
        standards = Standards(Policies(policies.versions), kept.calendars)
        return Supposed(standards, None, None, hypothesis.policy_since or ALWAYS)
    since = hypothesis.policy_since or ALWAYS
    _would_be_proposed(hypothesis.policy, since, policies, kept, book)
    _asks_of_cases(hypothesis.policy)
    name = hypothesis.policy.name
    replaced = hypothesis.instead_of or name
    if hypothesis.instead_of is not None and not policies.of(hypothesis.instead_of):
        known = ", ".join(sorted({each.name for each in policies.versions})) or "none"
        raise Refused(
            Refusal.UNKNOWN_POLICY,
            f"There is no policy {hypothesis.instead_of!r} in this book to stand in the place of; there is {known}.",
            field="instead_of",
            params={"name": hypothesis.instead_of},
        )
    number = 1 + max((each.version for each in policies.of(name)), default=0)
    version = PolicyVersion(name, number, since, None, LONG_AGO, hypothesis.policy)
    stands = tuple(_until(each, since) if each.name in {name, replaced} else each for each in policies.versions)
    there = replaced if policies.of(replaced) else None
    return Supposed(Standards(Policies((*stands, version)), kept.calendars), version, there, since)


def _asks_of_cases(document: PolicyDocument) -> None:
    """Raises: Refused when it could make no difference to any case."""
    if all(rule.when.obligation for rule in document.rules):
        raise Refused(
            Refusal.NO_RULE_FITS,
            f"Every rule of the policy {document.name} is for obligations, and what-if looks at cases; suppose a "
            "policy with a rule for those.",
            field="policy",
            params={"policy": document.name},
        )


def _until(version: PolicyVersion, day: date) -> PolicyVersion:
    """A version that no receipt of that day or later is held to. It stays known, for cases that were reassigned."""
    if version.effective_from >= day:
        return version._replace(effective_from=NEVER)
    if version.effective_before is not None and version.effective_before <= day:
        return version
    return version._replace(effective_before=day, withdrawn_at=None)


def _would_be_proposed(
    document: PolicyDocument, since: date, policies: BookPolicies, calendars: BookCalendars, book: str
) -> None:
    """Raises: Refused, with what a proposal of it would be refused for."""
    command = ProposePolicy(
        at=LONG_AGO,
        book_id=id_of_book(book),
        document=document,
        effective_from=since,
        reassign=True,
        reason=NOBODY,
        requested_by=NOBODY,
    )
    POLICY.decide(policies, command, Context(book=book, others={stream_of_calendars(book): calendars}))


def _with_calendar(
    document: CalendarDocument, hypothesis: Hypothesis, calendars: BookCalendars, book: str
) -> BookCalendars:
    """The calendars with one in the place of its published versions. Raises: Refused."""
    since = hypothesis.calendar_since or ALWAYS
    command = ProposeCalendar(
        at=LONG_AGO,
        book_id=id_of_book(book),
        document=document,
        effective_from=since,
        reason=NOBODY,
        requested_by=NOBODY,
    )
    CALENDAR.decide(calendars, command, Context(book=book))
    versions = [each for each in calendars.versions if each.name == document.name]
    known_at = versions[0].known_at if versions else LONG_AGO
    number = 1 + max((each.version for each in versions), default=0)
    version = CalendarVersion(document.name, number, since, known_at, document)
    return replace(calendars, versions=tuple(_in_place(calendars, version)))


def _in_place(calendars: BookCalendars, version: CalendarVersion) -> Iterator[CalendarVersion]:
    """It is known as soon as the first version was, so that no date was ever promised without it."""
    first = True
    for each in calendars.versions:
        if each.name != version.name:
            yield each
            continue
        if each.effective_from < version.effective_from:
            yield each
        elif first and version.effective_from > ALWAYS:
            yield replace(each, effective_from=ALWAYS)  # days before all versions go by the first
        if first:
            yield version
            first = False
    if first:
        yield version
