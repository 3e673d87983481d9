from typing import Any
from uuid import UUID

import orjson
from hypothesis import given
from hypothesis import strategies as st

from domain.event import Event
from domain.unit.events import (
    SubunitJoined,
    SupervisionEnded,
    SupervisionOpened,
    UnitClosed,
    UnitKind,
    UnitMoved,
    UnitOpened,
    UnitRenamed,
    UnitReopened,
    id_of_unit,
    stream_of_unit,
)
from domain.unit.life import UNIT as DECIDER
from projections.unit import UNIT, Named, Placed, Standing, Supervision, Tree, UnitAt, UnitView, tree_of
from tests.domain import story
from tests.projections.telling import Told, folded, history, minute

GROUP, NORTH, EAST, DESK = (id_of_unit(name) for name in ("集团", "华北分部", "华东分部", "客户服务处"))

opened = UnitOpened(name="客户服务处", kind=UnitKind.DESK, parent=NORTH)
renamed = UnitRenamed(name="北京客户服务处")
to_east, to_top = UnitMoved(parent=EAST), UnitMoved(parent=None)
closed, reopened = UnitClosed(reason=None, anyway=True), UnitReopened(reason=None)
supervised = SupervisionOpened(supervisor=GROUP, reason="overdue complaints")
ended = SupervisionEnded(supervisor=GROUP, reason=None)
joined = SubunitJoined(unit_id=EAST)


def history_of(*events: Event | Told) -> Any:
    return history(stream_of_unit(DESK), *events)


def unit_of(*events: Event | Told) -> UnitView:
    view = folded(UNIT, DESK, history_of(*events))
    assert isinstance(view, UnitView)
    return view


def test_a_unit_that_was_opened_stands_where_it_was_put() -> None:
    assert unit_of(opened) == UnitView(
        unit_id=DESK,
        version=1,
        position=10,
        name="客户服务处",
        kind=UnitKind.DESK,
        parent=NORTH,
        is_open=True,
        calendar=None,
        opened_at=minute(1),
        names=(Named(minute(1), "客户服务处"),),
        places=(Placed(minute(1), NORTH),),
        standings=(Standing(minute(1), is_open=True),),
        hours=(),
        supervisions=(),
        last_occurred_at=minute(1),
        last_recorded_at=minute(1001),
    )
    assert folded(UNIT, DESK, history_of(renamed, to_east, joined)) is None


def test_a_unit_is_shown_as_it_was_at_any_instant() -> None:
    unit = unit_of(opened, Told(renamed, at=minute(20)), Told(to_east, at=minute(30)), Told(closed, at=minute(40)))
    assert unit.as_of(minute(0)) is None
    then = UnitAt(DESK, "客户服务处", UnitKind.DESK, NORTH, is_open=True, named_since=minute(1))
    assert unit.as_of(minute(19)) == then
    then = then._replace(name="北京客户服务处", named_since=minute(20))
    assert unit.as_of(minute(20)) == then
    assert unit.as_of(minute(30)) == then._replace(parent=EAST)
    assert unit.as_of(minute(99)) == then._replace(parent=EAST, is_open=False)


def test_a_name_that_becomes_known_late_says_nothing_about_where_the_unit_stood() -> None:
    unit = unit_of(opened, Told(to_east, at=minute(50)), Told(renamed, at=minute(30)))
    was = unit.as_of(minute(40))
    assert was is not None
    assert (was.name, was.parent) == ("北京客户服务处", NORTH)


def test_supervision_is_shown_with_its_span() -> None:
    unit = unit_of(opened, Told(supervised, at=minute(10)), Told(ended, at=minute(20)), Told(supervised, at=minute(30)))
    first = Supervision(GROUP, "overdue complaints", minute(10), minute(20))
    second = Supervision(GROUP, "overdue complaints", minute(30))
    assert unit.supervisions == (first, second)
    assert [unit.supervised_at(minute(at)) for at in (9, 10, 20, 30)] == [(), (first,), (), (second,)]


def test_a_unit_below_says_itself_where_it_stands() -> None:
    before = unit_of(opened)
    after = unit_of(opened, joined)
    assert after == before._replace(version=2, position=20, last_occurred_at=minute(2), last_recorded_at=minute(1002))


TELLINGS = st.lists(
    st.tuples(
        st.sampled_from([opened, renamed, to_east, to_top, closed, reopened, supervised, ended, joined]),
        st.integers(-5, 5).map(minute),
    ).map(lambda each: Told(*each)),
    max_size=12,
)


