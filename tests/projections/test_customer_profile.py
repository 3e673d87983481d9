from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.channel import Channel, Direction
from domain.customer import (
    ContactKind,
    ContactRecorded,
    CustomerKind,
    CustomerRegistered,
    CustomerRenamed,
    Tier,
    TierAssigned,
)
from domain.event import Event
from domain.personal import Personal
from domain.stream import Category, stream_of
from domain.touchpoint import TouchpointRecorded
from ledger.ledger import PersonalPlace
from projections.customer_profile import CUSTOMER_PROFILE, Contact, CustomerProfile
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
        contacts=(),
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
    st.sampled_from([registered, unnamed, renamed, by_phone, by_email, gold])
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
        row = half._replace(contacts=[[str(kind), version] for kind, version in half.contacts])
        assert CUSTOMER_PROFILE.of_row([str(value) if isinstance(value, str) else value for value in row]) == half
    assert folded(CUSTOMER_PROFILE, WANG, told[cut:], half) == folded(CUSTOMER_PROFILE, WANG, told)


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
        language=registration.event.language if registration else None,
        tier=tiers[-1].tier if tiers else None,
        tier_rule_version=tiers[-1].rule_version if tiers else None,
        contacts=tuple(
            Contact(each.event.kind, each.version) for each in own if isinstance(each.event, ContactRecorded)
        ),
        registered_at=registration.occurred_at if registration else None,
        touchpoints=len(meetings),
        first_touchpoint_at=min(meetings, default=None),
        last_touchpoint_at=max(meetings, default=None),
        last_occurred_at=max(each.occurred_at for each in seen),
        last_recorded_at=seen[-1].recorded_at,
    )
