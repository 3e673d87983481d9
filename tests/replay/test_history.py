"""Steps of a history: what was asked about each event, what became of that, and how it is read by then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.amendment import AMENDMENTS, AmendmentDeclined, Occurrence
from domain.case.events import CaseAssigned, CaseResumed
from domain.correction import Reading
from domain.envelope import Recorded
from domain.event import Event, Precision
from replay.as_of import AsOf, PastStream, past_stream
from replay.history import EVERY_STEP, REQUESTS, Effect, Step, StepFilter, steps
from tests.domain.story import MONDAY
from tests.domain.test_correction import (
    AGAIN,
    ASSIGNED,
    GOES_ON,
    OTHERWISE,
    WAITS,
    corrected,
    correction,
    history,
    void,
    voided,
)

LATER = datetime(2199, 1, 1, tzinfo=UTC)
NOW = AsOf(10_000, LATER, LATER)
DECLINED = AmendmentDeclined(request=3, reason="it was so", declined_by="B")


def told(*events: Event, as_of: AsOf = NOW) -> list[Step]:
    return steps(past_stream(history(*events), as_of))


def chain(step: Step) -> list[tuple[int, int | None, int | None, Effect]]:
    """What was asked about a step: about which version, by which request, decided where, and with what effect."""
    return [
        (link.version, link.request and link.request.version, link.decision and link.decision.version, link.effect)
        for link in step.chain
    ]


def test_an_event_that_nobody_asked_to_amend_is_read_as_it_was_written() -> None:
    waits, goes_on = told(WAITS, GOES_ON)
    assert (waits.read, waits.amended_by, waits.request, waits.chain, waits.is_void) == (
        waits.recorded, None, None, (), False
    )  # fmt: skip
    assert goes_on.recorded.event == GOES_ON


def test_a_correction_stands_at_the_event_that_it_corrects_and_in_its_own_place() -> None:
    first, _, request, decision = told(ASSIGNED, WAITS, correction(1, OTHERWISE), corrected(1, 3))
    assert (first.recorded.event, first.read and first.read.event) == (ASSIGNED, OTHERWISE)
    assert (first.amended_by, first.request) == (decision.recorded, request.recorded)
    assert chain(first) == [(1, 3, 4, Effect.DECIDES)]
    assert (request.read, decision.read, request.chain, decision.chain) == (None, None, (), ())


def test_of_a_request_it_is_told_whether_it_waits_or_was_declined() -> None:
    first, _, *_ = told(ASSIGNED, WAITS, correction(1, OTHERWISE), void(1), DECLINED)
    assert chain(first) == [(1, 3, 5, Effect.DECLINED), (1, 4, None, Effect.OPEN)]
    assert first.read == first.recorded


def test_a_correction_of_a_correction_stands_with_the_event_behind_both() -> None:
    first, _, _, decision, *_ = told(
        ASSIGNED, WAITS, correction(1, OTHERWISE), corrected(1, 3), correction(4, AGAIN), corrected(4, 5)
    )
    assert first.read is not None
    assert (first.read.event, first.request and first.request.version) == (AGAIN, 5)
    assert chain(first) == [(1, 3, 4, Effect.DECIDES), (4, 5, 6, Effect.DECIDES)]
    assert chain(decision) == [(4, 5, 6, Effect.DECIDES)]
    assert (decision.is_void, decision.read, decision.request and decision.request.version) == (False, None, 5)


def test_what_was_taken_back_and_what_a_later_one_replaced_are_told_apart() -> None:
    first, _, taken_back, *_ = told(ASSIGNED, correction(1, OTHERWISE), corrected(1, 2), void(3), voided(3, 4))
    assert (first.is_void, taken_back.is_void) == (False, True)
    assert chain(first) == [(1, 2, 3, Effect.TAKEN_BACK), (3, 4, 5, Effect.DECIDES)]
    assert first.read == first.recorded
    first, *_ = told(ASSIGNED, correction(1, OTHERWISE), corrected(1, 2), void(1), voided(1, 4))
    assert chain(first) == [(1, 2, 3, Effect.REPLACED), (1, 4, 5, Effect.DECIDES)]
    assert (first.is_void, first.read) == (True, None)


def test_what_rests_on_a_request_that_is_not_there_is_without_effect_unless_it_is_a_void() -> None:
    first, second, *_ = told(ASSIGNED, WAITS, corrected(1, 9), voided(2, 9))
    assert (chain(first), first.read) == ([(1, None, 3, Effect.UNFOUNDED)], first.recorded)
    assert (chain(second), second.is_void) == ([(2, None, 4, Effect.DECIDES)], True)


def test_what_was_not_known_by_then_is_not_told() -> None:
    events = (ASSIGNED, WAITS, correction(1, OTHERWISE), corrected(1, 3))
    whole = history(*events)
    before = steps(past_stream(whole, NOW._replace(position=whole[2].position)))
    assert [step.recorded.version for step in before] == [1, 2, 3]
    assert (chain(before[0]), before[0].read) == ([(1, 3, None, Effect.OPEN)], before[0].recorded)


def test_what_had_not_occurred_by_then_is_left_out_and_the_amendments_of_it_are_read_all_the_same() -> None:
    occurrence = Occurrence(at=MONDAY - timedelta(days=9), zone="UTC", precision=Precision.INSTANT)
    whole = history(ASSIGNED, WAITS, correction(1, ASSIGNED, occurrence), corrected(1, 3))
    past = past_stream(whole, NOW._replace(valid_at=MONDAY - timedelta(days=8)))
    (moved,) = steps(past)
    assert (moved.recorded.version, moved.occurred_at) == (1, occurrence.at)
    assert chain(moved) == [(1, 3, 4, Effect.DECIDES)]


VERSIONS = st.integers(1, 12)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from([WAITS, GOES_ON, ASSIGNED]),
    st.builds(correction, VERSIONS, st.sampled_from([OTHERWISE, AGAIN])),
    st.builds(corrected, VERSIONS, VERSIONS),
    st.builds(void, VERSIONS),
    st.builds(voided, VERSIONS, VERSIONS),
    st.builds(AmendmentDeclined, request=VERSIONS, reason=st.just("no"), declined_by=st.just("B")),
)


@given(st.lists(EVENTS, max_size=12), st.sets(VERSIONS))
def test_whatever_a_history_holds_the_chain_says_by_what_its_events_are_read(
    events: list[Event], missing: set[int]
) -> None:
    whole = [one for one in history(*events) if one.version not in missing]
    reading = Reading(whole)
    for step in steps(past_stream(whole, NOW)):
        assert step.read == reading.of(step.recorded)
        deciding = [link.decision for link in step.chain
                    if link.version == step.recorded.version and link.effect is Effect.DECIDES]  # fmt: skip
        assert deciding == ([] if step.amended_by is None else [step.amended_by])
        asked = [link.request.version for link in step.chain if link.request is not None]
        assert asked == sorted(set(asked))
    requests = [link.request for step in steps(past_stream(whole, NOW)) for link in step.chain if link.request]
    there = {one.version for one in whole}
    asked_of = {one.version for one in whole if isinstance(one.event, REQUESTS) and one.event.version in there}
    assert asked_of <= {request.version for request in requests}


# Filters --------------------------------------------------------------------------------------------------------------


def marked(recorded: Recorded[Any], *departures: str) -> Recorded[Any]:
    return recorded._replace(metadata=replace(recorded.metadata, departures=departures))


def some() -> PastStream:
    whole = history(ASSIGNED, WAITS, correction(1, GOES_ON), corrected(1, 3), GOES_ON)
    whole[4] = marked(whole[4], "not-registered")._replace(occurred_at=MONDAY + timedelta(days=5))
    return past_stream(whole, NOW)


@pytest.mark.parametrize(
    ("where", "versions"),
    [
        pytest.param(EVERY_STEP, [1, 2, 3, 4, 5], id="all"),
        pytest.param(StepFilter(topics=(CaseAssigned.TOPIC,)), [1], id="as-written"),
        pytest.param(StepFilter(topics=(CaseResumed.TOPIC,)), [1, 5], id="as-read"),
        pytest.param(StepFilter(amended=True), [1], id="amended"),
        pytest.param(StepFilter(departed=True), [5], id="departed"),
        pytest.param(StepFilter(actor="nobody"), [], id="nobody"),
        pytest.param(StepFilter(occurred_from=MONDAY + timedelta(days=5)), [5], id="occurred-from"),
        pytest.param(StepFilter(occurred_before=MONDAY + timedelta(days=5)), [1, 2, 3, 4], id="occurred-before"),
        pytest.param(StepFilter(recorded_before=MONDAY - timedelta(days=50)), [], id="recorded-before"),
        pytest.param(StepFilter(amended=True, departed=True), [], id="both"),
    ],
)
def test_a_filter_takes_the_steps_for_which_all_of_it_holds(where: StepFilter, versions: list[int]) -> None:
    assert [step.recorded.version for step in steps(some()) if where.takes(step)] == versions


def test_an_actor_is_taken_by_the_name_under_which_they_work() -> None:
    every = steps(some())
    name = every[0].recorded.metadata.actor.name
    assert all(StepFilter(actor=name).takes(step) for step in every)


def test_requests_and_decisions_are_steps_of_their_own() -> None:
    assert [isinstance(step.recorded.event, AMENDMENTS) for step in steps(some())] == [False, False, True, True, False]
