from uuid import UUID

from domain.book import (
    BOOK,
    BookOpened,
    BookTime,
    ComparedScope,
    ForbidSelfApproval,
    OpenBook,
    RecordComparison,
    SelfApprovalAllowed,
    SelfApprovalForbidden,
    ViewCompared,
    ViewFinding,
)
from tests.domain.story import MONDAY, Story

story = Story(BOOK)
opened = BookOpened(origin="daybook.example/main", zone="Asia/Shanghai", time=BookTime.LIVE, formats=("envelope.1",))
open_it = OpenBook(
    at=MONDAY,
    book_id=UUID(int=1),
    origin="daybook.example/main",
    book_zone="Asia/Shanghai",
    time=BookTime.LIVE,
    formats=("envelope.1",),
)


def test_a_book_begins_with_its_genesis() -> None:
    story.when(open_it).then(opened)


def test_a_book_opened_just_so_is_not_opened_again() -> None:
    story.given(opened).when(open_it).then_nothing()


def test_a_book_does_not_change_from_live_to_simulated() -> None:
    simulated = open_it.model_copy(update={"time": BookTime.SIMULATED})
    story.given(opened).when(simulated).then_refused("BOOK_ALREADY_OPEN", "open already")


compared = ViewCompared(
    comparison_id=UUID(int=7),
    view="case_file",
    version=1,
    position=4821,
    scope=ComparedScope.ALL,
    key=None,
    subjects=None,
    seed=None,
    rows=200,
    live_digest="5f" * 32,
    fresh_digest="5f" * 32,
    differing=0,
    findings=(),
)
record_it = RecordComparison(at=MONDAY, book_id=UUID(int=1), compared=compared)


def test_every_comparison_of_a_view_is_kept_though_it_came_to_the_same() -> None:
    again = compared.model_copy(update={"comparison_id": UUID(int=8)})
    story.given(opened, compared).when(record_it.model_copy(update={"compared": again})).then(again)


def test_a_comparison_is_kept_once() -> None:
    story.given(opened).when(record_it).then(compared)
    otherwise = record_it.model_copy(update={"compared": compared.model_copy(update={"rows": 7})})
    story.given(opened, compared).when(otherwise).then_refused("RECORDED_OTHERWISE", "under a new id")


def test_a_comparison_is_kept_in_a_book_that_there_is() -> None:
    story.when(record_it).then_refused("UNKNOWN_BOOK", "no such book")


def test_a_comparison_changes_nothing_of_what_the_book_allows() -> None:
    allowed = SelfApprovalAllowed(reason="one desk", decided_by="grace")
    forbid = ForbidSelfApproval(at=MONDAY, book_id=UUID(int=1), reason="two desks", decided_by="grace")
    forbidden = SelfApprovalForbidden(reason="two desks", decided_by="grace")
    story.given(opened, allowed, compared).when(forbid).then(forbidden)


def test_whatever_is_not_as_it_ought_to_be_makes_a_comparison_an_anomaly() -> None:
    other = compared.model_copy(update={"live_digest": "a7" * 32, "differing": 1})
    stale = compared.model_copy(update={"live_digest": None, "fresh_digest": None, "findings": (ViewFinding.STALE,)})
    assert [one.anomalous for one in (compared, other, stale)] == [False, True, True]
