"""Files as a front end sees them: what they are called, who put them there, and a link that fetches their bytes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import strawberry

from api.access.links import For
from api.access.principal import Role
from api.access.rules import Scope, Showing
from api.attached import DIGEST, FILE_NAME, attachments_in, in_history, place_in
from api.graphql.enums import Direction
from api.graphql.identity import opaque, parts_of
from api.graphql.personal import PersonalState, PersonalString, shown_personal, string_of
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from domain.attachment import AttachmentAdded
from domain.envelope import Recorded
from domain.stream import Category, category_of, subject_of
from ledger.attachments import Announced
from ledger.ledger import PersonalPlace

KIND = "attachment"
"""What the id of an attachment begins with. It has no history of its own, and so is no node."""


@strawberry.type(description="A link that fetches the bytes of a file, and what the file says of itself in the clear.")
class AttachmentDownload:
    url: str = strawberry.field(
        description="Where a GET fetches the bytes, as a path on this server. Whoever has it may, until it expires."
    )
    expires_at: datetime = strawberry.field(description="When it ends; a few minutes after it was given.")
    file_name: PersonalString | None = strawberry.field(description="What the file is called.")
    sha256: PersonalString | None = strawberry.field(description="The SHA-256 of its bytes, in hexadecimal.")


@strawberry.type(description="A file that belongs to a case, a customer's file or a touchpoint.")
class Attachment:
    id: strawberry.ID = strawberry.field(description="Its id; `attachFile` and `revealAttachment` take it.")
    media_type: str = strawberry.field(description="What kind of file it is said to be, such as `image/jpeg`.")
    byte_size: SafeInt = strawberry.field(description="How long it is, in bytes.")
    direction: Direction | None = strawberry.field(
        description="IN when the customer gave it to the company, OUT when they were given it; null for what is the "
        "company's own, of which customers are not told."
    )
    added_at: datetime = strawberry.field(description="When it was attached.")
    added_by: str = strawberry.field(description="Who attached it, as events name them.")
    attachment_id: strawberry.Private[UUID]
    name_place: strawberry.Private[PersonalPlace]
    digest_place: strawberry.Private[PersonalPlace]

    @resolved("What it is called.")
    async def file_name(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.name_place)

    @resolved("The SHA-256 of its bytes, in hexadecimal; the event holds a commitment to it.")
    async def sha256(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.digest_place)

    @resolved(
        "A link that fetches its bytes; a new one each time. Null for a role that sees personal values masked, which "
        "`revealAttachment` gives one for a purpose, and for a file that was erased."
    )
    async def download(self, info: Info) -> AttachmentDownload | None:
        if info.context.rights.personal is Showing.MASKED:
            return None
        return await download_of(info.context, self)


def id_of_attachment(book: str, attachment_id: UUID) -> str:
    """The id of an attachment as the schema has it."""
    return opaque(KIND, book, str(attachment_id))


def attachment_in(text: str, book: str) -> UUID:
    """The attachment that an id of this book stands for. Raises: ValueError."""
    kind, of_book, attachment_id = parts_of(text)
    if (kind, of_book) != (KIND, book):
        raise ValueError("another thing, or of another book")
    return UUID(attachment_id)


def tells(request: Request, event: AttachmentAdded) -> bool:
    """Whether the asker is told of a file: customers of those alone that passed between them and the company."""
    return request.rights.scope is not Scope.OWN or event.direction is not None


def attachment_of(recorded: Recorded[AttachmentAdded]) -> Attachment:
    """A file out of the event that attached it, in its envelope."""
    event = recorded.event
    return Attachment(
        id=strawberry.ID(id_of_attachment(recorded.book, event.attachment_id)),
        media_type=event.media_type,
        byte_size=SafeInt(event.byte_size),
        direction=event.direction,
        added_at=recorded.occurred_at,
        added_by=recorded.metadata.actor.name,
        attachment_id=event.attachment_id,
        name_place=place_in(recorded, FILE_NAME),
        digest_place=place_in(recorded, DIGEST),
    )


async def attachments_of(request: Request, *streams: str) -> list[Attachment]:
    """The files in some histories, as far as the asker is told of them, in the order in which they were attached."""
    histories = await request.loaders.histories.load_many(streams)
    return [
        attachment_of(one)
        for history in histories
        for one in attachments_in(history or ())
        if tells(request, one.event)
    ]


async def download_of(request: Request, attachment: Attachment) -> AttachmentDownload | None:
    """A link to the bytes, for somebody who may have them; None when they were erased."""
    places = [attachment.name_place, attachment.digest_place]
    found = await request.loaders.personal.load_many(places)
    shown = [
        None if value is None else string_of(request.door.book, place, value, Showing.OPEN)
        for place, value in zip(places, found, strict=True)
    ]
    if any(each is None or each.state is not PersonalState.OPEN for each in shown):
        return None
    given = request.door.links.given(For.DOWNLOAD, attachment.attachment_id, request.principal)
    return AttachmentDownload(url=given.path, expires_at=given.expires_at, file_name=shown[0], sha256=shown[1])


async def announced_to(request: Request, attachment_id: UUID) -> Announced | None:
    """A file that was announced, or attached, to something within the asker's reach."""
    read = request.door.ledger.attachments.announced
    found = (await request.door.off_loop(read, [attachment_id])).get(attachment_id)
    if found is None or not await request.sees(Category(category_of(found.stream)), subject_of(found.stream)):
        return None
    return found


async def shown_attachment(request: Request, attachment_id: UUID) -> Attachment | None:
    """A file that is attached by now; None when there is none."""
    announced = await announced_to(request, attachment_id)
    if announced is None:
        return None
    recorded = in_history(await request.loaders.histories.load(announced.stream) or (), attachment_id)
    return attachment_of(recorded) if recorded is not None and tells(request, recorded.event) else None


def direction_for(role: Role, asked: Direction | None) -> Direction | None:
    """Which way a file went; what a customer attaches, they give to the company."""
    return Direction.IN if role is Role.CUSTOMER else asked
