"""More time that was given after the due: a late approval, by who gave it and beside the clock that says so."""

from datetime import timedelta
from typing import Any

from domain.case.commands import RegisterCase
from domain.case.extension import ApproveExtension, RequestExtension
from domain.envelope import ActorKind
from domain.event import Command
from ledger.database import Database
from ledger.ledger import Ledger
from projections.audit_trail import POSITION, Override
from projections.overrides import OverridesOf, overrides_by_actor, pages_of
from projections.paging import Window
from projections.runner import Runner
from tests.ledger.submissions import OPENED
from tests.projections.audited import DAY, LI, say, trail
from tests.projections.books import case_id, received
from tests.projections.regulated import promise

HOUR = timedelta(hours=1)


def extended(ledger: Ledger, number: int, approved_after: timedelta) -> None:
    """A case for which more time is asked within the hour, and given so long after its receipt."""
    about: dict[str, Any] = {"case_id": case_id(number)}
    asks = RequestExtension(
        at=OPENED + HOUR,
        **about,
        policy="promises",
        target="resolution",
        step="more",
        reason="rain",
        requested_by="王芳",
    )
    at = OPENED + approved_after
    grants: Command = ApproveExtension(at=at, **about, request=4, approved_by="Director Li")
    say(ledger, received(number), RegisterCase(at=OPENED, **about))
    say(ledger, asks)
    say(ledger, grants, by=LI)


def test_an_extension_approved_after_the_due_is_counted_as_late_by_who_approved(
    ledger: Ledger, runner: Runner, written: Database
) -> None:
    promise(ledger)
    extended(ledger, 1, approved_after=2 * HOUR)
    extended(ledger, 2, approved_after=30 * DAY)
    runner.catch_up()
    (late,) = trail(written, overrides=(Override.LATE_APPROVAL,))
    assert (late.stream, late.version, late.decided_by) == (f"case-{case_id(2)}", 5, "Director Li")
    (director,) = overrides_by_actor(written, "main", actor="Director Li")
    assert director.counts == {Override.EXTENSION_APPROVED: 2, Override.LATE_APPROVAL: 1}
    behind = OverridesOf("Director Li", ActorKind.PERSON, Override.LATE_APPROVAL)
    (page,) = pages_of(written, "main", [behind], Window(POSITION, limit=10)).values()
    assert page.rows == [late]
    assert [each.version for each in trail(written, overriding=True, actor="Director Li")] == [5, 5]
