"""Views whose rows are worked out from whole histories: what they read, when they do so again, and where they stop."""

from datetime import timedelta

import psycopg
import pytest

from domain.case.commands import ClassifyCase, RegisterCase
from domain.case.relations import MergeCase
from domain.stream import Category, stream_of
from domain.topics import EVENTS
from ledger.codec import Codec
from ledger.database import Database
from ledger.ledger import Ledger
from projections import runner as runner_module
from projections import working_out
from projections.case_file import CASE_FILE
from projections.rebuild import rebuild
from projections.reckoning import Subject
from projections.runner import Runner
from tests import conftest
from tests.ledger.submissions import MASTER, OPENED
from tests.projections.amended import Writers, expected, kept
from tests.projections.books import case_id, fill, received, write
from tests.projections.reckonings import LENGTH, Length, amending_only, reckoning, refusing, rows
from tests.projections.regulated import POLICY, promise, publish_policy

HOUR = timedelta(hours=1)


def own(number: int) -> str:
    return stream_of(Category.CASE, case_id(number))


def classify(ledger: Ledger, number: int, category: str) -> int:
    return write(ledger, ClassifyCase(at=OPENED, case_id=case_id(number), category=category))


def merge(ledger: Ledger, number: int, into: int) -> int:
    return write(ledger, MergeCase(at=OPENED, case_id=case_id(number), into=case_id(into)), imported=True)


def took_in(ledger: Ledger, *numbers: int) -> None:
    for number in numbers:
        write(ledger, received(number), RegisterCase(at=OPENED, case_id=case_id(number)))


def lengths(ledger: Ledger, runner: Runner, number: int) -> dict[str, tuple[int, int, int]]:
    """What is shown of a case once the runner is at the end, where it is also what a plain reading makes of it."""
    assert runner.catch_up() == ledger.head()
    assert kept(ledger, LENGTH) == expected(ledger, LENGTH)
    return {row.topic: row[2:] for row in kept(ledger, LENGTH) if row.stream == own(number)}


def test_a_case_is_worked_out_anew_whenever_it_grows(ledger: Ledger, projected: Database) -> None:
    runner = Runner(ledger, projected, [LENGTH])
    took_in(ledger, 1)
    assert lengths(ledger, runner, 1) == {"case-received.1": (1, 1, 0), "case-registered.1": (1, 1, 0)}
    classify(ledger, 1, "billing")
    classify(ledger, 1, "delivery")
    assert lengths(ledger, runner, 1)["case-classified.1"] == (2, 2, 0)


def test_who_leans_on_a_history_follows_it_whenever_it_grows_and_however_many_stand_between(
    ledger: Ledger, projected: Database
) -> None:
    runner = Runner(ledger, projected, [LENGTH])
    took_in(ledger, 1, 2, 3)
    assert lengths(ledger, runner, 3)["case-received.1"] == (1, 1, 0)
    merge(ledger, 1, into=2)
    merge(ledger, 2, into=3)
    assert lengths(ledger, runner, 3)["case-received.1"] == (1, 3, 0)
    writers = Writers(ledger, 1, customers=1, cases=4, amending=0.9)
    for _ in range(5):
        writers.write(30)
        assert lengths(ledger, runner, 3)["case-received.1"][1] >= 1


def test_what_does_not_matter_to_those_who_lean_on_a_history_leaves_them_as_they_are(
    ledger: Ledger, projected: Database
) -> None:
    runner = Runner(ledger, projected, [reckoning(matters=amending_only)])
    took_in(ledger, 1, 2)
    merge(ledger, 1, into=2)
    runner.catch_up()
    before = kept(ledger, LENGTH)
    write(ledger, received(3))
    runner.catch_up()
    assert [row for row in kept(ledger, LENGTH) if row.stream != own(3)] == before


def test_rows_that_are_asked_for_are_worked_out_again_when_a_standard_grows(
    ledger: Ledger, projected: Database
) -> None:
    only_first = reckoning(
        again="SELECT stream FROM {table} WHERE book = %(book)s AND stream LIKE '%%01' AND %(since)s > '2026-01-01'"
    )
    runner = Runner(ledger, projected, [only_first])
    took_in(ledger, 1, 2)
    runner.catch_up()
    promise(ledger)
    assert runner.catch_up() == ledger.head()
    policies = {row.stream: row.policies for row in kept(ledger, LENGTH)}
    assert policies == {own(1): 1, own(2): 0}


def test_a_standard_is_read_as_it_was_at_the_end_of_what_is_taken_and_not_later(
    ledger: Ledger, projected: Database
) -> None:
    runner = Runner(ledger, projected, [LENGTH])
    took_in(ledger, 1)
    promise(ledger)
    middle = ledger.head()
    publish_policy(ledger, {**POLICY, "title": {"en": "Others"}}, at=OPENED + HOUR)
    assert runner.catch_up(middle) == middle
    assert {row.policies for row in kept(ledger, LENGTH)} == {1}
    assert runner.catch_up() == ledger.head()
    assert {row.policies for row in kept(ledger, LENGTH)} == {2}


