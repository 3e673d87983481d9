from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.amending import (
    AmendmentCommand,
    ApproveAmendment,
    DeclineAmendment,
    Record,
    RequestCorrection,
    RequestVoid,
    decide,
    needs,
    resealed,
)
from domain.amendment import (
    AmendmentDeclined,
    CorrectionRequested,
    EventCorrected,
    EventVoided,
    Occurrence,
    Replacement,
    VoidRequested,
)
from domain.book import Book, BookOpened, BookTime, stream_of_book
from domain.case.events import CaseAssigned, CaseClosed, CaseKind, CaseReceived, CaseRegistered
from domain.case.life import CASE as CASE_DECIDER
from domain.case.relations import CaseMerged
from domain.channel import Channel, Direction
from domain.customer import CustomerRenamed, Tier, TierAssigned
from domain.decider import Decided
from domain.deciders import decider_of
from domain.envelope import Context, Recorded
from domain.event import Event, Precision, Refused
from domain.obligation import ObligationKind, ObligationMet, ObligationOpened
from domain.personal import Personal, PersonalState
from domain.refusal import Refusal
from domain.stream import Category, stream_of
from domain.touchpoint import TouchpointRecorded
from tests.domain.story import MONDAY, folded, recorded

CASE_ID, OTHER_ID, THIRD_ID = UUID(int=7), UUID(int=8), UUID(int=9)
WANG, ZHAO = UUID(int=1), UUID(int=2)
STREAM = stream_of(Category.CASE, CASE_ID)
BOOK = "main"

RECEIVED = CaseReceived(
    kind=CaseKind.COMPLAINT, customer_id=WANG, channel=Channel.HOTLINE, touchpoint_id=None, received_by="王芳",
    source_key=None, words=None,
)  # fmt: skip
REGISTERED = CaseRegistered(unit="Hotline", handler=None, registered_by="王芳")
ASSIGNED = CaseAssigned(handler="王芳")
OTHERWISE = CaseAssigned(handler="Liu Yang")
CASE = (RECEIVED, REGISTERED, ASSIGNED)


def written(*events: Event, stream: str = STREAM) -> list[Recorded[Any]]:
    return [recorded(event, version)._replace(stream=stream) for version, event in enumerate(events, 1)]


def asked(
    events: Sequence[Event], command: AmendmentCommand, *, own: bool = False, beside: Mapping[str, Any] | None = None
) -> Decided:
    genesis = BookOpened(origin="daybook/main", zone="UTC", time=BookTime.LIVE, formats=("envelope/v1",))
    others = {stream_of_book(BOOK): Book(genesis, self_approval=own), **(beside or {})}
    history = written(*events, stream=command.stream)
    context = Context(book=BOOK, others=others)
    return decide(Record(command.stream, history, decider_of(command.stream)), command, context)


def refused(
    events: Sequence[Event],
    command: AmendmentCommand,
    code: str,
    because: str,
    *,
    beside: Mapping[str, Any] | None = None,
) -> None:
    with pytest.raises(Refused, match=because) as answer:
        asked(events, command, beside=beside)
    assert answer.value.code == code
    assert code in command.REFUSALS


def correct(version: int, event: Event = OTHERWISE, *, by: str = "Chen", about: str = STREAM) -> RequestCorrection:
    return RequestCorrection(
        at=MONDAY, about=about, version=version, replacement=Replacement.of(event), reason="mistyped", requested_by=by
    )


def take_back(version: int, *, about: str = STREAM) -> RequestVoid:
    return RequestVoid(at=MONDAY, about=about, version=version, reason="entered twice", requested_by="Chen")


def approve(request: int, *, by: str = "Director Li") -> ApproveAmendment:
    return ApproveAmendment(at=MONDAY, about=STREAM, request=request, approved_by=by)


def decline(request: int) -> DeclineAmendment:
    return DeclineAmendment(at=MONDAY, about=STREAM, request=request, reason="it was so", declined_by="Director Li")


