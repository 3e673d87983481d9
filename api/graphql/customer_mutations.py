"""What can be asked of a customer who has a file, and how each input becomes a command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid5

from typing_extensions import override

from api.graphql import customer_inputs as inputs
from api.graphql.asked import OneCommand, content_of, personal_of
from api.graphql.carrying_out import Maker, Making
from api.graphql.codes import STALE_VERSION
from api.graphql.customer import Customer, shown_customer
from api.graphql.mutation import Mutation, Subject
from domain import customer, key_account
from domain.event import Command
from domain.stream import Category
from projections.customer_profile import CUSTOMER_PROFILE

CUSTOMER = Subject("customer", Customer, shown_customer, views=(CUSTOMER_PROFILE,))


class PersonalCommand(OneCommand):
    """The same where one of the fields is personal, and falls with the customer."""

    def __init__(self, kind: type[Command], field: str) -> None:
        super().__init__(kind, {"customer_id": Category.CUSTOMER})
        self.field = field

    @override
    def content(self, asked: Any, making: Making) -> dict[str, Any]:
        """What the input says, with the personal value about the customer."""
        content = super().content(asked, making)
        content[self.field] = personal_of(content["customer_id"], content[self.field])
        return content


def plan_visit(asked: inputs.PlanVisitInput, making: Making) -> Sequence[Command]:
    """The plan, under an id that is the same each time the command is asked for."""
    customer_id = making.id_of(asked.customer_id, Category.CUSTOMER, "customerId")
    visit_id = uuid5(making.command_id, "visit")
    content = content_of(asked) | {"customer_id": customer_id, "visit_id": visit_id}
    return [making.command(key_account.PlanVisit, **content)]


def _of_customer(
    name: str, description: str, asked: type[inputs.AskedOfCustomer], kind: type[Command], make: Maker | None = None
) -> Mutation:
    made = make or OneCommand(kind, {"customer_id": Category.CUSTOMER})
    return Mutation(name, description, asked, made, (kind,), CUSTOMER, (STALE_VERSION,))


CUSTOMER_MUTATIONS: tuple[Mutation, ...] = (
    _of_customer(
        "rename_customer",
        "Notes the name by which a customer goes.",
        inputs.RenameCustomerInput,
        customer.RenameCustomer,
        PersonalCommand(customer.RenameCustomer, "name"),
    ),
    _of_customer(
        "record_contact",
        "Notes a way to reach a customer.",
        inputs.RecordContactInput,
        customer.RecordContact,
        PersonalCommand(customer.RecordContact, "value"),
    ),
    _of_customer(
        "withdraw_contact",
        "Notes that a customer is to be reached in a way no longer.",
        inputs.WithdrawContactInput,
        customer.WithdrawContact,
    ),
    _of_customer(
        "change_language",
        "Notes the language in which to speak with a customer.",
        inputs.ChangeLanguageInput,
        customer.ChangeLanguage,
    ),
    _of_customer("assign_tier", "Puts a customer in a class (分级).", inputs.AssignTierInput, customer.AssignTier),
    _of_customer(
        "merge_customers",
        "Says that a customer is another one. The payload shows the survivor.",
        inputs.MergeCustomersInput,
        customer.MergeCustomers,
        OneCommand(customer.MergeCustomers, {"customer_id": Category.CUSTOMER, "into": Category.CUSTOMER}),
    ),
    _of_customer(
        "assign_manager",
        "Makes somebody a customer's manager (大客户).",
        inputs.AssignManagerInput,
        key_account.AssignManager,
    ),
    _of_customer(
        "release_manager",
        "Lets somebody manage a customer no longer.",
        inputs.ReleaseManagerInput,
        key_account.ReleaseManager,
    ),
    _of_customer(
        "plan_visit", "Plans a visit to a customer.", inputs.PlanVisitInput, key_account.PlanVisit, plan_visit
    ),
    _of_customer(
        "make_visit",
        "Notes that a customer was visited (大客户回访).",
        inputs.MakeVisitInput,
        key_account.MakeVisit,
        PersonalCommand(key_account.MakeVisit, "words"),
    ),
    _of_customer("cancel_visit", "Calls a planned visit off.", inputs.CancelVisitInput, key_account.CancelVisit),
)
