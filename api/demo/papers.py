"""Papers that customers of the demo send in: what each is called, and what it holds, which its id alone decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from uuid import UUID, uuid5

from api.demo.told import Told
from domain.attachment import Attaching, File
from domain.case.attaching import AttachToCase
from domain.channel import Direction
from domain.envelope import Actor
from domain.event import Command
from domain.personal import Personal
from ledger.ledger import Ledger

PAPERS = (("合同.txt", "contract.txt"), ("账单.txt", "bill.txt"))


def held_by(attachment_id: UUID) -> bytes:
    """What a paper holds."""
    return f"An invented paper of an invented customer.\n{attachment_id}\n".encode()


def sent_in(case: Told) -> Iterator[Command]:
    """The papers that were asked for, each attached to the case."""
    for chinese, english in PAPERS:
        attachment_id = uuid5(case.telling.case_id, english)
        held = held_by(attachment_id)
        name = case.said(chinese, english)
        yield case.telling.about(
            AttachToCase,
            attachment_id=attachment_id,
            direction=Direction.IN,
            media_type="text/plain",
            byte_size=len(held),
            file_name=name,
            digest=Personal.open(name.subject, sha256(held).hexdigest()),
        )


def bring(ledger: Ledger, actor: Actor, commands: Iterable[Command]) -> None:
    """Brings the bytes of whatever commands attach; once, however often it is asked for. Raises: LedgerError."""
    for command in commands:
        if isinstance(command, Attaching):
            file = File(
                file_name=command.file_name.value,
                media_type=command.media_type,
                byte_size=command.byte_size,
                sha256=command.digest.value,
            )
            subject = command.file_name.subject
            announced = ledger.attachments.announce(command.attachment_id, command.stream, subject, actor.name, file)
            upload = ledger.attachments.upload(announced)
            upload.take(held_by(command.attachment_id))
            upload.finish()
            ledger.attachments.settle([command.attachment_id])