WISH = CorrectionRequested(
    version=3, replacement=Replacement.of(OTHERWISE), occurrence=None, reason="mistyped", requested_by="Chen"
)
DONE = EventCorrected(version=3, request=4, approved_by="Director Li")
VOID_WISH = VoidRequested(version=3, reason="entered twice", requested_by="Chen")
VOID_DONE = EventVoided(version=3, request=4, approved_by="Director Li")


# Asking ---------------------------------------------------------------------------------------------------------------


def test_a_correction_is_asked_for_and_waits_for_somebody_else() -> None:
    assert asked(CASE, correct(3)) == [WISH]


def test_asking_again_for_what_is_still_open_adds_nothing() -> None:
    assert asked([*CASE, WISH], correct(3)) == []
    assert asked([*CASE, VOID_WISH], take_back(3)) == []


def test_what_was_declined_may_be_asked_for_again() -> None:
    declined = AmendmentDeclined(request=4, reason="it was so", declined_by="Director Li")
    assert asked([*CASE, WISH, declined], correct(3)) == [WISH]


def test_a_later_correction_does_not_undo_the_time_that_an_earlier_one_set() -> None:
    earlier = Occurrence(at=MONDAY, zone="Asia/Shanghai", precision=Precision.DAY)
    moved = WISH.model_copy(update={"occurrence": earlier})
    (again,) = asked([*CASE, moved, DONE], correct(3, ASSIGNED))
    assert isinstance(again, CorrectionRequested)
    assert again.occurrence == earlier


@pytest.mark.parametrize("make", [correct, take_back])
def test_an_event_that_does_not_exist_is_not_amended(make: Any) -> None:
    refused(CASE, make(9), Refusal.UNKNOWN_EVENT, "no version 9 in this stream; its last is 3")
    refused([], make(9), Refusal.UNKNOWN_EVENT, "its last is 0")


@pytest.mark.parametrize("make", [correct, take_back])
def test_a_request_is_not_about_itself(make: Any) -> None:
    refused(CASE, make(4), Refusal.AMENDS_ITSELF, "would be this very request")


@pytest.mark.parametrize("make", [correct, take_back])
def test_a_request_is_declined_rather_than_corrected(make: Any) -> None:
    refused([*CASE, WISH], make(4), Refusal.NOT_AMENDABLE, "decline it, and ask anew")


def test_a_void_is_taken_back_rather_than_corrected() -> None:
    void = [*CASE, VOID_WISH, VOID_DONE]
    refused(void, correct(5), Refusal.NOT_AMENDABLE, "ask that it be taken back")
    assert asked(void, take_back(5)) == [VoidRequested(version=5, reason="entered twice", requested_by="Chen")]


def test_a_correction_is_corrected_with_an_event_of_the_same_stream() -> None:
    once = [*CASE, WISH, DONE]
    assert asked(once, correct(5, CaseAssigned(handler="Ana")))
    tier = TierAssigned(tier=Tier.GOLD, rule_version=None)
    refused(once, correct(5, tier), Refusal.WRONG_KIND_OF_EVENT, "tier-assigned.1 is no event of a case")


def test_a_register_number_stays_where_it_was_given() -> None:
    assert asked(CASE, correct(2, REGISTERED.model_copy(update={"unit": "Counter"})))
    refused(CASE, correct(2, ASSIGNED), Refusal.NOT_AMENDABLE, "A register number was given here")
    refused(CASE, correct(3, REGISTERED), Refusal.NOT_AMENDABLE, "A register number was given here")
    refused(CASE, take_back(2), Refusal.NOT_AMENDABLE, "numbers are not taken back")


def test_the_ledgers_own_records_are_not_amended() -> None:
    genesis = BookOpened(origin="daybook/main", zone="UTC", time=BookTime.LIVE, formats=("envelope/v1",))
    refused([genesis], take_back(1, about=stream_of_book(BOOK)), Refusal.NOT_AMENDABLE, "the ledger's own")


