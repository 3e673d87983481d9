"""What can be asked for: one input a mutation, whose fields are named as those of the commands it becomes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import strawberry

from api.graphql.enums import (
    CaseKind,
    Channel,
    ContactKind,
    CustomerKind,
    Direction,
    Level,
    Outcome,
    PauseGround,
    Precision,
    Priority,
    ResponseKind,
    Tier,
)
from api.graphql.scalars import SafeInt

HANDLER = "Who is to handle it. Null is nobody yet."
WORDS = "What was said, word for word: kept sealed under the customer's own key."
UNIT = "The unit, by its name."


@strawberry.input
class AskedOnce:
    command_id: UUID = strawberry.field(
        description="The id under which this may be asked again: a new one for each thing asked, the same one when "
        "the answer got lost. It is carried out once."
    )


@strawberry.input
class Asked(AskedOnce):
    occurred_at: datetime | None = strawberry.field(
        default=None, description="When it happened, with an offset or Z. Null is now."
    )
    occurred_zone: str | None = strawberry.field(
        default=None, description="The IANA zone in which that was written down. Null is the book's zone."
    )
    occurred_precision: Precision = strawberry.field(
        default=Precision.INSTANT, description="How exactly that is known; DAY when only the day is."
    )


@strawberry.input
class AskedAgain(Asked):
    expected_version: int | None = strawberry.field(
        default=None, description="Its version as the asker saw it; refused as STALE_VERSION if it has moved on."
    )


@strawberry.input
class AskedOfCase(AskedAgain):
    case_id: strawberry.ID = strawberry.field(description="The case, by its id.")


@strawberry.input(description="An amount of money.")
class MoneyInput:
    minor_units: SafeInt = strawberry.field(description="The amount in minor units: 1250 of EUR is 12.50 euros.")
    currency: str = strawberry.field(description="The currency's ISO 4217 code, such as CNY.")


@strawberry.input(description="A way to reach a customer.")
class ContactInput:
    kind: ContactKind = strawberry.field(description="What kind of address it is.")
    value: str = strawberry.field(description="The number, address or account; kept sealed under the customer's key.")


@strawberry.input(description="A moment in which a customer and the company met.")
class RecordTouchpointInput(Asked):
    customer_id: strawberry.ID | None = strawberry.field(default=None, description="The customer, when known.")
    case_id: strawberry.ID | None = strawberry.field(default=None, description="The case it belongs to, if to one.")
    channel: Channel = strawberry.field(description="How the words travelled.")
    direction: Direction = strawberry.field(description="Who reached whom; IN is towards the company.")
    medium_id: str | None = strawberry.field(
        default=None, description="Which of the company's own numbers, counters or accounts."
    )
    staff: str | None = strawberry.field(default=None, description="The member of staff.")
    unit: str | None = strawberry.field(default=None, description=UNIT)
    words: str | None = strawberry.field(default=None, description=WORDS)


@strawberry.input(description="A customer to open a file for.")
class RegisterCustomerInput(Asked):
    kind: CustomerKind = strawberry.field(description="Whether the customer is a human being.")
    name: str | None = strawberry.field(
        default=None, description="The name, in any script; kept sealed. Null when only a key of them is known."
    )
    source_key: str | None = strawberry.field(
        default=None, description="The customer's key in the system they came from; never personal data."
    )
    language: str | None = strawberry.field(default=None, description="A language tag (BCP 47), such as zh-Hans-CN.")
    contacts: list[ContactInput] = strawberry.field(
        default_factory=list, description="How to reach them, in the order to be tried; at most 20."
    )
    tier: Tier | None = strawberry.field(default=None, description="The class they are in.")


@strawberry.input(description="A matter to take in. It gets its number with registerCase.")
class ReceiveCaseInput(Asked):
    kind: CaseKind = strawberry.field(description="What kind of matter it is.")
    customer_id: strawberry.ID | None = strawberry.field(default=None, description="Whom it is about, when known.")
    channel: Channel = strawberry.field(description="How it reached the company.")
    touchpoint_id: strawberry.ID | None = strawberry.field(
        default=None, description="The touchpoint in which it was brought forward."
    )
    received_by: str | None = strawberry.field(default=None, description="The member of staff who took it in.")
    source_key: str | None = strawberry.field(
        default=None, description="The case's key in the system it came from, such as INC0000102."
    )
    words: str | None = strawberry.field(default=None, description=WORDS)


@strawberry.input(description="A case to be given its number.")
class RegisterCaseInput(AskedOfCase):
    unit: str | None = strawberry.field(default=None, description="The unit that holds it from its registration.")
    handler: str | None = strawberry.field(default=None, description=HANDLER)
    registered_by: str | None = strawberry.field(default=None, description="The member of staff who registers it.")


@strawberry.input(description="A class of the issue library to put the case in.")
class ClassifyCaseInput(AskedOfCase):
    category: str = strawberry.field(description="The category.")
    subcategory: str | None = strawberry.field(default=None, description="The subcategory.")
    symptom: str | None = strawberry.field(default=None, description="The symptom.")
    taxonomy: str | None = strawberry.field(
        default=None, description="The version of the taxonomy that these terms come from."
    )


@strawberry.input(description="How soon the case is to be dealt with.")
class PrioritiseCaseInput(AskedOfCase):
    priority: Priority = strawberry.field(description="The priority.")
    impact: Level | None = strawberry.field(default=None, description="How much it affects.")
    urgency: Level | None = strawberry.field(default=None, description="How urgent it is.")


@strawberry.input(description="The unit to which a case goes that no unit holds.")
class DispatchCaseInput(AskedOfCase):
    unit: str = strawberry.field(description=UNIT)
    handler: str | None = strawberry.field(default=None, description=HANDLER)


@strawberry.input(description="The unit that gives a case back, and why.")
class ReturnDispatchInput(AskedOfCase):
    unit: str = strawberry.field(description="The unit that returns it: the one that holds it.")
    reason: str | None = strawberry.field(default=None, description="Why, as the installation's list has it.")


@strawberry.input(description="The unit to which a case goes from another.")
class TransferCaseInput(AskedOfCase):
    from_unit: str | None = strawberry.field(
        default=None, description="The unit that lets go of it. Null is whichever holds it."
    )
    to_unit: str = strawberry.field(description=UNIT)
    handler: str | None = strawberry.field(default=None, description=HANDLER)
    reason: str | None = strawberry.field(default=None, description="Why, as the installation's list has it.")


@strawberry.input(description="The member of staff who becomes a case's handler.")
class AssignCaseInput(AskedOfCase):
    handler: str = strawberry.field(description="The member of staff.")


@strawberry.input(description="A case on which work begins.")
class StartWorkInput(AskedOfCase):
    by: str | None = strawberry.field(default=None, description="The member of staff who begins.")


@strawberry.input(description="What a case is to wait for.")
class PauseCaseInput(AskedOfCase):
    ground: PauseGround = strawberry.field(description="What it waits for.")


@strawberry.input(description="What a case waits for no longer.")
class ResumeCaseInput(AskedOfCase):
    ground: PauseGround = strawberry.field(description="What it waited for.")


@strawberry.input(description="An answer to the customer.")
class SendResponseInput(AskedOfCase):
    kind: ResponseKind = strawberry.field(description="What the answer is for.")
    channel: Channel = strawberry.field(description="How it travels.")
    by: str | None = strawberry.field(default=None, description="The member of staff who answers.")
    words: str | None = strawberry.field(default=None, description=WORDS)


@strawberry.input(description="How a case ended.")
class ResolveCaseInput(AskedOfCase):
    outcome: Outcome = strawberry.field(description="How it ended for the customer.")
    redress: MoneyInput | None = strawberry.field(
        default=None, description='What the customer gets; null is an explicit "nothing".'
    )
    resolved_by: str | None = strawberry.field(default=None, description="The member of staff who resolved it.")
    code: str | None = strawberry.field(
        default=None, description="The way in which it was resolved, as the installation's list has it."
    )


@strawberry.input(description="A resolved or closed case to be put back to work.")
class ReopenCaseInput(AskedOfCase):
    reason: str | None = strawberry.field(default=None, description="Why, as the installation's list has it.")


@strawberry.input(description="A resolved case of which nothing more is to be done.")
class CloseCaseInput(AskedOfCase):
    code: str | None = strawberry.field(
        default=None, description="The way in which it was closed, as the installation's list has it."
    )
