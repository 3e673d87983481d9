"""The import itself: rows in, submissions to the ledger, a report out; asked for again, it goes on where it was."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid5

from api.imports.carrying import Carrier, Done, Left, Rehearsal, Result
from api.imports.errors import BadFile, BadMapping
from api.imports.interpretation import BadRow, Interpreter
from api.imports.mapping import Column, Mapping
from api.imports.reading import Inspected, Row, Table, inspect
from api.imports.rejects import Reject, Rejects
from api.imports.report import ImportReport, Progress, Tally
from api.imports.telling import CHANNEL, Step, Teller
from domain.envelope import Actor, Submission
from domain.event import Command
from domain.imports import FinishImport, StartImport
from ledger.ledger import Ledger

IMPORTS_NAMESPACE = UUID("6b1f8f5e-1c2d-5f5b-8d0a-2f7c1f0b9e44")
SAMPLE_ROWS = 100
BATCH_STEPS = 2_000
BATCH_ROWS = 5_000
NOTHING_WRITTEN = "It was a dry run, and nothing is written."
GOES_ON = "What is written stays; run the same command again to go on from there."


class ImportStopped(KeyboardInterrupt):
    """Ctrl-C: the batch at hand was written or dropped as a whole, and the same command goes on from there."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__(
            f"Stopped after {report.rows} rows and {report.events} events of {report.file}. "
            + (NOTHING_WRITTEN if report.dry_run else GOES_ON)
        )
        self.report = report


def run_import(
    ledger: Ledger,
    file: Path,
    mapping: Mapping,
    *,
    actor: Actor,
    dry_run: bool = False,
    rejects: Path | None = None,
    said_at: datetime | None = None,
    on_progress: Callable[[Progress], object] = lambda _: None,
    after_batch: Callable[[int], object] | None = None,
    batch_steps: int = BATCH_STEPS,
) -> ImportReport:
    """Imports a file, once, however often it is asked for; a run that was cut off is taken up by the next.

    `actor` is who imports; rows name their own. `rejects` is written anew with every row that was left out. `said_at`
    is the writer's time in a simulated book. After each batch `after_batch` hears up to which position the book has
    grown. A dry run decides on every row as the ledger would, against what the ledger holds, and writes nothing to it.

    Raises: CannotImport before anything is written; ImportStopped on Ctrl-C; LedgerAway, ClocksDisagree, Refused (the
    same file led to other counts under another program).
    """
    inspected = inspect(file)
    if rejects is not None and _same(rejects, file):
        raise BadFile(f"{rejects} is the file to be imported; name another file for the rejects.")
    with Table(inspected, mapping.file) as table:
        mapping.fits(table.header, file)
        check_sample(table, mapping)
    with (
        Table(inspected, mapping.file) as table,
        Rejects(rejects, table.header, mapping.file.encoding) as left_out,
    ):
        engine = _Engine(ledger, inspected, mapping, table, left_out, actor, dry_run, said_at)
        engine.on_progress, engine.after_batch, engine.batch_steps = on_progress, after_batch, batch_steps
        try:
            return engine.run()
        except KeyboardInterrupt as error:
            engine.stop()
            raise ImportStopped(engine.report()) from error
        finally:
            engine.worker.shutdown()


def _same(rejects: Path, file: Path) -> bool:
    try:
        return rejects.exists() and rejects.samefile(file)
    except OSError:  # nothing can be written there, which is told when it is tried
        return False


def check_sample(table: Table, mapping: Mapping) -> None:
    """Tries the first rows, so that a wrong encoding or time format is told before anything is written.

    Single bad rows are no reason: it is wrong when none of those that could show it is right. Raises: BadFile,
    BadMapping.
    """
    sample = list(islice(table, SAMPLE_ROWS))
    undecoded = [row for row in sample if row.fault and row.fault[0] == "wrong-encoding"]
    decoded = [row for row in sample if row.fault is None and not all(value.isascii() for value in row.values)]
    if undecoded and not decoded:
        fault = undecoded[0].fault or ("", "")
        raise BadFile(
            f"{table.file.path} is not written in {mapping.file.encoding}: on line {undecoded[0].line} {fault[1]}. "
            "Give its encoding in the mapping, as file.encoding."
        )
    interpreter = Interpreter(mapping, table.header)
    for place, column in (("time.updated", mapping.time.updated), ("time.received", mapping.time.received)):
        _check_times(table, interpreter, sample, place, column)


def _check_times(table: Table, interpreter: Interpreter, sample: list[Row], place: str, column: Column) -> None:
    index = table.header.index(column)
    bad: list[tuple[int, str]] = []
    for row in sample:
        if row.fault is not None or interpreter.nothing_in(row.values[index]):
            continue
        try:
            interpreter.clock.instant(row.values[index].strip())
        except BadRow as error:
            if error.code == "bad-time":
                bad.append((row.line, str(error)))
                continue
        return
    if bad:
        line, reason = bad[0]
        raise BadMapping(
            f"time.format of the mapping {interpreter.mapping.name!r} does not fit {column} ({place}) in "
            f"{table.file.path}: on line {line} {reason}."
        )


def storable(file_name: str) -> str:
    """The name of a file as the ledger can keep it: text, and not nothing, whatever the file system allows."""
    text = file_name.encode("utf-8", "backslashreplace").decode()[-200:]
    return text if text.strip() else repr(text)


