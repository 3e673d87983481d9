from typing import Any
from uuid import UUID

import orjson
from hypothesis import given
from hypothesis import strategies as st

from domain.channel import Channel, Direction
from domain.customer import (
    ContactKind,
    ContactRecorded,
    ContactWithdrawn,
    CustomerAbsorbed,
    CustomerKind,
    CustomerMerged,
    CustomerRegistered,
    CustomerRenamed,
    LanguageChanged,
    Tier,
    TierAssigned,
)
from domain.event import Event, Precision
from domain.key_account import ManagerAssigned, ManagerReleased, VisitCancelled, VisitMade, VisitPlanned
from domain.personal import Personal
from domain.stream import Category, stream_of
from domain.touchpoint import TouchpointRecorded
from ledger.ledger import PersonalPlace
from projections.customer_profile import CUSTOMER_PROFILE, Absorbed, Contact, CustomerProfile, TierSpell, Visit
from tests.projections.telling import Told, folded, history, minute, rows_of

WANG, ZHAO = UUID(int=1), UUID(int=2)
name = Personal[str].open(WANG, "王小明")
phone = Personal[str].open(WANG, "+86 10 5555 0100")

registered = CustomerRegistered(kind=CustomerKind.PERSON, name=name, source_key="K-7", language="zh-Hans")
unnamed = CustomerRegistered(kind=CustomerKind.ORGANISATION, name=None, source_key=None, language=None)
renamed = CustomerRenamed(name=name)
by_phone = ContactRecorded(kind=ContactKind.PHONE, value=phone)
by_email = ContactRecorded(kind=ContactKind.EMAIL, value=phone)
gold = TierAssigned(tier=Tier.GOLD, rule_version="2026-1")
silver = TierAssigned(tier=Tier.SILVER, rule_version=None)
withdrawn = ContactWithdrawn(kind=ContactKind.PHONE, version=2)
english = LanguageChanged(language="en")
managed, released = ManagerAssigned(manager="王芳"), ManagerReleased(manager="王芳")
VISIT = UUID(int=7)
planned = VisitPlanned(visit_id=VISIT, planned_for=minute(90), planned_precision=Precision.DAY, by="王芳")
made = VisitMade(visit_id=VISIT, by="李四", result="satisfied", words=Personal[str].open(WANG, "一切都好"))
dropped_in = made.model_copy(update={"visit_id": None, "words": None})
cancelled = VisitCancelled(visit_id=VISIT, reason="customer away")
merged, absorbed = CustomerMerged(into=ZHAO), CustomerAbsorbed(customer_id=ZHAO)


def met(customer_id: UUID | None) -> TouchpointRecorded:
    return TouchpointRecorded(
        customer_id=customer_id,
        case_id=None,
        channel=Channel.HOTLINE,
        direction=Direction.IN,
        medium_id=None,
        staff=None,
        unit=None,
        words=None,
    )


def touched(customer_id: UUID | None, number: int, minutes: int) -> Told:
    return Told(met(customer_id), at=minute(minutes), stream=stream_of(Category.TOUCHPOINT, UUID(int=100 + number)))


def history_of(*events: Event | Told) -> Any:
    return history(stream_of(Category.CUSTOMER, WANG), *events)


def profile_of(*events: Event | Told) -> CustomerProfile:
    profile = folded(CUSTOMER_PROFILE, WANG, history_of(*events))
    assert isinstance(profile, CustomerProfile)
    return profile


def test_a_registered_customer_has_a_profile_that_tells_where_the_name_lies_but_not_the_name() -> None:
    profile = profile_of(registered)
    assert profile == CustomerProfile(
        customer_id=WANG,
        version=1,
        position=10,
        kind=CustomerKind.PERSON,
        source_key="K-7",
        name_version=1,
        language="zh-Hans",
        tier=None,
        tier_rule_version=None,
        tiers=(),
        contacts=(),
        manager=None,
        manager_since=None,
        visits=(),
        merged_into=None,
        merged_at=None,
        absorbed=(),
        registered_at=minute(1),
        touchpoints=0,
        first_touchpoint_at=None,
        last_touchpoint_at=None,
        last_occurred_at=minute(1),
        last_recorded_at=minute(1001),
    )
    assert profile.name_place == PersonalPlace(f"customer-{WANG}", 1, "/name", as_read=True)
    assert profile_of(unnamed).name_place is None


def test_a_renamed_customer_is_named_by_the_later_event() -> None:
    assert profile_of(unnamed, renamed).name_version == 2
    assert profile_of(registered, renamed).name_place == PersonalPlace(f"customer-{WANG}", 2, "/name", as_read=True)


def test_contacts_are_kept_as_the_places_where_they_lie() -> None:
    profile = profile_of(registered, by_phone, by_email)
    assert profile.contacts == (Contact(ContactKind.PHONE, 2), Contact(ContactKind.EMAIL, 3))
    assert profile.contact_places == (
        PersonalPlace(f"customer-{WANG}", 2, "/value", as_read=True),
        PersonalPlace(f"customer-{WANG}", 3, "/value", as_read=True),
    )
    assert phone.value not in repr(profile)


