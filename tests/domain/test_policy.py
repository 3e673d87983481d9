from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from domain.book import BOOK, BookOpened, BookTime, SelfApprovalAllowed, id_of_book, stream_of_book
from domain.calendar import CALENDAR, CalendarProposed, CalendarPublished, stream_of_calendars
from domain.envelope import When
from domain.event import Event
from domain.policy import (
    POLICY,
    ApprovePolicyWithdrawal,
    DeclinePolicy,
    ProposePolicy,
    PublishPolicy,
    RequestPolicyWithdrawal,
)
from domain.policy_events import (
    BookPolicies,
    PolicyDeclined,
    PolicyProposed,
    PolicyPublished,
    PolicyWithdrawalRequested,
    PolicyWithdrawn,
)
from domain.sla.calendar import document_of as calendar_of
from domain.sla.policy import PolicyDocument
from domain.sla.standards import Policies, PolicyVersion
from tests.domain.sla.documents import POLICY as RAW
from tests.domain.sla.documents import policy
from tests.domain.story import MONDAY, Story, folded, recorded

BOOK_ID = id_of_book("test")
JANUARY, MARCH, APRIL = date(2026, 1, 1), date(2026, 3, 2), date(2026, 4, 1)
FIRST = PolicyDocument.model_validate(RAW)
SECOND = PolicyDocument.model_validate(policy(("targets.1.clock.amount", 5)))
CHINA = calendar_of({
    "name": "china", "title": {"en": "China"}, "zone": "Asia/Shanghai", "source": "the office",
    "week": {"mon": ["09:00-17:00"]},
})  # fmt: skip

genesis = BookOpened(origin="daybook.example/test", zone="UTC", time=BookTime.LIVE, formats=())
story = (
    Story(POLICY)
    .beside(
        stream_of_calendars("test"),
        CALENDAR,
        CalendarProposed(document=CHINA, effective_from=JANUARY, reason="new", requested_by="chen"),
        CalendarPublished(proposal=1, name="china", version=1, approved_by="li"),
    )
    .beside(stream_of_book("test"), BOOK, genesis)
)


def proposed(document: PolicyDocument = FIRST, effective_from: date = JANUARY, **more: Any) -> PolicyProposed:
    said: dict[str, Any] = {"effective_before": None, "reassigns": False, "reason": "promised", "requested_by": "chen"}
    return PolicyProposed(document=document, effective_from=effective_from, **said | more)


def propose(document: PolicyDocument = FIRST, effective_from: date = JANUARY, **more: Any) -> ProposePolicy:
    said: dict[str, Any] = {"at": MONDAY, "book_id": BOOK_ID, "reason": "promised", "requested_by": "chen"}
    return ProposePolicy(document=document, effective_from=effective_from, **said | more)


def published(proposal: int = 1, version: int = 1) -> PolicyPublished:
    return PolicyPublished(proposal=proposal, name="group-service", version=version, approved_by="li")


def publish(proposal: int = 1, approved_by: str = "li") -> PublishPolicy:
    return PublishPolicy(at=MONDAY, book_id=BOOK_ID, proposal=proposal, approved_by=approved_by)


def decline(request: int) -> DeclinePolicy:
    return DeclinePolicy(at=MONDAY, book_id=BOOK_ID, request=request, reason="not yet", declined_by="li")


declined = PolicyDeclined(request=1, reason="not yet", declined_by="li")
withdrawal = PolicyWithdrawalRequested(
    name="group-service", effective_before=APRIL, reason="replaced", requested_by="chen"
)
withdrawn = PolicyWithdrawn(request=3, name="group-service", effective_before=APRIL, approved_by="li")


def withdraw(name: str = "group-service", effective_before: date = APRIL) -> RequestPolicyWithdrawal:
    return RequestPolicyWithdrawal(
        at=MONDAY,
        book_id=BOOK_ID,
        name=name,
        effective_before=effective_before,
        reason="replaced",
        requested_by="chen",
    )


def approve_withdrawal(request: int, approved_by: str = "li") -> ApprovePolicyWithdrawal:
    return ApprovePolicyWithdrawal(at=MONDAY, book_id=BOOK_ID, request=request, approved_by=approved_by)


def test_a_policy_is_proposed_by_one_person_and_published_by_another() -> None:
    story.when(propose()).then(proposed())
    story.given(proposed()).when(publish()).then(published())
    story.given(proposed()).when(publish(approved_by="chen")).then_refused("SAME_PERSON", "chen asked for this")


