"""`daybook calendar`: calendars proposed, published, turned down, listed and checked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from pydantic import ValidationError

from api.calendars import BadCalendarFile, read_file, told_problem
from api.cli.approving import not_by_who_asks
from api.cli.exits import Exit, WrongUse
from api.cli.terminal import Terminal, add_row, table
from api.present import present
from api.workspace import Workspace
from domain.book import id_of_book
from domain.calendar import (
    BookCalendars,
    CalendarProposed,
    CalendarPublished,
    DeclineCalendar,
    ProposeCalendar,
    PublishCalendar,
    stream_of_calendars,
)
from domain.envelope import Actor, ActorKind, Submission
from domain.event import Command
from domain.sla.calendar import CalendarDocument
from domain.sla.zones import ZONE_DATA, zone
from ledger.ledger import Ledger
from ledger.outcome import Accepted

CHANNEL = "command-line"


class Asked(NamedTuple):
    """A calendar that somebody wants to hold."""

    document: CalendarDocument
    effective: date | None
    """None is today, in the calendar's zone."""
    reason: str
    by: str
    notes: tuple[str, ...]


def asked(file: Path, effective: str | None, reason: str | None, by: str) -> Asked:
    """What was asked for on the command line. Raises: WrongUse."""
    try:
        read = read_file(file)
    except OSError as error:
        raise WrongUse(f"The calendar {file} cannot be read: {error.strerror or error}.") from None
    if read.document is None:
        raise WrongUse(str(BadCalendarFile(file, read.problems)))
    on = None if effective is None else _date(effective)
    return Asked(read.document, on, reason or file.name, by, read.notes)


def _date(text: str) -> date:
    try:
        if len(text) == len("2026-01-01"):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise WrongUse(f"--effective {text!r} is no date; write one such as 2026-01-01.")


def state_of(ledger: Ledger) -> BookCalendars:
    """The calendars of a book, as they are by now."""
    stream = stream_of_calendars(ledger.book)
    state: BookCalendars = ledger.tips([stream])[stream].state
    return state


def propose(workspace: Workspace, terminal: Terminal, asked: Asked) -> None:
    """Proposes a calendar. Raises: WrongUse, Refused."""
    proposal = _proposed(workspace, terminal, asked)
    _show(workspace, terminal)
    if proposal is not None:
        terminal.say(f"Proposed; somebody else publishes it: daybook calendar approve {proposal} --by NAME.")


def publish(workspace: Workspace, terminal: Terminal, asked: Asked, approved_by: str) -> None:
    """Proposes a calendar and publishes it. Raises: WrongUse, Refused."""
    not_by_who_asks(workspace.ledger, asked.by, approved_by)
    proposal = _proposed(workspace, terminal, asked)
    if proposal is not None:
        _approved(workspace, proposal, approved_by)
    _show(workspace, terminal)


def approve(workspace: Workspace, terminal: Terminal, proposal: int, by: str) -> None:
    """Publishes a proposal. Raises: WrongUse, Refused."""
    _written(terminal, _approved(workspace, proposal, by))
    _show(workspace, terminal)


def decline(workspace: Workspace, terminal: Terminal, proposal: int, reason: str, by: str) -> None:
    """Turns a proposal down. Raises: WrongUse, Refused."""
    content = {"proposal": proposal, "reason": reason, "declined_by": by}
    _written(terminal, _carried_out(workspace, DeclineCalendar, by, **content))
    _show(workspace, terminal)


def listed(workspace: Workspace, terminal: Terminal) -> None:
    """Shows all versions of all calendars, and the proposals that wait."""
    _show(workspace, terminal)


def check(terminal: Terminal, file: Path) -> Exit:
    """Tells all that is wrong with a file; how to end. Raises: WrongUse when it cannot be read."""
    try:
        read = read_file(file)
    except OSError as error:
        raise WrongUse(f"The calendar {file} cannot be read: {error.strerror or error}.") from None
    terminal.answer({
        "file": str(file), "problems": read.problems, "notes": read.notes,
        "calendar": None if read.document is None else read.document.model_dump(mode="json"),
    })  # fmt: skip
    for problem in read.problems:
        terminal.show(f"{file}: {told_problem(problem)}")
    for note in read.notes:
        terminal.say(note)
    if read.document is not None:
        terminal.show(f"{file}: {_in_short(read.document)}")
        return Exit.DONE
    return Exit.USAGE


