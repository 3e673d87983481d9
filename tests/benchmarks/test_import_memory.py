"""How much memory `daybook import` takes for a log of a hundred thousand rows, and for one of a million."""

import base64
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from api.cli.exits import Exit
from domain.book import BookTime
from ledger.book import open_book
from ledger.database import Database
from ledger.keys import LocalMasterKey
from tests import conftest
from tests.api.imports.made_up import MAPPING, ROWS_OF_BLOCK, counts_of, made_up
from tests.api.imports.written import IMPORTER, SAID_AT

pytestmark = pytest.mark.bench
KEY = b"k" * 32
MOST_GROWTH_BYTES = 32 << 20  # what ten times the rows may take more; it was 11 MiB in the order of the file


class Measured(NamedTuple):
    """What one import took."""

    rows: int
    seconds: float
    peak_bytes: int


@pytest.mark.parametrize("order", ["file", "time"])
def test_memory_does_not_grow_with_the_rows(database: conftest.Database, tmp_path: Path, order: str) -> None:
    mapping = tmp_path / "made-up.toml"
    key = 'key = ["activity", "time"]'
    mapping.write_text(MAPPING.replace(key, f'{key}\norder = "{order}"'), "utf-8")
    small, large = (measured(database, tmp_path, mapping, wanted) for wanted in (100_000, 1_000_000))
    for one in (small, large):
        print(
            f"order {order}: {one.rows:,} rows in {one.seconds:.0f} s, {one.rows / one.seconds:,.0f} rows/s, "
            f"peak {one.peak_bytes / (1 << 20):.0f} MiB"
        )
    assert large.peak_bytes - small.peak_bytes < MOST_GROWTH_BYTES


def measured(database: conftest.Database, tmp_path: Path, mapping: Path, wanted: int) -> Measured:
    """The import of a log of so many rows into a book of its own, in a process of its own."""
    blocks = wanted // ROWS_OF_BLOCK
    log = made_up(tmp_path / f"{wanted}.csv", blocks)
    book = f"rows-{wanted}"
    with Database(database.writer_url) as connected:
        ledger = open_book(
            connected, LocalMasterKey(KEY), book, origin="daybook.bench", zone="UTC",
            time=BookTime.SIMULATED, at=SAID_AT, actor=IMPORTER,
        )  # fmt: skip
        began = time.monotonic()
        told = tmp_path / "peak"
        ended = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.peak", told, "import", log, "--mapping", mapping, "--book", book,
             "--no-project", "--quiet", "--rejects", tmp_path / "rejects.csv"],
            env={
                **os.environ,
                "PYTHONPATH": str(conftest.PROJECT),
                "DATABASE_URL": database.writer_url,
                "DAYBOOK_MASTER_KEY": base64.b64encode(KEY).decode(),
            },
            stdout=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        seconds = time.monotonic() - began
        assert ended.returncode == Exit.IN_PART, "the log has rows that are to be rejected"
        counts = counts_of(blocks)
        assert ledger.head() == 1 + 1 + counts.events + 1
    log.unlink()
    return Measured(counts.rows, seconds, int(told.read_text("utf-8")))
