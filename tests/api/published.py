"""A book of which a report is published, and all that may be written afterwards: time goes on in a simulated 2099."""

from datetime import UTC, date, datetime, timedelta

from domain.case.commands import RegisterCase, ResolveCase
from domain.case.events import Outcome
from domain.case.relations import MergeCase
from domain.customer import AssignTier, Tier
from domain.stream import Category, stream_of
from domain.unit.commands import MoveUnit, OpenUnit
from domain.unit.events import UnitKind, id_of_unit
from ledger.ledger import Ledger
from tests.ledger.submissions import register_customer
from tests.projections.books import case_id, customer_id, received
from tests.projections.regulated import (
    POLICY,
    STATUTE,
    calendar,
    hours,
    promise,
    publish_calendar,
    publish_policy,
    target,
    tell,
)
from tests.projections.righted import corrected, voided

BEGUN = datetime(2099, 3, 2, 1, 0, tzinfo=UTC)
"""A Monday at nine o'clock in Shanghai, later than any clock by which tests run."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CUT = BEGUN + 20 * DAY
AFTER = CUT + DAY
NORTH, SOUTH = "北京分部", "South branch"
DESK = "客户服务处"


def promised(days: int) -> dict[str, object]:
    """A policy by which a case is resolved in so many working days."""
    targets = [
        target("resolution", {"type": "business_days", "amount": days}, "case-resolved"),
        target("lived", hours(30), "case-resolved", verdict_by="as_lived"),
        target("legal", {"type": "calendar_days", "amount": 15}, "case-resolved", statute=STATUTE),
    ]
    return {**POLICY, "targets": targets, "rules": [{"id": "all", "targets": [each["id"] for each in targets]}]}


def write(ledger: Ledger) -> None:
    """Five cases: resolved in time, late and not at all, merged later, and one that came just now."""
    promise(ledger, promised(3), at=BEGUN)
    for name, kind, parent in ((NORTH, UnitKind.BRANCH, None), (SOUTH, UnitKind.BRANCH, None),
                               (DESK, UnitKind.DESK, NORTH)):  # fmt: skip
        above = None if parent is None else id_of_unit(parent)
        tell(ledger, OpenUnit(at=BEGUN, name=name, kind=kind, parent=above), at=BEGUN)
    tell(ledger, register_customer(customer_id(1), at=BEGUN), at=BEGUN)
    for number, unit in enumerate((DESK, NORTH, DESK, SOUTH), 1):
        _took_in(ledger, number, BEGUN, unit)
    for number, days in ((1, 1), (2, 9)):
        _resolved(ledger, number, BEGUN + days * DAY, BEGUN + days * DAY)
    _took_in(ledger, 5, CUT, DESK)


def write_on(ledger: Ledger) -> None:
    """What is known afterwards: late records, a correction, a void, a policy edited, a calendar published late, a
    merge, another tier, another tree and more cases."""
    _resolved(ledger, 3, BEGUN + DAY, AFTER)
    about = stream_of(Category.CASE, case_id(2))
    corrected(ledger, about, 1, ledger.history(about)[0].event, at=BEGUN + 7 * DAY, asked=AFTER)
    voided(ledger, stream_of(Category.CASE, case_id(1)), 4, asked=AFTER)
    publish_policy(ledger, promised(1), since=AFTER.date(), at=AFTER)
    saturday = [{"date": "2099-03-21", "like": "mon"}]
    publish_calendar(ledger, calendar(2, date(2099, 3, 4), date(2099, 3, 24), working_days=saturday), at=AFTER)
    tell(ledger, MergeCase(at=AFTER, case_id=case_id(4), into=case_id(5)), at=AFTER)
    tell(ledger, AssignTier(at=BEGUN, customer_id=customer_id(1), tier=Tier.GOLD), at=AFTER)
    tell(ledger, MoveUnit(at=BEGUN, unit_id=id_of_unit(DESK), parent=id_of_unit(SOUTH)), at=AFTER)
    _took_in(ledger, 6, AFTER, DESK)


def _took_in(ledger: Ledger, number: int, at: datetime, unit: str) -> None:
    tell(ledger, received(number, at=at, customer_id=customer_id(1), source_key=f"K-{number}"), at=at)
    tell(ledger, RegisterCase(at=at, case_id=case_id(number), unit=unit), at=at)


def _resolved(ledger: Ledger, number: int, at: datetime, recorded: datetime) -> None:
    tell(ledger, ResolveCase(at=at, case_id=case_id(number), outcome=Outcome.UPHELD), at=recorded)
