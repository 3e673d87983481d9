"""Books by which something is promised: a policy and a calendar of the examples, published."""

from datetime import date, datetime
from typing import Any

from api.calendars import document_in
from api.policies import read_policy
from domain.book import id_of_book
from domain.calendar import ProposeCalendar, PublishCalendar
from domain.policy import ProposePolicy, PublishPolicy
from ledger.ledger import Ledger
from tests.conftest import PROJECT
from tests.ledger.submissions import submission

EXAMPLES = PROJECT / "examples"
PUBLICATION = 4
"""The events of it."""


def publish(ledger: Ledger, policy: str, calendar: str, since: date, at: datetime) -> None:
    """Lets a policy and its calendar hold in a book that has none, from a day on."""
    hours = document_in(EXAMPLES / "calendars" / f"{calendar}.toml")
    document = read_policy(EXAMPLES / "policies" / f"{policy}.toml").document()
    about: dict[str, Any] = {"at": at, "book_id": id_of_book(ledger.book)}
    asked: dict[str, Any] = {"effective_from": since, "reason": "as the examples have it", "requested_by": "Chen Jie"}
    for command in (
        ProposeCalendar(document=hours, **about, **asked),
        PublishCalendar(proposal=1, approved_by="Director Li", **about),
        ProposePolicy(document=document, **about, **asked),
        PublishPolicy(proposal=1, approved_by="Director Li", **about),
    ):
        ledger.carry_out(submission(command, at=at))