def test_a_history_is_not_left_without_its_beginning() -> None:
    refused(CASE, take_back(1), Refusal.NO_LONGER_FOLDS, "begin with case-registered.1 instead of case-received.1")
    refused(CASE, correct(1, ASSIGNED), Refusal.NO_LONGER_FOLDS, "begin with case-assigned.1")
    refused(CASE, correct(3, RECEIVED), Refusal.NO_LONGER_FOLDS, "two of case-received.1")


def test_a_history_may_be_taken_back_whole_while_nothing_rests_on_it() -> None:
    assert asked([RECEIVED], take_back(1))


def test_a_replacement_tells_nothing_about_strangers() -> None:
    words = Personal[str].open(ZHAO, "…")
    strange = RECEIVED.model_copy(update={"words": words})
    refused(CASE, correct(1, strange), Refusal.SUBJECT_MISMATCH, "somebody whom this stream is not about")
    assert asked(CASE, correct(1, strange.model_copy(update={"customer_id": ZHAO})))


def test_words_of_a_touchpoint_are_corrected_to_those_of_an_unknown_customer_of_its_case() -> None:
    stream = stream_of(Category.TOUCHPOINT, OTHER_ID)
    met = TouchpointRecorded(
        customer_id=WANG, case_id=None, channel=Channel.WEB, direction=Direction.IN, medium_id=None, staff=None,
        unit=None, words=Personal[str].open(WANG, "…"),
    )  # fmt: skip
    unknown = {"customer_id": None, "case_id": CASE_ID, "words": Personal[str].open(CASE_ID, "…")}
    assert asked([met], correct(1, met.model_copy(update=unknown), about=stream))
    strange = met.model_copy(update=unknown | {"case_id": THIRD_ID})
    refused([met], correct(1, strange, about=stream), Refusal.SUBJECT_MISMATCH, "somebody whom this stream")


def test_what_was_said_when_an_obligation_was_met_may_be_added_about_the_customer_of_its_case() -> None:
    stream, of_case = stream_of(Category.OBLIGATION, OTHER_ID), stream_of(Category.CASE, CASE_ID)
    opened = ObligationOpened(
        kind=ObligationKind.TASK, title="call back", case_id=CASE_ID, unit=None, owner=None, due_at=None,
        due_precision=None,
    )  # fmt: skip
    met = ObligationMet(by="王芳", evidence=None, words=None)
    added = correct(2, met.model_copy(update={"words": Personal[str].open(WANG, "…")}), about=stream)
    case = {of_case: folded(CASE_DECIDER, written(RECEIVED))}
    assert list(needs(Record(stream, written(opened, met), decider_of(stream)), added, Context(book=BOOK))) == [of_case]
    assert asked([opened, met], added, beside=case)
    strange = correct(2, met.model_copy(update={"words": Personal[str].open(ZHAO, "…")}), about=stream)
    refused([opened, met], strange, Refusal.SUBJECT_MISMATCH, "somebody whom this stream", beside=case)


def test_a_correction_lets_nothing_lead_back_to_itself_or_to_what_is_not_there() -> None:
    merged = [*CASE, CaseMerged(into=OTHER_ID)]
    refused(merged, correct(4, CaseMerged(into=CASE_ID)), Refusal.NO_LONGER_FOLDS, "lead back to itself")
    refused(merged, correct(4, CaseMerged(into=THIRD_ID)), Refusal.NO_LONGER_FOLDS, "of which nothing is known")
    assert asked(merged, correct(3))
    assert asked(merged, take_back(4))
    undone = [*merged, VoidRequested(version=4, reason="entered twice", requested_by="Chen")]
    undone.append(EventVoided(version=4, request=5, approved_by="Director Li"))
    survivor = folded(CASE_DECIDER, written(RECEIVED, CaseMerged(into=CASE_ID)))
    other_way_round = {stream_of(Category.CASE, OTHER_ID): survivor}
    refused(undone, take_back(6), Refusal.NO_LONGER_FOLDS, "lead back to itself", beside=other_way_round)
    survivor = folded(CASE_DECIDER, written(RECEIVED))
    assert asked(undone, take_back(6), beside={stream_of(Category.CASE, OTHER_ID): survivor})


