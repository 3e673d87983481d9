"""An import: the reading of one file under one mapping, from its start to its count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias, assert_never, get_args
from uuid import UUID

from typing_extensions import override

from domain.decider import Decided, Decider
from domain.envelope import Context, Recorded
from domain.event import Command, Count, Event, Label, Refused, Sha256, ZoneName
from domain.refusal import Refusal
from domain.stream import Category, stream_of

# Events ---------------------------------------------------------------------------------------------------------------


class ImportStarted(Event):
    """A file began to be read."""

    TOPIC: ClassVar = "import-started.1"
    REGISTER: ClassVar[str | None] = "I"

    file_name: Label
    file_digest: Sha256
    mapping: Label
    mapping_digest: Sha256
    zone: ZoneName
    """The zone in which the file's local times are read."""
    zone_assumed: bool
    """Whether the mapping only assumes that zone, because the file names none."""


class ImportFinished(Event):
    """The file was read to its end. The counts follow from the file and the mapping alone."""

    TOPIC: ClassVar = "import-finished.1"

    rows: Count
    unchanged: Count
    """Rows that said nothing new."""
    rejected: Count
    """Rows that could not be understood; each is in the rejects file with its line and the reason."""
    cases: Count
    events: Count


ImportEvent: TypeAlias = ImportStarted | ImportFinished

# Commands -------------------------------------------------------------------------------------------------------------


class AboutImport(Command):
    """Something asked for about one import."""

    import_id: UUID

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.IMPORT, self.import_id)


class StartImport(AboutImport):
    """Begin to read a file."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.IMPORT_ALREADY_STARTED,)

    file_name: Label
    file_digest: Sha256
    mapping: Label
    mapping_digest: Sha256
    file_zone: ZoneName
    zone_assumed: bool


class FinishImport(AboutImport):
    """Note what the file came to."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_IMPORT, Refusal.IMPORT_ALREADY_FINISHED)

    rows: Count
    unchanged: Count
    rejected: Count
    cases: Count
    events: Count


ImportCommand: TypeAlias = StartImport | FinishImport

# Life -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Import:
    """What later decisions about an import depend on."""

    start: ImportStarted
    finish: ImportFinished | None = None


def decide(running: Import | None, command: ImportCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    del context
    match command:
        case StartImport():
            return _start(running, command)
        case FinishImport():
            return _finish(running, command)
        case _:
            assert_never(command)


def evolve(running: Import | None, recorded: Recorded[ImportEvent]) -> Import | None:
    """The import after an event; what comes before its start leaves nothing, and what is settled stays."""
    event = recorded.event
    match event:
        case ImportStarted():
            return running or Import(event)
        case ImportFinished():
            return replace(running, finish=running.finish or event) if running else None
        case _:
            assert_never(event)


IMPORT: Decider[Import | None] = Decider(
    Category.IMPORT, None, decide, evolve, events=get_args(ImportEvent), begins=ImportStarted, amendable=False
)


def _start(running: Import | None, command: StartImport) -> Decided:
    start = ImportStarted(
        file_name=command.file_name,
        file_digest=command.file_digest,
        mapping=command.mapping,
        mapping_digest=command.mapping_digest,
        zone=command.file_zone,
        zone_assumed=command.zone_assumed,
    )
    if running is None:
        return [start]
    if start == running.start.model_copy(update={"file_name": command.file_name}):
        return []  # the digest says which file it is; a copy under another name is the same one
    raise Refused(
        Refusal.IMPORT_ALREADY_STARTED,
        f"This import is reading {running.start.file_name} under the mapping {running.start.mapping}; "
        "another file or mapping is another import.",
        field="import_id",
        params={"file_name": running.start.file_name, "mapping": running.start.mapping},
    )


def _finish(running: Import | None, command: FinishImport) -> Decided:
    if running is None:
        raise Refused(Refusal.UNKNOWN_IMPORT, "There is no such import; start it first.", field="import_id")
    finish = ImportFinished(
        rows=command.rows,
        unchanged=command.unchanged,
        rejected=command.rejected,
        cases=command.cases,
        events=command.events,
    )
    if running.finish is None:
        return [finish]
    if running.finish == finish:
        return []
    raise Refused(
        Refusal.IMPORT_ALREADY_FINISHED,
        f"This import is finished, with {running.finish.rows} rows and {running.finish.events} events; "
        "other counts from the same file mean that the file or the program is not the same.",
        field="import_id",
        params={"rows": running.finish.rows, "events": running.finish.events},
    )