class _Batch:
    """Rows on their way to the ledger."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.left_out: list[Reject] = []


class _Engine:
    """One run over one file."""

    def __init__(
        self,
        ledger: Ledger,
        file: Inspected,
        mapping: Mapping,
        table: Table,
        rejects: Rejects,
        actor: Actor,
        dry_run: bool,
        said_at: datetime | None,
    ) -> None:
        self.ledger, self.file, self.mapping, self.table, self.rejects = ledger, file, mapping, table, rejects
        self.actor, self.dry_run, self.said_at = actor, dry_run, said_at
        self.on_progress: Callable[[Progress], object] = lambda _: None
        self.after_batch: Callable[[int], object] | None = None
        self.batch_steps = BATCH_STEPS
        self.import_id = uuid5(IMPORTS_NAMESPACE, f"{file.digest}\0{mapping.digest}")
        self.number: str | None = None
        self.tally = Tally()
        self.began = time.monotonic()
        self.carrier: Carrier = Rehearsal(ledger) if dry_run else Carrier(ledger)
        self.teller = Teller(Interpreter(mapping, table.header), file.digest, self.import_id, said_at)
        self.batch = _Batch()
        self.carried: tuple[_Batch, Future[list[Result]]] | None = None
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="import")

    def run(self) -> ImportReport:
        """Reads the file to its end."""
        if not self.dry_run:
            self._start()
        self._tell_progress()
        tally, rows_of_batch = self.tally, 0
        for row in self.table:
            tally.rows += 1
            rows_of_batch += 1
            self._take(row)
            if len(self.batch.steps) >= self.batch_steps or rows_of_batch >= BATCH_ROWS:
                self._hand_over()
                rows_of_batch = 0
        self._hand_over()
        self._settle()
        if not self.dry_run:
            self._finish()
        return self.report()

    def stop(self) -> None:
        """Lets the ledger finish the batch that it has, and drops the one at hand."""
        self.after_batch = None
        self._settle()

    def report(self) -> ImportReport:
        """What the rows so far have come to."""
        tally = self.tally
        return ImportReport(
            import_id=self.import_id,
            number=self.number,
            file=self.file.path.name,
            mapping=self.mapping.name,
            dry_run=self.dry_run,
            rows=tally.rows,
            unchanged=tally.unchanged,
            cases=tally.cases,
            customers=len(tally.customers),
            commands=tally.commands,
            events=tally.events,
            repeated=tally.repeated,
            rejected=dict(sorted(tally.rejected.items())),
            odd={str(kind): count for kind, count in sorted(tally.odd.items())},
            seconds=round(time.monotonic() - self.began, 3),
        )

    def _take(self, row: Row) -> None:
        try:
            step, unchanged, odd = self.teller.tell(row)
        except BadRow as error:
            self._leave_out(row, error.code, str(error))
            return
        if odd:
            self.tally.odd.update(odd)
        if step is not None:
            self.batch.steps.append(step)
        self.tally.unchanged += unchanged

    def _leave_out(self, row: Row, code: str, reason: str) -> None:
        self.tally.rejected[code] += 1
        self.batch.left_out.append(Reject(row.line, code, reason, row.values))

    def _hand_over(self) -> None:
        """Lets the ledger have the batch at hand while the next one is told, once it is done with the one before."""
        self._settle()
        batch, self.batch = self.batch, _Batch()
        self.carried = batch, self.worker.submit(self.carrier.carry, batch.steps)

    def _settle(self) -> None:
        """Waits for the batch that the ledger has, and counts what became of it."""
        if self.carried is None:
            return
        batch, results = self.carried
        wait([results])
        self.carried = None
        for step, result in zip(batch.steps, results.result(), strict=True):
            match result:
                case Done():
                    self.tally.count(step.begins, len(step.submission.commands), result)
                case Left(code, reason):
                    self.tally.rejected[code] += 1
                    batch.left_out.append(Reject(step.row.line, code, reason, step.row.values))
        self.rejects.write(sorted(batch.left_out))
        self._tell_progress()
        if self.after_batch is not None and not self.dry_run:
            self.after_batch(self.tally.position)

    def _tell_progress(self) -> None:
        tally = self.tally
        self.on_progress(
            Progress(
                bytes_read=self.table.bytes_read,
                bytes_total=self.file.size_bytes,
                rows=tally.rows,
                events=tally.events,
                repeated=tally.repeated,
                rejected=tally.rejected.total(),
                seconds=time.monotonic() - self.began,
            )
        )

    # The import's own stream ------------------------------------------------------------------------------------

    def _start(self) -> None:
        # A copy of the file under another name is the same import, asked for in other words.
        name = storable(self.file.path.name)
        start = StartImport(
            at=self._now(),
            import_id=self.import_id,
            file_name=name,
            file_digest=self.file.digest,
            mapping=self.mapping.name,
            mapping_digest=self.mapping.digest,
            file_zone=self.mapping.time.zone,
            zone_assumed=self.mapping.time.zone_assumed,
        )
        self._carry_out(f"start\0{name}", start)
        first, *_ = self.ledger.history(start.stream)
        self.number = str(first.register)

    def _finish(self) -> None:
        tally = self.tally
        finish = FinishImport(
            at=self._now(),
            import_id=self.import_id,
            rows=tally.rows,
            unchanged=tally.unchanged,
            rejected=tally.rejected.total(),
            cases=tally.cases,
            events=tally.events,
        )
        # Other counts are another request, so that the import's own rule answers them, in words that say why.
        counts = finish.model_dump_json(include={"rows", "unchanged", "rejected", "cases", "events"})
        position = self._carry_out(f"finish\0{counts}", finish)
        if self.after_batch is not None:
            self.after_batch(position)

    def _carry_out(self, request: str, command: Command) -> int:
        submission = Submission(
            uuid5(self.import_id, request),
            (command,),
            self.actor,
            CHANNEL,
            correlation=self.import_id,
            said_at=self.said_at,
            times_stated=False,
        )
        return self.ledger.carry_out(submission).position

    def _now(self) -> datetime:
        return self.said_at or self.ledger.database.now()
