from typing import Any

from domain.book import AllowSelfApproval, id_of_book
from domain.calendar import ProposeCalendar, PublishCalendar
from domain.policy import ApprovePolicyWithdrawal, ProposePolicy, PublishPolicy, RequestPolicyWithdrawal
from domain.sla.policy import PolicyDocument
from ledger.database import Database
from ledger.ledger import Ledger
from projections.audit_trail import Override
from projections.overrides import overrides_by_actor
from projections.runner import Runner
from tests.domain.sla.documents import policy
from tests.domain.sla.made import calendar
from tests.ledger.submissions import OPENED
from tests.projections.test_audit_trail import DAY, LI, say, trail


def publish(ledger: Ledger, approved_by: str) -> None:
    """A calendar that 王芳 proposes, and the policy that goes by it."""
    about: dict[str, Any] = {"at": OPENED, "book_id": id_of_book("main")}
    asked: dict[str, Any] = {**about, "effective_from": OPENED.date(), "reason": "agreed", "requested_by": "王芳"}
    document = PolicyDocument.model_validate(policy(("calendar", "office")))
    say(ledger, ProposeCalendar(**asked, document=calendar()))
    say(ledger, PublishCalendar(**about, proposal=1, approved_by=approved_by))
    say(ledger, ProposePolicy(**asked, document=document))
    say(ledger, PublishPolicy(**about, proposal=1, approved_by=approved_by))
    withdrawal: dict[str, Any] = {"name": document.name, "effective_before": OPENED.date() + DAY, "reason": "over"}
    say(ledger, RequestPolicyWithdrawal(**about, **withdrawal, requested_by="王芳"))
    say(ledger, ApprovePolicyWithdrawal(**about, request=3, approved_by=approved_by))


def test_what_somebody_proposed_and_published_themselves_is_an_own_approval(
    ledger: Ledger, auditor: Runner, written: Database
) -> None:
    allowed = AllowSelfApproval(at=OPENED, book_id=id_of_book("main"), reason="one clerk", decided_by="Director Li")
    say(ledger, allowed, by=LI)
    publish(ledger, "王芳")
    auditor.catch_up()
    own = [
        ("calendar-published.1", 1, "王芳"), ("policy-published.1", 1, "王芳"), ("policy-withdrawn.1", 3, "王芳"),
    ]  # fmt: skip
    for where in ({"overrides": (Override.OWN_APPROVAL,)}, {"overriding": True, "actor": "王芳"}):
        assert [(each.topic, each.request_version, each.decided_by) for each in trail(written, **where)] == own
    (clerk,) = overrides_by_actor(written, "main", actor="王芳")
    assert clerk.counts == {Override.OWN_APPROVAL: 3}


def test_a_publication_that_two_people_made_goes_beside_nothing(
    ledger: Ledger, auditor: Runner, written: Database
) -> None:
    publish(ledger, "Director Li")
    auditor.catch_up()
    assert trail(written, overriding=True) == []
    assert overrides_by_actor(written, "main") == []
