"""In what ways each thing could be asked of a customer who has a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from domain import customer, key_account
from domain.customer import ContactKind, Customer, CustomerKind, CustomerRegistered, Tier
from domain.event import EARLIEST, Command
from domain.personal import Personal
from domain.stream import Category, stream_of
from domain.ways.trying import ANY, ELSEWHERE, Asking, Content, Ways, each, so


def _contacts(known: Customer, _: Asking) -> Iterator[Content]:
    return ({"version": version} for version in [contact.version for contact in known.contacts] or (1,))


def _planned(known: Customer, _: Asking) -> Iterator[Content]:
    return ({"visit_id": visit_id, "reason": ANY} for visit_id in known.account.visits or (ELSEWHERE,))


WAYS: Mapping[type[Command], Ways[Customer]] = MappingProxyType({
    customer.RenameCustomer: lambda _, asking: ({"name": Personal.open(asking.subject, ANY)},),
    customer.RecordContact: lambda _, asking: (
        {"kind": ContactKind.OTHER, "value": Personal.open(asking.subject, ANY)},
    ),
    customer.WithdrawContact: _contacts,
    customer.ChangeLanguage: each("language", ("en", "zh")),
    customer.AssignTier: each("tier", Tier),
    customer.MergeCustomers: so(into=ELSEWHERE),
    key_account.AssignManager: so(manager=ANY),
    key_account.ReleaseManager: lambda known, _: ({"manager": known.account.manager or ANY},),
    key_account.PlanVisit: so(visit_id=ELSEWHERE, planned_for=EARLIEST),
    key_account.MakeVisit: so(by=ANY, result=ANY),
    key_account.CancelVisit: _planned,
})  # fmt: skip
"""Of each command about a customer that a person sends."""

_REGISTRATION = CustomerRegistered(kind=CustomerKind.PERSON, name=None, source_key=None, language=None)
STAND_INS: Mapping[str, Any] = MappingProxyType({
    stream_of(Category.CUSTOMER, ELSEWHERE): Customer(_REGISTRATION, None)
})  # fmt: skip
"""The other customer who this one could prove to be."""
