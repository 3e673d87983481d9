"""A customer: who they are, how to reach them, and the tier on which promises to them depend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeAlias, assert_never, get_args
from uuid import UUID

from pydantic import StringConstraints
from typing_extensions import override

from domain.decider import Decided, Decider
from domain.envelope import Context, Recorded
from domain.event import Command, Event, Label, Name, Refused, SourceKey, Words
from domain.personal import Personal
from domain.refusal import Refusal
from domain.stream import Category, stream_of

Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)]
"""A language tag (BCP 47), such as zh-Hans-CN."""


class CustomerKind(StrEnum):
    """Whether the customer is a human being."""

    PERSON = "person"
    ORGANISATION = "organisation"


class ContactKind(StrEnum):
    """What kind of address a contact is."""

    PHONE = "phone"
    EMAIL = "email"
    WECHAT = "wechat"
    QQ = "qq"
    SOCIAL = "social"
    ADDRESS = "address"
    OTHER = "other"


class Tier(StrEnum):
    """The class a customer is in (客户分级), highest first."""

    KEY = "key"
    GOLD = "gold"
    SILVER = "silver"
    STANDARD = "standard"


# Events ---------------------------------------------------------------------------------------------------------------


class CustomerRegistered(Event):
    """The customer got a file (客户档案)."""

    TOPIC: ClassVar = "customer-registered.1"

    kind: CustomerKind
    name: Personal[Name] | None
    """None when only a key of them is known."""
    source_key: SourceKey | None
    language: Language | None


class CustomerRenamed(Event):
    """The customer goes by another name, or the name became known."""

    TOPIC: ClassVar = "customer-renamed.1"

    name: Personal[Name]


class ContactRecorded(Event):
    """One more way to reach the customer became known."""

    TOPIC: ClassVar = "contact-recorded.1"

    kind: ContactKind
    value: Personal[Words]


class TierAssigned(Event):
    """The customer was put in a tier."""

    TOPIC: ClassVar = "tier-assigned.1"

    tier: Tier
    rule_version: Label | None
    """The version of the rules that put them there; None when somebody simply decided."""


CustomerEvent: TypeAlias = CustomerRegistered | CustomerRenamed | ContactRecorded | TierAssigned

# Commands -------------------------------------------------------------------------------------------------------------


class AboutCustomer(Command):
    """Something asked for about one customer."""

    customer_id: UUID

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.CUSTOMER, self.customer_id)


class RegisterCustomer(AboutCustomer):
    """Open a file for the customer."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.CUSTOMER_ALREADY_REGISTERED, Refusal.SUBJECT_MISMATCH)

    kind: CustomerKind
    name: Personal[Name] | None = None
    source_key: SourceKey | None = None
    language: Language | None = None


class RenameCustomer(AboutCustomer):
    """Note the name by which the customer goes."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_CUSTOMER, Refusal.SUBJECT_MISMATCH)

    name: Personal[Name]


class RecordContact(AboutCustomer):
    """Note a way to reach the customer."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_CUSTOMER, Refusal.SUBJECT_MISMATCH)

    kind: ContactKind
    value: Personal[Words]


class AssignTier(AboutCustomer):
    """Put the customer in a tier."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_CUSTOMER,)

    tier: Tier
    rule_version: Label | None = None


CustomerCommand: TypeAlias = RegisterCustomer | RenameCustomer | RecordContact | AssignTier

# Life -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Customer:
    """What later decisions about a customer depend on."""

    registration: CustomerRegistered
    name: Personal[Name] | None
    contacts: tuple[ContactRecorded, ...] = ()
    tier: TierAssigned | None = None


def decide(customer: Customer | None, command: CustomerCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    del context  # a customer's life has no order that history could depart from
    match command:
        case RegisterCustomer():
            return _register(customer, command)
        case RenameCustomer():
            _about(command, command.name, "name")
            return [] if _known(customer).name == command.name else [CustomerRenamed(name=command.name)]
        case RecordContact():
            _about(command, command.value, "value")
            contact = ContactRecorded(kind=command.kind, value=command.value)
            return [] if contact in _known(customer).contacts else [contact]
        case AssignTier():
            tier = TierAssigned(tier=command.tier, rule_version=command.rule_version)
            return [] if _known(customer).tier == tier else [tier]
        case _:
            assert_never(command)


def evolve(customer: Customer | None, recorded: Recorded[CustomerEvent]) -> Customer | None:
    """The customer after an event; what comes before their registration leaves nothing."""
    event = recorded.event
    if customer is None:
        return Customer(event, event.name) if isinstance(event, CustomerRegistered) else None
    match event:
        case CustomerRegistered():
            return customer
        case CustomerRenamed():
            return replace(customer, name=event.name)
        case ContactRecorded():
            return replace(customer, contacts=(*customer.contacts, event))
        case TierAssigned():
            return replace(customer, tier=event)
        case _:
            assert_never(event)


CUSTOMER: Decider[Customer | None] = Decider(
    Category.CUSTOMER, None, decide, evolve, events=get_args(CustomerEvent), begins=CustomerRegistered
)


def _register(customer: Customer | None, command: RegisterCustomer) -> Decided:
    if command.name is not None:
        _about(command, command.name, "name")
    registration = CustomerRegistered(
        kind=command.kind, name=command.name, source_key=command.source_key, language=command.language
    )
    if customer is None:
        return [registration]
    if customer.registration == registration:
        return []
    raise Refused(
        Refusal.CUSTOMER_ALREADY_REGISTERED,
        "This customer is registered already; rename them, or record what else is new.",
        field="customer_id",
    )


def _known(customer: Customer | None) -> Customer:
    if customer is None:
        raise Refused(Refusal.UNKNOWN_CUSTOMER, "There is no such customer; register them first.", field="customer_id")
    return customer


def _about(command: CustomerCommand, personal: Personal[Any], field: str) -> None:
    """Whatever is kept about the customer falls with the customer's key."""
    if personal.subject != command.customer_id:
        raise Refused(
            Refusal.SUBJECT_MISMATCH,
            f"The {field} is about somebody else than this customer; give it under the customer's own id.",
            field=field,
        )
