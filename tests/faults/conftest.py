"""A place of its own for each server that is to be killed."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def place(open_folder: Path) -> Iterator[Path]:
    """A folder that no other test uses, with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)  # at once: what is still in memory then need not be written to the disk at all