def test_what_a_subject_would_lead_to_is_looked_at_before() -> None:
    to_other, to_third = stream_of(Category.CASE, OTHER_ID), stream_of(Category.CASE, THIRD_ID)
    asking = Record(STREAM, written(*CASE, CaseMerged(into=THIRD_ID)), decider_of(STREAM))
    other = folded(CASE_DECIDER, written(RECEIVED, CaseMerged(into=THIRD_ID)))
    into_other = correct(4, CaseMerged(into=OTHER_ID))
    assert list(needs(asking, into_other, Context(book=BOOK))) == [to_other]
    assert list(needs(asking, into_other, Context(book=BOOK, others={to_other: other}))) == [to_other, to_third]
    assert not list(needs(asking, take_back(4), Context(book=BOOK)))
    assert not list(needs(asking, correct(4, TierAssigned(tier=Tier.GOLD, rule_version=None)), Context(book=BOOK)))
    assert not list(needs(asking._replace(history=[]), take_back(4), Context(book=BOOK)))


# Deciding -------------------------------------------------------------------------------------------------------------


def test_somebody_else_approves() -> None:
    assert asked([*CASE, WISH], approve(4)) == [DONE]
    assert asked([*CASE, VOID_WISH], approve(4)) == [VOID_DONE]
    asking = Record(STREAM, written(*CASE, WISH), decider_of(STREAM))
    assert list(needs(asking, approve(4), Context(book=BOOK))) == [stream_of_book(BOOK)]
    assert not list(needs(asking, decline(4), Context(book=BOOK)))


def test_who_asks_does_not_approve() -> None:
    refused([*CASE, WISH], approve(4, by="Chen"), Refusal.SAME_PERSON, "Chen asked for this and cannot approve it")


def test_who_asks_may_approve_where_the_book_allows_it() -> None:
    (amendment,) = asked([*CASE, WISH], approve(4, by="Chen"), own=True)
    assert amendment == DONE.model_copy(update={"approved_by": "Chen"})


def test_a_request_is_decided_once() -> None:
    decided = [*CASE, WISH, DONE]
    assert asked(decided, approve(4)) == []
    refused(decided, approve(4, by="Director Wu"), Refusal.ALREADY_DECIDED, "version 4 was decided before")
    refused(decided, decline(4), Refusal.ALREADY_DECIDED, "version 4 was decided before")


def test_a_request_is_turned_down_once() -> None:
    declined = AmendmentDeclined(request=4, reason="it was so", declined_by="Director Li")
    assert asked([*CASE, WISH], decline(4)) == [declined]
    assert asked([*CASE, WISH, declined], decline(4)) == []
    refused([*CASE, WISH, declined], approve(4), Refusal.ALREADY_DECIDED, "version 4 was decided before")


@pytest.mark.parametrize("request_", [3, 5, 99])
def test_only_a_request_is_decided(request_: int) -> None:
    refused([*CASE, WISH, DONE], approve(request_), Refusal.UNKNOWN_REQUEST, "no request for a correction")
    refused([*CASE, WISH, DONE], decline(request_), Refusal.UNKNOWN_REQUEST, "no request for a correction")


def test_what_folded_when_it_was_asked_for_must_fold_when_it_is_approved() -> None:
    early = [RECEIVED, VoidRequested(version=1, reason="entered twice", requested_by="Chen"), REGISTERED]
    refused(early, approve(2), Refusal.NO_LONGER_FOLDS, "begin with case-registered.1")


def test_a_correction_of_a_void_event_lets_it_stand_again() -> None:
    voided = [*CASE, CaseClosed(code=None), VoidRequested(version=4, reason="too early", requested_by="Chen"),
              EventVoided(version=4, request=5, approved_by="Director Li")]  # fmt: skip
    assert asked(voided, correct(4, CaseClosed(code="by mistake")))


