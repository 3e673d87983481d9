"""What can be asked of a customer who has a file."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import strawberry

from api.graphql.enums import ContactKind, Precision, Tier
from api.graphql.inputs import WORDS, AskedAgain


@strawberry.input
class AskedOfCustomer(AskedAgain):
    customer_id: strawberry.ID = strawberry.field(description="The customer, by their id.")


@strawberry.input(description="The name by which a customer goes.")
class RenameCustomerInput(AskedOfCustomer):
    name: str = strawberry.field(description="The name, in any script; kept sealed.")


@strawberry.input(description="A way to reach a customer.")
class RecordContactInput(AskedOfCustomer):
    kind: ContactKind = strawberry.field(description="What kind of address it is.")
    value: str = strawberry.field(description="The number, address or account; kept sealed under the customer's key.")


@strawberry.input(description="A contact by which the customer is to be reached no longer.")
class WithdrawContactInput(AskedOfCustomer):
    version: int = strawberry.field(description="The version of the contact, as `contacts` shows it.")


@strawberry.input(description="The language in which to speak with a customer.")
class ChangeLanguageInput(AskedOfCustomer):
    language: str = strawberry.field(description="A language tag (BCP 47), such as zh-Hans-CN.")


@strawberry.input(description="The class that a customer is put in.")
class AssignTierInput(AskedOfCustomer):
    tier: Tier = strawberry.field(description="The class.")
    rule_version: str | None = strawberry.field(
        default=None, description="The version of the rules that put them there; null when somebody simply decided."
    )


@strawberry.input(description="A customer who proves to be another one.")
class MergeCustomersInput(AskedOfCustomer):
    into: strawberry.ID = strawberry.field(description="The customer under whose file everything goes on.")


@strawberry.input(description="The member of staff who manages a customer.")
class AssignManagerInput(AskedOfCustomer):
    manager: str = strawberry.field(description="The member of staff.")


@strawberry.input(description="The member of staff who manages a customer no longer.")
class ReleaseManagerInput(AskedOfCustomer):
    manager: str = strawberry.field(description="The member of staff.")


@strawberry.input(description="A visit to a customer, to be made.")
class PlanVisitInput(AskedOfCustomer):
    planned_for: datetime = strawberry.field(description="When it is to be, with an offset or Z.")
    planned_precision: Precision = strawberry.field(
        default=Precision.INSTANT, description="How exactly that is agreed; DAY when only the day is."
    )
    by: str | None = strawberry.field(default=None, description="Who is to go; null when nobody is named yet.")


@strawberry.input(description="A visit to a customer that was made.")
class MakeVisitInput(AskedOfCustomer):
    visit_id: UUID | None = strawberry.field(
        default=None, description="The planned visit, as `visits` shows it; null for one without a plan."
    )
    by: str = strawberry.field(description="The member of staff who went.")
    result: str = strawberry.field(description="What came of it, as the installation's list has it.")
    words: str | None = strawberry.field(default=None, description=WORDS)


@strawberry.input(description="A planned visit that is not to be made.")
class CancelVisitInput(AskedOfCustomer):
    visit_id: UUID = strawberry.field(description="The planned visit, as `visits` shows it.")
    reason: str = strawberry.field(description="Why, as the installation's list has it.")
