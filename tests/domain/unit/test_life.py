from uuid import UUID

import pytest

from domain.envelope import Context, Occurred
from domain.unit.commands import (
    CloseUnit,
    EndSupervision,
    MoveUnit,
    OpenSupervision,
    OpenUnit,
    RenameUnit,
    ReopenUnit,
    UnitCommand,
)
from domain.unit.events import (
    SubunitJoined,
    SupervisionEnded,
    SupervisionOpened,
    UnitClosed,
    UnitEvent,
    UnitKind,
    UnitMoved,
    UnitNameTaken,
    UnitOpened,
    UnitRenamed,
    UnitReopened,
    id_of_unit,
    stream_of_unit,
)
from domain.unit.life import UNIT
from tests.domain.story import MONDAY, Story

GROUP, NORTH, DESK = (id_of_unit(name) for name in ("集团", "华北分部", "北京客户服务处"))
of_group, of_north, of_desk = (stream_of_unit(unit) for unit in (GROUP, NORTH, DESK))

story, imported = Story(UNIT), Story(UNIT, imported=True)
group = UnitOpened(name="集团", kind=UnitKind.GROUP, parent=None)
north = UnitOpened(name="华北分部", kind=UnitKind.BRANCH, parent=GROUP)
desk = UnitOpened(name="北京客户服务处", kind=UnitKind.DESK, parent=NORTH)
open_north = OpenUnit(at=MONDAY, name="华北分部", kind=UnitKind.BRANCH, parent=GROUP)
closed = UnitClosed(reason="merged", anyway=False)
close_north = CloseUnit(at=MONDAY, unit_id=NORTH, reason="merged")
reopened = UnitReopened(reason=None)
reopen_north = ReopenUnit(at=MONDAY, unit_id=NORTH)
supervised = SupervisionOpened(supervisor=GROUP, reason="overdue complaints")
supervise = OpenSupervision(at=MONDAY, unit_id=NORTH, supervisor=GROUP, reason="overdue complaints")
ended = SupervisionEnded(supervisor=GROUP, reason="back in time")
end = EndSupervision(at=MONDAY, unit_id=NORTH, supervisor=GROUP, reason="back in time")
joined_desk = SubunitJoined(unit_id=DESK)
taken = Occurred(UnitNameTaken(unit_id=NORTH), stream=stream_of_unit(id_of_unit("北方分部")))

in_group = story.given(north).beside(of_group, UNIT, group)


def test_a_unit_has_the_id_of_the_name_under_which_it_was_opened() -> None:
    assert (open_north.unit_id, open_north.stream) == (NORTH, of_north)
    assert str(NORTH) == "75461260-e974-5455-8226-d45d23355317"


def test_a_unit_is_opened_below_another_which_hears_of_it() -> None:
    above = story.beside(of_group, UNIT, group)
    above.when(open_north).then(north, Occurred(SubunitJoined(unit_id=NORTH), stream=of_group))
    above.given(north).when(open_north).then_nothing()
    story.when(OpenUnit(at=MONDAY, name="集团", kind=UnitKind.GROUP)).then(group)


def test_a_name_opens_one_unit_for_good() -> None:
    desk_of_that_name = open_north.model_copy(update={"kind": UnitKind.DESK})
    in_group.when(desk_of_that_name).then_refused("UNIT_ALREADY_OPENED", "under the name 华北分部; move or reopen")
    renamed = in_group.given(north, UnitRenamed(name="北方分部"))
    renamed.when(desk_of_that_name).then_refused("UNIT_ALREADY_OPENED", "which is called 北方分部 by now")


def test_a_unit_is_not_opened_below_one_that_is_not_there_or_closed() -> None:
    story.when(open_north).then_refused("UNKNOWN_UNIT", "open it first")
    imported.when(open_north).then(Occurred(north, departures=("unknown-unit",)))
    story.beside(of_group, UNIT, group, closed).when(open_north).then_refused("UNIT_CLOSED", "集团 is closed")
    imported.beside(of_group, UNIT, group, closed).when(open_north).then(
        Occurred(north, departures=("while-closed",)), Occurred(SubunitJoined(unit_id=NORTH), stream=of_group)
    )


