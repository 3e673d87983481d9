"""`daybook attachment`: files of a case, put there from a folder, listed, and fetched again."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID, uuid4

from pydantic import ValidationError
from rich.progress import BarColumn, DownloadColumn, TransferSpeedColumn

from api.attached import Attached, attached, attachments_in
from api.cli.approving import STAFF
from api.cli.case import find
from api.cli.exits import NotFound, WrongUse
from api.cli.terminal import Terminal, add_row, shown, table
from api.present import present
from api.workspace import Workspace
from domain.attachment import AttachmentAdded, File
from domain.case.attaching import AttachToCase
from domain.case.state import Case
from domain.channel import Direction
from domain.envelope import Actor, ActorKind, Recorded, Submission
from domain.personal import Personal
from domain.stream import Category, stream_of
from ledger.attachments import CHUNK_BYTES, Announced, Content
from ledger.errors import out_of_room
from ledger.ledger import Ledger

CHANNEL = "command-line"
COLUMNS = (BarColumn(), DownloadColumn(), TransferSpeedColumn())


def add(
    workspace: Workspace,
    terminal: Terminal,
    name: str,
    path: Path,
    media_type: str,
    direction: Direction | None,
    by: str,
) -> None:
    """Uploads a file and attaches it. Raises: NotFound, WrongUse, Refused, UploadRefused."""
    ledger = workspace.ledger
    try:
        actor = Actor(STAFF.validate_python(by), ActorKind.PERSON)
    except ValidationError:
        raise WrongUse("--by is no name of somebody; give one of 1 to 200 characters.") from None
    case_id = find(workspace, name)
    stream = stream_of(Category.CASE, case_id)
    case: Case | None = ledger.tips([stream])[stream].state
    if case is None:
        raise NotFound(f"There is no case {name!r} in book {ledger.book!r}.")
    try:
        with path.open("rb") as opened:
            file = _said(path, os.fstat(opened.fileno()).st_size, media_type, workspace.settings.attachment_bytes)
            subject = case.customer_id or case_id
            announced = ledger.attachments.announce(uuid4(), stream, subject, actor.name, file)
            content = _brought(ledger, terminal, announced, opened)
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror or error}.") from error
    at = present(ledger)
    command = _command(at, case_id, announced, content, direction)
    ledger.carry_out(Submission(uuid4(), (command,), actor, CHANNEL, said_at=at, times_stated=False))
    ledger.attachments.settle([announced.attachment_id])
    terminal.answer({
        "book": ledger.book, "time": ledger.time, "case_id": case_id, "attachment_id": announced.attachment_id,
        "file_name": file.file_name, "media_type": file.media_type, "byte_size": file.byte_size,
        "sha256": content.sha256, "direction": direction,
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    terminal.show(
        f"Attached {file.file_name} as {announced.attachment_id}: {file.byte_size:,} bytes, SHA-256 {content.sha256}."
    )


def show(workspace: Workspace, terminal: Terminal, name: str) -> None:
    """Lists the files of a case. Raises: NotFound."""
    ledger = workspace.ledger
    history = ledger.history(stream_of(Category.CASE, find(workspace, name)), opened=True)
    if not history:
        raise NotFound(f"There is no case {name!r} in book {ledger.book!r}.")
    found = [_as_data(one) for one in attachments_in(history)]
    terminal.answer({"book": ledger.book, "time": ledger.time, "attachments": found})
    terminal.stamp(ledger.book, ledger.time)
    rows = table("file", "kind", "bytes", "direction", "added", "by", "id", right=("bytes",))
    for one in found:
        cells = [one[each] for each in ("media_type", "byte_size", "direction", "added_at", "added_by")]
        add_row(rows, shown(one["file_name"]), *cells, one["attachment_id"])
    terminal.show(rows if found else "There are none.")


def get(workspace: Workspace, terminal: Terminal, named: str, path: Path) -> None:
    """Writes the bytes of a file into another. Raises: NotFound, WrongUse, DamagedContent, WrongKey."""
    ledger = workspace.ledger
    found = attached(ledger, _id(named))
    if found is None:
        raise NotFound(f"No file is attached in book {ledger.book!r} under {named}, or it was erased.")
    try:
        if str(path) == "-":
            _fetched(ledger, terminal, found, sys.stdout.buffer)
            return
        with path.open("xb") as out:
            _fetched(ledger, terminal, found, out)
    except FileExistsError:
        raise WrongUse(f"{path} is there already; name another file.") from None
    except BaseException as error:  # Ctrl-C among them: half a file would look like a whole one
        if str(path) != "-":
            with suppress(OSError):
                path.unlink()
        if isinstance(error, OSError) and not out_of_room(error):
            raise WrongUse(f"{path} cannot be written: {error.strerror or error}.") from error
        raise
    told = {"file": str(path), "file_name": found.file_name, "sha256": found.content.sha256}
    terminal.answer({"book": ledger.book, "time": ledger.time, "byte_size": found.content.byte_size, **told})
    terminal.show(f"{found.file_name}: {found.content.byte_size:,} bytes in {path}, SHA-256 {found.content.sha256}.")


def _said(path: Path, byte_size: int, media_type: str, most_bytes: int) -> File:
    if byte_size > most_bytes:
        raise WrongUse(
            f"{path} has {byte_size:,} bytes, and a file may have {most_bytes:,} (DAYBOOK_ATTACHMENT_BYTES)."
        )
    try:
        return File(file_name=path.name, media_type=media_type, byte_size=byte_size, sha256=None)
    except ValidationError as error:
        first = error.errors()[0]
        what = {"file_name": f"the name {path.name!r}", "media_type": f"--type {media_type!r}"}
        raise WrongUse(
            f"{path} cannot be attached: {what.get(str(first['loc'][0]), 'its length')}: {first['msg']}."
        ) from None


def _brought(ledger: Ledger, terminal: Terminal, announced: Announced, opened: IO[bytes]) -> Content:
    upload = ledger.attachments.upload(announced)
    try:
        with terminal.progress(*COLUMNS) as progress:
            task = progress.add_task("", total=announced.file.byte_size)
            while more := opened.read(CHUNK_BYTES):
                upload.take(more)
                progress.advance(task, len(more))
        return upload.finish()
    finally:
        upload.give_up()


def _command(
    at: datetime, case_id: UUID, announced: Announced, content: Content, direction: Direction | None
) -> AttachToCase:
    file = announced.file
    return AttachToCase(
        at=at,
        case_id=case_id,
        attachment_id=announced.attachment_id,
        direction=direction,
        media_type=file.media_type,
        byte_size=file.byte_size,
        file_name=Personal.open(announced.subject, file.file_name),
        digest=Personal.open(announced.subject, content.sha256),
    )


def _fetched(ledger: Ledger, terminal: Terminal, found: Attached, out: IO[bytes]) -> None:
    with terminal.progress(*COLUMNS) as progress:
        task = progress.add_task("", total=found.content.byte_size)
        for number in range(found.content.chunks):
            data = ledger.attachments.chunk(found.content, number)
            out.write(data)
            progress.advance(task, len(data))


def _as_data(recorded: Recorded[AttachmentAdded]) -> dict[str, Any]:
    event = recorded.event
    return {
        "attachment_id": event.attachment_id,
        "file_name": event.file_name,
        "media_type": event.media_type,
        "byte_size": event.byte_size,
        "sha256": event.digest,
        "direction": event.direction,
        "added_at": recorded.occurred_at,
        "added_by": recorded.metadata.actor.name,
        "version": recorded.version,
    }


def _id(named: str) -> UUID:
    """The id that somebody typed. Raises: WrongUse."""
    try:
        return UUID(named)
    except ValueError:
        raise WrongUse(f"{named!r} is no id of an attachment; use one as `daybook attachment list` shows it.") from None
