from dataclasses import replace
from typing import Any

import pytest

from domain.amending import ApproveAmendment, RequestCorrection, RequestVoid
from domain.amendment import Replacement
from domain.case.events import CaseClassified, CaseRegistered
from domain.channel import Channel, Direction
from domain.customer import CustomerRenamed
from domain.event import Event
from domain.stream import Category, stream_of
from domain.topics import EVENTS
from domain.touchpoint import RecordTouchpoint, TouchpointRecorded
from ledger.codec import Codec
from ledger.database import Database
from ledger.ledger import Ledger
from projections import customer_profile, reading
from projections.case_file import CASE_FILE, CaseFile, by_id
from projections.customer_profile import CUSTOMER_PROFILE
from projections.runner import Runner
from tests.ledger.submissions import MASTER, OPENED, classify, customer_stream, register, register_customer, rename
from tests.projections.amended import touchpoint_id
from tests.projections.books import case_id, customer_id, received, write
from tests.projections.journals import READ, WRITTEN

CASE = stream_of(Category.CASE, case_id(1))


def amend(ledger: Ledger, stream: str, version: int, instead: Event | None) -> int:
    """Has an event of a stream read otherwise, or counted no longer. Gives the position of the approval back."""
    asked: dict[str, Any] = {"at": OPENED, "about": stream, "version": version, "reason": "as it was"}
    asked["requested_by"] = "grace"
    write(
        ledger,
        RequestVoid(**asked) if instead is None else RequestCorrection(**asked, replacement=Replacement.of(instead)),
    )
    request = len(ledger.history(stream))
    return write(ledger, ApproveAmendment(at=OPENED, about=stream, request=request, approved_by="ada"))


def classified(category: str) -> CaseClassified:
    return CaseClassified(category=category, subcategory=None, symptom=None, taxonomy=None)


def touch(ledger: Ledger, *numbers: int, who: int = 1) -> None:
    for number in numbers:
        write(
            ledger,
            RecordTouchpoint(
                at=OPENED,
                touchpoint_id=touchpoint_id(number),
                customer_id=customer_id(who),
                channel=Channel.WEB,
                direction=Direction.IN,
            ),
        )


def touchpoint_of(who: int | None) -> TouchpointRecorded:
    return TouchpointRecorded(
        customer_id=None if who is None else customer_id(who), case_id=None, channel=Channel.WEB,
        direction=Direction.IN, medium_id=None, staff=None, unit=None, words=None,
    )  # fmt: skip


def case_file(ledger: Ledger) -> CaseFile | None:
    return by_id(ledger.database, ledger.book, case_id(1))


def touchpoints(ledger: Ledger, who: int) -> int | None:
    profile = customer_profile.by_id(ledger.database, ledger.book, customer_id(who))
    return None if profile is None else profile.touchpoints


def test_a_row_shows_what_is_read_by_now_and_the_version_that_was_written_last(ledger: Ledger, runner: Runner) -> None:
    write(ledger, received(1), classify(case_id(1), "billing"))
    runner.catch_up()
    write(ledger, RequestVoid(at=OPENED, about=CASE, version=2, reason="no", requested_by="grace"))
    runner.catch_up()
    view = case_file(ledger)
    assert view is not None
    assert (view.category, view.version, view.position) == ("billing", 3, ledger.head())
    amend(ledger, CASE, 2, classified("metering"))
    runner.catch_up()
    view = case_file(ledger)
    assert view is not None
    assert (view.category, view.version, view.position) == ("metering", 5, ledger.head())


def test_a_row_of_which_nothing_is_left_is_taken_away(ledger: Ledger, runner: Runner) -> None:
    write(ledger, received(1))
    runner.catch_up()
    amend(ledger, CASE, 1, None)
    runner.catch_up()
    assert case_file(ledger) is None
    write(ledger, received(1))
    runner.catch_up()
    view = case_file(ledger)
    assert view is not None
    assert view.version == 4


