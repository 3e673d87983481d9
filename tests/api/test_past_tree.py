"""The tree of units as of two instants: moved late, put right, taken back, and in a circle that no decision saw."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from api.past_clocks import past_tree
from domain.event import Refused
from domain.unit.commands import MoveUnit, OpenUnit
from domain.unit.events import UnitKind, UnitMoved, id_of_unit, stream_of_unit
from ledger.database import Database
from ledger.ledger import Ledger
from replay.as_of import AsOf, KnownBy
from tests import conftest
from tests.ledger.submissions import OPENED, opened, submission
from tests.projections.regulated import tell
from tests.projections.righted import corrected, voided

DAY = timedelta(days=1)
GROUP, NORTH, EAST, DESK = (id_of_unit(name) for name in ("集团", "North", "East", "Desk"))
LATER = OPENED + 900 * DAY


@pytest.fixture
def ledger(database: conftest.Database) -> Iterator[Ledger]:
    """A simulated book with a group, two branches and a desk."""
    with Database(database.writer_url) as connected:
        ledger = opened(connected, "main")
        tell(ledger, OpenUnit(at=OPENED, name="集团", kind=UnitKind.GROUP))
        for name in ("North", "East"):
            tell(ledger, OpenUnit(at=OPENED, name=name, kind=UnitKind.BRANCH, parent=GROUP))
        tell(ledger, OpenUnit(at=OPENED, name="Desk", kind=UnitKind.DESK, parent=NORTH))
        yield ledger


def day(number: int) -> datetime:
    return OPENED + number * DAY


def above(ledger: Ledger, position: int, valid: int, name: str = "Desk") -> list[str]:
    """The units above one, from the top down, as known at a position and as they stood on a day."""
    return [each.name for each in past_tree(ledger, AsOf(position, LATER, day(valid))).path_of(name)][:-1]


def test_a_move_that_was_told_late_put_right_and_put_back_is_where_each_knew_it(ledger: Ledger) -> None:
    opened_at = ledger.head()
    tell(ledger, MoveUnit(at=day(5), unit_id=DESK, parent=EAST), at=day(20))
    told = ledger.head()
    stream, version = stream_of_unit(DESK), len(ledger.history(stream_of_unit(DESK)))
    put_right = corrected(ledger, stream, version, UnitMoved(parent=GROUP), at=day(3), asked=day(25))
    put_back = voided(ledger, stream, len(ledger.history(stream)), asked=day(30))
    north, east, group = ["集团", "North"], ["集团", "East"], ["集团"]
    seen = {known: [above(ledger, known, valid) for valid in (0, 2, 4, 6)]
            for known in (opened_at, told, put_right, put_back)}  # fmt: skip
    assert seen == {
        opened_at: [north, north, north, north],
        told: [north, north, north, east],
        put_right: [north, north, group, group],
        put_back: [north, north, north, east],
    }
    assert past_tree(ledger, AsOf(put_back, LATER, day(-1))).units == {}


def test_moves_that_were_told_late_may_leave_a_circle_at_an_instant_and_every_walk_ends(ledger: Ledger) -> None:
    tell(ledger, MoveUnit(at=day(10), unit_id=NORTH, parent=EAST), at=day(10))
    tell(ledger, MoveUnit(at=day(20), unit_id=NORTH, parent=GROUP), at=day(20))
    with pytest.raises(Refused, match="stands below it"):
        tell(ledger, MoveUnit(at=day(30), unit_id=GROUP, parent=DESK), at=day(30))
    tell(ledger, MoveUnit(at=day(12), unit_id=EAST, parent=NORTH), at=day(30))
    head = ledger.head()
    assert above(ledger, head, 11) == ["集团", "East", "North"]
    assert above(ledger, head, 21) == ["集团", "North"]
    assert above(ledger, head, 21, "East") == ["集团", "North"]
    # Between the twelfth and the twentieth day each stood below the other, by all that is known.
    assert above(ledger, head, 15) == ["East", "North"]
    tree = past_tree(ledger, AsOf(head, LATER, day(15)))
    assert sorted(was.name for _, was in tree.walk()) == ["Desk", "East", "North", "集团"]
    assert tree.calendar_of(DESK) is None


def test_a_tree_that_was_imported_is_known_by_its_source_when_that_heard_of_it(ledger: Ledger) -> None:
    moved = MoveUnit(at=day(5), unit_id=DESK, parent=EAST)
    ledger.carry_out(submission(moved, at=day(100), imported=True, source_recorded_at=day(7)))

    def path(known: int, valid: int, by: KnownBy) -> list[str]:
        as_of = AsOf(ledger.head(), day(known), day(valid), by)
        return [each.name for each in past_tree(ledger, as_of).path_of("Desk")]

    assert path(6, 6, KnownBy.SOURCE) == ["集团", "North", "Desk"]
    assert path(7, 6, KnownBy.SOURCE) == ["集团", "East", "Desk"]
    assert path(7, 4, KnownBy.SOURCE) == ["集团", "North", "Desk"]
    # The rest of the tree came from no source: it was known when this book heard of it.
    assert path(-1, 6, KnownBy.SOURCE) == []
