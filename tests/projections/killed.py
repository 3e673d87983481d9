"""A program to be killed: builds a view anew, and stands still on the way once it has said how far it has come."""

import sys

from ledger.database import Database
from ledger.ledger import Ledger
from projections.case_file import CASE_FILE
from projections.rebuild import rebuild
from tests.ledger.submissions import MASTER


def stand_still(book: str, reached: int, target: int) -> None:
    print(reached, flush=True)  # noqa: T201  the killer listens
    sys.stdin.read()


if __name__ == "__main__":
    writer_url, projector_url = sys.argv[1:]
    with Database(writer_url) as written, Database(projector_url) as projected:
        rebuild(CASE_FILE, lambda: [Ledger(written, MASTER)], projected, stand_still)
