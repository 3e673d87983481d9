"""How each input becomes commands."""

from __future__ import annotations

from collections.abc import Sequence

from api.graphql.asked import content_of, personal_of
from api.graphql.carrying_out import Making, Objected, Objection
from api.graphql.codes import INVALID_INPUT
from api.graphql.inputs import (
    AskedOfCase,
    ReceiveCaseInput,
    RecordTouchpointInput,
    RegisterCustomerInput,
)
from domain.case.commands import AboutCase, ReceiveCase
from domain.customer import AssignTier, RecordContact, RegisterCustomer
from domain.event import Command
from domain.stream import Category, stream_of
from domain.touchpoint import RecordTouchpoint

MOST_CONTACTS = 20


def record_touchpoint(asked: RecordTouchpointInput, making: Making) -> Sequence[Command]:
    """The record; its words fall with the customer, or else with the case, or with itself."""
    touchpoint_id = making.new_id(Category.TOUCHPOINT)
    customer_id = making.existing(asked.customer_id, Category.CUSTOMER, "customerId")
    case_id = making.existing(asked.case_id, Category.CASE, "caseId")
    content = content_of(asked) | {"customer_id": customer_id, "case_id": case_id}
    content["words"] = personal_of(customer_id or case_id or touchpoint_id, asked.words)
    return [making.command(RecordTouchpoint, touchpoint_id=touchpoint_id, **content)]


def register_customer(asked: RegisterCustomerInput, making: Making) -> Sequence[Command]:
    """The file, and with it the contacts and the tier that are known."""
    if len(asked.contacts) > MOST_CONTACTS:
        message = f"{len(asked.contacts)} contacts at once; give the {MOST_CONTACTS} that matter."
        raise Objected(Objection(INVALID_INPUT, message, ("contacts",), {"limit": MOST_CONTACTS}))
    customer_id = making.new_id(Category.CUSTOMER)
    registration = making.command(
        RegisterCustomer,
        customer_id=customer_id,
        kind=asked.kind,
        name=personal_of(customer_id, asked.name),
        source_key=asked.source_key,
        language=asked.language,
    )
    contacts = [
        making.command(
            RecordContact,
            ("contacts", str(index)),
            customer_id=customer_id,
            kind=contact.kind,
            value=personal_of(customer_id, contact.value),
        )
        for index, contact in enumerate(asked.contacts)
    ]
    tier = [making.command(AssignTier, customer_id=customer_id, tier=asked.tier)] if asked.tier else []
    return [registration, *contacts, *tier]


def receive_case(asked: ReceiveCaseInput, making: Making) -> Sequence[Command]:
    """The receipt; its words fall with the customer, or with the case itself while nobody knows whose they are."""
    case_id = making.new_id(Category.CASE)
    customer_id = making.existing(asked.customer_id, Category.CUSTOMER, "customerId")
    touchpoint_id = making.existing(asked.touchpoint_id, Category.TOUCHPOINT, "touchpointId")
    content = content_of(asked) | {"customer_id": customer_id, "touchpoint_id": touchpoint_id}
    content["words"] = personal_of(customer_id or case_id, asked.words)
    if making.principal.signed_in and content["received_by"] is None:
        content["received_by"] = making.principal.work_name
    return [making.command(ReceiveCase, case_id=case_id, **content)]


class OfCase:
    """An input that becomes one command about a case, whose fields have the same names."""

    def __init__(self, kind: type[AboutCase]) -> None:
        self.kind = kind

    def __call__(self, asked: AskedOfCase, making: Making) -> Sequence[Command]:
        """The command, with ids for global ids, money, and words sealed for whom the case is about by now."""
        case_id = making.id_of(asked.case_id, Category.CASE, "caseId")
        content = content_of(asked) | {"case_id": case_id}
        for field, camel in OTHER_CASES.items():
            if field in content:
                content[field] = making.id_of(content[field], Category.CASE, camel)
        if content.get("touchpoint_id") is not None:
            content["touchpoint_id"] = making.existing(content["touchpoint_id"], Category.TOUCHPOINT, "touchpointId")
        if content.get("redress") is not None:
            content["redress"] = {each: getattr(content["redress"], each) for each in ("minor_units", "currency")}
        if content.get("words") is not None:
            stream = stream_of(Category.CASE, case_id)
            case = making.ledger.tips([stream])[stream].state
            content["words"] = personal_of((case.customer_id if case else None) or case_id, content["words"])
        return [making.command(self.kind, **content)]


OTHER_CASES = {"other_id": "otherId", "into": "into"}
"""Fields that name another case."""
