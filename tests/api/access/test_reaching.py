from datetime import UTC, datetime

from api.access.reaching import Units
from domain.unit.events import UnitKind, id_of_unit
from projections.unit import Tree, UnitAt

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NORTH, SOUTH = id_of_unit("北京分部"), id_of_unit("South")
UNITS = Units(
    Tree([
        UnitAt(NORTH, "North", UnitKind.BRANCH, None, is_open=True, named_since=SINCE),
        UnitAt(SOUTH, "Line", UnitKind.DESK, NORTH, is_open=True, named_since=SINCE),
    ]),
    {NORTH: ["北京分部", "Line", "North"], SOUTH: ["South", "Line"]},
)  # fmt: skip


def test_a_unit_goes_by_what_it_was_called_as_well_but_not_by_what_another_is_called_now() -> None:
    assert UNITS.names_of("North") == UNITS.names_of("北京分部") == {"North", "北京分部"}
    assert UNITS.names_of("Line") == UNITS.names_of("South") == {"South", "Line"}
    assert UNITS.names_below("North") == {"North", "北京分部", "South", "Line"}
    assert UNITS.names_of("nowhere") == UNITS.names_below("nowhere") == {"nowhere"}
