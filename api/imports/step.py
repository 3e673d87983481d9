"""A step: what a row leads to, ready to be asked of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from pydantic import ValidationError

from api.imports.errors import BadRow
from api.imports.oddity import Oddity
from api.imports.reading import Row
from domain.envelope import Actor, ActorKind, Submission
from domain.envelope import Source as ReadFrom
from domain.event import Command, Precision
from domain.stream import Category, category_of

CHANNEL = "import"


class Begins(StrEnum):
    """Whether a step begins its case."""

    NOT = "not"
    CLAIMS = "claims"
    """It does, and unless it can, nothing of its group is told: the case is another's."""
    JOINS = "joins"
    """It does, unless the ledger has the case: then the rows go on where an earlier file ended."""
    RECEIVES = "receives"
    """It does, by a rule; the ledger answers."""


class Step(NamedTuple):
    """Something to be asked of the ledger for one row."""

    row: Row
    group: int
    """The line on which the row's group begins; those of one group stand or fall together."""
    case: str
    """The case's stream."""
    begins: Begins
    submission: Submission
    rules: tuple[str, ...]
    """For each command the place in the mapping that it follows from."""


class Told(NamedTuple):
    """What became of a row that could be understood: steps, or none for one of the other reasons."""

    steps: Sequence[Step] = ()
    unchanged: bool = False
    """Whether it says nothing that the row before did not say, or nothing that a rule is about."""
    duplicate: bool = False
    """Whether the same row was told before."""
    ignored: str | None = None
    """Why it is left out on purpose."""
    odd: Sequence[Oddity] = ()


class Teller(Protocol):
    """Reads the rows of a file in the order in which they are to be told."""

    def tell(self, row: Row) -> Told:
        """What follows from a row. Raises: BadRow, and then the next is told as if this one were not there."""


class Occasion(NamedTuple):
    """Who imports which file, and when."""

    file_digest: str
    import_id: UUID
    said_at: datetime | None
    """The writer's time in a simulated book."""
    source_times: bool
    """Whether each step is said when its source recorded it."""


class Asking(NamedTuple):
    """What a step is asked for with, besides its commands."""

    command_id: UUID
    actor: str
    recorded_at: datetime | None
    """When the source recorded it."""


def step(
    occasion: Occasion,
    row: Row,
    commands: Sequence[tuple[str, Command]],
    asking: Asking,
    *,
    group: int,
    begins: Begins = Begins.NOT,
) -> Step:
    """The step for a row's commands, each with the rule it follows from. Raises: BadRow."""
    case = next(command.stream for _, command in reversed(commands) if category_of(command.stream) == Category.CASE)
    said_at = occasion.said_at
    if occasion.source_times:
        if asking.recorded_at is None:
            raise BadRow("no-time", "it does not say when the source recorded it")
        said_at = asking.recorded_at
    submission = Submission(
        asking.command_id,
        tuple(command for _, command in commands),
        Actor(asking.actor, ActorKind.IMPORT),
        CHANNEL,
        correlation=occasion.import_id,
        expected=((case, 0),) if begins in (Begins.CLAIMS, Begins.JOINS) else (),
        said_at=said_at,
        source=ReadFrom(occasion.file_digest, row.line),
        source_recorded_at=asking.recorded_at,
        imported=True,
    )
    return Step(row, group, case, begins, submission, tuple(rule for rule, _ in commands))


def by_day(commands: Sequence[Command], at: datetime) -> list[Command]:
    """Commands, those that took place at `at` known to the day only."""
    day = {"precision": Precision.DAY}
    return [command.model_copy(update=day) if command.at == at else command for command in commands]


def not_fitting(error: ValidationError) -> BadRow:
    """A value that the ledger does not keep, as a reason to put its row aside."""
    fault: Any = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    return BadRow("does-not-fit", f"{place}: {fault['msg']}")


def short_enough(name: str | None, column: str) -> str | None:
    """The name of whoever acted. Raises: BadRow."""
    if name is not None and len(name) > 200:
        raise BadRow("does-not-fit", f"{column}: a name has at most 200 characters")
    return name
