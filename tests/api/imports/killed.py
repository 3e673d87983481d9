"""A program to be killed: imports a file in small batches and says on standard output when it has done each."""

import sys
from pathlib import Path

from api.imports.loading import load_mapping
from api.imports.run import run_import
from ledger.database import Database
from tests.api.imports.written import IMPORTER, SAID_AT, opened

if __name__ == "__main__":
    url, file, steps, *mapping = sys.argv[1:]
    with Database(url) as database:
        run_import(
            opened(database),
            Path(file),
            load_mapping(*mapping or ("servicenow",)),
            actor=IMPORTER,
            said_at=SAID_AT,
            on_progress=lambda progress: print(progress.rows, flush=True),  # noqa: T201  the killer listens
            batch_steps=int(steps),
        )
