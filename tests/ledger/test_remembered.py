import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from domain.book import AllowSelfApproval, ForbidSelfApproval, id_of_book, stream_of_book
from ledger import remembered
from ledger.decision import tip_of
from ledger.ledger import Ledger
from ledger.recorder import LedgerRecorder
from ledger.remembered import Remembered
from tests.ledger.submissions import OPENED, case_stream, receive, submission

BOOK = stream_of_book("main")
TURNS = 12


def changed_often(ledger: Ledger) -> None:
    """Self-approval is allowed and forbidden in turn, with other events between."""
    for turn in range(TURNS):
        kind = ForbidSelfApproval if turn % 2 else AllowSelfApproval
        command = kind(at=OPENED, book_id=id_of_book("main"), reason=f"turn {turn}", decided_by="Director Li")
        ledger.carry_out(submission(command))
        ledger.carry_out(submission(receive(uuid4())))


def of(ledger: Ledger) -> Remembered:
    return Remembered(ledger.rows, ledger.mapper)  # type: ignore[arg-type]  # the library declares its own


def folded(ledger: Ledger, upto: int) -> Any:
    return tip_of(BOOK, (one for one in ledger.history(BOOK) if one.position <= upto)).state


def test_what_is_remembered_is_what_a_fold_from_the_beginning_gives_whichever_position_is_asked_for(
    ledger: Ledger,
) -> None:
    changed_often(ledger)
    known = of(ledger)
    positions = list(range(ledger.head() + 1)) * 2
    random.Random(7).shuffle(positions)
    assert [known.states([BOOK], at)[BOOK] for at in positions] == [folded(ledger, at) for at in positions]


def test_each_event_is_folded_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    plainly = LedgerRecorder.rows_after

    def watched(self: LedgerRecorder, *asked: Any) -> Any:
        rows = plainly(self, *asked)
        read.append(len(rows))
        return rows

    monkeypatch.setattr(LedgerRecorder, "rows_after", watched)
    changed_often(ledger)
    known = of(ledger)
    for _ in range(3):
        known.states([BOOK], ledger.head())
    assert read[-3:] == [TURNS + 1, 0, 0]
    changed_often(ledger)
    known.states([BOOK], ledger.head())
    assert read[-1] == TURNS


def test_streams_that_may_be_amended_are_left_to_others(ledger: Ledger) -> None:
    case_id = uuid4()
    ledger.carry_out(submission(receive(case_id)))
    assert of(ledger).states([case_stream(case_id)], ledger.head()) == {}


def test_no_more_streams_are_remembered_than_a_book_needs(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MOST_STREAMS", 2)
    changed_often(ledger)
    known = of(ledger)
    others = [stream_of_book(name) for name in ("one", "two", "three")]
    states = known.states([BOOK, *others], ledger.head())
    assert states == {BOOK: folded(ledger, ledger.head()), **dict.fromkeys(others)}
    assert known.states([BOOK], ledger.head())[BOOK] == states[BOOK]


def test_several_threads_may_ask_at_once(ledger: Ledger) -> None:
    changed_often(ledger)
    known = of(ledger)
    positions = [position for position in range(1, ledger.head() + 1) for _ in range(4)]
    random.Random(11).shuffle(positions)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda at: known.states([BOOK], at)[BOOK], positions))
    assert found == [folded(ledger, at) for at in positions]
