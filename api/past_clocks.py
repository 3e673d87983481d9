"""Clocks, their report and the tree of units as of two instants: worked out anew by what the live views are made by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ledger.book import recorded_at
from ledger.ledger import Ledger
from projections import as_known, clock_course, compliance
from projections.as_known import Part
from projections.clock_course import ClockCourse, Wanted
from projections.compliance import Report, RowKey
from projections.compliance_question import Figure, Question
from projections.paging import Page, Window
from projections.reading import Knows
from projections.sla_row import SlaTimer
from projections.unit import Tree, tree_of
from replay.as_of import AsOf, KnownBy


def past_clocks(ledger: Ledger, streams: Collection[str], as_of: AsOf) -> Mapping[str, Sequence[SlaTimer]]:
    """The clocks of some cases and obligations, first due first.

    Raises: CannotWorkOut, LedgerAway, UnknownTopic, UnreadableEvent.
    """
    return as_known.clocks_at(ledger, streams, as_of.position, as_of.valid_at, _knows(as_of))


def past_courses(ledger: Ledger, wanted: Collection[Wanted], as_of: AsOf) -> Mapping[Wanted, ClockCourse]:
    """The course of some of them. Raises: LedgerAway, UnknownTopic, UnreadableEvent."""
    return clock_course.courses(ledger, wanted, _knows(as_of))


def every_past_clock(ledger: Ledger, as_of: AsOf) -> Iterator[Part]:
    """Every clock of the book, some subjects at a time. Raises: as `past_clocks`."""
    at = as_of.valid_at if _looks_back(ledger, as_of) else None
    return as_known.clocks(ledger, as_of.position, knows=_knows(as_of), at=at)


def past_report(
    ledger: Ledger, question: Question, as_of: AsOf, clocks: Iterable[Sequence[SlaTimer]], most: int
) -> Report:
    """A report out of them; the question is looked at at the instant by which things had occurred.

    Raises: NoTableAside, LedgerAway, DiskFull, and whatever comes of working the clocks out.
    """
    knows, back = _knows(as_of), _looks_back(ledger, as_of)
    return compliance.report_as_known(ledger, question, as_of.position, clocks, most, knows=knows, back=back)


def past_clocks_of_rows(
    ledger: Ledger,
    question: Question,
    as_of: AsOf,
    clocks: Iterable[Sequence[SlaTimer]],
    rows: Sequence[RowKey],
    window: Window,
    figure: Figure,
) -> dict[RowKey, Page[SlaTimer]]:
    """The clocks behind the rows of such a report. Raises: BadPlace, NoTableAside, LedgerAway, DiskFull."""
    knows, back = _knows(as_of), _looks_back(ledger, as_of)
    return compliance.clocks_of_rows_as_known(
        ledger, question, as_of.position, clocks, rows, window, figure, knows=knows, back=back
    )


def past_tree(ledger: Ledger, as_of: AsOf) -> Tree:
    """The tree in which the units stood. Raises: LedgerAway, UnknownTopic, UnreadableEvent."""
    return tree_of(as_known.units(ledger, as_of.position, knows=_knows(as_of)), as_of.valid_at)


def by_its_position(ledger: Ledger, as_of: AsOf) -> AsOf:
    """The same, known when the last event was recorded that is: so a report says the same, however it was asked for."""
    if as_of.known_by is KnownBy.SOURCE:
        return as_of
    return as_of._replace(known_at=recorded_at(ledger.database, ledger.book, as_of.position) or as_of.known_at)


def _knows(as_of: AsOf) -> Knows | None:
    """Which events up to the position were known; None where all of them were."""
    return as_of.knows if as_of.known_by is KnownBy.SOURCE else None


def _looks_back(ledger: Ledger, as_of: AsOf) -> bool:
    """Whether clocks are to stand as they did at an instant before the last of what is known of them was recorded, so
    that they stand otherwise than after their last event."""
    return as_of.known_by is KnownBy.SOURCE or as_of.valid_at < by_its_position(ledger, as_of).known_at
