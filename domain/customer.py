"""A customer: who they are, how to reach them, the tier on which promises to them depend, and who they prove to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, ClassVar, NamedTuple, TypeAlias, get_args
from uuid import UUID

from pydantic import StringConstraints
from typing_extensions import override

from domain import attachment, key_account
from domain.attachment import AttachmentAdded, Attachments
from domain.decider import Decided, Decider
from domain.departure import Broken, Departure, stepped
from domain.envelope import Context, Occurred, Recorded
from domain.event import Command, Event, Label, Name, Refused, SourceKey, Version, Words
from domain.key_account import NO_ACCOUNT, KeyAccount, KeyAccountCommand, KeyAccountEvent
from domain.personal import Personal
from domain.refusal import Refusal
from domain.stream import Category, stream_of, subject_of

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


class ContactWithdrawn(Event):
    """The customer is to be reached in this way no longer."""

    TOPIC: ClassVar = "contact-withdrawn.1"

    kind: ContactKind
    version: Version
    """Of the event in the same stream that recorded it."""


class LanguageChanged(Event):
    """The customer is to be spoken with in another language."""

    TOPIC: ClassVar = "language-changed.1"

    language: Language


class CustomerMerged(Event):
    """The customer proved to be another one, under whose file everything goes on."""

    TOPIC: ClassVar = "customer-merged.1"

    into: UUID
    """The survivor."""


class CustomerAbsorbed(Event):
    """Another customer proved to be this one."""

    TOPIC: ClassVar = "customer-absorbed.1"

    customer_id: UUID
    """The other."""


CustomerEvent: TypeAlias = (
    CustomerRegistered
    | CustomerRenamed
    | ContactRecorded
    | ContactWithdrawn
    | LanguageChanged
    | TierAssigned
    | KeyAccountEvent
    | CustomerMerged
    | CustomerAbsorbed
    | AttachmentAdded
)

# Commands -------------------------------------------------------------------------------------------------------------


class AboutCustomer(Command):
    """Something asked for about one customer."""

    customer_id: UUID

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.CUSTOMER, self.customer_id)


_KNOWN = (Refusal.UNKNOWN_CUSTOMER, Refusal.CUSTOMER_MERGED)


class RegisterCustomer(AboutCustomer):
    """Open a file for the customer."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.CUSTOMER_ALREADY_REGISTERED, Refusal.SUBJECT_MISMATCH)

    kind: CustomerKind
    name: Personal[Name] | None = None
    source_key: SourceKey | None = None
    language: Language | None = None


class RenameCustomer(AboutCustomer):
    """Note the name by which the customer goes."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_KNOWN, Refusal.SUBJECT_MISMATCH)

    name: Personal[Name]


class RecordContact(AboutCustomer):
    """Note a way to reach the customer."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_KNOWN, Refusal.SUBJECT_MISMATCH)

    kind: ContactKind
    value: Personal[Words]


class AssignTier(AboutCustomer):
    """Put the customer in a tier."""

    REFUSALS: ClassVar[tuple[str, ...]] = _KNOWN

    tier: Tier
    rule_version: Label | None = None


class WithdrawContact(AboutCustomer):
    """Note that the customer is to be reached in this way no longer."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_KNOWN, Refusal.UNKNOWN_CONTACT)

    version: Version
    """Of the event that recorded the contact."""


class ChangeLanguage(AboutCustomer):
    """Note the language in which to speak with the customer."""

    REFUSALS: ClassVar[tuple[str, ...]] = _KNOWN

    language: Language


class MergeCustomers(AboutCustomer):
    """Say that a customer is another one; both files know it at once."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_KNOWN, Refusal.MERGED_WITH_ITSELF, Refusal.MERGED_IN_A_CIRCLE)

    into: UUID
    """The survivor."""

    @property
    @override
    def streams(self) -> tuple[str, ...]:
        return (self.stream, stream_of(Category.CUSTOMER, self.into))


