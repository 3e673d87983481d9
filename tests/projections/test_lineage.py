"""Where units stood since when, beside the tree of any instant."""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.event import Refused
from domain.unit.commands import CloseUnit, MoveUnit, OpenUnit, RenameUnit
from domain.unit.events import UnitKind, id_of_unit
from ledger.database import Database
from ledger.ledger import Ledger
from projections import unit
from projections.lineage import Borne, Lineage, Lineages, lineages
from projections.runner import Runner
from projections.unit import UNIT, tree_of
from tests.ledger.submissions import OPENED
from tests.projections.regulated import tell

NAMES = [f"unit {number}" for number in range(12)]


def day(number: int) -> datetime:
    return OPENED + timedelta(days=number)


def read(ledger: Ledger, projected: Database) -> Lineages:
    runner = Runner(ledger, projected, [UNIT])
    runner.prepare()
    assert runner.catch_up() == ledger.head()
    return lineages(unit.every(ledger.database, "main"))


def meant(told: Lineages, name: str, at: datetime) -> list[Borne]:
    return [one for one in told.borne if one.name == name and within(one.since, one.before, at)]


def stood(told: Lineages, unit_id: UUID, at: datetime) -> list[Lineage]:
    return [one for one in told.stood if one.unit_id == unit_id and within(one.since, one.before, at)]


def within(since: datetime | None, before: datetime | None, at: datetime) -> bool:
    return (since is None or since <= at) and (before is None or at < before)


def test_at_every_instant_there_is_one_answer_and_it_is_that_of_the_tree(ledger: Ledger, projected: Database) -> None:
    chance = random.Random(5)
    for number, name in enumerate(NAMES):
        parent = id_of_unit(chance.choice(NAMES[:number])) if number else None
        kind = chance.choice([UnitKind.BRANCH, UnitKind.DESK, UnitKind.TEAM])
        tell(ledger, OpenUnit(at=day(number // 3), name=name, kind=kind, parent=parent), at=day(number // 3))
    for number in range(4, 60):
        who, other = id_of_unit(chance.choice(NAMES)), chance.choice(NAMES)
        about: dict[str, Any] = {"at": day(number) - timedelta(hours=chance.randrange(100)), "unit_id": who}
        command = chance.choice([
            MoveUnit(**about, parent=id_of_unit(other)), RenameUnit(**about, name=f"{other}*"), CloseUnit(**about),
        ])  # fmt: skip
        try:
            tell(ledger, command, at=day(number))
        except Refused:
            continue
    told = read(ledger, projected)
    units = unit.every(ledger.database, "main")
    names = {named.name for each in units for named in each.names}
    moved = 0
    for hour in range(0, 62 * 24, 5):
        at = OPENED + timedelta(hours=hour)
        tree = tree_of(units, at)
        for name in names:
            called = tree.called(name)
            found = [one.unit_id for one in meant(told, name, at)]
            assert len(found) <= 1  # none for a name that another one, which came later, replaced for all of time
            assert called is None or found == [called.unit_id]
        for each in units:
            (where,) = stood(told, each.unit_id, at)
            path = tree.path(each.unit_id)
            branches = [above.name for above in path if above.kind is UnitKind.BRANCH]
            if path:
                assert (where.branch, where.top) == (branches[-1] if branches else None, path[0].name)
            moved += where.since is not None
    assert moved


def test_before_its_opening_a_name_means_the_unit_that_was_opened_first_and_afterwards_the_last(
    ledger: Ledger, projected: Database
) -> None:
    group, desk = id_of_unit("集团"), id_of_unit("客服")
    tell(ledger, OpenUnit(at=day(1), name="集团", kind=UnitKind.GROUP), at=day(1))
    tell(ledger, OpenUnit(at=day(2), name="客服", kind=UnitKind.DESK, parent=group), at=day(2))
    tell(ledger, RenameUnit(at=day(5), unit_id=desk, name="前台"), at=day(5))
    told = read(ledger, projected)
    assert sorted(told.borne) == sorted([
        Borne("集团", group, None, None), Borne("客服", desk, None, None), Borne("前台", desk, None, None),
    ])  # fmt: skip
    assert sorted(told.stood) == sorted(
        [Lineage(group, None, "集团", None, None), Lineage(desk, None, "集团", None, None)]
    )


def test_a_book_without_units_has_no_lineages(ledger: Ledger, projected: Database) -> None:
    assert read(ledger, projected) == Lineages([], [])
