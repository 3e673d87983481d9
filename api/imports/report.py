"""What an import came to, and how far it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import NamedTuple
from uuid import UUID

import orjson

from api.imports.carrying import Done
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
    """Rows that say the same as the one before, but for bookkeeping."""
    cases: int
    customers: int
    commands: int
    events: int
    """Those about customers, touchpoints and cases; the import's own two come on top."""
    repeated: int
    """Rows that an earlier run had carried out."""
    rejected: dict[str, int]
    """Rows that were left out, by reason."""
    odd: dict[str, int]
    """Rows that were imported and are odd, by kind; a row may be odd in several ways."""
    seconds: float

    def as_json(self) -> str:
        """The report on one line of JSON."""
        return orjson.dumps(asdict(self)).decode()


@dataclass(slots=True)
class Tally:
    """The counts of an import that goes on."""

    rows: int = 0
    unchanged: int = 0
    cases: int = 0
    commands: int = 0
    events_of_cases: int = 0
    repeated: int = 0
    position: int = 0
    """Where in the book the latest event lies that follows from a row."""
    rejected: Counter[str] = field(default_factory=Counter)
    odd: Counter[str] = field(default_factory=Counter)
    customers: set[str] = field(default_factory=set)
    """Their streams. Many rows ask for the same customer, and which of them led to an event depends on what the
    ledger knew before."""

    @property
    def events(self) -> int:
        """Each customer of the file has one."""
        return self.events_of_cases + len(self.customers)

    def count(self, begins: bool, commands: int, done: Done) -> None:
        """Adds what followed from a step."""
        self.cases += begins
        self.commands += commands
        self.repeated += done.repeated
        self.position = max(self.position, done.position)
        for stream in done.streams:
            if category_of(stream) == Category.CUSTOMER:
                self.customers.add(stream)
            else:
                self.events_of_cases += 1
