"""The import itself: rows in, submissions to the ledger, a report out; asked for again, it goes on where it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid5

from api.imports.carrying import Carrier, Done, Left, Rehearsal, Result
from api.imports.errors import BadFile, BadRow, CannotImport
from api.imports.mapping import Mapping
from api.imports.opening import opened, teller_of
from api.imports.ordering import by_source_time, earliest, together
from api.imports.reading import Inspected, Records, Row, inspect
from api.imports.rejects import Reject, Rejects
from api.imports.report import ImportReport, Progress, Tally
from api.imports.ruled_telling import EventTeller
from api.imports.sample import check_sample
from api.imports.step import CHANNEL, Occasion, Step
from domain.book import BookTime
from domain.envelope import Actor, Submission
from domain.event import Command
from domain.imports import FinishImport, StartImport
from domain.stream import Category, stream_of
from ledger.ledger import Ledger

IMPORTS_NAMESPACE = UUID("6b1f8f5e-1c2d-5f5b-8d0a-2f7c1f0b9e44")
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
    source_times: bool = False,
    on_progress: Callable[[Progress], object] = lambda _: None,
    after_batch: Callable[[int], object] | None = None,
    batch_steps: int = BATCH_STEPS,
) -> ImportReport:
    """Imports a file, once, however often it is asked for; a run that was cut off is taken up by the next.

    `actor` is who imports; rows name their own. `rejects` is written anew with every row that was left out. `said_at`
    is the writer's time in a simulated book; with `source_times`, it is for each row when its source recorded it, and
    rows are carried in the order of those times. After each batch `after_batch` hears up to which position the book has
    grown. A dry run decides on every row as the ledger would, against what the ledger holds, and writes nothing to it.

    Raises: CannotImport before anything is written; ImportStopped on Ctrl-C; LedgerAway, ClocksDisagree, Refused (the
    same file led to other counts under another program).
    """
    inspected = inspect(file)
    if rejects is not None and _same(rejects, file):
        raise BadFile(f"{rejects} is the file to be imported; name another file for the rejects.")
    first = check_file(inspected, mapping, source_times=source_times)
    options = Options(actor, dry_run, first or said_at, source_times, batch_steps)
    with opened(inspected, mapping) as records:
        if source_times:
            check_book(ledger, import_id_of(inspected, mapping), first)
        with Rejects(rejects, records.header, mapping.file.encoding) as left_out:
            engine = _Engine(ledger, inspected, mapping, records, left_out, options)
            engine.on_progress, engine.after_batch = on_progress, after_batch
            try:
                return engine.run()
            except KeyboardInterrupt as error:
                engine.stop()
                raise ImportStopped(engine.report()) from error
            finally:
                engine.worker.shutdown()


def check_file(inspected: Inspected, mapping: Mapping, *, source_times: bool = False) -> datetime | None:
    """Tries a file, and gives back the earliest time at which its source recorded something, if that is wanted.

    Raises: CannotImport.
    """
    with opened(inspected, mapping) as records:
        if mapping.file.format == "csv":
            mapping.fits(records.header, inspected.path)
        check_sample(records, mapping)
    return earliest(inspected, mapping) if source_times else None


def check_book(ledger: Ledger, import_id: UUID, first: datetime | None) -> None:
    """Whether a book can take in events at their source's times. Raises: CannotImport."""
    if ledger.time is not BookTime.SIMULATED:
        raise CannotImport(
            f"Book {ledger.book!r} is live, and records by the clock of its database. The source's own times go into a "
            "simulated book; name one that is not there yet, and it is opened."
        )
    head = ledger.head()
    (last,) = ledger.since(head - 1, limit=1)
    begun = ledger.history(stream_of(Category.IMPORT, import_id))
    if first is not None and last.recorded_at > first and not begun:
        raise CannotImport(
            f"Book {ledger.book!r} has come to {last.recorded_at:%Y-%m-%d %H:%M} (UTC), and the file begins at "
            f"{first:%Y-%m-%d %H:%M}: a book's time never goes back. Name a book that is not there yet."
        )


def import_id_of(file: Inspected, mapping: Mapping) -> UUID:
    """The id of the import of a file by a mapping."""
    return uuid5(IMPORTS_NAMESPACE, f"{file.digest}\0{mapping.digest}")


