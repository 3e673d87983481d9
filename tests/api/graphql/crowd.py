"""A book in which there are many of everything, so that what costs a statement for each of them is found."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from api.imports.loading import parsed
from api.imports.run import run_import
from domain.case.commands import ReceiveCase, RegisterCase, ResolveCase, TransferCase
from domain.case.events import CaseKind, Outcome
from domain.channel import Channel
from domain.customer import CustomerKind, MergeCustomers, RegisterCustomer
from domain.envelope import Submission
from domain.event import Command
from domain.obligation import ObligationKind, OpenObligation
from domain.personal import Personal
from domain.staff import LetStaffGo, RegisterStaff, id_of_staff
from domain.unit.commands import MoveUnit, OpenUnit
from domain.unit.events import UnitKind, id_of_unit
from ledger.ledger import Ledger
from tests.api.guides.month import LETTERS, LETTERS_MAPPING, NAMESPACE, NORTH, SOUTH, WANG, ZONE, Month

MANY = 20
BEGIN = datetime(2026, 4, 20, 9, tzinfo=ZoneInfo(ZONE))
"""Behind the month of the guides."""


def crowd(ledger: Ledger, folder: Path) -> None:
    """The month of the guides, and then many of everything, all of it written down a week late."""
    Month(ledger, folder).whole()
    letters(ledger, folder)
    said_at = BEGIN + timedelta(days=7)
    written = ledger.carry_out_all(
        [
            Submission(uuid5(NAMESPACE, f"crowd {nth}"), tuple(commands_of(nth)), WANG, "graphql", said_at=said_at)
            for nth in range(MANY)
        ]
    )
    assert [outcome for outcome in written if isinstance(outcome, Exception)] == []


def letters(ledger: Ledger, folder: Path) -> None:
    """Letters that were sent to a branch before they had a number."""
    head, *lines = LETTERS.splitlines()
    file = folder / "more letters.csv"
    many = [line.replace("L-7", f"M-{nth}") for nth in range(MANY) for line in lines]
    file.write_text("\n".join([head, *many, ""]), "utf-8")
    run_import(ledger, file, parsed(LETTERS_MAPPING, "letters.toml"), actor=WANG, said_at=BEGIN)


def commands_of(nth: int) -> list[Command]:
    """A unit, somebody in it, a customer who proves to be another, a case that goes from hand to hand, what is owed."""
    at = BEGIN + timedelta(minutes=nth)
    customer_id, other_id, case_id, owed = (named(what, nth) for what in ("customer", "other", "case", "owed"))
    when: dict[str, Any] = {"at": at, "zone": ZONE}
    case: dict[str, Any] = when | {"case_id": case_id}
    return [
        OpenUnit(**when, name=f"Desk {nth}", kind=UnitKind.DESK),
        MoveUnit(**when, unit_id=id_of_unit(f"Desk {nth}"), parent=id_of_unit(NORTH)),
        RegisterStaff(**when, name=f"Agent {nth}", unit=NORTH),
        LetStaffGo(**when, staff_id=id_of_staff(f"Agent {nth}")),
        *(
            RegisterCustomer(
                **when, customer_id=one, kind=CustomerKind.PERSON, name=Personal.open(one, f"{name} {nth}")
            )
            for one, name in ((customer_id, "冯小明"), (other_id, "冯晓明"))
        ),
        MergeCustomers(**when, customer_id=other_id, into=customer_id),
        ReceiveCase(
            **case, kind=CaseKind.COMPLAINT, channel=Channel.WEB, customer_id=customer_id,
            words=Personal.open(customer_id, f"words {nth}"),
        ),
        ReceiveCase(
            **when, case_id=named("second", nth), kind=CaseKind.INQUIRY, channel=Channel.WEB, customer_id=customer_id
        ),
        RegisterCase(**case, unit=NORTH),
        TransferCase(**case, from_unit=NORTH, to_unit=SOUTH),
        ResolveCase(**case, outcome=Outcome.UPHELD),
        OpenObligation(
            **when, obligation_id=owed, kind=ObligationKind.TASK, title=f"call {nth}", case_id=case_id,
            due_at=at + timedelta(days=1),
        ),
    ]  # fmt: skip


def named(what: str, nth: int) -> UUID:
    """An id of this book."""
    return uuid5(NAMESPACE, f"crowd {what} {nth}")
