"""Clocks and reports as they were known at a position, beside the views as they stood when the book had come there."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from domain.case.commands import ChangeCaseCustomer, RegisterCase, ResolveCase
from domain.case.events import CaseClassified, Outcome
from domain.case.relations import MergeCase
from domain.customer import AssignTier, Tier
from domain.stream import Category, stream_of
from domain.unit.commands import MoveUnit, OpenUnit, RenameUnit
from domain.unit.events import UnitKind, id_of_unit
from ledger.database import Database
from ledger.ledger import Ledger
from projections import as_known, unit
from projections.compliance import Report, clocks_as_known, clocks_of, report, report_as_known
from projections.compliance_question import IN_ORDER, By, Grouping, Question, worst_of
from projections.movement import Period
from projections.paging import Window
from projections.runner import Runner
from projections.sla_row import SlaTimer
from projections.sla_timer import SLA_TIMER
from tests.ledger.submissions import OPENED, register_customer
from tests.projections.amended import Writers, kept
from tests.projections.books import case_id, customer_id, received
from tests.projections.regulated import (
    POLICY,
    calendar,
    promise,
    publish_calendar,
    publish_policy,
    something_new,
    target,
    tell,
)
from tests.projections.righted import corrected, voided

ZONE = "Asia/Shanghai"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = OPENED + 400 * DAY
GROUPED = [(Grouping.TARGET,), (Grouping.BRANCH, Grouping.TARGET), (Grouping.TOP, Grouping.MONTH, Grouping.TIER), ()]


def worked_out(ledger: Ledger, position: int) -> list[SlaTimer]:
    """Every clock as known at a position, in the order in which the table is read here."""
    rows = [row for part in as_known.clocks(ledger, position) for row in part.clocks]
    return sorted(rows, key=lambda row: [getattr(row, column) for column in SLA_TIMER.identity])


def told(ledger: Ledger, question: Question) -> Report:
    return report(ledger.database, ledger.book, question)


def told_as_known(ledger: Ledger, question: Question, position: int) -> Report:
    rows = (part.clocks for part in as_known.clocks(ledger, position))
    return report_as_known(ledger, question, position, rows)


def questions(now: Any = LATER) -> list[Question]:
    worst = (("promises", 1, "resolution"), ("promises", 2, "legal"))
    asked = [Question(now, ZONE, groups=groups) for groups in GROUPED]
    asked.append(Question(now, ZONE, By.STARTED, groups=(Grouping.UNIT,), worst=worst))
    asked.append(Question(now, ZONE, where={Grouping.TOP: ("集团", None)}, period=Period(OPENED + 5 * DAY, None)))
    return asked


class Published:
    """What the views showed when a book had come to a position."""

    def __init__(self, ledger: Ledger) -> None:
        self.position = ledger.head()
        self.rows = kept(ledger, SLA_TIMER)
        self.units = sorted(unit.every(ledger.database, ledger.book))
        self.reports = [(question, told(ledger, question)) for question in questions()]

    def check(self, ledger: Ledger) -> None:
        """That all of it is what is worked out by now of what was known then."""
        assert worked_out(ledger, self.position) == self.rows
        lineage = [each._replace(version=0, position=0, last_recorded_at=OPENED) for each in self.units]
        again = [each._replace(version=0, position=0, last_recorded_at=OPENED)
                 for each in as_known.units(ledger, self.position)]  # fmt: skip
        assert sorted(again) == sorted(lineage)
        for question, before in self.reports:
            assert told_as_known(ledger, question, self.position) == before


@pytest.fixture
def runner(ledger: Ledger, projected: Database) -> Runner:
    made = Runner(ledger, projected)
    made.prepare()
    return made


def organised(ledger: Ledger) -> None:
    tell(ledger, OpenUnit(at=OPENED, name="集团", kind=UnitKind.GROUP))
    group = id_of_unit("集团")
    for name in ("North", "South", "East"):
        tell(ledger, OpenUnit(at=OPENED, name=name, kind=UnitKind.BRANCH, parent=group))


@pytest.mark.parametrize("seed", range(3))
def test_what_was_known_at_any_position_is_what_the_views_showed_there_whatever_is_written_afterwards(
    ledger: Ledger, runner: Runner, seed: int
) -> None:
    chance, writers = random.Random(seed), Writers(ledger, seed, customers=5, cases=20, amending=0.2)
    organised(ledger)
    published: list[Published] = []
    for number in range(5):
        writers.write(chance.randrange(20, 120))
        something_new(ledger, chance, 50 + number, OPENED + (40 + number) * DAY)
        renamed = RenameUnit(at=OPENED + number * DAY, unit_id=id_of_unit("East"), name=f"East {number}")
        tell(ledger, renamed, at=OPENED + (40 + number) * DAY)
        assert runner.catch_up(batch=chance.choice([7, 1_000])) == ledger.head()
        published.append(Published(ledger))
    assert len({len(each.rows) for each in published}) > 1
    for each in published:
        each.check(ledger)
