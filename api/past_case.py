"""Cases as they were known at one instant, as far as they had occurred by another: folded anew out of their events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from api.past_place import place_read
from domain.stream import Category, stream_of
from ledger.ledger import Ledger, PersonalPlace
from projections.case_file import CASE_FILE, CaseFile
from projections.traced import row_of
from replay.as_of import AsOf, PastStream, streams_as_of
from replay.reader import Reader

WORDS = "/words"


class PastCase(NamedTuple):
    """A case as of two instants."""

    file: CaseFile
    """By the fold of the live view, so that both mean the same."""
    stream: PastStream

    @property
    def words_place(self) -> PersonalPlace | None:
        """Where the customer's words lie as they were read then, for the ledger to disclose."""
        return place_read(self.stream, self.file.words_version, WORDS)


def past_cases(ledger: Ledger, case_ids: Iterable[UUID], as_of: AsOf) -> dict[UUID, PastCase]:
    """Those of some cases that had been received by then. Raises: LedgerAway, UnknownTopic, UnreadableEvent."""
    streams = {stream_of(Category.CASE, case_id): case_id for case_id in case_ids}
    found: dict[UUID, PastCase] = {}
    for stream, past in streams_as_of(Reader(ledger), streams, as_of).items():
        file = folded(streams[stream], past)
        if file is not None:
            found[streams[stream]] = PastCase(file, past)
    return found


def folded(case_id: UUID, past: PastStream) -> CaseFile | None:
    """The case out of its stream as of two instants; None when it was not received by then, or that does not count."""
    file: CaseFile | None = row_of(CASE_FILE, case_id, ((one, past.reading.of(one)) for one in past.written))
    return file
