from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.amendment import (
    AMENDMENTS,
    AmendmentDeclined,
    CorrectionRequested,
    EventCorrected,
    EventVoided,
    Occurrence,
    Replacement,
    VoidRequested,
)
from domain.case.events import CaseAssigned, CasePaused, CaseResumed, CaseUnassigned, PauseGround
from domain.correction import Reading, amended, applied, events_of
from domain.envelope import Recorded
from domain.event import Event, Precision
from tests.domain.story import MONDAY, recorded

WAITS = CasePaused(ground=PauseGround.CUSTOMER)
GOES_ON = CaseResumed(ground=PauseGround.CUSTOMER)
ASSIGNED = CaseAssigned(handler="王芳")
OTHERWISE = CaseAssigned(handler="Liu Yang")
AGAIN = CaseAssigned(handler="Ana")


def correction(version: int, event: Event, occurrence: Occurrence | None = None) -> CorrectionRequested:
    return CorrectionRequested(
        version=version, replacement=Replacement.of(event), occurrence=occurrence, reason="mistyped", requested_by="A"
    )


def corrected(version: int, request: int) -> EventCorrected:
    return EventCorrected(version=version, request=request, approved_by="B")


def void(version: int) -> VoidRequested:
    return VoidRequested(version=version, reason="entered twice", requested_by="A")


def voided(version: int, request: int) -> EventVoided:
    return EventVoided(version=version, request=request, approved_by="B")


def history(*events: Event) -> list[Recorded[Event]]:
    return [recorded(event, version) for version, event in enumerate(events, 1)]


def test_a_history_that_nobody_corrected_is_folded_as_it_stands() -> None:
    assert list(applied(iter(history(WAITS, GOES_ON)))) == history(WAITS, GOES_ON)


def test_a_request_alone_changes_nothing() -> None:
    assert list(applied(history(ASSIGNED, correction(1, OTHERWISE), void(1)))) == history(ASSIGNED)


def test_a_request_that_was_declined_changes_nothing() -> None:
    declined = AmendmentDeclined(request=2, reason="it was so", declined_by="B")
    assert list(applied(history(ASSIGNED, correction(1, OTHERWISE), declined))) == history(ASSIGNED)


def test_a_corrected_event_is_read_otherwise_in_its_old_place() -> None:
    assert list(applied(history(ASSIGNED, WAITS, correction(1, OTHERWISE), corrected(1, 3)))) == history(
        OTHERWISE, WAITS
    )


def test_a_correction_may_say_when_it_really_occurred() -> None:
    earlier = Occurrence(at=MONDAY - timedelta(days=1), zone="Asia/Shanghai", precision=Precision.DAY)
    (read,) = applied(history(ASSIGNED, correction(1, OTHERWISE, earlier), corrected(1, 2)))
    assert read == recorded(OTHERWISE)._replace(
        occurred_at=earlier.at, occurred_zone="Asia/Shanghai", occurred_precision=Precision.DAY
    )


def test_a_void_event_is_left_out() -> None:
    assert events_of(history(WAITS, ASSIGNED, void(1), voided(1, 3))) == [ASSIGNED]


def test_the_later_of_two_corrections_decides() -> None:
    twice = history(ASSIGNED, correction(1, OTHERWISE), corrected(1, 2), correction(1, AGAIN), corrected(1, 4))
    assert events_of(twice) == [AGAIN]


def test_a_correction_of_a_correction_decides_for_the_event_behind_it() -> None:
    nested = history(ASSIGNED, correction(1, OTHERWISE), corrected(1, 2), correction(3, AGAIN), corrected(3, 4))
    assert events_of(nested) == [AGAIN]


def test_a_long_chain_of_corrections_each_of_the_one_before_is_read_at_once() -> None:
    chain: list[Event] = [ASSIGNED]
    for nth in range(1_000):
        amended_last = 1 if nth == 0 else len(chain)
        replacement = AGAIN if nth == 999 else OTHERWISE
        chain += [correction(amended_last, replacement), corrected(amended_last, len(chain) + 1)]
    assert events_of(history(*chain)) == [AGAIN]
    assert events_of(history(*chain, void(2_001), voided(2_001, 2_002))) == [OTHERWISE]


