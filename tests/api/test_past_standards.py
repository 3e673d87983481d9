"""Policies and calendars as of two instants: published after they hold, ended later, declared late."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from api.past_standards import in_force, past_calendars, past_policies
from domain.policy import ApprovePolicyWithdrawal, ProposePolicy, PublishPolicy, RequestPolicyWithdrawal
from domain.sla.days import DayKind
from domain.sla.policy import PolicyDocument
from ledger.database import Database
from ledger.ledger import Ledger
from replay.as_of import AsOf, KnownBy
from tests import conftest
from tests.ledger.submissions import OPENED, opened
from tests.projections.regulated import BOOK, POLICY, calendar, promise, publish_calendar, tell

DAY = timedelta(days=1)
LATER = OPENED + 900 * DAY


@pytest.fixture
def ledger(database: conftest.Database) -> Iterator[Ledger]:
    """A simulated book that promises something."""
    with Database(database.writer_url) as connected:
        ledger = opened(connected, "main")
        promise(ledger)
        yield ledger


def day(number: int) -> datetime:
    return OPENED + number * DAY


def held(ledger: Ledger, position: int, valid: int, by: KnownBy = KnownBy.LEDGER) -> list[tuple[str, int]]:
    as_of = AsOf(position, LATER, day(valid), by)
    return [(each.name, each.version) for each in in_force(past_policies(ledger, as_of), as_of.valid_at)]


def test_a_policy_published_after_the_day_from_which_it_holds_is_in_force_then_for_whoever_knows_of_it(
    ledger: Ledger,
) -> None:
    first = ledger.head()
    shorter = PolicyDocument.model_validate({**POLICY, "title": {"en": "Shorter"}})
    asks: dict[str, Any] = {"at": day(20), "book_id": BOOK, "reason": "promised in public", "requested_by": "王芳"}
    since = day(5).date()
    tell(ledger, ProposePolicy(**asks, document=shorter, effective_from=since, reassign=True), at=day(20))
    proposed = ledger.head()
    tell(ledger, PublishPolicy(at=day(21), book_id=BOOK, proposal=3, approved_by="Director Li"), at=day(21))
    published = ledger.head()
    end = RequestPolicyWithdrawal(**asks | {"at": day(30)}, name="promises", effective_before=day(60).date())
    tell(ledger, end, at=day(30))
    tell(ledger, ApprovePolicyWithdrawal(at=day(30), book_id=BOOK, request=5, approved_by="Director Li"), at=day(30))
    ended = ledger.head()
    one, two = [("promises", 1)], [("promises", 2)]
    seen = {known: [held(ledger, known, valid) for valid in (4, 6, 25, 70)]
            for known in (first, proposed, published, ended)}  # fmt: skip
    assert seen == {
        first: [one, one, one, one],
        proposed: [one, one, one, one],
        published: [one, two, two, two],
        ended: [one, two, two, []],
    }
    assert held(ledger, 1, 4) == []
    assert [held(ledger, ended, valid, KnownBy.SOURCE) for valid in (4, 25)] == [one, two]
    pending = past_policies(ledger, AsOf(proposed, LATER, LATER)).pending
    assert [request.name for request in pending] == ["promises"]


def test_a_calendar_that_was_declared_late_says_of_a_day_what_was_known_of_it(ledger: Ledger) -> None:
    before = ledger.head()
    closed = date(2026, 1, 7)
    publish_calendar(ledger, calendar(2, closed), at=day(20))

    def kind(position: int, by: KnownBy = KnownBy.LEDGER) -> DayKind:
        calendars = past_calendars(ledger, AsOf(position, LATER, LATER, by)).calendars
        return calendars.told("desk", closed, None).kind

    assert (kind(before), kind(ledger.head())) == (DayKind.USUAL, DayKind.HOLIDAY)
    assert kind(ledger.head(), KnownBy.SOURCE) is DayKind.HOLIDAY
    assert past_calendars(ledger, AsOf(1, LATER, LATER)).versions == ()