def test_where_the_book_allows_it_who_asks_may_publish() -> None:
    allowed = SelfApprovalAllowed(reason="two people", decided_by="li")
    event = published().model_copy(update={"approved_by": "chen"})
    (
        story.beside(stream_of_book("test"), BOOK, genesis, allowed)
        .given(proposed())
        .when(publish(approved_by="chen"))
        .then(event)
    )


def test_versions_are_counted_for_each_policy_by_itself() -> None:
    other = PolicyDocument.model_validate(policy(name="another"))
    another = PolicyPublished(proposal=3, name="another", version=1, approved_by="li")
    history = [proposed(), published(), proposed(other), another, proposed(SECOND, MARCH)]
    story.given(*history).when(publish(5)).then(published(5, version=2))


def test_a_policy_with_mistakes_is_refused_with_each_of_them_and_its_place() -> None:
    bad = PolicyDocument.model_validate(
        policy(("targets.0.stop", "responce-sent"), ("rules.1.targets", ["reply", "x"]))
    )
    refused = (
        r"rules\[1\]\.targets\[1\]: There is no target 'x'\. targets\[0\]\.stop: There is no event 'responce-sent'"
    )
    story.when(propose(bad)).then_refused("BAD_POLICY", refused)


def test_a_policy_counts_by_calendars_that_the_book_has() -> None:
    strange = PolicyDocument.model_validate(policy(("targets.1.calendar", "desk")))
    story.when(propose(strange)).then_refused("UNKNOWN_CALENDAR", "There is no calendar 'desk'.*There are china.")
    Story(POLICY).when(propose()).then_refused("UNKNOWN_CALENDAR", "None has been published")


def test_the_same_policy_for_the_same_days_changes_nothing() -> None:
    story.given(proposed(), published()).when(propose()).then_nothing()
    story.given(proposed()).when(propose()).then_nothing()
    story.given(proposed(), declined).when(propose()).then(proposed())


def test_a_later_edit_does_not_reach_back_before_what_applied_already() -> None:
    history = (proposed(effective_from=MARCH), published())
    story.given(*history).when(propose(SECOND, MARCH)).then(proposed(SECOND, MARCH))
    story.given(*history).when(propose(SECOND, JANUARY)).then_refused(
        "POLICY_BACK_DATED", "Version 1 of group-service has applied since 2026-03-02, and 2026-01-01 is before that"
    )
    reassigning = propose(SECOND, JANUARY, reassign=True)
    story.given(*history).when(reassigning).then(proposed(SECOND, JANUARY, reassigns=True))


def test_what_is_to_apply_later_may_still_be_preceded() -> None:
    history = (proposed(effective_from=APRIL), published())
    story.given(*history).when(propose(SECOND, MARCH)).then(proposed(SECOND, MARCH))


def test_whether_it_reaches_back_is_asked_again_when_it_is_published() -> None:
    history = (proposed(SECOND, JANUARY), proposed(effective_from=MARCH), published(2))
    story.given(*history).when(publish(1)).then_refused("POLICY_BACK_DATED", "has applied since 2026-03-02")


def test_the_day_on_which_a_policy_begins_is_a_day_of_its_own_zone() -> None:
    evening = datetime(2026, 3, 1, 15, 59, tzinfo=UTC)
    history = (proposed(effective_from=MARCH), published())
    asked = propose(SECOND, JANUARY)
    story.given(*history).when(asked.model_copy(update={"at": evening})).then(proposed(SECOND, JANUARY))
    midnight = asked.model_copy(update={"at": evening.replace(hour=16, minute=0)})
    story.given(*history).when(midnight).then_refused("POLICY_BACK_DATED", "has applied since")


def test_a_proposal_is_declined_or_taken_back_once() -> None:
    story.given(proposed()).when(decline(1)).then(declined)
    story.given(proposed(), declined).when(publish(1)).then_refused("ALREADY_DECIDED", "li declined this already")
    story.given(proposed(), published()).when(decline(1)).then_refused("ALREADY_DECIDED", "li approved this already")
    story.given(proposed()).when(decline(7)).then_refused("UNKNOWN_REQUEST", "Nothing was asked for in version 7")


