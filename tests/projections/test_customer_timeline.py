import json
import random
from collections.abc import Callable
from datetime import UTC
from itertools import pairwise
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.case.commands import RegisterCase, TransferCase
from domain.channel import Channel, Direction
from domain.event import Precision
from domain.stream import subject_of
from ledger.database import Database
from ledger.ledger import Ledger
from projections import customer_timeline
from projections.paging import Page, Window
from projections.runner import Runner
from projections.timeline import OCCURRED, EntryKind, TimelineEntry, TimelineFilter
from tests import conftest
from tests.ledger.submissions import (
    OPENED,
    register_customer,
    submission,
)
from tests.projections.books import case_id, fill, received, write
from tests.projections.timelines import (
    DAY,
    MINUTE,
    WANG,
    ZHAO,
    asking,
    places,
    told_plainly,
    touched,
    walked,
    walked_back,
)


@pytest.fixture
def ask(ledger: Ledger, runner: Runner, written: Database) -> Callable[..., Page[TimelineEntry]]:
    """Asks for a page, once the views show everything."""
    return asking(ledger, runner, written)


# In which order -----------------------------------------------------------------------------------------------


def test_what_happened_at_the_same_time_stands_in_the_order_in_which_it_was_recorded(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]]
) -> None:
    later, earlier = OPENED + DAY, OPENED - DAY
    write(ledger, touched(1, at=later, channel=Channel.SMS), touched(2), touched(3), touched(4, at=earlier), at=later)
    by_day = touched(5).model_copy(update={"precision": Precision.DAY})
    write(ledger, by_day, touched(6))
    shown = ask().rows
    assert [subject_of(one.stream).int - 0x70C4_1000 for one in shown] == [4, 2, 3, 5, 6, 1]
    assert [one.occurred_precision for one in shown] == [Precision.INSTANT] * 3 + [Precision.DAY] + [
        Precision.INSTANT
    ] * 2
    assert shown == ask(descending=True).rows[::-1]


@pytest.mark.parametrize("descending", [False, True])
def test_pages_both_ways_through_equal_times_are_the_whole_timeline(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]], *, descending: bool
) -> None:
    chance = random.Random(3)
    write(ledger, *(received(number, customer_id=WANG) for number in range(4)))
    for number in range(60):
        case = chance.choice([None, case_id(chance.randrange(4))])
        who = chance.choice([WANG, ZHAO, None])
        at = OPENED + chance.randrange(5) * MINUTE
        write(ledger, touched(number, at=at, customer_id=who, case_id=case), at=OPENED + DAY)
    whole = ask(limit=1000, descending=descending).rows
    ordered = told_plainly(ledger, WANG)
    assert places(whole) == (ordered[::-1] if descending else ordered)
    assert 20 < len(whole) < 60
    for size in (1, 4, 7):
        assert walked(ask, size, descending=descending) == whole
        assert walked_back(ask, size, descending=descending) == whole
    between = {"after": OCCURRED.place_of(whole[5]), "before": OCCURRED.place_of(whole[15]), "descending": descending}
    assert ask(limit=20, **between) == Page(whole[6:15], has_more=False)
    assert ask(limit=3, from_end=True, **between) == Page(whole[12:15], has_more=True)