@pytest.mark.parametrize("chunk", [1, 3, 1_000])
def test_subjects_are_worked_out_so_many_at_a_time_with_the_same_rows(
    ledger: Ledger, projected: Database, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(working_out, "STREAMS_AT_ONCE", chunk)
    fill(ledger, cases=12)
    for number in range(1, 4):
        merge(ledger, number, into=number + 4)
    assert Runner(ledger, projected, [LENGTH]).catch_up() == ledger.head()
    assert kept(ledger, LENGTH) == expected(ledger, LENGTH)
    assert len({row.stream for row in kept(ledger, LENGTH)}) == 12


def test_a_reckoning_far_behind_takes_longer_parts_than_the_others_and_comes_together_with_them(
    ledger: Ledger, projected: Database
) -> None:
    assert fill(ledger, cases=10) > 90
    runner = Runner(ledger, projected, [LENGTH, CASE_FILE])
    seen: list[list[int]] = []
    runner.catch_up(90, batch=10, on_progress=lambda *_: seen.append([each.position for each in runner.positions()]))
    assert seen == [
        *([0, 10], [0, 20], [0, 30], [0, 40], [40, 40]),
        *([40, 50], [40, 60], [40, 70], [40, 80], [80, 80], [90, 90]),
    ]


# Where it stops -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("halved_above", [2, 5_000])
@pytest.mark.parametrize("batch", [1, 4, 1_000])
def test_a_history_that_cannot_be_worked_out_stops_the_view_before_the_event_that_made_it_so(
    ledger: Ledger, projected: Database, monkeypatch: pytest.MonkeyPatch, batch: int, halved_above: int
) -> None:
    monkeypatch.setattr(runner_module, "BATCH_EVENTS", halved_above)
    took_in(ledger, 1, 2)
    classify(ledger, 2, "billing")
    poison = classify(ledger, 1, "billing")
    classify(ledger, 1, "delivery")
    classify(ledger, 2, "delivery")
    broken = Runner(ledger, projected, [refusing(poison)])
    assert broken.catch_up(batch=batch) == poison - 1
    (standing,) = broken.positions()
    assert standing.stopped is not None
    assert (standing.stopped.position, standing.stopped.topic) == (poison, "case-classified.1")
    assert standing.stopped.cause == "ZeroDivisionError: division by zero"
    found = {(row.stream, row.topic): row.events for row in kept(ledger, LENGTH)}
    assert (found.get((own(1), "case-classified.1")), found[own(2), "case-classified.1"]) == (None, 1)
    assert lengths(ledger, Runner(ledger, projected, [LENGTH]), 1)["case-classified.1"] == (2, 2, 0)


def test_an_event_that_an_older_program_does_not_know_stops_it_as_any_view(
    ledger: Ledger, written: Database, projected: Database
) -> None:
    took_in(ledger, 1)
    unknown = classify(ledger, 1, "billing")
    older = Ledger(written, MASTER, codec=Codec([event for event in EVENTS if event.TOPIC != "case-classified.1"]))
    runner = Runner(older, projected, [LENGTH])
    assert runner.catch_up() == unknown - 1
    assert [standing.stopped and standing.stopped.cause[:12] for standing in runner.positions()] == ["UnknownTopic"]


def test_a_row_that_the_table_does_not_take_stops_the_view_at_its_event_and_leaves_nothing_of_it(
    ledger: Ledger, projected: Database
) -> None:
    took_in(ledger, 1)
    poison = classify(ledger, 1, "billing")
    too_many = reckoning(
        rows=lambda subject: [Length(subject.stream, "x", 2**40 if len(subject.history) > 2 else 1, 0, 0)]
    )
    runner = Runner(ledger, projected, [too_many])
    assert runner.catch_up() == poison - 1
    (standing,) = runner.positions()
    assert standing.stopped is not None
    assert (standing.stopped.position, "out of range" in standing.stopped.cause) == (poison, True)
    assert [(row.topic, row.events) for row in kept(ledger, LENGTH)] == [("x", 1)]


def test_who_is_interrupted_on_the_way_leaves_the_table_as_it_was(
    ledger: Ledger, projected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    took_in(ledger, 1)
    Runner(ledger, projected, [LENGTH]).catch_up()
    before = kept(ledger, LENGTH)
    monkeypatch.setattr(working_out, "STREAMS_AT_ONCE", 1)
    took_in(ledger, 2, 3)
    classify(ledger, 1, "billing")
    seen: list[str] = []

    def interrupted(subject: Subject) -> list[Length]:
        seen.append(subject.stream)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return rows(subject)

    with pytest.raises(KeyboardInterrupt):
        Runner(ledger, projected, [reckoning(rows=interrupted)]).catch_up()
    assert kept(ledger, LENGTH) == before
    assert len(lengths(ledger, Runner(ledger, projected, [LENGTH]), 3)) == 2


# Beside the table -----------------------------------------------------------------------------------------------------


def test_built_anew_it_knows_who_leans_on_whom_and_leaves_nothing_behind(
    ledger: Ledger, projected: Database, database: conftest.Database
) -> None:
    runner = Runner(ledger, projected, [LENGTH])
    took_in(ledger, 1, 2)
    merge(ledger, 1, into=2)
    runner.catch_up()
    assert rebuild(reckoning(version=2), lambda: [ledger], projected).differing == 0
    with psycopg.connect(database.owner_url) as connection:
        leans = connection.execute("SELECT on_stream, stream FROM views.tests_length_2_touch").fetchall()
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relname LIKE 'tests_length%' AND relkind IN ('r', 'i') ORDER BY 1"
        ).fetchall()
    assert leans == [(own(1), own(2))]
    assert [name for (name,) in tables] == [
        "tests_length_2", "tests_length_2_pkey", "tests_length_2_touch", "tests_length_2_touch_pkey",
    ]  # fmt: skip