@given(TELLINGS, st.data())
def test_folding_on_from_a_row_that_was_written_equals_folding_in_one_go(
    tellings: list[Told], data: st.DataObject
) -> None:
    told = history_of(*tellings)
    cut = data.draw(st.integers(0, len(told)))
    half = folded(UNIT, DESK, told[:cut])
    if half is not None:
        in_json = {
            name: orjson.loads(orjson.dumps(getattr(half, name), default=list))
            for name in ("names", "places", "standings", "supervisions")
        }
        assert UNIT.of_row([str(v) if isinstance(v, str) else v for v in half._replace(**in_json)]) == half
    assert folded(UNIT, DESK, told[cut:], half) == folded(UNIT, DESK, told)


@given(TELLINGS, st.integers(-6, 6).map(minute))
def test_a_unit_as_of_an_instant_is_what_the_decider_makes_of_what_had_occurred_by_then(
    tellings: list[Told], at: Any
) -> None:
    told = history_of(*tellings)
    view = folded(UNIT, DESK, told)
    if view is None or not told or not isinstance(told[0].event, UnitOpened):
        return
    by_then = [each for each in told if each.occurred_at <= at and (each is told[0] or each.event != opened)]
    state = story.folded(DECIDER, by_then) if told[0] in by_then else None
    was = view.as_of(at)
    if state is None:
        assert was is None
    else:
        assert was is not None
        assert (was.name, was.parent, was.is_open) == (state.name, state.parent, state.closing is None)
        assert {one.supervisor for one in view.supervised_at(at)} == state.supervisions.keys()


# The tree -------------------------------------------------------------------------------------------------------------


def at(name: str, parent: str | None, *, is_open: bool = True, since: int = 0, was: str | None = None) -> UnitAt:
    above = None if parent is None else id_of_unit(parent)
    return UnitAt(id_of_unit(was or name), name, UnitKind.TEAM, above, is_open, minute(since))


def names(units: Any) -> list[str]:
    return [unit.name for unit in units]


def test_the_way_from_the_top_leads_to_a_unit_by_its_name() -> None:
    tree = Tree([at("desk", "north"), at("north", "group"), at("group", None), at("east", "group")])
    assert names(tree.path_of("desk")) == ["group", "north", "desk"]
    assert tree.path_of("nobody") == ()
    assert names(tree.below(id_of_unit("group"))) == ["east", "north"]
    assert [(depth, unit.name) for depth, unit in tree.walk()] == [
        (0, "group"),
        (1, "east"),
        (1, "north"),
        (2, "desk"),
    ]


def test_of_several_units_of_one_name_an_open_one_is_meant_and_then_the_latest() -> None:
    old = at("desk", None, since=1, was="first")
    new = at("desk", None, since=2, was="second")
    gone = at("desk", None, since=3, was="third", is_open=False)
    assert Tree([old, gone]).called("desk") == old
    assert Tree([new, old, gone]).called("desk") == new
    assert Tree([gone]).called("desk") == gone


def test_a_circle_and_a_unit_that_was_not_there_end_every_walk() -> None:
    tree = Tree([at("a", "b"), at("b", "a"), at("c", "nobody")])
    assert names(tree.path(id_of_unit("a"))) == ["b", "a"]
    assert sorted(names(unit for _, unit in tree.walk())) == ["a", "b", "c"]
    assert names(tree.path_of("c")) == ["c"]


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([*"abcdefg", None])))
def test_every_unit_is_walked_once_and_after_the_one_above_it(parents: dict[str, str | None]) -> None:
    tree = Tree([at(name, parent) for name, parent in parents.items()])
    walked = [(depth, unit.name) for depth, unit in tree.walk()]
    assert sorted(name for _, name in walked) == sorted(parents)
    for place, (depth, name) in enumerate(walked):
        if depth:
            assert parents[name] in [each for _, each in walked[:place]]


def test_a_tree_holds_the_units_that_had_been_opened_by_then() -> None:
    desk = unit_of(opened, Told(to_top, at=minute(5)))
    assert tree_of([desk], minute(0)).units == {}
    was = tree_of([desk], minute(1)).called("客户服务处")
    assert was is not None
    assert was.parent == NORTH
    assert isinstance(was.unit_id, UUID)