def _same(rejects: Path, file: Path) -> bool:
    try:
        return rejects.exists() and rejects.samefile(file)
    except OSError:  # nothing can be written there, which is told when it is tried
        return False


def storable(file_name: str) -> str:
    """The name of a file as the ledger can keep it: text, and not nothing, whatever the file system allows."""
    text = file_name.encode("utf-8", "backslashreplace").decode()[-200:]
    return text if text.strip() else repr(text)


class Options(NamedTuple):
    """How an import is run."""

    actor: Actor
    dry_run: bool
    said_at: datetime | None
    source_times: bool
    batch_steps: int


class _Batch:
    """Rows on their way to the ledger."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.left_out: list[Reject] = []
        self.rows = 0


class _Engine:
    """One run over one file."""

    def __init__(
        self, ledger: Ledger, file: Inspected, mapping: Mapping, records: Records, rejects: Rejects, options: Options
    ) -> None:
        self.ledger, self.file, self.mapping, self.records, self.rejects = ledger, file, mapping, records, rejects
        self.actor, self.dry_run, self.said_at, self.source_times, self.batch_steps = options
        self.on_progress: Callable[[Progress], object] = lambda _: None
        self.after_batch: Callable[[int], object] | None = None
        self.import_id = import_id_of(file, mapping)
        self.number: str | None = None
        self.tally = Tally()
        self.began = time.monotonic()
        self.carrier: Carrier = Rehearsal(ledger) if self.dry_run else Carrier(ledger)
        occasion = Occasion(file.digest, self.import_id, self.said_at, self.source_times)
        self.teller = teller_of(mapping, records.header, occasion)
        self.batch = _Batch()
        self.carried: tuple[_Batch, Future[list[Result]]] | None = None
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="import")

    def run(self) -> ImportReport:
        """Reads the file to its end."""
        if not self.dry_run:
            self._start()
        self._tell_progress()
        rows: Iterator[Row] = iter(self.records)
        if self.mapping.together:
            rows = together(rows, self.mapping, self.records.header, self._tell_progress)
        steps = self._steps(rows)
        if self.source_times:
            steps = by_source_time(steps)
        for step in steps:
            self.batch.steps.append(step)
            if self.source_times:  # the end of the import is said when the last row was
                self.said_at = max(filter(None, (self.said_at, step.submission.said_at)))
            if len(self.batch.steps) >= self.batch_steps:
                self._hand_over()
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
        tally, teller = self.tally, self.teller
        return ImportReport(
            import_id=self.import_id,
            number=self.number,
            file=self.file.path.name,
            mapping=self.mapping.name,
            dry_run=self.dry_run,
            rows=tally.rows,
            unchanged=tally.unchanged,
            duplicates=tally.duplicates,
            ignored=tally.ignored,
            cases=tally.cases,
            continued=tally.continued,
            customers=len(tally.customers),
            commands=tally.commands,
            events=tally.events,
            repeated=tally.repeated,
            rejected=dict(sorted(tally.rejected.items())),
            without_rule=dict(sorted(teller.without_rule.items())) if isinstance(teller, EventTeller) else {},
            odd={str(kind): count for kind, count in sorted(tally.odd.items())},
            seconds=round(time.monotonic() - self.began, 3),
        )

    def _steps(self, rows: Iterator[Row]) -> Iterator[Step]:
        """What is to be asked of the ledger, row by row; what is not is counted."""
        tally = self.tally
        for row in rows:
            tally.rows += 1
            self.batch.rows += 1
            try:
                told = self.teller.tell(row)
            except BadRow as error:
                tally.rejected[error.code] += 1
                self.batch.left_out.append(Reject(row.line, error.code, str(error), row.values))
            else:
                tally.unchanged += told.unchanged
                tally.duplicates += told.duplicate
                tally.ignored += told.ignored is not None
                if told.odd:
                    tally.odd.update(told.odd)
                yield from told.steps
            if self.batch.rows >= BATCH_ROWS:
                self._hand_over()

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
                bytes_read=self.records.bytes_read,
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
            file_zone=self.mapping.clocks.zone,
            zone_assumed=self.mapping.clocks.zone_assumed,
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
            unchanged=tally.said_nothing,
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