class AttachToCustomer(attachment.Attaching, AboutCustomer):
    """Put a file to the customer's own."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_KNOWN, *attachment.REFUSALS)


CustomerCommand: TypeAlias = (
    RegisterCustomer
    | RenameCustomer
    | RecordContact
    | WithdrawContact
    | ChangeLanguage
    | AssignTier
    | KeyAccountCommand
    | MergeCustomers
    | AttachToCustomer
)

# Life -----------------------------------------------------------------------------------------------------------------


class Contact(NamedTuple):
    """A way to reach the customer, and the version of the event that recorded it."""

    version: int
    record: ContactRecorded


@dataclass(frozen=True, slots=True)
class Customer:
    """What later decisions about a customer depend on."""

    registration: CustomerRegistered
    name: Personal[Name] | None
    language: str | None = None
    contacts: tuple[Contact, ...] = ()
    withdrawn: frozenset[int] = frozenset()
    """The versions of contacts by which the customer is reached no longer."""
    tier: TierAssigned | None = None
    account: KeyAccount = NO_ACCOUNT
    merged_into: UUID | None = None
    attachments: Attachments = ()


def needs(command: CustomerCommand, context: Context) -> Iterable[str]:
    """For a merger, the survivor, and whoever the survivor was merged into."""
    return _lineage(command.into, context.others) if isinstance(command, MergeCustomers) else ()


def decide(customer: Customer | None, command: CustomerCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    match command:
        case RegisterCustomer():
            return _register(customer, command)
        case RenameCustomer():
            _about(command, command.name, "name")
            if _known(customer).name == command.name:
                return []
            return _told(customer, CustomerRenamed(name=command.name), context)
        case RecordContact():
            _about(command, command.value, "value")
            contact = ContactRecorded(kind=command.kind, value=command.value)
            if any(known.record == contact for known in _known(customer).contacts):
                return []
            return _told(customer, contact, context)
        case WithdrawContact():
            return _withdraw(_known(customer), command, context)
        case ChangeLanguage(language=language):
            if _known(customer).language == language:
                return []
            return _told(customer, LanguageChanged(language=language), context)
        case AssignTier():
            tier = TierAssigned(tier=command.tier, rule_version=command.rule_version)
            return [] if _known(customer).tier == tier else _told(customer, tier, context)
        case MergeCustomers():
            return _merge(_known(customer), command, context)
        case AttachToCustomer():
            added = attachment.attached(_known(customer).attachments, command, command.customer_id)
            return [] if added is None else _told(customer, added, context)
        case key_account.MakeVisit() if command.words is not None:
            _about(command, command.words, "words")
            return key_account.decide(_known(customer).account, command, context, _merged(customer))
        case _:
            return key_account.decide(_known(customer).account, command, context, _merged(customer))


def evolve(customer: Customer | None, recorded: Recorded[CustomerEvent]) -> Customer | None:
    """The customer after an event; what comes before their registration leaves nothing."""
    event = recorded.event
    if customer is None:
        if not isinstance(event, CustomerRegistered):
            return None
        return Customer(event, event.name, event.language)
    match event:
        case CustomerRegistered() | CustomerAbsorbed():
            return customer
        case CustomerRenamed():
            return replace(customer, name=event.name)
        case ContactRecorded():
            return replace(customer, contacts=(*customer.contacts, Contact(recorded.version, event)))
        case ContactWithdrawn(version=version):
            left = tuple(contact for contact in customer.contacts if contact.version != version)
            return replace(customer, contacts=left, withdrawn=customer.withdrawn | {version})
        case LanguageChanged():
            return replace(customer, language=event.language)
        case TierAssigned():
            return replace(customer, tier=event)
        case CustomerMerged(into=into):
            return replace(customer, merged_into=into)
        case AttachmentAdded():
            return replace(customer, attachments=attachment.with_one_more(customer.attachments, event))
        case _:
            return replace(customer, account=key_account.evolve(customer.account, event, recorded.occurred_at))


def survivor(customer: Customer | None) -> UUID | None:
    """Whom the customer was merged into."""
    return None if customer is None else customer.merged_into


CUSTOMER: Decider[Customer | None] = Decider(
    Category.CUSTOMER,
    None,
    decide,
    evolve,
    events=get_args(CustomerEvent),
    begins=CustomerRegistered,
    needs=needs,
    onward=survivor,
)


def _told(customer: Customer | None, event: CustomerEvent, context: Context) -> Decided:
    """The event, unless the customer was merged into another."""
    return stepped(context, event, _merged(customer))


def _merged(customer: Customer | None) -> Broken | None:
    """Whether everything about the customer goes on under another one's file."""
    if customer is None or customer.merged_into is None:
        return None
    return Broken(
        Refusal.CUSTOMER_MERGED,
        Departure.AFTER_MERGER,
        f"This customer was merged into customer {customer.merged_into}; ask it of that one.",
        field="customer_id",
        params={"survivor": str(customer.merged_into)},
    )


def _withdraw(customer: Customer, command: WithdrawContact, context: Context) -> Decided:
    contact = next((known for known in customer.contacts if known.version == command.version), None)
    if contact is not None:
        return _told(customer, ContactWithdrawn(kind=contact.record.kind, version=contact.version), context)
    if command.version in customer.withdrawn:
        return []
    raise Refused(
        Refusal.UNKNOWN_CONTACT,
        f"Version {command.version} of this customer's file recorded no contact.",
        field="version",
        params={"version": command.version},
    )


def _merge(customer: Customer, command: MergeCustomers, context: Context) -> Decided:
    """A customer is merged once; a survivor that was merged on is no survivor. History holds no circle either."""
    if command.into == command.customer_id:
        raise Refused(Refusal.MERGED_WITH_ITSELF, "A customer is not merged with themselves.", field="into")
    if customer.merged_into == command.into:
        return []
    survivor: Customer | None = context.others.get(stream_of(Category.CUSTOMER, command.into))
    if survivor is None:
        raise Refused(Refusal.UNKNOWN_CUSTOMER, "There is no such customer to merge into.", field="into")
    if (merged := _merged(customer)) is not None:
        raise merged.refused
    if survivor.merged_into is None:
        absorbed = CustomerAbsorbed(customer_id=command.customer_id)
        other = stream_of(Category.CUSTOMER, command.into)
        return [CustomerMerged(into=command.into), Occurred(absorbed, stream=other)]
    last = subject_of(_lineage(command.into, context.others)[-1])
    if last == command.customer_id:
        raise Refused(
            Refusal.MERGED_IN_A_CIRCLE,
            "That customer was merged into this very one; the merger holds, whichever way it is said.",
            field="into",
        )
    raise Refused(
        Refusal.CUSTOMER_MERGED,
        f"That customer was merged into customer {last}; merge into that one.",
        field="into",
        params={"survivor": str(last)},
    )


def _lineage(customer_id: UUID, others: Mapping[str, Any]) -> list[str]:
    """The streams from a customer to the last survivor, as far as they are known; each once, even in a circle."""
    found: list[str] = []
    at: UUID | None = customer_id
    while at is not None and (stream := stream_of(Category.CUSTOMER, at)) not in found:
        found.append(stream)
        customer: Customer | None = others.get(stream)
        at = None if customer is None else customer.merged_into
    return found


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
