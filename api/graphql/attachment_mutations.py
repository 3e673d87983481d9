"""From a file on somebody's disk to an attachment: announced, uploaded, attached; and revealed for a purpose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

import strawberry
from pydantic import ValidationError

from api.access.links import For
from api.access.principal import Principal
from api.attached import DIGEST, FILE_NAME, attachments_in, in_history, too_late
from api.graphql import inputs
from api.graphql.attachment import (
    KIND,
    Attachment,
    AttachmentDownload,
    announced_to,
    attachment_in,
    attachment_of,
    direction_for,
    download_of,
    id_of_attachment,
    shown_attachment,
)
from api.graphql.carrying_out import Done, Maker, Making, Objected, Objection, carried_out, invalid, refuse_unwritable
from api.graphql.codes import (
    ATTACHMENT_EXPIRED,
    ATTACHMENT_NOT_UPLOADED,
    COMMAND_ID_REUSED,
    INVALID_INPUT,
    STALE_VERSION,
    UNKNOWN_ATTACHMENT,
    UNKNOWN_CASE,
    UNKNOWN_CUSTOMER,
    UNKNOWN_TOUCHPOINT,
)
from api.graphql.door import Door
from api.graphql.enums import Direction
from api.graphql.mutation import Mutation, Subject
from api.graphql.request import Request
from api.graphql.scalars import SafeInt
from domain.attachment import File
from domain.case.attaching import AttachToCase
from domain.case.state import Case
from domain.customer import AttachToCustomer
from domain.event import Command
from domain.personal import Personal
from domain.revealing import PersonalRevealed, RevealedValue, RevealPersonal
from domain.stream import Category, category_of, stream_of, subject_of
from domain.touchpoint import AttachToTouchpoint, Touchpoint, subject_of_touchpoint
from ledger.attachments import Announced
from ledger.errors import CommandIdReused
from projections.reach import Reach

CONTENT = "/content"
"""What a revealing names for the bytes themselves, which stand beside the event and not in its data."""
PLACES = {
    "case_id": ("caseId", Category.CASE, UNKNOWN_CASE),
    "customer_id": ("customerId", Category.CUSTOMER, UNKNOWN_CUSTOMER),
    "touchpoint_id": ("touchpointId", Category.TOUCHPOINT, UNKNOWN_TOUCHPOINT),
}


@strawberry.input(description="A file that is to be uploaded, and what it is to be attached to: one of the three.")
class CreateAttachmentInput(inputs.AskedOnce):
    case_id: strawberry.ID | None = strawberry.field(default=None, description="The case.")
    customer_id: strawberry.ID | None = strawberry.field(default=None, description="The customer.")
    touchpoint_id: strawberry.ID | None = strawberry.field(default=None, description="The touchpoint.")
    file_name: str = strawberry.field(
        description="What it is called, in any script and without a path; kept sealed. At most 200 characters."
    )
    media_type: str = strawberry.field(
        description="What kind of file it is, such as `image/jpeg`; `application/octet-stream` when nobody knows."
    )
    byte_size: SafeInt = strawberry.field(description="How long it is, in bytes: just so many have to be uploaded.")
    sha256: str | None = strawberry.field(
        default=None, description="The SHA-256 that its bytes must have, in hexadecimal, where it is known beforehand."
    )


@strawberry.input(description="A file that was uploaded, to be attached to what it was created for.")
class AttachFileInput(inputs.AskedAgain):
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version of what it is attached to, as the asker saw it; refused as STALE_VERSION if that has "
        "moved on.",
    )
    attachment_id: strawberry.ID = strawberry.field(description="The attachment, by its id.")
    direction: Direction | None = strawberry.field(
        default=None,
        description="IN when the customer gave it to the company, OUT when they were given it; null for what is the "
        "company's own, of which customers are not told. What a customer attaches is IN.",
    )


@strawberry.input(description="A file to read, and what for.")
class RevealAttachmentInput(inputs.Asked):
    attachment_id: strawberry.ID = strawberry.field(description="The attachment, by its id.")
    purpose: str = strawberry.field(
        description="What for, as the installation calls it; never about a person. The ledger keeps it with who asked."
    )


@strawberry.type(description="A file that is waited for, and where to send it.")
class AttachmentUpload:
    attachment_id: strawberry.ID = strawberry.field(description="Its id; `attachFile` takes it once it is uploaded.")
    url: str = strawberry.field(
        description="Where a PUT sends the bytes, as a path on this server. Whoever has it may, until it expires."
    )
    expires_at: datetime = strawberry.field(description="By when the upload has to begin; ask again for another link.")


def announced(door: Door, principal: Principal, reach: Reach, asked: CreateAttachmentInput, make: Maker) -> Done:
    """What came of announcing a file. Nothing is recorded by it: that is done once the bytes are there."""
    del make
    attachment_id = uuid5(asked.command_id, KIND)
    try:
        refuse_unwritable(asked)
        stream, subject = _where(asked, Making(door.ledger, asked, principal, reach))
        file = _file(asked, door.attachment_bytes)
        door.ledger.attachments.announce(attachment_id, stream, subject, principal.name, file)
    except Objected as error:
        return Done(None, None, error.objections)
    except CommandIdReused as error:
        return Done(None, None, (Objection(COMMAND_ID_REUSED, str(error), ("commandId",)),))
    return Done(f"{KIND}-{attachment_id}", None)


def _where(asked: CreateAttachmentInput, making: Making) -> tuple[str, UUID]:
    """The stream of what a file is for, and whose file it is. Raises: Objected."""
    named = [name for name in PLACES if getattr(asked, name) is not None]
    if len(named) != 1:
        message = f"{len(named)} of caseId, customerId and touchpointId are given; give the one that it is for."
        raise Objected(Objection(INVALID_INPUT, message, ("caseId",)))
    camel, category, unknown = PLACES[named[0]]
    subject = making.id_of(getattr(asked, named[0]), category, camel)
    stream = stream_of(category, subject)
    state = making.ledger.tips([stream])[stream].state
    match state:
        case None:
            raise Objected(Objection(unknown, f"There is no such {category}.", (camel,)))
        case Case():
            return stream, state.customer_id or subject
        case Touchpoint():
            return stream, subject_of_touchpoint(state.record, subject)
        case _:
            return stream, subject


def _file(asked: CreateAttachmentInput, most_bytes: int) -> File:
    """What is said of a file. Raises: Objected."""
    if asked.byte_size > most_bytes:
        message = f"{asked.byte_size} bytes are more than the {most_bytes} that a file may have here."
        raise Objected(Objection(INVALID_INPUT, message, ("byteSize",), {"limit": most_bytes}))
    sha256 = None if asked.sha256 is None else asked.sha256.lower()
    said = {"file_name": asked.file_name, "media_type": asked.media_type.lower(), "sha256": sha256}
    try:
        return File.model_validate({**said, "byte_size": asked.byte_size})
    except ValidationError as error:
        raise Objected(*(invalid((), dict(one)) for one in error.errors(include_url=False))) from None


def attach_file(asked: AttachFileInput, making: Making) -> Sequence[Command]:
    """The command about what the file was announced for. Raises: Objected."""
    found = _announced(asked.attachment_id, making)
    if found.by != making.principal.name:
        raise _unknown()
    content = None if found.content_id is None else making.ledger.attachments.contents([found.content_id])
    if not content:
        message = "The bytes of this file have not been uploaded, or not all of them; send them to its link first."
        raise Objected(Objection(ATTACHMENT_NOT_UPLOADED, message, ("attachmentId",)))
    now = making.ledger.database.now()
    if too_late(found, now) and in_history(making.ledger.history(found.stream), found.attachment_id) is None:
        message = "This file was uploaded too long ago and not attached; create it anew and upload it again."
        raise Objected(Objection(ATTACHMENT_EXPIRED, message, ("attachmentId",)))
    (whole,) = content.values()
    said = {
        "attachment_id": found.attachment_id,
        "direction": direction_for(making.principal.role, asked.direction),
        "media_type": found.file.media_type,
        "byte_size": found.file.byte_size,
        "file_name": Personal.open(found.subject, found.file.file_name),
        "digest": Personal.open(found.subject, whole.sha256),
    }
    subject = subject_of(found.stream)
    match Category(category_of(found.stream)):
        case Category.CASE:
            return [making.command(AttachToCase, case_id=subject, **said)]
        case Category.CUSTOMER:
            return [making.command(AttachToCustomer, customer_id=subject, **said)]
        case _:
            return [making.command(AttachToTouchpoint, touchpoint_id=subject, **said)]


def attached(door: Door, principal: Principal, reach: Reach, asked: AttachFileInput, make: Maker) -> Done:
    """What came of attaching a file, which stays from now on."""
    done = carried_out(door, principal, reach, asked, make)
    if done.stream is None:
        return done
    attachment_id = attachment_in(asked.attachment_id, door.book)
    if not done.objections:
        door.ledger.attachments.settle([attachment_id])
    return done._replace(stream=f"{KIND}-{attachment_id}")


def reveal_attachment(asked: RevealAttachmentInput, making: Making) -> Sequence[Command]:
    """The reading of a file that is attached, and within reach. Raises: Objected."""
    found = _announced(asked.attachment_id, making)
    recorded = in_history(making.ledger.history(found.stream), found.attachment_id)
    if recorded is None:
        raise _unknown()
    values = tuple(
        RevealedValue(stream=recorded.stream, version=recorded.version, path=path, as_read=True)
        for path in (CONTENT, FILE_NAME, DIGEST)
    )
    access_id = making.new_id(Category.ACCESS)
    return [making.command(RevealPersonal, access_id=access_id, purpose=asked.purpose, values=values)]


def _announced(text: str, making: Making) -> Announced:
    """The file that an id stands for, if it is for something within the asker's reach. Raises: Objected."""
    try:
        attachment_id = attachment_in(text, making.ledger.book)
    except ValueError:
        message = f"{text!r} is no id of an attachment of this book; use one as an answer gave it."
        raise Objected(Objection(INVALID_INPUT, message, ("attachmentId",))) from None
    found = making.ledger.attachments.announced([attachment_id]).get(attachment_id)
    if found is None or not making.sees(Category(category_of(found.stream)), subject_of(found.stream)):
        raise _unknown()
    return found


