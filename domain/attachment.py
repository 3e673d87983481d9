"""Attachments: files that belong to a case, a customer's file or a touchpoint, by what proves which bytes they held."""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from domain.channel import Direction
from domain.event import COUNT_LIMIT, Command, Count, Event, Refused, Sha256
from domain.personal import Personal
from domain.refusal import Refusal

# No separators of paths, no control characters, and none that turn the direction of writing, by which a name such as
# gpj.exe reads exe.jpg.
NAME_OF_A_FILE = r"^[^\x00-\x1f\x7f-\x9f/\\\u200e\u200f\u2028-\u202e\u2066-\u2069]+$"


def _no_folder(name: str) -> str:
    if name in {".", ".."}:
        raise ValueError(f"{name!r} names a folder; give the name of the file")
    return name


FileName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NAME_OF_A_FILE),
    AfterValidator(_no_folder),
]
"""What a file is called, in any script and without a path: 1 to 200 characters."""

MediaType = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*$", max_length=127)
]
"""A media type in lower case and without parameters, such as image/jpeg (RFC 6838, 4.2)."""

Size = Annotated[int, Field(ge=1, le=COUNT_LIMIT)]
"""In bytes. An empty file shows nothing."""


class File(BaseModel):
    """What is said of a file before its bytes are there."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    file_name: FileName
    media_type: MediaType
    byte_size: Size
    sha256: Sha256 | None
    """The SHA-256 that its bytes must have; None when nobody worked it out beforehand."""


class AttachmentAdded(Event):
    """A file was put to the case, the customer's file or the touchpoint. Its bytes lie sealed beside the ledger."""

    TOPIC: ClassVar = "attachment-added.1"

    attachment_id: UUID
    direction: Direction | None
    """Whether the customer gave it to the company or was given it; None for what is the company's own."""
    media_type: MediaType
    byte_size: Count
    file_name: Personal[FileName]
    digest: Personal[Sha256]
    """The SHA-256 of the bytes. Bare, it would tell whoever has the same file that the customer has it too."""


class Attaching(Command):
    """Something that puts a file somewhere."""

    attachment_id: UUID
    direction: Direction | None = None
    media_type: MediaType
    byte_size: Size
    file_name: Personal[FileName]
    digest: Personal[Sha256]


REFUSALS = (Refusal.SUBJECT_MISMATCH, Refusal.RECORDED_OTHERWISE)
"""With which any of them may be refused."""
Attachments: TypeAlias = tuple[AttachmentAdded, ...]
"""In the order in which they were added; each id once."""


def attached(known: Attachments, command: Attaching, subject: UUID) -> AttachmentAdded | None:
    """The event that a command leads to; None when it is so already.

    `subject` is whom the matter is about, with whose key the bytes fall. Raises: Refused.
    """
    if {command.file_name.subject, command.digest.subject} != {subject}:
        raise Refused(
            Refusal.SUBJECT_MISMATCH,
            "The file was uploaded for somebody else than this is about by now; create the attachment anew and upload "
            "it again.",
            field="attachment_id",
        )
    event = AttachmentAdded(
        attachment_id=command.attachment_id,
        direction=command.direction,
        media_type=command.media_type,
        byte_size=command.byte_size,
        file_name=command.file_name,
        digest=command.digest,
    )
    before = next((each for each in known if each.attachment_id == event.attachment_id), None)
    if before is None:
        return event
    if before == event:
        return None
    raise Refused(
        Refusal.RECORDED_OTHERWISE,
        "This attachment was added already, with other content; ask for a correction of that instead.",
        field="attachment_id",
    )


def with_one_more(known: Attachments, event: AttachmentAdded) -> Attachments:
    """The attachments after an event; the first under an id stays."""
    return known if any(each.attachment_id == event.attachment_id for each in known) else (*known, event)
