"""Cases and obligations as they stand in the ledger by one position of the book, with all that their clocks rest on."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from domain.imports import ImportStarted
from domain.standards import streams_of_standards
from ledger.ledger import Ledger
from projections import working_out
from projections.reckoning import History, Subject
from projections.sla_timer import SLA_TIMER

# Leans on event_register: imports are numbered, and few; and on event (book, stream, version) for the end of each.
UNFINISHED = """
SELECT started.stream
FROM ledger.event AS started
WHERE started.book = %(book)s AND started.register_series >= 'I' AND started.register_series < 'J'
  AND started.position <= %(basis)s AND NOT EXISTS (
    SELECT FROM ledger.event AS finished
    WHERE finished.book = %(book)s AND finished.stream = started.stream AND finished.topic = 'import-finished.1'
      AND finished.position <= %(basis)s)
"""


def subjects(ledger: Ledger, streams: Iterable[str], basis: int) -> dict[str, Subject]:
    """What the clocks of some cases and obligations are worked out of, all as of one position.

    Raises: LedgerAway, UnknownTopic, UnreadableEvent.
    """

    def read(wanted: Collection[str]) -> dict[str, History]:
        histories = ledger.histories(wanted) if wanted else {}
        return {stream: [one for one in history if one.position <= basis] for stream, history in histories.items()}

    standing = ledger.standing(streams_of_standards(ledger.book), basis)
    found = working_out.subjects(SLA_TIMER, sorted(streams), read, standing)
    return {case.stream: case for case in found if case.history}


def running_imports(ledger: Ledger, basis: int) -> frozenset[str]:
    """The digests of the files that are being imported: begun by a position, and not read to their end.

    Raises: LedgerAway.
    """
    streams = [stream for (stream,) in ledger.database.rows(UNFINISHED, {"book": ledger.book, "basis": basis})]
    begun = (history[0].event for history in ledger.histories(streams).values() if history)
    return frozenset(event.file_digest for event in begun if isinstance(event, ImportStarted))


def half_told(history: History, files: frozenset[str]) -> bool:
    """Whether something of a case came out of one of these files: the rest of it may be yet to come."""
    if not files:
        return False
    sources = (recorded.metadata.source for recorded in history)
    return any(source is not None and source.digest in files for source in sources)
