"""Exports read by pm4py: everything in them, and what it makes of them, equals what the ledger says."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from api.demo.fill import fill
from api.demo.year import Year
from api.imports.loading import load_mapping
from api.imports.run import run_import
from domain.case.events import CaseReceived, KindChanged
from domain.correction import applied
from domain.envelope import Recorded
from domain.stream import Category, category_of, stream_of
from ledger.database import Database
from ledger.ledger import Ledger
from replay.export.selection import Asked
from tests.api.demo.test_demo import nobody
from tests.api.demo.test_demo import opened as demo
from tests.api.imports.real import MINI
from tests.api.imports.written import IMPORTER, SAID_AT, opened
from tests.conftest import PROJECT, _database
from tests.interop import read_by_pm4py
from tests.replay.export.log import Log, as_of, ocel_of, read

YEAR = Year(date(2026, 11, 20), seed=1, cases=150)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
CONFORMANCE = PROJECT / "examples" / "process-mining" / "conformance.py"
RULES: tuple[tuple[str, ...], ...] = (
    ("existence", "case-received"),
    ("existence", "case-registered"),
    ("precedence", "case-received", "case-registered"),
    ("precedence", "case-registered", "case-dispatched"),
    ("precedence", "case-registered", "response-sent"),
    ("precedence", "case-registered", "work-started"),
    ("precedence", "case-resolved", "case-closed"),
    ("precedence", "case-resolved", "feedback-given"),
    ("response", "case-resolved", "case-closed"),
    ("response", "case-resolved", "feedback-given"),
)
Step = tuple[datetime, int, str]


class Looked(NamedTuple):
    """A book, its export read by us, and by pm4py."""

    history: list[Recorded[Any]]
    """As it is read."""
    log: Log
    theirs: dict[str, Any]
    departures: dict[str, Any]


@pytest.fixture(scope="module", params=["demo", "uci"])
def looked(
    request: pytest.FixtureRequest,
    server: Any,
    template: str,
    with_pm4py: Callable[[Path, Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Looked]:
    file = tmp_path_factory.mktemp("exported") / "book.json"
    for database in _database(server, template):
        if request.param == "demo":
            with demo(database, "demo", YEAR) as workspace:
                fill(workspace.ledger, workspace.views, YEAR, nobody)
                yield looked_at(workspace.ledger, file, with_pm4py)
        else:
            history = request.getfixturevalue("shared_data") / MINI.file
            with Database(database.writer_url) as connected:
                ledger = opened(connected)
                run_import(ledger, history, load_mapping("servicenow"), actor=IMPORTER, said_at=SAID_AT)
                yield looked_at(ledger, file, with_pm4py)


def looked_at(ledger: Ledger, file: Path, with_pm4py: Callable[[Path, Path], Any]) -> Looked:
    exported, _ = ocel_of(ledger, Asked(as_of(ledger, NOW)))
    file.write_bytes(exported)
    theirs = with_pm4py(Path(read_by_pm4py.__file__), file)
    return Looked(list(applied(ledger.since(0))), read(exported), theirs, with_pm4py(CONFORMANCE, file))


def test_pm4py_reads_every_event_with_its_type_time_and_values(looked: Looked) -> None:
    assert looked.theirs["events"] == {
        name: {"ocel:activity": event.type, "ocel:timestamp": event.time, **event.attributes}
        for name, event in looked.log.events.items()
    }


def test_pm4py_reads_every_object_with_what_it_was_when(looked: Looked) -> None:
    first: dict[str, dict[str, Any]] = {}
    later: list[dict[str, Any]] = []
    for name, thing in looked.log.objects.items():
        first[name] = {"ocel:type": thing.type}
        for attribute, time, value in thing.changes:
            if attribute not in first[name]:
                first[name][attribute] = value
            else:
                told = {"ocel:oid": name, "ocel:type": thing.type, "ocel:timestamp": time, "ocel:field": attribute}
                later.append({**told, attribute: value})
    assert looked.theirs["objects"] == first
    assert sorted(map(repr_of, looked.theirs["changes"])) == sorted(map(repr_of, later))


def repr_of(row: dict[str, Any]) -> str:
    return repr(sorted(row.items()))


def test_pm4py_reads_every_relation_with_its_qualifier(looked: Looked) -> None:
    log = looked.log
    assert looked.theirs["relations"] == sorted(
        [name, thing, part, log.objects[thing].type]
        for name, event in log.events.items()
        for thing, part in event.related
    )
    assert looked.theirs["o2o"] == sorted(
        [name, other, part] for name, thing in log.objects.items() for other, part in thing.related
    )


def test_which_step_follows_which_and_how_long_cases_take_is_the_same_by_the_ledger_and_by_pm4py(
    looked: Looked,
) -> None:
    lives = lives_of(looked.history, named_too=True)
    steps = Counter((before[2], after[2]) for life in lives.values() for before, after in pairwise(life))
    assert looked.theirs["steps"] == sorted([*pair, count] for pair, count in steps.items())
    assert looked.theirs["first"] == Counter(life[0][2] for life in lives.values())
    assert looked.theirs["last"] == Counter(life[-1][2] for life in lives.values())
    assert looked.theirs["seconds"] == pytest.approx(sorted(lasted(life) for life in lives.values()))


def test_the_worked_example_finds_the_complaints_that_departed_from_the_declared_process(looked: Looked) -> None:
    kind = "complaint"
    kinds: dict[str, str] = {}
    for one in looked.history:
        if isinstance(one.event, CaseReceived | KindChanged):
            kinds[one.stream] = one.event.kind
    lives = {name: life for name, life in lives_of(looked.history).items() if kinds[name] == kind}
    departed = {
        name: found for name, life in lives.items() if (found := [list(rule) for rule in RULES if departs(rule, life)])
    }
    assert looked.departures["cases"] == len(lives)
    assert looked.departures["departures"] == departed
    assert looked.departures["seconds"] == pytest.approx(sorted(lasted(life) for life in lives.values()))


# By the ledger --------------------------------------------------------------------------------------------------------


def lives_of(history: list[Recorded[Any]], *, named_too: bool = False) -> dict[str, list[Step]]:
    """The steps of each case in the order in which they occurred; with those of others in which it is named."""
    lives: dict[str, list[Step]] = defaultdict(list)
    for one in history:
        cases = {one.stream} if category_of(one.stream) == Category.CASE else set()
        if named_too:
            said = one.event.model_dump()
            named = [said.get("case_id"), said.get("into") if cases else None]
            cases |= {stream_of(Category.CASE, case_id) for case_id in named if case_id is not None}
        for case in cases:
            lives[case].append((one.occurred_at, one.position, one.event.TOPIC.rpartition(".")[0]))
    return {case: sorted(steps) for case, steps in lives.items()}


def lasted(life: list[Step]) -> float:
    return (life[-1][0] - life[0][0]).total_seconds()


def departs(rule: tuple[str, ...], life: list[Step]) -> bool:
    template, first, *then = rule
    steps = [name for _, _, name in life]
    match template:
        case "existence":
            return first not in steps
        case "precedence":
            (second,) = then
            return second in steps and first not in steps[: steps.index(second)]
        case _:
            (second,) = then
            return first in steps and second not in steps[len(steps) - steps[::-1].index(first) :]
