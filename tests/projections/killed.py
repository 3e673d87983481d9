"""A program to be killed: builds views anew in small steps, and after each waits until it may go on.

It says in lines how far it has come, and reads a line before it goes on.
"""

import sys
from collections.abc import Sequence
from typing import Any

from ledger.database import Database
from ledger.ledger import Ledger
from projections.audit_trail import AUDIT_TRAIL
from projections.building import build
from projections.case_file import CASE_FILE
from projections.rebuild import RebuildUnderWay, rebuild_all
from projections.view import View
from tests.ledger.submissions import MASTER

VIEWS: tuple[View[Any], ...] = (CASE_FILE, AUDIT_TRAIL)
BATCH = 40


def stand_still(book: str, reached: int, target: int) -> None:
    print(book, reached, target, flush=True)  # noqa: T201  the killer listens
    sys.stdin.readline()


def main(writer_url: str, projector_url: str, *books: str) -> None:
    with Database(writer_url) as written, Database(projector_url) as projected:
        ledgers = [Ledger(written, MASTER, book) for book in books]

        def build_books(views: Sequence[View[Any]], ledgers: Sequence[Ledger]) -> None:
            for ledger in ledgers:
                build(views, ledger, projected, stand_still, batch=BATCH)

        while True:
            try:
                rebuild_all(VIEWS, lambda: ledgers, projected, build_books)
                break
            except RebuildUnderWay:  # the server has not noticed yet that the one before is dead
                continue


if __name__ == "__main__":
    main(*sys.argv[1:])