@pytest.mark.parametrize("batch", [1, 1000])
def test_a_touchpoint_that_was_with_somebody_else_counts_with_them(ledger: Ledger, runner: Runner, batch: int) -> None:
    write(ledger, register_customer(customer_id(1)), register_customer(customer_id(2)))
    touch(ledger, 1, 2, 3)
    touch(ledger, 4, who=2)
    runner.catch_up(batch=batch)
    stream = stream_of(Category.TOUCHPOINT, touchpoint_id(2))
    amend(ledger, stream, 1, touchpoint_of(2))
    runner.catch_up(batch=batch)
    assert (touchpoints(ledger, 1), touchpoints(ledger, 2)) == (2, 2)
    amend(ledger, stream, 1, touchpoint_of(None))
    touch(ledger, 5, 6)
    runner.catch_up(batch=batch)
    assert (touchpoints(ledger, 1), touchpoints(ledger, 2)) == (4, 1)
    amend(ledger, customer_stream(customer_id(1)), 1, None)
    runner.catch_up(batch=batch)
    assert touchpoints(ledger, 1) is None
    write(ledger, register_customer(customer_id(1)))
    runner.catch_up(batch=batch)
    assert touchpoints(ledger, 1) == 4


def test_a_customer_with_more_touchpoints_than_are_read_at_once_is_folded_again(
    ledger: Ledger, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE", 7)
    write(ledger, register_customer(customer_id(1)))
    touch(ledger, *range(40))
    runner.catch_up()
    amend(ledger, stream_of(Category.TOUCHPOINT, touchpoint_id(20)), 1, None)
    runner.catch_up()
    assert touchpoints(ledger, 1) == 39


def test_a_projection_may_ask_that_rows_be_folded_again(ledger: Ledger, projected: Database) -> None:
    def refold(recorded: Any) -> Any:
        return [customer_id(1)] if isinstance(recorded.event, CustomerRenamed) else ()

    runner = Runner(ledger, projected, [replace(CUSTOMER_PROFILE, refold=refold)])
    write(ledger, register_customer(customer_id(1)), register_customer(customer_id(2)))
    touch(ledger, 1, 2, 3)
    runner.catch_up()
    with projected.connection() as connection:
        connection.execute("UPDATE views.customer_profile_2 SET touchpoints = 99")
    touch(ledger, 4)
    write(ledger, rename(customer_id(2), "王芳"))
    touch(ledger, 5)
    runner.catch_up()
    assert (touchpoints(ledger, 1), touchpoints(ledger, 2)) == (5, 99)
    with projected.connection() as connection:
        connection.execute("UPDATE views.customer_profile_2 SET touchpoints = 99")
    amend(ledger, customer_stream(customer_id(2)), 2, None)  # what asked for it is void, and asked until now
    runner.catch_up()
    assert (touchpoints(ledger, 1), touchpoints(ledger, 2)) == (5, 0)


# What cannot be folded again ------------------------------------------------------------------------------------------


def test_a_correction_after_which_a_fold_fails_stops_the_view_before_it(ledger: Ledger, projected: Database) -> None:
    def fold(view: Any, recorded: Any, context: Any) -> Any:
        if isinstance(recorded.event, CaseClassified) and recorded.event.category == "metering":
            raise ZeroDivisionError
        return CASE_FILE.fold(view, recorded, context)

    broken = Runner(ledger, projected, [replace(CASE_FILE, fold=fold), CUSTOMER_PROFILE])
    write(ledger, received(1), classify(case_id(1), "billing"))
    amend(ledger, CASE, 2, classified("network"))
    poison = amend(ledger, CASE, 2, classified("metering"))
    write(ledger, register(case_id(1)))
    for batch in (1000, 1):
        assert broken.catch_up(batch=batch) == poison - 1
        stopped = broken.positions()[0].stopped
        assert stopped is not None
        assert (stopped.position, stopped.topic, stopped.cause) == (poison, "event-corrected.1", "ZeroDivisionError")
        view = case_file(ledger)
        assert view is not None
        assert (view.category, view.position) == ("network", poison - 1)
    mended = Runner(ledger, projected)
    assert mended.catch_up() == ledger.head()
    view = case_file(ledger)
    assert view is not None
    assert view.category == "metering"


def test_an_event_before_a_correction_that_this_program_cannot_read_any_more_stops_the_view(
    ledger: Ledger, written: Database, projected: Database
) -> None:
    write(ledger, received(1), register(case_id(1)), classify(case_id(1), "billing"))
    Runner(ledger, projected).catch_up()
    poison = amend(ledger, CASE, 3, classified("metering"))
    known = [event for event in EVENTS if event is not CaseRegistered]
    older = Runner(Ledger(written, MASTER, codec=Codec(known)), projected, [CASE_FILE, READ])
    Runner(ledger, projected, [READ]).catch_up(poison - 1)
    assert older.catch_up() == poison - 1
    stopped = [standing.stopped for standing in older.positions()]
    assert [(each.position, each.cause[:13]) for each in stopped if each] == [(poison, "UnknownTopic:")] * 2


def test_a_journal_stops_before_an_event_of_which_it_can_make_no_row(ledger: Ledger, projected: Database) -> None:
    write(ledger, received(1), classify(case_id(1), "billing"))
    poison = write(ledger, register(case_id(1)))

    def entries(recorded: Any) -> Any:
        if recorded.position == poison:
            raise ZeroDivisionError
        return WRITTEN.entries(recorded)

    for journal in (WRITTEN, READ):
        broken = Runner(ledger, projected, [replace(journal, entries=entries)])
        assert broken.catch_up() == poison - 1
        stopped = broken.positions()[0].stopped
        assert stopped is not None
        assert (stopped.position, stopped.cause) == (poison, "ZeroDivisionError")
        assert Runner(ledger, projected, [journal]).catch_up() == poison


@pytest.mark.parametrize(
    ("untaken", "because"), [(2**40, "out of range"), ({1}, "cannot adapt type 'set'"), (None, "not-null")]
)
def test_a_journal_stops_before_the_event_of_a_row_that_its_table_does_not_take(
    ledger: Ledger, projected: Database, untaken: Any, because: str
) -> None:
    for number in range(9):
        write(ledger, received(number))
    poison = 6

    def entries(recorded: Any) -> Any:
        lines = WRITTEN.entries(recorded)
        return [line._replace(version=untaken) for line in lines] if recorded.position == poison else lines

    runner = Runner(ledger, projected, [replace(WRITTEN, entries=entries)])
    assert runner.catch_up() == poison - 1
    stopped = runner.positions()[0].stopped
    assert stopped is not None
    assert stopped.position == poison
    assert because in stopped.cause
    assert Runner(ledger, projected, [WRITTEN]).catch_up() == ledger.head()


def test_a_journal_of_what_was_written_changes_no_row(ledger: Ledger, projected: Database) -> None:
    runner = Runner(ledger, projected, [WRITTEN, READ])
    write(ledger, received(1), classify(case_id(1), "billing"))
    runner.catch_up()
    rows = "SELECT position, place, topic, xmin::text FROM views.{} ORDER BY position, place"
    before = [projected.rows(rows.format(name)) for name in ("tests_written_1", "tests_read_1")]
    amend(ledger, CASE, 2, classified("metering"))
    runner.catch_up()
    written, read = (projected.rows(rows.format(name)) for name in ("tests_written_1", "tests_read_1"))
    assert written[: len(before[0])] == before[0]
    assert [topic for _, _, topic, _ in written[len(before[0]) :]] == ["correction-requested.1", "event-corrected.1"]
    assert [topic for _, _, topic, _ in read] == [topic for _, _, topic, _ in before[1]]
    assert {row[-1] for row in read}.isdisjoint(row[-1] for row in before[1])
