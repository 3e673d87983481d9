from collections.abc import Sequence
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.amending import ApproveAmendment, RequestCorrection, RequestVoid, resealed
from domain.amendment import AMENDMENTS, Occurrence, Replacement
from domain.book import AllowSelfApproval, Book, id_of_book, stream_of_book
from domain.customer import CustomerRenamed
from domain.envelope import Recorded
from domain.event import Command, Event, Precision, Refused
from domain.personal import Personal, PersonalState, personal_values
from domain.refusal import Refusal
from ledger.ledger import Ledger, PersonalPlace
from tests import conftest
from tests.ledger.submissions import (
    MASTER,
    OPENED,
    classify,
    customer_stream,
    receive,
    register_customer,
    rename,
    submission,
)
from tests.ledger.test_personal_values import tamper

WRITTEN, READ, LATER = "王小明", "王晓明", "王晓鸣"


def renamed(customer: UUID, name: str) -> Replacement:
    return Replacement.of(CustomerRenamed(name=Personal.open(customer, name)))


def correct(stream: str, version: int, replacement: Replacement, *, by: str = "Chen") -> RequestCorrection:
    return RequestCorrection(
        at=OPENED, about=stream, version=version, replacement=replacement, reason="mistyped", requested_by=by
    )


def take_back(stream: str, version: int) -> RequestVoid:
    return RequestVoid(at=OPENED, about=stream, version=version, reason="mistyped", requested_by="Chen")


def approve(stream: str, request: int, *, by: str = "Director Li") -> ApproveAmendment:
    return ApproveAmendment(at=OPENED, about=stream, request=request, approved_by=by)


def carried_out(ledger: Ledger, *commands: Command) -> None:
    for command in commands:
        ledger.carry_out(submission(command))


def named(ledger: Ledger, stream: str, version: int, *, as_read: bool) -> Personal[Any]:
    path = "/name"
    (found,) = ledger.disclose([PersonalPlace(stream, version, path, as_read)]).values()
    return found


@pytest.fixture
def customer() -> UUID:
    return uuid4()


@pytest.fixture
def stream(ledger: Ledger, customer: UUID) -> str:
    """Of a customer who was renamed in version 2, which was then corrected."""
    stream = customer_stream(customer)
    carried_out(ledger, register_customer(customer, "Wang"), rename(customer, WRITTEN))
    carried_out(ledger, correct(stream, 2, renamed(customer, READ)), approve(stream, 3))
    return stream


def topics(history: Sequence[Recorded[Event]]) -> list[str]:
    return [recorded.event.TOPIC for recorded in history]


def test_a_decision_after_a_correction_rests_on_the_event_as_it_is_read(
    ledger: Ledger, stream: str, customer: UUID
) -> None:
    state = ledger.tips([stream])[stream].state
    assert state.name.value == READ
    assert ledger.carry_out(submission(rename(customer, READ))).placed == ()
    assert topics(ledger.history(stream)) == [
        "customer-registered.1", "customer-renamed.1", "correction-requested.1", "event-corrected.1",
    ]  # fmt: skip


def test_a_correction_of_a_correction_and_a_void_of_that_reach_the_next_decision(
    ledger: Ledger, stream: str, customer: UUID
) -> None:
    carried_out(ledger, correct(stream, 4, renamed(customer, LATER)), approve(stream, 5))
    assert ledger.tips([stream])[stream].state.name.value == LATER
    carried_out(ledger, take_back(stream, 6), approve(stream, 7))
    assert ledger.tips([stream])[stream].state.name.value == READ
    carried_out(ledger, take_back(stream, 2), approve(stream, 9))
    assert ledger.tips([stream])[stream].state.name.value == "Wang"


def test_a_request_and_its_approval_may_be_carried_out_together(ledger: Ledger, stream: str, customer: UUID) -> None:
    both = submission(correct(stream, 2, renamed(customer, LATER)), approve(stream, 5), rename(customer, LATER))
    assert [placed.topic for placed in ledger.carry_out(both).placed] == ["correction-requested.1", "event-corrected.1"]


def test_nothing_is_corrected_to_have_happened_at_a_time_that_has_not_come(
    ledger: Ledger, stream: str, customer: UUID
) -> None:
    tomorrow = Occurrence(at=OPENED + timedelta(days=1, hours=1), zone="UTC", precision=Precision.DAY)
    request = correct(stream, 2, renamed(customer, READ))
    with pytest.raises(Refused, match="has not come yet") as no:
        carried_out(ledger, request.model_copy(update={"occurrence": tomorrow}))
    assert (no.value.code, no.value.field) == (Refusal.OCCURS_IN_THE_FUTURE, "occurrence")
    today = tomorrow.model_copy(update={"at": OPENED + timedelta(hours=1)})
    carried_out(ledger, request.model_copy(update={"occurrence": today}))