def test_a_unit_takes_another_name_and_its_old_one_back() -> None:
    rename = RenameUnit(at=MONDAY, unit_id=NORTH, name="北方分部")
    in_group.when(rename).then(UnitRenamed(name="北方分部"), taken)
    assert rename.streams == (of_north, taken.stream)
    renamed = in_group.given(north, UnitRenamed(name="北方分部"))
    renamed.when(rename).then_nothing()
    back = RenameUnit(at=MONDAY, unit_id=NORTH, name="华北分部")
    renamed.beside(of_north, UNIT, north).when(back).then(UnitRenamed(name="华北分部"))


def test_a_unit_does_not_take_the_name_under_which_another_was_opened() -> None:
    rename = RenameUnit(at=MONDAY, unit_id=NORTH, name="集团")
    assert list(UNIT.needs(rename, Context())) == [of_group]
    in_group.when(rename).then_refused("UNIT_NAME_TAKEN", "another unit was opened")
    imported.given(north).beside(of_group, UNIT, group).when(rename).then(
        Occurred(UnitRenamed(name="集团"), departures=("name-taken",))
    )


def test_a_unit_moves_in_the_tree() -> None:
    to_group = MoveUnit(at=MONDAY, unit_id=DESK, parent=GROUP)
    told = story.given(desk).beside(of_group, UNIT, group)
    told.when(to_group).then(UnitMoved(parent=GROUP), Occurred(SubunitJoined(unit_id=DESK), stream=of_group))
    told.given(desk, UnitMoved(parent=GROUP)).when(to_group).then_nothing()
    told.when(MoveUnit(at=MONDAY, unit_id=DESK, parent=None)).then(UnitMoved(parent=None))


@pytest.mark.parametrize("live", [False, True], ids=["imported", "live"])
def test_no_unit_stands_below_itself(live: bool) -> None:
    told = (story if live else imported).given(group).beside(of_group, UNIT, group)
    below_itself = MoveUnit(at=MONDAY, unit_id=GROUP, parent=GROUP)
    told.when(below_itself).then_refused("UNIT_IN_A_CIRCLE", "below itself")
    below_desk = MoveUnit(at=MONDAY, unit_id=GROUP, parent=DESK)
    tree = told.beside(of_north, UNIT, north).beside(of_desk, UNIT, desk)
    tree.when(below_desk).then_refused("UNIT_IN_A_CIRCLE", "below 北京客户服务处, which stands below it")


def test_the_way_to_the_top_is_asked_for_step_by_step() -> None:
    move = MoveUnit(at=MONDAY, unit_id=GROUP, parent=DESK)
    assert list(UNIT.needs(move, Context())) == [of_desk]
    step = story.beside(of_desk, UNIT, desk)
    assert list(UNIT.needs(move, Context(others=step.others))) == [of_desk, of_north]
    step = step.beside(of_north, UNIT, north)
    assert list(UNIT.needs(move, Context(others=step.others))) == [of_desk, of_north, of_group]
    circle = step.beside(of_north, UNIT, north, UnitMoved(parent=DESK))
    assert list(UNIT.needs(move, Context(others=circle.others))) == [of_desk, of_north]
    assert list(UNIT.needs(move.model_copy(update={"parent": None}), Context())) == []


def test_a_unit_closes_and_opens_again() -> None:
    in_group.when(close_north).then(closed)
    in_group.given(north, closed).when(close_north).then_nothing()
    in_group.given(north, closed).when(reopen_north).then(reopened)
    in_group.given(north, closed, reopened).when(reopen_north).then_nothing()
    in_group.when(reopen_north).then_refused("UNIT_NOT_CLOSED", "nothing to reopen")
    imported.given(north).when(reopen_north).then(Occurred(reopened, departures=("reopened-while-open",)))


