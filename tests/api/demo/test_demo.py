import base64
import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from api.app import create_app
from api.cli.serving import DEVELOPER
from api.demo.fill import fill, new_book, year_in
from api.demo.group import BRANCHES
from api.demo.tour import numbers, questions
from api.demo.year import Year
from api.settings import Settings, WrongSetting
from api.workspace import NewBook, Workspace
from domain.amendment import AMENDMENTS, Amendment, AmendmentDeclined
from domain.book import BookTime
from domain.case.escalation import EscalationAcknowledged
from domain.case.events import CaseAssigned, CaseKind
from domain.case.state import Status
from domain.correctable import CORRECTABLE
from domain.customer import CustomerRegistered
from domain.event import Precision
from domain.personal import personal_values
from domain.staff import StaffLeft, StaffRegistered, id_of_staff
from domain.stream import subject_of
from domain.unit.events import UnitNameTaken
from ledger.ledger import Ledger
from projections import unit
from projections.case_file import RECEIVED, page
from projections.paging import Window
from projections.projection import FoldContext
from projections.unit import Tree, UnitView
from tests.api.graphql.asking import asking
from tests.conftest import Database, _database

YEAR = Year(date(2026, 11, 20), seed=1, cases=120)


def nobody(told: int, of: int) -> None:
    del told, of


@contextmanager
def opened(database: Database, book: str, year: Year = YEAR) -> Iterator[Workspace]:
    settings = Settings(
        database_url=database.writer_url,
        projector_url=database.projector_url,
        master_key=SecretStr(base64.b64encode(b"k" * 32).decode()),
        book=book,
    )
    with Workspace(settings, new_book=new_book(year), writes=True) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def filled(server: Any, template: str) -> Iterator[Workspace]:
    """A demo's book, filled once for the tests that only look at it."""
    for database in _database(server, template):
        with opened(database, "demo") as workspace:
            fill(workspace.ledger, workspace.views, YEAR, nobody)
            workspace.runner.catch_up()
            yield workspace


def digest(ledger: Ledger) -> str:
    """Of everything in the book but what is drawn by lot: salts, and so commitments."""
    seen = hashlib.sha256()
    for one in ledger.since(0, opened=True):
        values = [(path, personal.subject, personal.value) for path, personal in personal_values(one.event)]
        plain = {name: value for name, value in one.event if name not in {path.strip("/") for path, *_ in values}}
        place = (one.stream, one.version, one.position, one.recorded_at, one.occurred_at, one.register)
        seen.update(repr((place, one.event.TOPIC, plain, values, one.metadata.actor)).encode())
    return seen.hexdigest()


def test_every_command_of_the_year_is_accepted_and_none_is_told_twice(database: Database) -> None:
    with opened(database, "demo") as workspace:
        told = fill(workspace.ledger, workspace.views, YEAR, nobody)
        assert told > len([one for one in YEAR.told() if one.step.commands])
        head = workspace.ledger.head()
        assert fill(workspace.ledger, workspace.views, YEAR, nobody) == 0
        assert workspace.ledger.head() == head


def test_the_same_day_and_seed_make_the_same_book_even_when_it_was_interrupted(
    database: Database, filled: Workspace
) -> None:

    def interrupted(told: int, of: int) -> None:
        if told >= of // 2:
            raise KeyboardInterrupt

    with opened(database, "demo") as workspace:
        with pytest.raises(KeyboardInterrupt):
            fill(workspace.ledger, workspace.views, YEAR, interrupted)
        assert 1 < workspace.ledger.head() < filled.ledger.head()
        fill(workspace.ledger, workspace.views, YEAR, nobody)
        assert digest(workspace.ledger) == digest(filled.ledger)


def test_the_story_does_not_depend_on_the_process_that_tells_it() -> None:
    program = (
        "import hashlib; from tests.api.demo.test_demo import YEAR; "
        "print(hashlib.sha256(repr([(s.command_id, s.step.said_at, [str(c.at) for c in s.step.commands])"
        " for s in YEAR.told()]).encode()).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "America/Lima"))
    }
    assert len(told) == 1


