"""A case's history: what each step changed and how the clocks stood then, beside what is worked out for it alone."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from api.case_history import CaseHistory, NoCase, NotYetKnown, case_history, everything
from domain.case.commands import ClassifyCase, RegisterCase, ResolveCase
from domain.case.events import Outcome
from domain.event import rfc3339
from domain.sla.clock import State
from domain.stream import Category, stream_of
from ledger.database import Database
from ledger.ledger import Ledger
from projections import as_known
from projections.before_and_after import changes
from projections.sla_row import state_at
from replay.as_of import AsOf, KnownBy
from replay.history import Effect, StepFilter
from tests import conftest
from tests.ledger.submissions import OPENED, opened, receive, register_customer, submission
from tests.projections.amended import Writers
from tests.projections.books import case_id, customer_id
from tests.projections.regulated import promise, tell
from tests.projections.righted import corrected, voided

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CASES = 8


@pytest.fixture
def ledger(database: conftest.Database) -> Iterator[Ledger]:
    """A simulated book."""
    with Database(database.writer_url) as connected:
        yield opened(connected, "main")


def clocks_along(history: CaseHistory) -> Iterator[dict[str, State]]:
    """How every clock stood after each step, as far as that can be told from what is told of them."""
    standing: dict[str, State] = {}
    for one in history.told:
        for clock in one.clocks:
            assert clock.before == standing.get(clock.timer.clock_id)
            if clock.state is None:
                del standing[clock.timer.clock_id]
            else:
                standing[clock.timer.clock_id] = clock.state
        yield dict(standing)


@pytest.mark.parametrize("seed", [1, 4])
def test_what_is_told_of_the_clocks_is_all_that_changed_and_what_is_told_of_the_fields_as_well(
    ledger: Ledger, seed: int
) -> None:
    writers = Writers(ledger, seed, customers=4, cases=CASES, amending=0.25)
    for commands in (30, 160):
        writers.write(commands)
    seen = 0
    for number in range(CASES):
        stream = stream_of(Category.CASE, case_id(number))
        written = ledger.history(stream, opened=True)
        try:
            history = case_history(ledger, case_id(number), everything(ledger))
        except NoCase:
            continue
        assert [one.step.recorded for one in history.told] == written
        changed = changes(written, {one.version for one in written})
        assert [one.changes for one in history.told] == [changed[one.version] for one in written]
        for one, standing in zip(history.told, clocks_along(history), strict=True):
            at = one.step.recorded.recorded_at
            alone = as_known.clocks_at(ledger, [stream], one.step.recorded.position, at)[stream]
            assert standing == {timer.clock_id: state_at(timer, at) for timer in alone}
            seen += len(alone)
    assert seen > 50


@pytest.fixture
def resolved(ledger: Ledger) -> Ledger:
    """A case that was received on the first day, classified on the second, and resolved too late; the classification
    was made void on the tenth."""
    promise(ledger)
    tell(ledger, register_customer(customer_id(1), "冯小明"))
    received = receive(case_id(1), "线路不通", at=OPENED, customer_id=customer_id(1))
    tell(ledger, received, RegisterCase(at=OPENED, case_id=case_id(1)), at=OPENED + HOUR)
    tell(ledger, ClassifyCase(at=OPENED + DAY, case_id=case_id(1), category="line"), at=OPENED + 2 * DAY)
    tell(ledger, ResolveCase(at=OPENED + 8 * DAY, case_id=case_id(1), outcome=Outcome.UPHELD), at=OPENED + 9 * DAY)
    voided(ledger, stream_of(Category.CASE, case_id(1)), 4, asked=OPENED + 10 * DAY)
    return ledger


def versions(history: CaseHistory) -> list[int]:
    return [one.step.recorded.version for one in history.told]


def test_a_filter_leaves_steps_out_and_what_is_told_of_the_others_stays(resolved: Ledger) -> None:
    whole = case_history(resolved, case_id(1), everything(resolved))
    some = case_history(resolved, case_id(1), everything(resolved), StepFilter(topics=("case-resolved.1",)))
    assert (versions(whole), versions(some), some.steps) == ([1, 2, 3, 4, 5, 6, 7], [5], 7)
    assert some.told[0].changes == whole.told[4].changes
    assert set(whole.told[4].clocks) < set(some.told[0].clocks)  # the only step, of which all are told
    none = case_history(resolved, case_id(1), everything(resolved), StepFilter(actor="nobody"))
    assert (none.told, none.steps, none.case.file.status) == ([], 7, whole.case.file.status)


def test_it_is_told_as_it_was_known_and_as_far_as_it_had_occurred(resolved: Ledger) -> None:
    book = everything(resolved)
    known = case_history(resolved, case_id(1), book._replace(position=resolved.head() - 2))
    assert (versions(known), known.case.file.category) == ([1, 2, 3, 4, 5], "line")
    assert [step.step.chain for step in known.told] == [()] * 5
    asked = case_history(resolved, case_id(1), book._replace(position=resolved.head() - 1))
    assert [link.effect for link in asked.told[3].step.chain] == [Effect.OPEN]
    valid = case_history(resolved, case_id(1), book._replace(valid_at=OPENED + 3 * DAY))
    assert (versions(valid), valid.case.file.category, valid.case.file.outcome) == ([1, 2, 3, 4], None, None)
    assert (valid.told[3].step.is_void, valid.customer.name.value) == (True, "冯小明")


def test_a_case_asked_for_before_it_was_known_or_had_occurred_is_said_to_be_known_since_when(resolved: Ledger) -> None:
    first = resolved.history(stream_of(Category.CASE, case_id(1)))[0]
    early = AsOf(first.position - 1, OPENED, OPENED)
    with pytest.raises(NotYetKnown, match=rf"position {early.position}; it was first recorded at .*{first.position}$"):
        case_history(resolved, case_id(1), early)
    before = everything(resolved)._replace(valid_at=OPENED - HOUR)
    with pytest.raises(NotYetKnown, match=f"had occurred by .*the first of it did at {rfc3339(OPENED)}"):
        case_history(resolved, case_id(1), before)
    with pytest.raises(NoCase):
        case_history(resolved, case_id(2), everything(resolved))


def test_a_case_asked_for_between_two_readings_of_its_receipt_is_said_to_be_received_only_later(
    resolved: Ledger,
) -> None:
    stream = stream_of(Category.CASE, case_id(1))
    receipt = resolved.history(stream, opened=True)[0].event
    corrected(resolved, stream, 1, receipt, at=OPENED + 5 * DAY, asked=OPENED + 11 * DAY)
    known = everything(resolved)
    with pytest.raises(NotYetKnown, match=f"received only at {rfc3339(OPENED + 5 * DAY)}"):
        case_history(resolved, case_id(1), known._replace(valid_at=OPENED + 2 * DAY))
    assert (
        case_history(resolved, case_id(1), known._replace(valid_at=OPENED + 6 * DAY)).case.file.status == "registered"
    )


def test_a_case_whose_only_event_was_moved_in_time_is_said_to_have_occurred_when_it_really_did(ledger: Ledger) -> None:
    tell(ledger, receive(case_id(1), at=OPENED, customer_id=None))
    stream = stream_of(Category.CASE, case_id(1))
    corrected(ledger, stream, 1, ledger.history(stream)[0].event, at=OPENED + 5 * DAY, asked=OPENED + 8 * DAY)
    between = everything(ledger)._replace(valid_at=OPENED + 2 * DAY)
    with pytest.raises(NotYetKnown, match=f"the first of it did at {rfc3339(OPENED + 5 * DAY)}"):
        case_history(ledger, case_id(1), between)
    voided(ledger, stream, 1, asked=OPENED + 9 * DAY)
    for days in (0, 9):
        with pytest.raises(NoCase, match="what was received is void"):
            case_history(ledger, case_id(1), everything(ledger)._replace(valid_at=OPENED + days * DAY))


def test_by_its_source_a_step_is_looked_at_when_the_source_recorded_it(ledger: Ledger) -> None:
    promise(ledger)
    receipt = submission(receive(case_id(1), at=OPENED, customer_id=None), at=OPENED + 90 * DAY, imported=True)
    object.__setattr__(receipt, "source_recorded_at", OPENED + HOUR)
    ledger.carry_out(receipt)
    as_of = AsOf(ledger.head(), OPENED + 2 * HOUR, OPENED + 2 * HOUR, KnownBy.SOURCE)
    (told,) = case_history(ledger, case_id(1), as_of).told
    assert told.step.recorded.source_recorded_at == OPENED + HOUR
    late = as_of._replace(known_at=OPENED)
    with pytest.raises(NotYetKnown, match=f"that first recorded it at {rfc3339(OPENED + HOUR)}"):
        case_history(ledger, case_id(1), late)


def test_a_case_whose_source_recorded_the_receipt_after_another_step_is_there_from_the_receipt_on(
    ledger: Ledger,
) -> None:
    received = receive(case_id(1), at=OPENED, customer_id=None)
    for days, told in ((5, received), (2, ClassifyCase(at=OPENED, case_id=case_id(1), category="line"))):
        heard = OPENED + days * DAY
        ledger.carry_out(submission(told, at=OPENED + 30 * DAY, imported=True, source_recorded_at=heard))
    as_of = AsOf(ledger.head(), OPENED + 3 * DAY, OPENED + 3 * DAY, KnownBy.SOURCE)
    with pytest.raises(NotYetKnown, match=f"its receipt was known only at {rfc3339(OPENED + 5 * DAY)}"):
        case_history(ledger, case_id(1), as_of)
    assert versions(case_history(ledger, case_id(1), as_of._replace(known_at=OPENED + 5 * DAY))) == [1, 2]


def test_a_long_history_has_its_clocks_at_its_ends_alone(resolved: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.case_history.MOST_GONE_THROUGH", 20)
    voiding = StepFilter(topics=("void-requested.1", "event-voided.1"))
    some = case_history(resolved, case_id(1), everything(resolved), voiding)
    assert (versions(some), some.clocks_at_each) == ([6, 7], False)
    few = case_history(resolved, case_id(1), everything(resolved), StepFilter(topics=("case-resolved.1",)))
    assert (versions(few), few.clocks_at_each) == ([5], True)
    history = case_history(resolved, case_id(1), everything(resolved))
    assert (history.clocks_at_each, [bool(one.clocks) for one in history.told[1:-1]]) == (False, [False] * 5)
    assert history.told[-1].clocks
