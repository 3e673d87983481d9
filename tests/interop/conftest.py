"""pm4py in an environment of its own, which `make interop` makes: its licence is the AGPL, so it is no dependency."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT

PYTHON = PROJECT / ".venv-interop" / "bin" / "python"
SECONDS = 300


@pytest.fixture(scope="session")
def with_pm4py() -> Callable[[Path, Path], Any]:
    """Runs a script on a file there, and gives the JSON that it prints."""
    if not PYTHON.exists():
        pytest.fail(f"{PYTHON} is not there; `make interop` makes it.")

    def run(script: Path, file: Path) -> Any:
        came = subprocess.run([PYTHON, script, file], capture_output=True, text=True, timeout=SECONDS, check=False)
        assert came.returncode == 0, came.stderr
        return json.loads(came.stdout)

    return run
