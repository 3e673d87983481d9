"""Policies of the regulatory library in a book on PostgreSQL: published, lived by, and found in the view of clocks."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from api.policies import library_policy
from domain.book import id_of_book
from domain.calendar import ProposeCalendar, PublishCalendar
from domain.event import Command
from domain.policy import ProposePolicy, PublishPolicy
from ledger.ledger import Ledger
from projections.deadlines import of_streams
from projections.runner import Runner
from tests.api.library_clocks import NUMBERED, Numbered
from tests.api.lived import DAY, calendar_of
from tests.ledger.submissions import OPENED, case_stream, submission

POLICIES = sorted({told.policy for told in NUMBERED})
SAID = OPENED + timedelta(days=1)


def tell(ledger: Ledger, *commands: Command) -> None:
    ledger.carry_out(submission(*commands, at=SAID))


def publish(ledger: Ledger, policy: str) -> None:
    document = library_policy(policy).document()
    said: dict[str, Any] = {"at": SAID, "book_id": id_of_book(ledger.book)}
    asked = said | {"effective_from": date(2020, 1, 1), "reason": "the law", "requested_by": "王芳"}
    given = said | {"proposal": 1, "approved_by": "Director Li"}
    tell(ledger, ProposeCalendar(document=calendar_of(document), **asked))
    tell(ledger, PublishCalendar(**given))
    tell(ledger, ProposePolicy(document=document, **asked))
    tell(ledger, PublishPolicy(**given))


def commands(told: Numbered, case_id: UUID) -> list[Command]:
    place = ZoneInfo(library_policy(told.policy).document().zone)
    return [
        step.kind.model_validate(
            {
                "at": datetime.fromisoformat(at).replace(tzinfo=place),
                "zone": place.key,
                "case_id": case_id,
                **step.fields,
            }
        )
        for at, step in told.begun
    ]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_book_that_publishes_a_policy_of_the_library_shows_its_clocks_with_the_dues_of_the_law(
    ledger: Ledger, runner: Runner, policy: str
) -> None:
    publish(ledger, policy)
    cases = {UUID(int=number): told for number, told in enumerate(NUMBERED, 100) if told.policy == policy}
    for case_id, told in cases.items():
        for command in commands(told, case_id):
            tell(ledger, command)
    runner.catch_up()
    found = of_streams(ledger.database, ledger.book, [case_stream(case_id) for case_id in cases])
    for case_id, told in cases.items():
        timers = [timer for timer in found[case_stream(case_id)] if timer.target == told.target]
        (timer,) = (timer for timer in timers if timer.part == (told.part or ""))
        assert timer.due_on == date.fromisoformat(told.due[:DAY])
        assert (timer.statutory, timer.policy, timer.policy_version) == (True, policy, 1)
