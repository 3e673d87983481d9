import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from projections.case_file import CASE_FILE
from projections.fingerprint import digest_of, fingerprint
from projections.registry import PROJECTIONS
from projections.view import View
from tests.conftest import PROJECT

PRINT = """
from projections.case_file import CASE_FILE
from projections.fingerprint import fingerprint
print(fingerprint(CASE_FILE))
"""


def test_each_view_has_a_fingerprint_of_its_own_and_so_has_each_version_of_it() -> None:
    views: list[View[Any]] = [*PROJECTIONS, replace(CASE_FILE, version=CASE_FILE.version + 1)]
    assert len({fingerprint(view) for view in views}) == len(views)


def test_another_process_of_the_same_program_has_the_same_fingerprint_whatever_surrounds_it() -> None:
    told = subprocess.run(
        [sys.executable, "-c", PRINT],
        env={"PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai", "LC_ALL": "C", "PYTHONPATH": str(PROJECT)},
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == fingerprint(CASE_FILE)


@pytest.mark.parametrize("change", ["a line more", "another name", "a file more", "nothing", "compiled"])
def test_code_that_changes_has_another_digest_and_what_python_compiles_of_it_has_not(
    tmp_path: Path, change: str
) -> None:
    room = tmp_path / "room"
    (room / "within").mkdir(parents=True)
    (room / "within" / "fold.py").write_text("one = 1\n")
    before = digest_of([room])
    match change:
        case "a line more":
            (room / "within" / "fold.py").write_text("one = 1\ntwo = 2\n")
        case "another name":
            (room / "within" / "fold.py").rename(room / "within" / "folds.py")
        case "a file more":
            (room / "view.sql").write_text("")
        case "compiled":
            (room / "__pycache__").mkdir()
            (room / "__pycache__" / "fold.pyc").write_bytes(b"x")
        case _:
            pass
    assert (digest_of([room]) == before) == (change in {"nothing", "compiled"})