def _unknown() -> Objected:
    return Objected(Objection(UNKNOWN_ATTACHMENT, "There is no such attachment.", ("attachmentId",)))


async def shown_upload(request: Request, attachment_id: UUID) -> AttachmentUpload | None:
    """Where to send a file that was announced."""
    found = await announced_to(request, attachment_id)
    if found is None:
        return None
    given = request.door.links.given(For.UPLOAD, attachment_id, request.principal)
    named = strawberry.ID(id_of_attachment(request.door.book, attachment_id))
    return AttachmentUpload(attachment_id=named, url=given.path, expires_at=given.expires_at)


async def revealed(request: Request, stream: str) -> AttachmentDownload | None:
    """A link to the file that somebody had revealed to them, and nobody else under their command's id."""
    for one in await request.loaders.histories.load(stream) or ():
        if one.metadata.actor.name == request.principal.name and isinstance(one.event, PersonalRevealed):
            place = one.event.values[0]
            if place.path == CONTENT:
                history = await request.loaders.histories.load(place.stream) or ()
                read = next((each for each in attachments_in(history) if each.version == place.version), None)
                return None if read is None else await download_of(request, attachment_of(read))
    return None


def no_command(asked: CreateAttachmentInput, making: Making) -> Sequence[Command]:
    """Nothing: the ledger hears of a file when it is attached."""
    del asked, making
    return ()


