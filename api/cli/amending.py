"""`daybook amend`: ask that an event be read otherwise or count no longer, and decide on what others asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import uuid4

import orjson
from pydantic import ValidationError

from api.cli.case import find
from api.cli.exits import NotFound, WrongUse
from api.cli.terminal import Terminal, add_row, table
from api.correcting import NoReplacement, replacement_of
from api.present import present
from api.workspace import Workspace
from domain.amending import ApproveAmendment, DeclineAmendment, RequestCorrection, RequestVoid
from domain.amendment import AmendmentDeclined, CorrectionRequested, EventCorrected, EventVoided, VoidRequested
from domain.book import AllowSelfApproval, ForbidSelfApproval, id_of_book
from domain.envelope import Actor, ActorKind, Recorded, Submission
from domain.event import Command
from domain.stream import Category, stream_of
from ledger.outcome import Accepted

STREAM = re.compile(r"([a-z]+)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CHANNEL = "command-line"

C = TypeVar("C", bound=Command)


def correct(
    workspace: Workspace, terminal: Terminal, name: str, version: int, told: Sequence[str], reason: str, by: str,
    topic: str | None = None,
) -> None:  # fmt: skip
    """Asks for a correction. Raises: NotFound, WrongUse, Refused."""
    stream = record(workspace, name)
    history = workspace.ledger.history(stream, opened=True)
    try:
        replacement = replacement_of(history, version, fields_of(told), topic=topic)
    except NoReplacement as error:
        raise WrongUse(error.message) from None
    at = present(workspace.ledger)
    command = _command(
        RequestCorrection,
        at=at,
        about=stream,
        version=version,
        replacement=replacement,
        reason=reason,
        requested_by=by,
    )
    _told(terminal, workspace, stream, _carried_out(workspace, command, by))


def void(workspace: Workspace, terminal: Terminal, name: str, version: int, reason: str, by: str) -> None:
    """Asks that an event count no longer. Raises: NotFound, WrongUse, Refused."""
    stream, at = record(workspace, name), present(workspace.ledger)
    command = _command(RequestVoid, at=at, about=stream, version=version, reason=reason, requested_by=by)
    _told(terminal, workspace, stream, _carried_out(workspace, command, by))


def approve(workspace: Workspace, terminal: Terminal, name: str, request: int, by: str) -> None:
    """Approves a request. Raises: NotFound, WrongUse, Refused."""
    stream, at = record(workspace, name), present(workspace.ledger)
    command = _command(ApproveAmendment, at=at, about=stream, request=request, approved_by=by)
    _told(terminal, workspace, stream, _carried_out(workspace, command, by))


def decline(workspace: Workspace, terminal: Terminal, name: str, request: int, reason: str, by: str) -> None:
    """Turns a request down. Raises: NotFound, WrongUse, Refused."""
    stream, at = record(workspace, name), present(workspace.ledger)
    command = _command(DeclineAmendment, at=at, about=stream, request=request, reason=reason, declined_by=by)
    _told(terminal, workspace, stream, _carried_out(workspace, command, by))


def own_approval(workspace: Workspace, terminal: Terminal, *, allowed: bool, reason: str, by: str) -> None:
    """Lets people approve what they asked for themselves, or no longer. Raises: WrongUse, Refused."""
    kind = AllowSelfApproval if allowed else ForbidSelfApproval
    book_id = id_of_book(workspace.ledger.book)
    command = _command(kind, at=present(workspace.ledger), book_id=book_id, reason=reason, decided_by=by)
    _carried_out(workspace, command, by)
    terminal.answer({"book": workspace.ledger.book, "own_approval": allowed})
    terminal.show(f"In book {workspace.ledger.book}, who asks {'may' if allowed else 'may not'} approve.")


def listed(workspace: Workspace, terminal: Terminal, name: str) -> None:
    """Shows what was asked for, and what became of it. Raises: NotFound."""
    stream = record(workspace, name)
    history = workspace.ledger.history(stream)
    if not history:
        raise NotFound(f"There is nothing in {stream} of book {workspace.ledger.book!r}.")
    _show(terminal, workspace, stream, history)


def record(workspace: Workspace, name: str) -> str:
    """The stream of a record: a case by number, key or id, or any stream by its whole name. Raises: NotFound."""
    if (found := STREAM.fullmatch(name.strip())) and found[1] in set(Category):
        return name.strip()
    return stream_of(Category.CASE, find(workspace, name))


def fields_of(told: Sequence[str]) -> dict[str, Any]:
    """Fields as they are typed, `name=value`: the value is JSON where it can be read so, and text otherwise.

    Raises: WrongUse.
    """
    found: dict[str, Any] = {}
    for field in told:
        name, equals, value = field.partition("=")
        if not equals or not name.strip():
            raise WrongUse(f"{field!r} is no field; write name=value, such as handler='Liu Yang' or outcome=upheld.")
        try:
            found[name.strip()] = orjson.loads(value)
        except orjson.JSONDecodeError:
            found[name.strip()] = value
    return found


def _command(kind: type[C], **content: Any) -> C:
    """The command. Raises: WrongUse, by the option at fault."""
    try:
        return kind(**content)
    except ValidationError as error:
        (fault, *_) = error.errors(include_url=False)
        name, message = str(fault["loc"][0]), str(fault["msg"]).removeprefix("Value error, ")
        option = "--by" if name.endswith("_by") else f"--{name}"
        raise WrongUse(f"{option}: {message[:1].lower()}{message[1:]}.") from None


def _carried_out(workspace: Workspace, command: Command, by: str) -> Accepted:
    ledger = workspace.ledger
    actor = Actor(by, ActorKind.PERSON)
    return ledger.carry_out(Submission(uuid4(), (command,), actor, CHANNEL, said_at=command.at, times_stated=False))


def _told(terminal: Terminal, workspace: Workspace, stream: str, accepted: Accepted) -> None:
    if not accepted.placed:
        terminal.say("It is so already; nothing was written.")
    _show(terminal, workspace, stream, workspace.ledger.history(stream))


def _show(terminal: Terminal, workspace: Workspace, stream: str, history: Sequence[Recorded[Any]]) -> None:
    ledger = workspace.ledger
    rows = requests(history)
    terminal.answer({"book": ledger.book, "time": ledger.time, "stream": stream, "amendments": rows})
    terminal.stamp(ledger.book, ledger.time)
    shown = table(
        "request", "what", "version", "state", "asked by", "decided by", "reason", right=("request", "version")
    )
    for row in rows:
        what = "void" if row["topic"] is None else f"read as {row['topic']}"
        add_row(shown, row["request"], what, row["version"], row["state"], row["requested_by"], row["decided_by"],
                row["reason"])  # fmt: skip
    terminal.show(shown if rows else "Nobody asked for an amendment of it.")


def requests(history: Sequence[Recorded[Any]]) -> list[dict[str, Any]]:
    """The requests in a stream, in their order, each with what became of it."""
    found: dict[int, dict[str, Any]] = {}
    for one in history:
        match one.event:
            case CorrectionRequested() | VoidRequested() as event:
                topic = event.replacement.topic if isinstance(event, CorrectionRequested) else None
                found[one.version] = {
                    "request": one.version, "version": event.version, "topic": topic, "state": "requested",
                    "requested_by": event.requested_by, "decided_by": None, "reason": event.reason,
                    "recorded_at": one.recorded_at,
                }  # fmt: skip
            case EventCorrected() | EventVoided() as event if event.request in found:
                found[event.request] |= {"state": "approved", "decided_by": event.approved_by}
            case AmendmentDeclined() as event if event.request in found:
                found[event.request] |= {"state": "declined", "decided_by": event.declined_by}
            case _:
                pass
    return list(found.values())
