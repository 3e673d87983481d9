"""What is odd about a row that is imported all the same, counted row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from api.imports.snapshot import FINISHED, Snapshot, reopens
from domain.case.commands import (
    AboutCase,
    AssignCase,
    CloseCase,
    DispatchCase,
    PrioritiseCase,
    ResolveCase,
    ReturnDispatch,
    TransferCase,
    UnassignCase,
)
from domain.case.state import Status
from domain.event import Command

WORK = (PrioritiseCase, DispatchCase, ReturnDispatch, TransferCase, AssignCase, UnassignCase)
"""What is done to an open case only; a case's record is kept at any time."""


class Oddity(StrEnum):
    """Why a row is odd. Those that a case's declared life does not foresee are named as the ledger's departures are."""

    STATE_UNKNOWN = "state-unknown"
    """The source does not know where the case is; it stays where it was."""
    BACK_TO_REGISTERED = "back-to-registered"
    """The source says that work which had begun has not; no command takes that back."""
    OPENING_CHANGED = "opening-changed"
    """What is said once of a case, when it begins, is said otherwise later; the first word stands."""
    BEGINS_FINISHED = "begins-finished"
    """The first that the file tells of the case is its resolution or its closing."""
    OUTCOME_UNSTATED = "outcome-unstated"
    CLOSED_UNRESOLVED = "closed-unresolved"
    WORK_AFTER_RESOLVING = "work-after-resolving"
    WORK_AFTER_CLOSING = "work-after-closing"
    TIME_RUNS_BACKWARDS = "time-runs-backwards"


def oddities(
    before: Snapshot | None, after: Snapshot, commands: Sequence[Command], previous: datetime
) -> Iterator[Oddity]:
    """What is odd about the commands that lead from one snapshot to the next, `previous` being the latest before."""
    was = Status.REGISTERED if before is None else before.stage.status
    now = after.stage.status
    if before is None and now in FINISHED:
        yield Oddity.BEGINS_FINISHED
    if now is Status.REGISTERED and was is not now:
        yield Oddity.BACK_TO_REGISTERED
    if now in FINISHED:
        if any(isinstance(command, ResolveCase) for command in commands):
            yield Oddity.OUTCOME_UNSTATED
        if was not in FINISHED and any(isinstance(command, CloseCase) for command in commands):
            yield Oddity.CLOSED_UNRESOLVED
    stays_finished = before is not None and was in FINISHED and not reopens(before.stage, after.stage)
    if stays_finished and any(isinstance(command, WORK) for command in commands):
        yield Oddity.WORK_AFTER_CLOSING if was is Status.CLOSED else Oddity.WORK_AFTER_RESOLVING
    for command in commands:
        if isinstance(command, AboutCase):
            if command.at < previous:
                yield Oddity.TIME_RUNS_BACKWARDS
                return
            previous = command.at
