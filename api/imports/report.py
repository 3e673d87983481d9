"""What an import came to, and how far it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import NamedTuple
from uuid import UUID

import orjson

from api.imports.carrying import Done
from api.imports.scratch import Marks, mark_of
from api.imports.step import Begins
from domain.stream import Category, category_of


class Progress(NamedTuple):
    """How far an import is; enough for a rate and the time left."""

    bytes_read: int
    bytes_total: int
    rows: int
    events: int
    repeated: int
    rejected: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the rows of a file. All counts but `repeated` follow from the file and the mapping alone."""

    import_id: UUID
    number: str | None
    """Its register number, such as I2026-000001; None after a dry run."""
    file: str
    mapping: str
    dry_run: bool
    rows: int
    unchanged: int
    """Rows that say the same as the one before but for bookkeeping, or of which no rule is about anything."""
    duplicates: int
    """Rows that the file has twice."""
    ignored: int
    """Rows that the mapping leaves out, for a stated reason."""
    cases: int
    """Those that the file begins."""
    continued: int
    """Those that begin in the file, and had begun in another."""
    customers: int
    commands: int
    events: int
    """Those about customers, touchpoints and cases; the import's own two come on top."""
    repeated: int
    """Rows that an earlier run had carried out."""
    rejected: dict[str, int]
    """Rows that were left out, by reason."""
    without_rule: dict[str, int]
    """Rows of activities that the mapping has no rule for, by activity; they are among the rejected."""
    odd: dict[str, int]
    """Rows of a snapshot log that were imported and are odd, by kind; a row may be odd in several ways."""
    seconds: float

    def as_json(self) -> str:
        """The report on one line of JSON."""
        return orjson.dumps(asdict(self)).decode()


@dataclass(slots=True)
class Tally:
    """The counts of an import that goes on."""

    rows: int = 0
    unchanged: int = 0
    duplicates: int = 0
    ignored: int = 0
    cases: int = 0
    continued: int = 0
    commands: int = 0
    events: int = 0
    repeated: int = 0
    position: int = 0
    """Where in the book the latest event lies that follows from a row."""
    rejected: Counter[str] = field(default_factory=Counter)
    odd: Counter[str] = field(default_factory=Counter)
    customers: Marks = field(default_factory=Marks)
    """Their streams. Many rows ask for the same customer, and which of them leads to an event depends on what the
    ledger knew before."""

    @property
    def said_nothing(self) -> int:
        """Rows that made no event and were not rejected for it."""
        return self.unchanged + self.duplicates + self.ignored

    def count(self, begins: Begins, commands: int, done: Done) -> None:
        """Adds what followed from a step."""
        self.cases += begins is not Begins.NOT and not done.joined
        self.continued += done.joined
        self.commands += commands
        self.repeated += done.repeated
        self.position = max(self.position, done.position)
        self.events += len(done.streams)
        for stream in done.streams:
            if category_of(stream) == Category.CUSTOMER:
                self.customers.add(mark_of(stream))