def test_a_correction_that_is_taken_back_leaves_the_event_as_it_was_written() -> None:
    assert events_of(history(ASSIGNED, correction(1, OTHERWISE), corrected(1, 2), void(3), voided(3, 4))) == [ASSIGNED]


def test_a_correction_that_is_taken_back_leaves_the_correction_before_it() -> None:
    twice = [ASSIGNED, correction(1, OTHERWISE), corrected(1, 2), correction(1, AGAIN), corrected(1, 4)]
    assert events_of(history(*twice, void(5), voided(5, 6))) == [OTHERWISE]


def test_a_void_that_is_taken_back_lets_the_event_stand_again() -> None:
    assert events_of(history(ASSIGNED, void(1), voided(1, 2), void(3), voided(3, 4))) == [ASSIGNED]


def test_an_amendment_of_what_does_not_stand_before_it_changes_nothing() -> None:
    of_itself = history(ASSIGNED, correction(3, OTHERWISE), corrected(3, 2))
    of_the_next = history(ASSIGNED, correction(4, OTHERWISE), corrected(4, 2), WAITS)
    in_a_circle = history(ASSIGNED, correction(3, OTHERWISE), corrected(5, 2), void(3), voided(3, 4))
    assert events_of(of_itself) == [ASSIGNED]
    assert events_of(of_the_next) == [ASSIGNED, WAITS]
    assert events_of(in_a_circle) == [ASSIGNED]


def test_a_correction_that_rests_on_no_request_changes_nothing() -> None:
    assert events_of(history(ASSIGNED, WAITS, corrected(1, 2))) == [ASSIGNED, WAITS]
    assert events_of(history(ASSIGNED, corrected(1, 9))) == [ASSIGNED]


def test_amendments_stay_in_their_own_stream() -> None:
    ours = history(ASSIGNED, correction(1, OTHERWISE), corrected(1, 2))
    theirs = [one._replace(stream="other") for one in history(WAITS, GOES_ON)]
    assert [one.event for one in applied([*theirs, *ours])] == [WAITS, GOES_ON, OTHERWISE]


def test_the_reading_tells_by_which_amendment_an_event_is_read() -> None:
    told = history(ASSIGNED, WAITS, correction(1, OTHERWISE), corrected(1, 3))
    reading = Reading(told)
    assert reading.amended_by(told[0]) == told[3]
    assert reading.amended_by(told[1]) is None
    assert amended(told)
    assert not amended(told[:3])


VERSIONS = st.integers(1, 12)
ANYTHING = st.one_of(
    st.sampled_from([WAITS, GOES_ON, ASSIGNED, CaseUnassigned(handler="王芳")]),
    st.builds(correction, VERSIONS, st.sampled_from([OTHERWISE, AGAIN])),
    st.builds(corrected, VERSIONS, VERSIONS),
    st.builds(void, VERSIONS),
    st.builds(voided, VERSIONS, VERSIONS),
    st.builds(AmendmentDeclined, request=VERSIONS, reason=st.just("no"), declined_by=st.just("B")),
)


def content(written: list[Event], version: int) -> Event | None:
    """What an event is read as, by the words of the guide: the last amendment of it that was not taken back decides."""
    read: Event | None = written[version - 1]
    for later in range(version + 1, len(written) + 1):
        event = written[later - 1]
        if not isinstance(event, EventCorrected | EventVoided) or event.version != version:
            continue
        if isinstance(event, EventVoided):
            stands = content(written, later) is not None
            if stands:
                read = None if content(written, later) is event else content(written, later)
            continue
        request = written[event.request - 1] if event.request <= len(written) else None
        if isinstance(request, CorrectionRequested):
            said = content(written, later)
            if said is not None:
                read = request.replacement.data if said is event else said
    return read


@given(st.lists(ANYTHING, max_size=12))
def test_any_history_is_read_as_one_reads_it_by_hand(events: list[Event]) -> None:
    by_hand = [
        read
        for version, event in enumerate(events, 1)
        if not isinstance(event, AMENDMENTS) and (read := content(events, version)) is not None
    ]
    assert events_of(history(*events)) == by_hand


@given(st.lists(ANYTHING, max_size=12))
def test_reading_twice_changes_nothing(events: list[Event]) -> None:
    once = list(applied(history(*events)))
    assert list(applied(once)) == once
    assert [one.version for one in once] == sorted({one.version for one in once})
