"""A real history against the declared process: what its import noticed, the process finds as well."""

from collections import Counter
from pathlib import Path

from api.imports.run import run_import
from api.imports.snapshot_mapping import SnapshotMapping
from api.processes import shipped_process
from ledger.book import recorded_at
from ledger.ledger import Ledger
from replay.as_of import AsOf
from replay.cases import Chosen
from replay.conformance import Conformance, Totals, parts
from replay.reader import Reader
from tests.api.imports.real import MINI
from tests.api.imports.written import IMPORTER, SAID_AT


def test_what_the_import_of_a_real_history_noticed_is_found_where_the_process_asks_for_it(
    ledger: Ledger, servicenow: SnapshotMapping, shared_data: Path
) -> None:
    run_import(ledger, shared_data / MINI.file, servicenow, actor=IMPORTER, said_at=SAID_AT)
    conformance, head = Conformance(shipped_process()), ledger.head()
    at = recorded_at(ledger.database, ledger.book, head)
    assert at is not None
    totals = Totals(conformance.rules)
    unmarked: set[str] = set()
    for part in parts(Reader(ledger), AsOf(head, at, at), Chosen(), conformance):
        for judged in part.judged:
            totals.add(judged)
            unmarked |= {judged.case.stream for finding in judged.findings if not finding.marked}
    marked = [(mark, one.stream) for one in ledger.since(0) for mark in one.metadata.departures]
    asked = {str(mark) for rule in conformance.rules for mark in rule.departures}
    assert totals.cases == MINI.cases
    assert totals.noticed == {
        mark: (events, events if mark in asked else 0) for mark, events in Counter(mark for mark, _ in marked).items()
    }
    assert len(totals.noticed.keys() & asked) == 2
    # The deciders go by the order of recording. Where that is not the order in which things occurred, they mark the
    # time, and only the process says what came too early.
    assert unmarked == {stream for mark, stream in marked if mark == "time-runs-backwards"}