def test_a_tier_is_shown_with_the_version_of_the_rules_that_gave_it() -> None:
    profile = profile_of(registered, gold)
    assert (profile.tier, profile.tier_rule_version) == (Tier.GOLD, "2026-1")


def test_the_tier_as_of_an_instant_is_the_one_assigned_last_of_those_that_had_begun() -> None:
    profile = profile_of(registered, gold, Told(silver, at=minute(50)), Told(gold, at=minute(30)))
    first, second, told_late = (TierSpell(minute(2), Tier.GOLD, "2026-1"), TierSpell(minute(50), Tier.SILVER, None),
                                TierSpell(minute(30), Tier.GOLD, "2026-1"))  # fmt: skip
    assert profile.tiers == (first, second, told_late)
    asked = [profile.tier_as_of(minute(at)) for at in (1, 2, 29, 30, 60)]
    assert asked == [None, first, first, told_late, told_late]


def test_a_withdrawn_contact_is_shown_no_longer_and_the_language_is_the_latest() -> None:
    profile = profile_of(registered, by_phone, by_email, withdrawn, english)
    assert (profile.contacts, profile.language) == ((Contact(ContactKind.EMAIL, 3),), "en")


def test_a_key_account_shows_its_manager_while_there_is_one() -> None:
    profile = profile_of(registered, managed)
    assert (profile.manager, profile.manager_since) == ("王芳", minute(2))
    assert profile_of(registered, managed, released).manager is None


def test_visits_are_shown_as_planned_made_and_called_off() -> None:
    profile = profile_of(registered, planned, dropped_in, made)
    plan = Visit(VISIT, minute(90), Precision.DAY, "王芳")
    assert profile_of(registered, planned).visits == (plan,)
    done = plan._replace(made_at=minute(4), made_by="李四", result="satisfied", words_version=4)
    without_plan = Visit(None, None, None, None, minute(3), "李四", "satisfied")
    assert profile.visits == (done, without_plan)
    assert profile.words_place(done) == PersonalPlace(f"customer-{WANG}", 4, "/words", as_read=True)
    assert profile.words_place(without_plan) is None
    called_off = plan._replace(cancelled_at=minute(3), cancel_reason="customer away")
    assert profile_of(registered, planned, cancelled).visits == (called_off,)
    assert profile_of(registered, planned, cancelled, made).visits == (done,)


def test_a_merger_shows_on_both_sides() -> None:
    assert (profile_of(registered, merged).merged_into, profile_of(registered, merged).merged_at) == (ZHAO, minute(2))
    assert profile_of(registered, absorbed).absorbed == (Absorbed(ZHAO, minute(2)),)


def test_a_customer_who_was_merged_again_after_the_first_time_was_taken_back_is_shown_once() -> None:
    assert profile_of(registered, absorbed, absorbed).absorbed == (Absorbed(ZHAO, minute(3)),)


def test_touchpoints_count_for_the_customer_they_name_and_span_the_earliest_to_the_latest() -> None:
    told = history_of(
        registered, touched(WANG, 1, 30), touched(WANG, 2, -7), touched(ZHAO, 3, 40), touched(None, 4, 50)
    )
    rows = rows_of(CUSTOMER_PROFILE, told)
    wang = rows[WANG]
    assert (wang.touchpoints, wang.first_touchpoint_at, wang.last_touchpoint_at) == (2, minute(-7), minute(30))
    assert (wang.version, wang.position) == (1, 30)
    assert rows.keys() == {WANG, ZHAO}


def test_touchpoints_before_registration_count_but_other_tellings_leave_nothing() -> None:
    before = folded(CUSTOMER_PROFILE, WANG, history_of(touched(WANG, 1, 5)))
    assert (before.kind, before.version, before.touchpoints) == (None, 0, 1)
    profile = profile_of(touched(WANG, 1, 5), renamed, registered)
    assert (profile.touchpoints, profile.name_version, profile.registered_at) == (1, 2, minute(3))
    assert folded(CUSTOMER_PROFILE, WANG, history_of(renamed, gold, by_phone)) is None


def test_a_second_registration_changes_nothing_but_where_the_stream_stands() -> None:
    first = profile_of(registered)
    again = profile_of(registered, unnamed)
    kept = first._replace(version=2, position=20, last_occurred_at=minute(2), last_recorded_at=minute(1002))
    assert again == kept


TELLINGS = st.lists(
    st.sampled_from(
        [
            registered,
            unnamed,
            renamed,
            by_phone,
            by_email,
            withdrawn,
            gold,
            silver,
            english,
            managed,
            released,
            planned,
            made,
            dropped_in,
            cancelled,
            merged,
        ]
    )
    | st.builds(touched, st.sampled_from([WANG, ZHAO, None]), st.integers(0, 3), st.integers(-50, 50)),
    max_size=20,
)


@given(TELLINGS)
def test_a_profile_equals_what_is_read_off_its_whole_history(tellings: list[Event | Told]) -> None:
    told = history_of(*tellings)
    profile = folded(CUSTOMER_PROFILE, WANG, told)
    assert profile == read_off(told)


