"""The golden books replay to the same answers whatever surrounds the program that replays them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.amendment import EventCorrected, EventVoided
from domain.case.events import CasePaused
from domain.case.extension import ExtensionApproved
from domain.case.relations import CaseMerged
from domain.customer import CustomerMerged
from domain.deciders import DECIDERS
from domain.event import Precision
from domain.stream import category_of
from ledger.database import Database
from ledger.recorder import Row
from projections.registry import PROJECTIONS
from projections.runner import Runner
from tests import conftest
from tests.conftest import PROJECT
from tests.ledger.submissions import MASTER
from tests.projections.amended import kept
from tests.replay.golden_answers import FILE, digest, digests
from tests.replay.golden_book import BOOKS, GoldenBook

DIGESTS: dict[str, dict[str, str]] = json.loads(FILE.read_text("utf-8"))
LOCALES = {"zh_CN.UTF-8": "zh_CN", "tr_TR.UTF-8": "tr_TR"}
"""Made for the tests where the system has what makes them: one with names of its own, one with an i of its own."""


@pytest.fixture(params=BOOKS)
def golden(request: pytest.FixtureRequest) -> GoldenBook:
    return GoldenBook(request.param)


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of locales."""
    folder = tmp_path_factory.mktemp("locales")
    make = shutil.which("localedef")
    for name, source in LOCALES.items() if make else ():
        subprocess.run([str(make), "-i", source, "-f", "UTF-8", folder / name], capture_output=True, check=False)
    return folder


def told(book: dict[str, str]) -> list[str]:
    return [f"{asked}: {found}" for asked, found in book.items()]


def test_the_golden_books_answer_as_they_always_did() -> None:
    """Where one of them should answer otherwise from now on: python -m tests.replay.golden_answers."""
    found = digests()
    assert {name: told(book) for name, book in found.items()} == {name: told(book) for name, book in DIGESTS.items()}


@pytest.mark.parametrize(
    ("seed", "zone", "language", "utf8"),
    [
        ("0", "Asia/Shanghai", "C", "0"),
        ("1", "America/St_Johns", "zh_CN.UTF-8", "1"),
        ("random", "Pacific/Apia", "tr_TR.UTF-8", "0"),
    ],
)
def test_they_answer_the_same_under_other_hash_seeds_zones_and_locales(
    locales: Path, seed: str, zone: str, language: str, utf8: str
) -> None:
    surroundings = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language, "LANG": language, "PYTHONUTF8": utf8}
    paths = {"LOCPATH": str(locales), "PYTHONPATH": str(PROJECT)}
    found = subprocess.run(
        [sys.executable, "-m", "tests.replay.golden_answers", "print"],
        env=os.environ | surroundings | paths,
        cwd=PROJECT,
        capture_output=True,
        check=True,
    )
    assert json.loads(found.stdout) == DIGESTS


@pytest.fixture
def loaded(golden: GoldenBook, database: conftest.Database) -> Iterator[tuple[Database, Any]]:
    """A golden book in a fresh database, and the database as the role that owns the views."""
    with Database(database.writer_url) as written, Database(database.projector_url) as projected:
        ledger = golden.load(written, MASTER)
        yield projected, ledger
        ledger.close()


def test_a_golden_book_comes_out_of_a_ledger_byte_for_byte_and_its_views_show_what_was_folded_without_one(
    golden: GoldenBook, loaded: tuple[Database, Any]
) -> None:
    projected, ledger = loaded
    assert [plain(row) for row in ledger.rows.rows_since(0, None, None)] == [plain(row) for row in golden.rows]
    head = ledger.head()
    assert Runner(ledger, projected).catch_up() == head
    shown = {f"{view.name} {view.version} at {head}": digest(kept(ledger, view)) for view in PROJECTIONS}
    assert shown == {asked: DIGESTS[golden.name].get(asked) for asked in shown}


def plain(row: Row) -> Row:
    return tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)


def test_the_golden_books_hold_all_that_makes_a_replay_hard() -> None:
    history = [recorded for name in BOOKS for recorded in GoldenBook(name).history]
    assert {category_of(one.stream) for one in history} == {str(category) for category in DECIDERS}
    kinds = {type(one.event) for one in history}
    assert {EventCorrected, EventVoided, CaseMerged, CustomerMerged, CasePaused, ExtensionApproved} <= kinds
    by_place = {(one.book, one.stream, one.version): one.event for one in history}
    amendments = [one for one in history if isinstance(one.event, EventCorrected | EventVoided)]
    of = {type(by_place[one.book, one.stream, one.event.version]) for one in amendments}
    assert {EventCorrected, EventVoided} & of == {EventCorrected, EventVoided}, "no amendment of an amendment"
    late = [one for one in history if (one.recorded_at - one.occurred_at).days > 5]
    by_source = [one for one in history if one.source_recorded_at and one.source_recorded_at < one.recorded_at]
    assert len(late) > 20
    assert len(by_source) > 5
    zones = {one.occurred_zone for one in history}
    assert {"Asia/Shanghai", "America/St_Johns", "Pacific/Apia", "Europe/London"} <= zones
    assert {one.occurred_precision for one in history} == set(Precision)
