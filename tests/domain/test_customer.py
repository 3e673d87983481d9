from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.attachment import AttachmentAdded
from domain.customer import (
    CUSTOMER,
    AssignTier,
    AttachToCustomer,
    ChangeLanguage,
    ContactKind,
    ContactRecorded,
    ContactWithdrawn,
    CustomerAbsorbed,
    CustomerEvent,
    CustomerKind,
    CustomerMerged,
    CustomerRegistered,
    CustomerRenamed,
    LanguageChanged,
    MergeCustomers,
    RecordContact,
    RegisterCustomer,
    RenameCustomer,
    Tier,
    TierAssigned,
    WithdrawContact,
)
from domain.envelope import Context, Occurred
from domain.key_account import AssignManager
from domain.personal import Personal
from domain.stream import Category, stream_of
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


withdraw = WithdrawContact(at=MONDAY, customer_id=WANG, version=2)
withdrawn = ContactWithdrawn(kind=ContactKind.PHONE, version=2)


def test_a_contact_that_is_no_longer_good_is_withdrawn_once_and_may_be_recorded_again() -> None:
    story.given(registered, by_phone).when(withdraw).then(withdrawn)
    story.given(registered, by_phone, withdrawn).when(withdraw).then_nothing()
    story.given(registered, by_phone, withdrawn).when(record_phone).then(by_phone)


@pytest.mark.parametrize("imported", [False, True], ids=["live", "imported"])
def test_only_a_contact_is_withdrawn(imported: bool) -> None:
    registration = withdraw.model_copy(update={"version": 1})
    Story(CUSTOMER, imported).given(registered, by_phone).when(registration).then_refused(
        "UNKNOWN_CONTACT", "Version 1 of this customer's file recorded no contact"
    )


def test_a_customer_is_spoken_with_in_another_language_from_then_on() -> None:
    to_english = ChangeLanguage(at=MONDAY, customer_id=WANG, language="en")
    story.given(registered).when(to_english).then(LanguageChanged(language="en"))
    story.given(registered, LanguageChanged(language="en")).when(to_english).then_nothing()
    story.given(registered).when(to_english.model_copy(update={"language": "zh-Hans"})).then_nothing()


# Mergers --------------------------------------------------------------------------------------------------------------

ZHAO, QIAN = UUID(int=2), UUID(int=3)
of_zhao, of_qian = (stream_of(Category.CUSTOMER, other) for other in (ZHAO, QIAN))
zhao_registered = CustomerRegistered(kind=CustomerKind.PERSON, name=None, source_key="K-8", language=None)
merge = MergeCustomers(at=MONDAY, customer_id=WANG, into=ZHAO)
merged = CustomerMerged(into=ZHAO)


def zhao(*events: CustomerEvent) -> Story:
    return story.given(registered).beside(of_zhao, CUSTOMER, zhao_registered, *events)


def test_a_customer_who_proves_to_be_another_is_merged_and_both_files_know_it() -> None:
    absorbed = CustomerAbsorbed(customer_id=WANG)
    zhao().when(merge).then(merged, Occurred(absorbed, stream=of_zhao))
    zhao(absorbed).given(registered, merged).when(merge).then_nothing()


def test_a_merger_is_about_both_files_and_asks_whom_the_survivor_was_merged_into() -> None:
    assert merge.streams == (stream_of(Category.CUSTOMER, WANG), of_zhao)
    assert list(CUSTOMER.needs(merge, Context())) == [of_zhao]
    on_to_qian = zhao(CustomerMerged(into=QIAN))
    assert list(CUSTOMER.needs(merge, Context(others=on_to_qian.others))) == [of_zhao, of_qian]
    assert list(CUSTOMER.needs(to_gold, Context())) == []


@pytest.mark.parametrize("imported", [False, True], ids=["live", "imported"])
def test_no_history_holds_a_merger_with_oneself_with_nobody_in_a_circle_or_into_who_is_no_more(imported: bool) -> None:
    told = Story(CUSTOMER, imported).given(registered)
    told.when(merge.model_copy(update={"into": WANG})).then_refused("MERGED_WITH_ITSELF", "with themselves")
    told.when(merge).then_refused("UNKNOWN_CUSTOMER", "no such customer to merge into")
    back = told.beside(of_zhao, CUSTOMER, zhao_registered, CustomerMerged(into=WANG))
    back.when(merge).then_refused("MERGED_IN_A_CIRCLE", "merged into this very one")
    gone = told.beside(of_zhao, CUSTOMER, zhao_registered, CustomerMerged(into=QIAN))
    gone.beside(of_qian, CUSTOMER, zhao_registered).when(merge).then_refused(
        "CUSTOMER_MERGED", f"merged into customer {QIAN}; merge into that one"
    )
    far = gone.beside(of_qian, CUSTOMER, zhao_registered, CustomerMerged(into=WANG))
    far.when(merge).then_refused("MERGED_IN_A_CIRCLE", "merged into this very one")
    elsewhere = told.beside(of_zhao, CUSTOMER, zhao_registered).given(registered, CustomerMerged(into=QIAN))
    elsewhere.when(merge).then_refused("CUSTOMER_MERGED", f"into customer {QIAN}")


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (to_gold, gold),
        (record_phone, by_phone),
        (ChangeLanguage(at=MONDAY, customer_id=WANG, language="en"), LanguageChanged(language="en")),
    ],
    ids=lambda it: type(it).__name__,
)
def test_what_is_asked_of_a_merged_customer_is_asked_of_the_survivor(
    command: AssignTier | RecordContact | ChangeLanguage, event: CustomerEvent
) -> None:
    story.given(registered, merged).when(command).then_refused("CUSTOMER_MERGED", f"merged into customer {ZHAO}")
    imported = Story(CUSTOMER, imported=True)
    imported.given(registered, merged).when(command).then(Occurred(event, departures=("after-merger",)))


def test_a_merged_customer_gets_no_manager() -> None:
    assign = AssignManager(at=MONDAY, customer_id=WANG, manager="王芳")
    story.given(registered, merged).when(assign).then_refused("CUSTOMER_MERGED", "ask it of that one")


def test_what_was_so_before_the_merger_is_still_no_news() -> None:
    story.given(registered, merged).when(register).then_nothing()
    story.given(registered, gold, merged).when(to_gold).then_nothing()


def test_a_file_is_kept_with_the_customers_own_once() -> None:
    said: dict[str, Any] = {
        "attachment_id": UUID(int=9),
        "direction": None,
        "media_type": "application/pdf",
        "byte_size": 48_213,
        "file_name": Personal[str].open(WANG, "合同.pdf"),
        "digest": Personal[str].open(WANG, "3c" * 32),
    }
    attach = AttachToCustomer(at=MONDAY, customer_id=WANG, **said)
    contract = AttachmentAdded(**said)
    story.given(registered).when(attach).then(contract)
    story.when(attach).then_refused("UNKNOWN_CUSTOMER", "register them first")
    other = attach.model_copy(update={"media_type": "image/png"})
    story.given(registered, contract).when(other).then_refused("RECORDED_OTHERWISE", "ask for a correction")
    of_zhao_now = attach.model_copy(update={"digest": Personal[str].open(ZHAO, "3c" * 32)})
    story.given(registered).when(of_zhao_now).then_refused("SUBJECT_MISMATCH", "upload it again")
    story.given(registered, merged).when(attach).then_refused("CUSTOMER_MERGED", f"merged into customer {ZHAO}")
