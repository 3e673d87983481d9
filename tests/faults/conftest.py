"""A place of its own for each server that is to be killed."""

import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def place(open_folder: Path) -> Path:
    """A folder that no other test uses, with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    return folder