ATTACHMENT_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "create_attachment",
        "Announces a file, and says where to upload it. Nothing is recorded until it is attached; what is not attached "
        "within a day is taken away.",
        CreateAttachmentInput,
        no_command,
        (),
        Subject("upload", AttachmentUpload, shown_upload, views=()),
        (UNKNOWN_CASE, UNKNOWN_CUSTOMER, UNKNOWN_TOUCHPOINT),
        announced,
    ),
    Mutation(
        "attach_file",
        "Attaches a file that was uploaded to what it was created for (附件).",
        AttachFileInput,
        attach_file,
        (AttachToCase, AttachToCustomer, AttachToTouchpoint),
        Subject("attachment", Attachment, shown_attachment, views=()),
        (STALE_VERSION, UNKNOWN_ATTACHMENT, ATTACHMENT_NOT_UPLOADED, ATTACHMENT_EXPIRED),
        attached,
    ),
    Mutation(
        "reveal_attachment",
        "Gives a link to a file that the asker's role sees masked. Who read what, and what for, is recorded.",
        RevealAttachmentInput,
        reveal_attachment,
        (RevealPersonal,),
        Subject("download", AttachmentDownload, show_stream=revealed, views=()),
        (UNKNOWN_ATTACHMENT,),
    ),
)
"""Those about files."""
