"""Whom a case is about: customers by the source's keys, and columns that are personal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from api.imports.mapping import Mapping
from api.imports.record import Record
from domain.customer import CustomerKind, RecordContact, RegisterCustomer, RenameCustomer
from domain.event import Command, Words
from domain.personal import Personal


class People:
    """What a mapping says about persons."""

    def __init__(self, mapping: Mapping) -> None:
        self.zone = mapping.clocks.zone
        self.column = mapping.customer.column if mapping.customer else None
        self.kind = mapping.customer.kind if mapping.customer else CustomerKind.PERSON
        self._personal = mapping.personal

    def key(self, record: Record) -> str | None:
        """The source's key of the customer whom a row names."""
        return record.text(self.column) if self.column else None

    def registered(self, record: Record, key: str, at: datetime) -> Iterator[tuple[str, Command]]:
        """Asked for with each case, so that a row's commands never depend on the rows of other cases.

        A name and contacts are noted apart: a customer whom the ledger knows is not registered again under them.
        """
        customer_id, zone = record.id_of("customer", key), self.zone
        yield (
            "customer",
            RegisterCustomer(at=at, zone=zone, customer_id=customer_id, kind=self.kind, source_key=key),
        )
        yield from self.known(record, key, at)

    def known(self, record: Record, key: str, at: datetime) -> Iterator[tuple[str, Command]]:
        """What a row says of a registered customer: a name, ways to reach them."""
        customer_id, zone = record.id_of("customer", key), self.zone
        if self._personal is None:
            return
        if self._personal.name and (name := record.text(self._personal.name)):
            open_name = Personal[str].open(customer_id, name)
            yield "personal.name", RenameCustomer(at=at, zone=zone, customer_id=customer_id, name=open_name)
        for kind, column in self._personal.contacts.items():
            if value := record.text(column):
                contact = Personal[Words].open(customer_id, value)
                yield (
                    f"personal.contacts.{kind}",
                    RecordContact(at=at, zone=zone, customer_id=customer_id, kind=kind, value=contact),
                )

    def words(self, record: Record) -> Personal[Words] | None:
        """What the personal columns say when a case is received, about the record's subject."""
        columns = self._personal.words if self._personal else ()
        said = [f"{column}: {text}" for column in columns if (text := record.text(column))]
        return Personal[Words].open(record.subject, "\n".join(said)) if said else None
