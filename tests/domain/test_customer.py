from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.customer import (
    CUSTOMER,
    AssignTier,
    ContactKind,
    ContactRecorded,
    CustomerKind,
    CustomerRegistered,
    CustomerRenamed,
    RecordContact,
    RegisterCustomer,
    RenameCustomer,
    Tier,
    TierAssigned,
)
from domain.personal import Personal
from tests.domain.story import MONDAY, Story

WANG = UUID(int=1)
SOMEBODY_ELSE = UUID(int=2)

story = Story(CUSTOMER)
name = Personal[str].open(WANG, "王小明")
phone = Personal[str].open(WANG, "+86 10 5555 0100")

registered = CustomerRegistered(kind=CustomerKind.PERSON, name=name, source_key="K-7", language="zh-Hans")
register = RegisterCustomer(
    at=MONDAY, customer_id=WANG, kind=CustomerKind.PERSON, name=name, source_key="K-7", language="zh-Hans"
)
by_phone = ContactRecorded(kind=ContactKind.PHONE, value=phone)
record_phone = RecordContact(at=MONDAY, customer_id=WANG, kind=ContactKind.PHONE, value=phone)
gold = TierAssigned(tier=Tier.GOLD, rule_version="2026-1")
to_gold = AssignTier(at=MONDAY, customer_id=WANG, tier=Tier.GOLD, rule_version="2026-1")


def test_a_customer_gets_a_file() -> None:
    story.when(register).then(registered)


def test_a_customer_may_be_known_by_a_key_alone() -> None:
    story.when(RegisterCustomer(at=MONDAY, customer_id=WANG, kind=CustomerKind.PERSON, source_key="Caller 2403")).then(
        CustomerRegistered(kind=CustomerKind.PERSON, name=None, source_key="Caller 2403", language=None)
    )


def test_the_same_customer_is_not_registered_twice() -> None:
    story.given(registered).when(register).then_nothing()


def test_a_registered_customer_is_not_registered_as_another() -> None:
    other = register.model_copy(update={"kind": CustomerKind.ORGANISATION})
    story.given(registered).when(other).then_refused("CUSTOMER_ALREADY_REGISTERED", "registered already")


def test_a_customer_takes_another_name_once() -> None:
    new = Personal[str].open(WANG, "王大明")
    rename = RenameCustomer(at=MONDAY, customer_id=WANG, name=new)
    story.given(registered).when(rename).then(CustomerRenamed(name=new))
    story.given(registered).when(rename.model_copy(update={"name": name})).then_nothing()


def test_a_customer_can_be_reached_in_several_ways_each_noted_once() -> None:
    wechat = Personal[str].open(WANG, "wang-xm")
    record_wechat = RecordContact(at=MONDAY, customer_id=WANG, kind=ContactKind.WECHAT, value=wechat)
    story.given(registered, by_phone).when(record_wechat).then(ContactRecorded(kind=ContactKind.WECHAT, value=wechat))
    story.given(registered, by_phone).when(record_phone).then_nothing()


def test_a_tier_is_assigned_again_only_under_another_rule() -> None:
    story.given(registered).when(to_gold).then(gold)
    story.given(registered, gold).when(to_gold).then_nothing()
    by_new_rules = to_gold.model_copy(update={"rule_version": "2026-2"})
    story.given(registered, gold).when(by_new_rules).then(TierAssigned(tier=Tier.GOLD, rule_version="2026-2"))


@pytest.mark.parametrize(
    "command",
    [RenameCustomer(at=MONDAY, customer_id=WANG, name=name), record_phone, to_gold],
    ids=lambda it: type(it).__name__,
)
def test_nothing_is_noted_about_a_customer_without_a_file(
    command: RenameCustomer | RecordContact | AssignTier,
) -> None:
    story.when(command).then_refused("UNKNOWN_CUSTOMER", "register them first")


@pytest.mark.parametrize(
    "command",
    [
        RegisterCustomer(at=MONDAY, customer_id=SOMEBODY_ELSE, kind=CustomerKind.PERSON, name=name),
        RenameCustomer(at=MONDAY, customer_id=SOMEBODY_ELSE, name=name),
        RecordContact(at=MONDAY, customer_id=SOMEBODY_ELSE, kind=ContactKind.PHONE, value=phone),
    ],
    ids=["name at registration", "new name", "contact"],
)
@pytest.mark.parametrize("imported", [False, True], ids=["live", "imported"])
def test_what_is_personal_stands_under_the_customer_it_is_about(
    command: RegisterCustomer | RenameCustomer | RecordContact, imported: bool
) -> None:
    Story(CUSTOMER, imported).when(command).then_refused("SUBJECT_MISMATCH", "somebody else")


@pytest.mark.parametrize("language", ["", "中文", "z", "zh_CN", "zh-"])
def test_a_language_is_a_tag(language: str) -> None:
    with pytest.raises(ValidationError, match="language"):
        RegisterCustomer(at=MONDAY, customer_id=WANG, kind=CustomerKind.PERSON, language=language)