def test_a_corrected_personal_value_is_shown_as_it_is_read_and_kept_as_it_was_written(
    ledger: Ledger, stream: str
) -> None:
    assert named(ledger, stream, 2, as_read=True).value == READ
    assert named(ledger, stream, 2, as_read=False).value == WRITTEN
    assert named(ledger, stream, 1, as_read=True).value == "Wang"


def test_the_replacement_of_a_personal_value_is_erased_with_its_subject(
    database: conftest.Database, ledger: Ledger, stream: str, customer: UUID
) -> None:
    tamper(database, "DELETE FROM ledger.subject_key WHERE subject = %s", customer)
    afresh = Ledger(ledger.database, MASTER, ledger.book)
    states = {
        personal.state for one in afresh.history(stream, opened=True) for _, personal in personal_values(one.event)
    }
    assert states == {PersonalState.ERASED}
    assert named(afresh, stream, 2, as_read=True).state is PersonalState.ERASED


def test_what_is_recorded_beside_an_erased_value_can_be_corrected(
    database: conftest.Database, ledger: Ledger, stream: str, customer: UUID
) -> None:
    tamper(database, "DELETE FROM ledger.subject_key WHERE subject = %s", customer)
    afresh = Ledger(ledger.database, MASTER, ledger.book)
    registered = afresh.history(stream, opened=True)[0].event
    in_chinese = Replacement.of(resealed(registered.model_copy(update={"language": "zh"})))
    carried_out(afresh, correct(stream, 1, in_chinese), approve(stream, 5))
    state = afresh.tips([stream])[stream].state
    assert (state.language, state.registration.name.state) == ("zh", PersonalState.ERASED)
    assert named(afresh, stream, 1, as_read=True).state is PersonalState.ERASED


def test_an_approval_says_at_which_position_it_read_the_books_rules(ledger: Ledger, customer: UUID) -> None:
    stream = customer_stream(customer)
    carried_out(ledger, register_customer(customer, "Wang"), take_back(stream, 1))
    with pytest.raises(Refused) as no:
        carried_out(ledger, approve(stream, 2, by="Chen"))
    assert no.value.code == Refusal.SAME_PERSON
    allow = AllowSelfApproval(at=OPENED, book_id=id_of_book("main"), reason="a small office", decided_by="Director Li")
    carried_out(ledger, allow, approve(stream, 2, by="Chen"))
    *_, approval = ledger.history(stream)
    assert approval.metadata.basis == approval.position - 1
    book = stream_of_book("main")
    assert ledger.tips([book])[book].state.self_approval
    assert isinstance(ledger.tips([book])[book].state, Book)


def test_of_two_who_decide_at_once_one_decides(ledger: Ledger, customer: UUID) -> None:
    stream = customer_stream(customer)
    carried_out(ledger, register_customer(customer, "Wang"), take_back(stream, 1))
    together, answers = Barrier(8), list[str]()

    def decide(name: str) -> None:
        together.wait(10)
        try:
            carried_out(ledger, approve(stream, 2, by=name))
            answers.append("approved")
        except Refused as no:
            answers.append(no.code)

    deciders = [Thread(target=decide, args=(f"Director {nth}",)) for nth in range(8)]
    for thread in deciders:
        thread.start()
    for thread in deciders:
        thread.join(30)
    assert sorted(answers) == [Refusal.ALREADY_DECIDED] * 7 + ["approved"]
    assert topics(ledger.history(stream))[1:] == ["void-requested.1", "event-voided.1"]


def test_amendments_in_bulk_are_answered_each_on_its_own(ledger: Ledger) -> None:
    cases = [uuid4() for _ in range(3)]
    for case in cases:
        carried_out(ledger, receive(case), classify(case, "billing"))
    streams = [f"case-{case}" for case in cases]
    answers = ledger.carry_out_all([
        submission(take_back(streams[0], 2), approve(streams[0], 3)),
        submission(take_back(streams[1], 1)),
        submission(take_back(streams[2], 2), approve(streams[2], 3, by="Chen")),
    ])  # fmt: skip
    codes = [answer.code if isinstance(answer, Refused) else "done" for answer in answers]
    assert codes == ["done", Refusal.NO_LONGER_FOLDS, Refusal.SAME_PERSON]
    assert ledger.tips(streams)[streams[0]].state.classification is None
    assert ledger.tips(streams)[streams[2]].state.classification.category == "billing"


def test_every_amendment_reads_back_as_it_was_decided(ledger: Ledger, stream: str) -> None:
    written = [recorded.event for recorded in ledger.history(stream, opened=True)]
    assert [isinstance(event, AMENDMENTS) for event in written] == [False, False, True, True]
    request = written[2]
    assert request.replacement.data.name.value == READ  # type: ignore[attr-defined]