def test_a_unit_with_open_units_below_it_closes_only_when_that_is_said() -> None:
    above = story.given(north, joined_desk).beside(of_north, UNIT, north, joined_desk)
    assert list(UNIT.needs(close_north, Context(others=above.others))) == [of_north, of_desk]
    told = above.beside(of_desk, UNIT, desk)
    told.when(close_north).then_refused("SUBUNITS_OPEN", "北京客户服务处 would stay open")
    anyway = close_north.model_copy(update={"anyway": True})
    told.when(anyway).then(UnitClosed(reason="merged", anyway=True))
    imported.given(north, joined_desk).beside(of_desk, UNIT, desk).when(close_north).then(
        Occurred(closed, departures=("closed-above-open-units",))
    )


def test_a_unit_whose_units_below_are_closed_or_gone_elsewhere_closes() -> None:
    above = story.given(north, joined_desk)
    above.beside(of_desk, UNIT, desk, closed).when(close_north).then(closed)
    above.beside(of_desk, UNIT, desk, UnitMoved(parent=GROUP)).when(close_north).then(closed)


def test_the_group_supervises_a_branch_until_that_ends() -> None:
    in_group.when(supervise).then(supervised)
    in_group.given(north, supervised).when(supervise).then_nothing()
    in_group.given(north, supervised).when(end).then(ended)
    in_group.given(north, supervised, ended).when(end).then_nothing()
    in_group.when(end).then_refused("NOT_SUPERVISED", "not under that unit's supervision")
    imported.given(north).when(end).then(Occurred(ended, departures=("not-supervised",)))


def test_a_supervision_on_other_grounds_waits_for_the_end_of_the_first() -> None:
    other = supervise.model_copy(update={"reason": "a new manager"})
    in_group.given(north, supervised).when(other).then_refused("UNDER_SUPERVISION", "because of overdue complaints")
    imported.given(north, supervised).beside(of_group, UNIT, group).when(other).then(
        Occurred(SupervisionOpened(supervisor=GROUP, reason="a new manager"), departures=("supervised-twice",))
    )


def test_a_unit_is_supervised_by_another_one_that_is_there() -> None:
    itself = supervise.model_copy(update={"supervisor": NORTH})
    in_group.when(itself).then_refused("SUPERVISES_ITSELF", "does not supervise itself")
    story.given(north).when(supervise).then_refused("UNKNOWN_UNIT", "is not there")


def test_a_unit_under_supervision_closes_only_when_that_is_said() -> None:
    told = in_group.given(north, supervised)
    told.when(close_north).then_refused("UNDER_SUPERVISION", "end it first")
    told.when(close_north.model_copy(update={"anyway": True})).then(UnitClosed(reason="merged", anyway=True))
    imported.given(north, supervised).when(close_north).then(Occurred(closed, departures=("closed-under-supervision",)))


CHANGES: list[tuple[UnitCommand, UnitEvent]] = [
    (RenameUnit(at=MONDAY, unit_id=NORTH, name="北方分部"), UnitRenamed(name="北方分部")),
    (MoveUnit(at=MONDAY, unit_id=NORTH, parent=None), UnitMoved(parent=None)),
    (supervise, supervised),
    (close_north.model_copy(update={"reason": "sold"}), UnitClosed(reason="sold", anyway=False)),
]


@pytest.mark.parametrize(("command", "event"), CHANGES, ids=lambda it: type(it).__name__)
def test_a_closed_unit_stays_as_it_was(command: UnitCommand, event: UnitEvent) -> None:
    in_group.given(north, closed).when(command).then_refused("UNIT_CLOSED", "华北分部 is closed; reopen it first")
    named = [taken] if isinstance(event, UnitRenamed) else []
    imported.given(north, closed).beside(of_group, UNIT, group).when(command).then(
        Occurred(event, departures=("while-closed",)), *named
    )


@pytest.mark.parametrize(
    "command", [*(each for each, _ in CHANGES), reopen_north, end], ids=lambda it: type(it).__name__
)
@pytest.mark.parametrize("live", [False, True], ids=["imported", "live"])
def test_nothing_happens_to_a_unit_that_is_not_there(command: UnitCommand, live: bool) -> None:
    (story if live else imported).when(command).then_refused("UNKNOWN_UNIT", "open it first")


def test_a_unit_may_be_any_of_six_kinds() -> None:
    assert [str(kind) for kind in UnitKind] == ["group", "branch", "desk", "team", "back-office", "partner"]
    assert isinstance(NORTH, UUID)