FILTERS: dict[str, tuple[TimelineFilter, Callable[[TimelineEntry], bool]]] = {
    "a kind": (TimelineFilter(kinds=(EntryKind.RECEIVED,)), lambda one: one.kind is EntryKind.RECEIVED),
    "kinds": (
        TimelineFilter(kinds=(EntryKind.RESOLVED, EntryKind.TOUCHPOINT)),
        lambda one: one.kind in (EntryKind.RESOLVED, EntryKind.TOUCHPOINT),
    ),
    "a channel": (TimelineFilter(channels=(Channel.WEB,)), lambda one: one.channel is Channel.WEB),
    "a direction": (TimelineFilter(directions=(Direction.OUT,)), lambda one: one.direction is Direction.OUT),
    "a window": (
        TimelineFilter(occurred_from=OPENED + DAY, occurred_before=OPENED + 3 * DAY),
        lambda one: OPENED + DAY <= one.occurred_at < OPENED + 3 * DAY,
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_timeline_is_narrowed_by_every_filter(
    ledger: Ledger, ask: Callable[..., Page[TimelineEntry]], name: str
) -> None:
    fill(ledger, cases=30)
    where, holds = FILTERS[name]
    whole = ask(limit=1000).rows
    expected = [one for one in whole if holds(one)]
    assert 0 < len(expected) < len(whole)
    assert ask(limit=1000, where=where).rows == expected
    assert walked(ask, 2, where=where) == expected


# Ten thousand -------------------------------------------------------------------------------------------------

MANY_CASES, MANY_TOUCHPOINTS, STRANGERS = 1_000, 7_500, 2_000
LIMIT = 50


def fill_with_one_busy_customer(ledger: Ledger) -> None:
    asked = [submission(register_customer(WANG, "王小明"))]
    for number in range(MANY_CASES):
        at = OPENED + number * MINUTE
        asked.append(
            submission(
                received(number, at=at, customer_id=WANG),
                RegisterCase(at=at, case_id=case_id(number), unit="北区"),
                touched(100_000 + number, at=at, case_id=case_id(number)),
                TransferCase(at=at, case_id=case_id(number), to_unit="South"),
                at=OPENED + 30 * DAY,
            )
        )
    asked += [
        submission(touched(number, at=OPENED + number * MINUTE / 7), at=OPENED + 30 * DAY)
        for number in range(MANY_TOUCHPOINTS)
    ]
    asked += [
        submission(received(5_000 + number, customer_id=UUID(int=0xBEEF_0000 + number))) for number in range(STRANGERS)
    ]
    outcomes = ledger.carry_out_all(asked)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(inner for each in plan.get("Plans", ()) for inner in nodes(each))]


def test_ten_thousand_entries_are_paged_by_indexes_and_never_sorted_whole(
    ledger: Ledger,
    runner: Runner,
    written: Database,
    database: conftest.Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill_with_one_busy_customer(ledger)
    runner.catch_up()
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("ANALYZE views.timeline_1")
        connection.execute("ANALYZE views.case_file_1")
    expected = told_plainly(ledger, WANG)
    assert len(expected) > 10_000
    asked: list[tuple[str, Any]] = []
    plainly = Database.rows

    def watched(self: Database, query: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        asked.append((query, parameters))
        return plainly(self, query, parameters)

    monkeypatch.setattr(Database, "rows", watched)
    place, found = None, []
    for _ in range(3):
        page = customer_timeline.page(written, "main", WANG, Window(OCCURRED, True, place, limit=LIMIT))
        found += page.rows
        place = OCCURRED.place_of(page.rows[-1])
    assert places(found) == expected[::-1][: 3 * LIMIT]
    for query, parameters in asked:
        ((plan,),) = plainly(written, f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", parameters)
        told = nodes(plan[0]["Plan"])
        scans = [node for node in told if node.get("Relation Name", "").startswith("timeline")]
        assert scans
        assert {node["Node Type"] for node in scans} <= {"Index Scan", "Index Only Scan"}
        sorted_rows = [
            inner["Actual Rows"] * inner["Actual Loops"]
            for node in told
            if node["Node Type"] in {"Sort", "Incremental Sort"}
            for inner in node["Plans"]
        ]
        assert max(sorted_rows) <= MANY_CASES
        read = sum(node["Actual Rows"] * node["Actual Loops"] for node in scans)
        assert read <= 2 * MANY_CASES, json.dumps(plan)


def test_instants_come_back_in_utc(ledger: Ledger, ask: Callable[..., Page[TimelineEntry]]) -> None:
    write(ledger, touched(1), touched(2, at=OPENED + MINUTE))
    shown = ask().rows
    assert {one.occurred_at.tzinfo for one in shown} == {UTC}
    assert all(one.occurred_at < other.occurred_at for one, other in pairwise(shown))