def test_another_seed_or_day_is_another_year_that_the_books_origin_names(filled: Workspace) -> None:
    assert year_in(filled.ledger) == YEAR
    others = [YEAR._replace(seed=2), YEAR._replace(upto=date(2026, 11, 21)), YEAR._replace(cases=121)]
    assert len({year.namespace for year in (YEAR, *others)}) == 4
    assert [Year.named(year.name) for year in others] == others


def test_a_book_that_is_no_demo_is_not_filled(database: Database) -> None:
    with opened(database, "demo") as workspace:
        workspace.ledger.head()
    settings = workspace.settings.model_copy(update={"book": "other"})
    with (
        Workspace(settings, new_book=NewBook(BookTime.SIMULATED)) as other,
        pytest.raises(WrongSetting, match="no demo"),
    ):
        year_in(other.ledger)


def test_it_is_a_year_of_three_branches_with_all_that_goes_wrong_in_one(filled: Workspace) -> None:
    history = filled.ledger.since(0, opened=True)
    topics = Counter(one.event.TOPIC for one in history)
    assert topics["case-received.1"] == topics["case-registered.1"] == YEAR.cases
    for rarer in ("case-reopened.1", "case-transferred.1", "dispatch-returned.1", "case-paused.1", "tier-assigned.1"):
        assert topics[rarer] > 0, rarer
    assert any(one.recorded_at - one.occurred_at > timedelta(days=1) for one in history)
    assert any(one.occurred_precision is Precision.DAY for one in history)
    files = page(filled.database, "demo", Window(RECEIVED, limit=YEAR.cases)).rows
    assert {branch.name for branch in BRANCHES} <= {str(file.unit).split(" · ")[0] for file in files}
    assert {file.kind for file in files} == set(CaseKind)
    assert len({file.channel for file in files}) >= 6
    statuses = {file.status for file in files}
    assert {Status.CLOSED, Status.WITHDRAWN, Status.MERGED} <= statuses
    assert statuses & {Status.REGISTERED, Status.IN_PROGRESS, Status.PAUSED}
    registered = [one.event for one in history if isinstance(one.event, CustomerRegistered)]
    names = [str(event.name.value) for event in registered if event.name]
    assert any(name.isascii() for name in names)
    assert any("\u4e00" <= name[0] <= "\u9fff" for name in names)


def test_it_shows_every_kind_of_event_that_people_tell_a_ledger(filled: Workspace) -> None:
    told = {type(one.event) for one in filled.ledger.since(0)}
    untold = {event.__name__ for event in (*CORRECTABLE, *AMENDMENTS) if event not in told}
    # A file would have to be read for them, somebody who sees values masked to ask for one, or views to be compared.
    assert untold == {"ImportStarted", "ImportFinished", "PersonalRevealed", "ViewCompared"}


def test_units_named_by_cases_and_staff_are_units_of_the_tree_at_that_time(filled: Workspace) -> None:
    history = filled.ledger.since(0)
    tree: dict[UUID, UnitView] = {}
    one: Any
    for one in history:
        if one.stream.startswith("unit-") and not isinstance(one.event, UnitNameTaken):
            key = subject_of(one.stream)
            view = unit.fold(tree.get(key), one, FoldContext(key))
            assert view is not None
            tree[key] = view
    for one in history:
        for field in ("unit", "to_unit", "from_unit"):
            name = getattr(one.event, field, None)
            if name is not None:
                there = Tree(at for view in tree.values() if (at := view.as_of(one.occurred_at)))
                found = there.called(name)
                assert found is not None, f"{name} at {one.position}"
                assert found.is_open
    assert any(len(view.places) > 1 for view in tree.values())
    assert any(len(view.names) > 1 for view in tree.values())
    assert [spell.until is not None for view in tree.values() for spell in view.supervisions] == [True]
    assert any(not view.is_open for view in tree.values())