def _in_short(document: CalendarDocument) -> str:
    return (
        f"{document.name} ({_title(document)}), {document.zone}: {len(document.holidays)} holidays, "
        f"{len(document.annual_holidays)} annual ones, {len(document.working_days)} make-up working days, "
        f"{len(document.overrides)} overrides, {len(document.breaks)} days with breaks. Nothing is wrong with it."
    )


def _proposed(workspace: Workspace, terminal: Terminal, asked: Asked) -> int | None:
    """The number of the proposal; None when it changes nothing, and nothing was written."""
    for note in asked.notes:
        terminal.say(note)
    ledger, document = workspace.ledger, asked.document
    effective = asked.effective or present(ledger).astimezone(zone(document.zone)).date()
    content = {"document": document, "effective_from": effective, "reason": asked.reason, "requested_by": asked.by}
    _written(terminal, _carried_out(workspace, ProposeCalendar, asked.by, **content))
    waiting = state_of(ledger).pending.items()
    proposal = CalendarProposed.model_validate(content)
    return next((version for version, other in waiting if other == proposal), None)


def _approved(workspace: Workspace, proposal: int, by: str) -> Accepted:
    return _carried_out(workspace, PublishCalendar, by, proposal=proposal, approved_by=by)


def _carried_out(workspace: Workspace, kind: type[Command], by: str, **content: Any) -> Accepted:
    """Raises: WrongUse, by the option at fault."""
    ledger = workspace.ledger
    try:
        command = kind.model_validate({"at": present(ledger), "book_id": id_of_book(ledger.book), **content})
    except ValidationError as error:
        (fault, *_) = error.errors(include_url=False)
        name, message = str(fault["loc"][0]), str(fault["msg"]).removeprefix("Value error, ")
        option = {"requested_by": "--by", "declined_by": "--by", "approved_by": "--approved-by",
                  "effective_from": "--effective"}.get(name, f"--{name}")  # fmt: skip
        raise WrongUse(f"{option}: {message[:1].lower()}{message[1:]}.") from None
    actor = Actor(by, ActorKind.PERSON)
    return ledger.carry_out(Submission(uuid4(), (command,), actor, CHANNEL, said_at=command.at, times_stated=False))


def _written(terminal: Terminal, accepted: Accepted) -> None:
    if not accepted.placed:
        terminal.say("It is so already; nothing was written.")


def _title(document: CalendarDocument) -> str:
    return ", ".join(title for title in (document.title.en, document.title.zh) if title)


def _show(workspace: Workspace, terminal: Terminal) -> None:
    ledger, state = workspace.ledger, state_of(workspace.ledger)
    terminal.answer({
        "book": ledger.book, "time": ledger.time, "zone_data": ZONE_DATA,
        "calendars": _published(state), "proposals": _waiting(state),
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    if not state.versions and not state.pending:
        terminal.show(f"Book {ledger.book} has no calendar; `daybook calendar publish FILE` adds one.")
        return
    shown = table("name", "version", "from", "known since", "zone", "title", "source", right=("version",))
    for row in _published(state):
        add_row(shown, row["name"], row["version"], row["effective_from"], f"{row['known_at']:%Y-%m-%d %H:%M}Z",
                row["zone"], row["title"], row["source"])  # fmt: skip
    if state.versions:
        terminal.show(shown)
    waiting = table("proposal", "name", "from", "asked by", "reason", right=("proposal",))
    for row in _waiting(state):
        add_row(waiting, row["proposal"], row["name"], row["effective_from"], row["requested_by"], row["reason"])
    if state.pending:
        terminal.show("Waiting for somebody's approval:", waiting)


def _published(state: BookCalendars) -> Sequence[dict[str, Any]]:
    approved = {
        (decision.name, decision.version): decision
        for decision in state.decided.values()
        if isinstance(decision, CalendarPublished)
    }
    return [
        {
            "name": one.name, "version": one.version, "effective_from": one.effective_from, "known_at": one.known_at,
            "zone": one.document.zone, "title": _title(one.document), "source": one.document.source,
            "approved_by": approved[one.name, one.version].approved_by,
        }
        for one in state.versions
    ]  # fmt: skip


def _waiting(state: BookCalendars) -> Sequence[dict[str, Any]]:
    return [
        {
            "proposal": version, "name": one.document.name, "effective_from": one.effective_from,
            "reason": one.reason, "requested_by": one.requested_by,
        }
        for version, one in state.pending.items()
    ]  # fmt: skip