# Forms ----------------------------------------------------------------------------------------------------------------


def test_a_replacement_is_an_event_under_its_own_topic() -> None:
    assert Replacement.of(ASSIGNED) == Replacement(topic="case-assigned.1", data=ASSIGNED)
    with pytest.raises(ValidationError, match="no event has the topic"):
        Replacement.model_validate_json('{"topic": "case-sold.1", "data": {}}')
    with pytest.raises(ValidationError, match="handler"):
        Replacement.model_validate_json('{"topic": "case-assigned.1", "data": {}}')
    with pytest.raises(ValidationError, match="a topic and the data of an event"):
        Replacement.model_validate_json('{"topic": "case-assigned.1", "data": 5}')


def test_a_replacement_that_only_speaks_of_other_events_is_no_replacement() -> None:
    with pytest.raises(ValidationError, match="no event has the topic"):
        Replacement.model_validate_json('{"topic": "event-voided.1", "data": {}}')


def test_personal_values_are_sealed_anew_in_a_replacement() -> None:
    open_, erased = (
        Personal[str](WANG, state, "王", "ab" * 32) for state in (PersonalState.OPEN, PersonalState.ERASED)
    )
    assert resealed(CustomerRenamed(name=open_)).name.commitment is None
    assert resealed(CustomerRenamed(name=erased)).name.commitment == "ab" * 32


VERSIONS = st.integers(1, 9)
SAID: st.SearchStrategy[Event] = st.sampled_from([
    RECEIVED, REGISTERED, ASSIGNED, OTHERWISE, CaseMerged(into=OTHER_ID), CaseMerged(into=CASE_ID),
])  # fmt: skip
WRITTEN = st.lists(
    st.one_of(
        SAID,
        SAID,
        st.builds(lambda version, event: WISH.model_copy(
            update={"version": version, "replacement": Replacement.of(event)}
        ), VERSIONS, SAID),
        st.builds(lambda version: VOID_WISH.model_copy(update={"version": version}), VERSIONS),
        st.builds(EventCorrected, version=VERSIONS, request=VERSIONS, approved_by=st.just("Director Li")),
        st.builds(EventVoided, version=VERSIONS, request=VERSIONS, approved_by=st.just("Director Li")),
    ),
    max_size=9,
)  # fmt: skip
ASKED: st.SearchStrategy[AmendmentCommand] = st.one_of(
    st.builds(correct, VERSIONS, SAID),
    st.builds(take_back, VERSIONS),
    st.builds(approve, VERSIONS, by=st.sampled_from(["Chen", "Ana"])),
    st.builds(decline, VERSIONS),
)


def resting(events: list[Event]) -> list[Event]:
    """A history in which whatever decides comes after what it decides on."""
    return [
        event.model_copy(update={"request": min(event.request, before)})
        if isinstance(event, EventCorrected | EventVoided)
        else event
        for before, event in enumerate(events)
        if before or not isinstance(event, EventCorrected | EventVoided)
    ]


@given(WRITTEN.map(resting), ASKED)
def test_whatever_is_written_an_amendment_is_decided_on_or_refused_and_asking_again_adds_nothing(
    events: list[Event], command: AmendmentCommand
) -> None:
    record = Record(STREAM, written(*events), decider_of(STREAM))
    assert all(decider_of(stream) for stream in needs(record, command, Context(book=BOOK)))
    answer = answered(events, command)
    if isinstance(answer, list):
        assert answered([*events, *answer], command) == []


def answered(events: Sequence[Event], command: AmendmentCommand) -> list[Event] | str:
    """What follows, or the code of the no, which the command has among its own."""
    try:
        return [each for each in asked(events, command) if isinstance(each, Event)]
    except Refused as no:
        return command.REFUSALS[command.REFUSALS.index(no.code)]
