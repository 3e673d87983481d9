"""`daybook unit hours`: the calendar by which a unit works, set and taken back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

import psycopg
from pydantic import ValidationError

from api.cli.approving import STAFF
from api.cli.case import is_text
from api.cli.exits import NotFound, WrongUse
from api.cli.terminal import Terminal
from api.present import present
from api.workspace import Workspace
from domain.envelope import Actor, ActorKind, Submission
from domain.unit.commands import SetUnitHours
from domain.unit.events import id_of_unit, stream_of_unit
from domain.unit.life import Unit
from ledger.ledger import Ledger
from projections.unit import by_name

CHANNEL = "command-line"


def run(workspace: Workspace, terminal: Terminal, name: str, calendar: str | None, by: str) -> None:
    """Sets or takes back. Raises: NotFound, WrongUse, Refused."""
    ledger = workspace.ledger
    if not is_text(name):
        raise WrongUse("The unit's name is no text in the terminal's encoding; type it anew.")
    actor = _actor(by)
    unit_id = _unit(ledger, name)
    command = _command(present(ledger), unit_id, calendar)
    accepted = ledger.carry_out(Submission(uuid4(), (command,), actor, CHANNEL, said_at=command.at, times_stated=False))
    unit: Unit = ledger.tips([command.stream])[command.stream].state
    terminal.answer({
        "book": ledger.book, "time": ledger.time, "unit_id": unit_id, "name": unit.name, "calendar": unit.hours,
        "written": bool(accepted.placed),
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    if not accepted.placed:
        terminal.say("It is so already; nothing was written.")
    elif unit.hours is None:
        terminal.show(f"{unit.name} works as the unit above it, or as each policy says.")
    else:
        terminal.show(f"{unit.name} works by the calendar {unit.hours}.")


def _actor(by: str) -> Actor:
    """Who does it; the command itself names nobody. Raises: WrongUse."""
    try:
        return Actor(STAFF.validate_python(by), ActorKind.PERSON)
    except ValidationError:
        raise WrongUse("--by is no name of somebody; give one of 1 to 200 characters.") from None


def _command(at: datetime, unit_id: UUID, calendar: str | None) -> SetUnitHours:
    try:
        return SetUnitHours(at=at, unit_id=unit_id, calendar=calendar)
    except ValidationError:
        raise WrongUse(
            f"--calendar {calendar!r} is no name of a calendar; `daybook calendar list` shows those there are."
        ) from None


def _unit(ledger: Ledger, name: str) -> UUID:
    """The unit that was opened under a name, or else the one that bears it now. Raises: NotFound."""
    opened = id_of_unit(name)
    stream = stream_of_unit(opened)
    if ledger.tips([stream])[stream].state is not None:
        return opened
    try:
        found = by_name(ledger.database, ledger.book, name)
    except psycopg.errors.UndefinedTable:
        found = None
    if found is None:
        raise NotFound(f"No unit of book {ledger.book!r} is called {name}; `daybook units` shows those there are.")
    return found.unit_id