@given(TELLINGS, st.data())
def test_folding_on_from_a_row_that_was_written_equals_folding_in_one_go(
    tellings: list[Event | Told], data: st.DataObject
) -> None:
    told = history_of(*tellings)
    cut = data.draw(st.integers(0, len(told)))
    half = folded(CUSTOMER_PROFILE, WANG, told[:cut])
    if half is not None:
        written = half._replace(**{name: in_json(getattr(half, name)) for name in IN_JSON})
        assert CUSTOMER_PROFILE.of_row([str(value) if isinstance(value, str) else value for value in written]) == half
    assert folded(CUSTOMER_PROFILE, WANG, told[cut:], half) == folded(CUSTOMER_PROFILE, WANG, told)


IN_JSON = ("tiers", "contacts", "visits", "absorbed")


def in_json(value: Any) -> Any:
    """A value as it comes out of a column of JSON."""
    return orjson.loads(orjson.dumps(value, default=list))


def read_off(told: list[Any]) -> CustomerProfile | None:
    """The same profile, written independently: each column is a question to the history as a whole."""
    about = [each for each in told if getattr(each.event, "customer_id", WANG) == WANG]
    own = [each for each in about if not isinstance(each.event, TouchpointRecorded)]
    start = next((at for at, each in enumerate(own) if isinstance(each.event, CustomerRegistered)), len(own))
    own, meetings = own[start:], [each.occurred_at for each in about if isinstance(each.event, TouchpointRecorded)]
    seen = [each for each in about if isinstance(each.event, TouchpointRecorded) or each in own]
    if not seen:
        return None
    registration = own[0] if own else None
    tiers = [each.event for each in own if isinstance(each.event, TierAssigned)]
    names = [each.version for each in own if getattr(each.event, "name", None)]
    managers = [each for each in own if isinstance(each.event, ManagerAssigned | ManagerReleased)]
    manager = managers[-1] if managers and isinstance(managers[-1].event, ManagerAssigned) else None
    mergers = [each for each in own if isinstance(each.event, CustomerMerged)]
    languages = [each.event.language for each in own[1:] if isinstance(each.event, LanguageChanged)]
    gone = [each for each in own if isinstance(each.event, ContactWithdrawn)]
    if registration is not None:  # a later registration names nobody
        again = {each.version for each in own[1:] if isinstance(each.event, CustomerRegistered)}
        names = [version for version in names if version not in again]
    return CustomerProfile(
        customer_id=WANG,
        version=own[-1].version if own else 0,
        position=seen[-1].position,
        kind=registration.event.kind if registration else None,
        source_key=registration.event.source_key if registration else None,
        name_version=names[-1] if names else None,
        language=languages[-1] if languages else registration.event.language if registration else None,
        tier=tiers[-1].tier if tiers else None,
        tier_rule_version=tiers[-1].rule_version if tiers else None,
        tiers=tuple(
            TierSpell(each.occurred_at, each.event.tier, each.event.rule_version)
            for each in own
            if isinstance(each.event, TierAssigned)
        ),
        contacts=tuple(
            Contact(each.event.kind, each.version)
            for each in own
            if isinstance(each.event, ContactRecorded)
            and not any(one.event.version == each.version and one.version > each.version for one in gone)
        ),
        manager=manager.event.manager if manager else None,
        manager_since=manager.occurred_at if manager else None,
        visits=visits_read_off(own),
        merged_into=ZHAO if mergers else None,
        merged_at=mergers[-1].occurred_at if mergers else None,
        absorbed=(),
        registered_at=registration.occurred_at if registration else None,
        touchpoints=len(meetings),
        first_touchpoint_at=min(meetings, default=None),
        last_touchpoint_at=max(meetings, default=None),
        last_occurred_at=max(each.occurred_at for each in seen),
        last_recorded_at=seen[-1].recorded_at,
    )


def visits_read_off(own: list[Any]) -> tuple[Visit, ...]:
    """The planned visit, if any of its events is there, and each one that nobody planned, by when they became known."""
    about = [each for each in own if getattr(each.event, "visit_id", None) == VISIT]
    found = [(each.version, each) for each in own if isinstance(each.event, VisitMade) and each.event.visit_id is None]
    visits = {version: Visit(None, None, None, None, each.occurred_at, each.event.by, each.event.result)
              for version, each in found}  # fmt: skip
    if about:
        ends = [each for each in about if isinstance(each.event, VisitMade | VisitCancelled)]
        end = ends[-1] if ends else None
        is_made = end is not None and isinstance(end.event, VisitMade)
        has_plan = any(isinstance(each.event, VisitPlanned) for each in about)
        visits[about[0].version] = Visit(
            visit_id=VISIT,
            planned_for=minute(90) if has_plan else None,
            planned_precision=Precision.DAY if has_plan else None,
            planned_by="王芳" if has_plan else None,
            made_at=end.occurred_at if end and is_made else None,
            made_by="李四" if is_made else None,
            result="satisfied" if is_made else None,
            words_version=end.version if end and is_made else None,
            cancelled_at=end.occurred_at if end and not is_made else None,
            cancel_reason="customer away" if end and not is_made else None,
        )
    return tuple(visits[version] for version in sorted(visits))