def test_a_policy_is_withdrawn_by_request_and_approval() -> None:
    history = (proposed(), published())
    story.given(*history).when(withdraw()).then(withdrawal)
    story.given(*history, withdrawal).when(approve_withdrawal(3)).then(withdrawn)
    story.given(*history, withdrawal).when(approve_withdrawal(3, "chen")).then_refused("SAME_PERSON", "chen asked")
    story.given(*history, withdrawal, withdrawn).when(withdraw()).then_nothing()


def test_only_what_there_is_can_be_withdrawn_and_not_from_before_it_applied() -> None:
    history = (proposed(effective_from=MARCH), published())
    story.given(*history).when(withdraw("other")).then_refused("UNKNOWN_POLICY", "there is group-service")
    story.given(*history).when(withdraw(effective_before=MARCH)).then_refused(
        "POLICY_BACK_DATED", "it can be withdrawn from a later day on"
    )


def test_a_request_is_approved_as_what_it_is() -> None:
    history = (proposed(), published(), withdrawal)
    story.given(*history).when(publish(3)).then_refused("UNKNOWN_REQUEST", "asks for a withdrawal; approve that")
    story.given(*history).when(approve_withdrawal(1)).then_refused("UNKNOWN_REQUEST", "proposes a policy")


def test_a_policy_does_not_end_before_it_begins() -> None:
    with pytest.raises(ValidationError, match="It would end on 2026-03-02, before it begins"):
        propose(effective_from=MARCH, effective_before=MARCH)


def known(*events: Event) -> BookPolicies:
    """What is known after these, a day apart."""
    history = [
        recorded(event, version, When(MONDAY.replace(day=1 + version))) for version, event in enumerate(events, 1)
    ]
    found: BookPolicies = folded(POLICY, history)
    return found


def test_what_was_published_is_known_from_its_recording_and_a_withdrawal_from_its_own() -> None:
    policies = known(proposed(), published(), proposed(SECOND, MARCH), published(3, 2), withdrawal, withdrawn)
    assert policies.versions == (
        PolicyVersion("group-service", 1, JANUARY, None, MONDAY.replace(day=3), FIRST),
        PolicyVersion("group-service", 2, MARCH, None, MONDAY.replace(day=5), SECOND),
    )
    assert [request.version for request in policies.pending] == [5]
    ended = known(proposed(), published(), withdrawal, withdrawn)
    assert ended.versions == (
        PolicyVersion(
            "group-service", 1, JANUARY, APRIL, MONDAY.replace(day=3), FIRST, withdrawn_at=MONDAY.replace(day=5)
        ),
    )
    assert ended.pending == ()


def in_force(policies: BookPolicies, day: date, known_on: int) -> bool:
    """Whether the policy holds for a receipt of a day, as known on a day of March."""
    receipt = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    return bool(Policies(policies.versions).in_force(receipt, MONDAY.replace(day=known_on)))


def test_a_policy_that_was_withdrawn_may_be_withdrawn_from_an_earlier_day_and_not_from_a_later_one() -> None:
    july, history = date(2026, 7, 1), (proposed(), published(), withdrawal, withdrawn)
    story.given(*history).when(withdraw(effective_before=july)).then_nothing()
    sooner = withdrawal.model_copy(update={"effective_before": MARCH})
    story.given(*history).when(withdraw(effective_before=MARCH)).then(sooner)
    policies = known(*history, sooner, withdrawn.model_copy(update={"request": 5, "effective_before": MARCH}))
    assert [in_force(policies, MARCH, known_on) for known_on in (4, 5, 6, 7)] == [True, True, True, False]
    assert [in_force(policies, APRIL, known_on) for known_on in (4, 5, 6, 7)] == [True, False, False, False]


def test_the_end_that_a_policy_was_published_with_stays_known_when_it_is_withdrawn_from_before_it() -> None:
    policies = known(proposed(effective_before=APRIL), published(), withdrawal, withdrawn)
    assert policies.versions[0].withdrawn_at is None
    sooner = {"effective_before": MARCH}
    policies = known(
        proposed(effective_before=APRIL),
        published(),
        withdrawal.model_copy(update=sooner),
        withdrawn.model_copy(update=sooner),
    )
    assert [in_force(policies, MARCH, known_on) for known_on in (4, 5)] == [True, False]
    assert [in_force(policies, APRIL, known_on) for known_on in (4, 5)] == [False, False]


def test_an_answer_to_nothing_and_a_second_answer_leave_nothing() -> None:
    assert known(published(), withdrawn, declined) == BookPolicies()
    once = known(proposed(), published())
    assert known(proposed(), published(), published(), declined) == once
