"""The real histories beside the checkout, what was measured in them without this program, and what judges them."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ledger.ledger import Ledger
from projections import case_file
from projections.case_file import CaseFile
from projections.paging import Window

STAMPS = {"active", "sys_created_at", "sys_mod_count", "sys_updated_at", "sys_updated_by"}
VERDICTS = {"made_sla", "reopen_count", "reassignment_count", "closed_code", "resolved_by", "resolved_at", "closed_at"}


class History(NamedTuple):
    """A file of incidents, and what was counted in it."""

    file: str
    rows: int
    cases: int
    reopened_cases: int
    reopenings: int
    unit_changes: int
    agreeing_on_unit_changes: int
    agreeing: Mapping[str, tuple[int, int]]
    """By final priority, of how many incidents the fitted policy gives the verdict that the file carries, and of how
    many there are."""
    disagreeing: tuple[str, ...] = ()
    made_good: int = 0
    """How many incidents had missed a limit before another priority, with a longer one, was set, and met that."""


MINI = History(
    file="uci_incident_mini_400.csv.gz",
    rows=3_699,
    cases=400,
    reopened_cases=141,
    reopenings=162,
    unit_changes=698,
    agreeing_on_unit_changes=399,
    agreeing=MappingProxyType(
        {
            "1 - Critical": (3, 3),
            "2 - High": (9, 9),
            "3 - Moderate": (375, 375),
            "4 - Low": (13, 13),
        }
    ),
)
MIDDLE = History(
    file="uci_incident_2500.csv.gz",
    rows=16_688,
    cases=2_500,
    reopened_cases=275,
    reopenings=331,
    unit_changes=2_836,
    agreeing_on_unit_changes=2_491,
    agreeing=MappingProxyType(
        {
            "1 - Critical": (21, 21),
            "2 - High": (43, 43),
            "3 - Moderate": (2_374, 2_374),
            "4 - Low": (62, 62),
        }
    ),
    made_good=1,
)
FULL = History(
    file="uci_incident_full.csv.gz",
    rows=141_712,
    cases=24_918,
    reopened_cases=275,
    reopenings=331,
    unit_changes=23_321,
    agreeing_on_unit_changes=24_827,
    agreeing=MappingProxyType(
        {
            "1 - Critical": (267, 270),
            "2 - High": (407, 408),
            "3 - Moderate": (23_457, 23_466),
            "4 - Low": (774, 774),
        }
    ),
    disagreeing=(
        *("INC0003451", "INC0003815", "INC0008249", "INC0008485", "INC0024555", "INC0025371", "INC0025444"),
        *("INC0025735", "INC0025896", "INC0026286", "INC0030808", "INC0075438", "INC0092643"),
    ),
    made_good=17,
)


def all_cases(ledger: Ledger) -> Iterator[CaseFile]:
    after: str | None = None
    while True:
        page = case_file.page(ledger.database, ledger.book, Window(case_file.RECEIVED, after=after, limit=1000))
        yield from page.rows
        if not page.has_more:
            return
        after = case_file.RECEIVED.place_of(page.rows[-1])


def unchanged_in(rows: list[dict[str, str]]) -> int:
    """Rows that say the same as the one before, counted in the file itself."""
    said = [{name: value for name, value in row.items() if name not in STAMPS | VERDICTS} for row in rows]
    return sum(one == other for one, other in pairwise(said))


def blanked(rows: list[dict[str, str]], columns: Iterable[str], path: Path) -> Path:
    """A copy in which some columns are empty."""
    empty = dict.fromkeys(columns, "")
    with path.open("w", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, **empty} for row in rows)
    return path
