"""What if another policy or calendar had held: the same events under other standards, case by case, and read-only.

A book is walked in batches, so that it need not fit into memory. Nothing of the answer has happened; it rests on the
events up to one position, and is the same whoever asks and wherever.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from typing import Any, NamedTuple

from domain.calendar import BookCalendars
from domain.case.events import CaseReceived
from domain.case.relations import CaseAbsorbed
from domain.case.tiers import customers_of
from domain.correction import applied
from domain.envelope import Recorded
from domain.policy_events import BookPolicies
from domain.sla.selection import CHANGES_FACTS, CaseFacts
from domain.sla.standards import Standards
from domain.standards import standards_of, streams_of_standards
from domain.stream import Category, stream_of
from domain.unit.hours import units_above, units_of
from replay.flips import Flip, Totals, added, compared
from replay.hypothesis import Hypothesis, Supposed, supposed
from replay.hypothetical_terms import History, Subject
from replay.reader import Reader, Receipt

CASES_AT_ONCE = 200
"""So many cases with their histories are held in memory at a time."""


class Selection(NamedTuple):
    """Which cases are looked at; None is all of them."""

    received_from: datetime | None = None
    received_before: datetime | None = None
    kinds: tuple[str, ...] = ()
    """As the case stands by now; none is every kind."""
    unit: str | None = None
    """The one that has the case by now."""
    cases: tuple[str, ...] = ()
    """The streams of single cases; none is every case."""


class Part(NamedTuple):
    """What came of some cases."""

    position: int
    """The place in the book up to which cases have been looked at."""
    flips: Sequence[Flip]
    totals: Totals


@dataclass(frozen=True, slots=True)
class Question:
    """A hypothesis about the cases of a book, ready to be looked at."""

    book: Reader
    selection: Selection
    at: datetime
    """The instant up to which clocks run."""
    upto: int
    """The position up to which the book is read."""
    actual: Standards
    supposed: Supposed
    batch: int = field(default=CASES_AT_ONCE)

    def parts(self) -> Iterator[Part]:
        """What would be otherwise, some cases at a time, in the order in which they were received.

        Raises: LedgerAway, UnknownTopic, UnreadableEvent.
        """
        for position, streams in self._batches():
            totals, flips = Totals(), list[Flip]()
            for subject in self._subjects(streams):
                case = compared(subject, self.actual, self.supposed, self.at)
                added(totals, case)
                flips += case.flips
            yield Part(position, flips, totals)

    def _batches(self) -> Iterator[tuple[int, list[str]]]:
        chosen = self.selection
        if chosen.cases:
            named = list(dict.fromkeys(chosen.cases))  # by number, key and id the same case may be named several times
            for begin in range(0, len(named), self.batch):
                yield self.upto, named[begin : begin + self.batch]
            return
        after = 0
        while found := self.receipts(after, self.batch):
            after = found[-1].position
            yield after, list(dict.fromkeys(receipt.stream for receipt in found))

    def receipts(self, after: int, limit: int) -> list[Receipt]:
        """Where cases of the time of receipt that is asked about were received, after a position."""
        chosen = self.selection
        return self.book.receipts(after, self.upto, limit, since=chosen.received_from, before=chosen.received_before)

    # A case with all that its clocks are worked out of ----------------------------------------------------------------

    def _subjects(self, streams: Collection[str]) -> Iterator[Subject]:
        written = self.book.histories(streams, self.upto)
        read = {stream: tuple(applied(history)) for stream, history in written.items()}
        wanted = {stream: history for stream, history in read.items() if self._is_asked_about(history)}
        customers = self._read(stream for history in wanted.values() for _, stream in customers_of(history))
        absorbed = self._absorbed(wanted.values())
        units = self._units(wanted.values())
        for stream, history in wanted.items():
            theirs = {each: customers[each] for _, each in customers_of(history)}
            inherited = tuple(one for other in _lineage(history, absorbed) for one in absorbed[other])
            yield Subject(stream, written[stream], history, theirs, inherited, units)

    def _is_asked_about(self, history: History) -> bool:
        receipt = next((one for one in history if isinstance(one.event, CaseReceived)), None)
        if receipt is None:
            return False
        chosen, received = self.selection, receipt.occurred_at
        if chosen.received_from is not None and received < chosen.received_from:
            return False
        if chosen.received_before is not None and received >= chosen.received_before:
            return False
        if not chosen.kinds and chosen.unit is None:
            return True
        facts = reduce(CaseFacts.after, (one.event for one in history if _says_facts(one)), CaseFacts())
        return (not chosen.kinds or facts.kind in chosen.kinds) and chosen.unit in {None, facts.unit}

    def _read(self, streams: Iterable[str]) -> Mapping[str, History]:
        found = self.book.histories(dict.fromkeys(streams), self.upto)
        return {stream: tuple(applied(history)) for stream, history in found.items()}

    def _absorbed(self, histories: Iterable[History]) -> Mapping[str, History]:
        """The cases that were merged into some, and into those."""
        return _followed((stream for history in histories for stream in _merged(history)), self._read, _merged)

    def _units(self, histories: Iterable[History]) -> Mapping[str, History]:
        """The units that cases went through and those above them, as they were written."""
        named = (stream for history in histories for stream in units_of(history))
        return _followed(named, lambda streams: self.book.histories(streams, self.upto), units_above)


def question(
    book: Reader, hypothesis: Hypothesis, at: datetime, selection: Selection | None = None, upto: int | None = None
) -> Question:
    """What is asked, with the standards that the book has and would have by a position; None is its last.

    Raises: Refused, when what is supposed would be refused if somebody proposed it.
    """
    position = book.head() if upto is None else upto
    streams = streams_of_standards(book.book)
    states = book.standing(streams, position)
    policies: BookPolicies = states[streams[0]]
    calendars: BookCalendars = states[streams[1]]
    actual = standards_of(states, book.book)
    under = supposed(hypothesis, policies, calendars, book.book)
    return Question(book, selection or Selection(), at, position, actual, under)


def _followed(
    first: Iterable[str],
    read: Callable[[Collection[str]], Mapping[str, History]],
    onward: Callable[[History], Iterable[str]],
) -> dict[str, History]:
    """The histories of some streams, of those to which these lead, and so on."""
    found: dict[str, History] = {}
    wanted = set(first)
    while wanted:
        told = read(sorted(wanted))
        found.update(told)
        wanted = {stream for history in told.values() for stream in onward(history)} - found.keys()
    return found


def _says_facts(recorded: Recorded[Any]) -> bool:
    name = recorded.event.TOPIC.rpartition(".")[0]
    return name == "case-received" or name in CHANGES_FACTS


def _merged(history: History) -> Iterator[str]:
    for recorded in history:
        if isinstance(recorded.event, CaseAbsorbed):
            yield stream_of(Category.CASE, recorded.event.case_id)


def _lineage(history: History, absorbed: Mapping[str, History]) -> list[str]:
    """The streams of a case's predecessors, each once."""
    found: dict[str, None] = {}
    wanted = list(_merged(history))
    while wanted:
        stream = wanted.pop(0)
        if stream not in found and stream in absorbed:
            found[stream] = None
            wanted += _merged(absorbed[stream])
    return list(found)