def test_nobody_who_handles_a_case_is_a_stranger_or_has_left(filled: Workspace) -> None:
    history = filled.ledger.since(0)
    names = {one.event.name for one in history if isinstance(one.event, StaffRegistered)}
    handlers = {one.event.handler for one in history if isinstance(one.event, CaseAssigned)}
    assert handlers <= names
    assert {one.event.by for one in history if isinstance(one.event, EscalationAcknowledged)} <= names
    gone = {subject_of(one.stream) for one in history if isinstance(one.event, StaffLeft)}
    assert gone
    assert gone.isdisjoint(id_of_staff(name) for name in handlers)


def test_what_is_put_right_was_asked_for_by_one_and_decided_by_another(filled: Workspace) -> None:
    """Among it a request that was declined, a correction that was corrected, and a void that was taken back."""
    decided, twice = Counter[str](), Counter[str]()
    for stream in {one.stream for one in filled.ledger.since(0) if isinstance(one.event, AMENDMENTS)}:
        written = filled.ledger.history(stream)
        for one in written:
            event: Any = one.event
            if isinstance(event, Amendment | AmendmentDeclined):
                asked: Any = written[event.request - 1].event
                by = event.declined_by if isinstance(event, AmendmentDeclined) else event.approved_by
                assert asked.requested_by != by
                decided[event.TOPIC] += 1
                twice[type(written[asked.version - 1].event).__name__] += 1
    assert min(decided[topic] for topic in ("event-corrected.1", "event-voided.1", "amendment-declined.1")) >= 1
    assert twice["EventCorrected"] >= 1
    assert twice["EventVoided"] >= 1


def test_time_runs_forward_and_nothing_is_recorded_before_it_occurred_or_after_the_year(filled: Workspace) -> None:
    history = filled.ledger.since(0)
    assert all(earlier.recorded_at <= later.recorded_at for earlier, later in pairwise(history))
    assert all(one.occurred_at <= one.recorded_at <= YEAR.end for one in history)
    registers = [one.register for one in history if one.register]
    assert {register.series for register in registers} == {"C2025", "C2026"}


def test_every_customer_is_registered_before_anything_else_is_known_of_them(filled: Workspace) -> None:
    known = set()
    for one in filled.ledger.since(0):
        if one.event.TOPIC == "customer-registered.1":
            known.add(one.stream)
        customer = getattr(one.event, "customer_id", None)
        assert customer is None or f"customer-{customer}" in known


def test_the_questions_of_the_tour_are_answered(filled: Workspace) -> None:
    told = numbers(filled.ledger)
    with asking(create_app(filled, development_actor=DEVELOPER)) as front_end:
        answers = {name: front_end.ask(question.query) for name, question in questions(told).items()}
    assert answers["one history"]["case"]["counts"]["reopens"] >= 1
    clocks = answers["clocks"]["case"]["clocks"]
    assert {"branch"} <= {extension["step"] for clock in clocks for extension in clock["extensions"]}
    assert all(clock["explanation"]["zh"] and clock["explanation"]["en"] for clock in clocks)
    rows = answers["report"]["complianceReport"]["rows"]
    assert {row["duty"] for row in rows} == {"STATUTORY", "INTERNAL", "STATED"}
    figures = [row["figures"] for row in rows if row["duty"] == "INTERNAL"]
    for told_of in ("met", "metLate", "revised", "keptOnLate"):
        assert sum(each[told_of] for each in figures) > 0, told_of
    complaints = answers["complaints"]["cases"]["nodes"]
    assert complaints
    assert all(complaint["number"] and complaint["words"]["value"] for complaint in complaints)
    customer = answers["one customer"]["case"]["customer"]
    assert customer["name"]["value"]
    timeline = [entry["occurredAt"] for entry in customer["timeline"]["nodes"]]
    assert len(timeline) > 5
    assert timeline == sorted(timeline, reverse=True)
    amendments = answers["put right"]["auditTrail"]["nodes"]
    assert len(amendments) == 5
    assert all(entry["requestedBy"] != entry["decidedBy"] for entry in amendments)
    assert any(entry["changes"] for entry in amendments)
    kinds = {count["kind"] for actor in answers["put right"]["overrides"] for count in actor["counts"]}
    assert {"BACK_DATED", "CORRECTION_REQUESTED", "CORRECTION_APPROVED"} <= kinds
