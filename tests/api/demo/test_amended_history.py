"""What is recorded late, corrected, corrected again and voided in the demo's book, and what every view makes of it."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import uuid5

import pytest

from api.demo.fill import fill
from api.demo.group import AGENTS, BRANCHES, FIELD, QUALITY, ZONE
from api.demo.year import Year
from domain.case.commands import SendResponse
from domain.case.events import CaseDispatched, CaseReceived, ResponseKind
from domain.case.state import Status
from domain.channel import Channel
from domain.customer import TierAssigned
from domain.envelope import Recorded
from domain.obligation import ObligationOpened
from domain.staff import GradeAssigned, id_of_staff
from domain.stream import Category, stream_of
from domain.unit.events import UnitRenamed, id_of_unit, stream_of_unit
from projections.case_file import RECEIVED, CaseFile, page
from projections.comparison import Compared
from projections.paging import Window
from projections.rebuild import rebuild
from projections.registry import PROJECTIONS
from projections.sla_timer import SLA_TIMER
from tests.api.demo.by_hand import BY_HAND, plain
from tests.api.demo.steps import CLERK, FOLDED, Book, Changed
from tests.api.demo.test_demo import nobody, opened
from tests.conftest import _database
from tests.projections.amended import expected, kept

YEAR = Year(date(2026, 11, 20), seed=5, cases=60)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ELSEWHERE = BRANCHES[2].unit(FIELD)
FINDING = uuid5(YEAR.namespace, "finding")
STEPS = (
    "the year", "answered late", "correction asked for", "correction declined", "receipt corrected",
    "correction corrected", "receipt corrected anew", "correction taken back", "dispatch corrected", "answer voided",
    "touchpoint voided", "tier voided", "void taken back", "organisation put right",
)  # fmt: skip
LAST_WRITTEN = {"version", "position", "last_recorded_at"}
"""Columns that say which event of a stream was written last. An amendment is one, whatever it changes besides."""


class Amended(NamedTuple):
    """The demo's book after all the steps, and what they were about."""

    book: Book
    case: CaseFile
    """As the year left it: the last one that was answered and is not closed."""
    dispatch: Recorded[Any]
    tier: Recorded[Any]
    """Of a customer who was in another one before."""

    def changed(self, step: str, *, amended: bool = True) -> Changed:
        """What a step changed, but for the trail, and for which event was written last when a stream was amended."""
        views = {name: rows for name, rows in self.book.steps[step].changed.items() if name != "audit_trail"}
        if not amended:
            return views
        told = {
            name: {
                key: {of: values for of, values in row.items() if of not in LAST_WRITTEN} for key, row in rows.items()
            }
            for name, rows in views.items()
        }
        kept = {name: {key: row for key, row in rows.items() if row} for name, rows in told.items()}
        return {name: rows for name, rows in kept.items() if rows}

    def trail(self, step: str) -> list[str]:
        """The topics that a step added to the trail."""
        rows = self.book.steps[step].changed["audit_trail"]
        assert all(was is None for row in rows.values() for was, _ in row.values()), "no row of the trail ever changes"
        return [row["topic"][1] for row in rows.values()]


@pytest.fixture(scope="module")
def amended(server: Any, template: str) -> Iterator[Amended]:
    for database in _database(server, template):
        with opened(database, "demo", YEAR) as workspace:
            fill(workspace.ledger, workspace.views, YEAR, nobody)
            book = Book(workspace, YEAR)
            book.look("the year")
            yield carried_out(book)


def carried_out(book: Book) -> Amended:
    """All the steps, one after the other."""
    case = [
        file
        for file in page(book.workspace.database, "demo", Window(RECEIVED, limit=YEAR.cases)).rows
        if file.first_response_at and file.dispatches == 1 and file.status is Status.RESOLVED and file.touchpoint_id
    ][-1]
    history = book.ledger.history(case.stream, opened=True)
    receipt = next(one for one in history if isinstance(one.event, CaseReceived))
    dispatch = next(one for one in history if isinstance(one.event, CaseDispatched))
    tiers = [one for one in book.ledger.since(0) if isinstance(one.event, TierAssigned)]
    tier = next(
        later for later in tiers if any(one.stream == later.stream and one.version < later.version for one in tiers)
    )

    assert case.first_response_at
    early = case.first_response_at - HOUR
    book.tell(CLERK, SendResponse(at=early, zone=ZONE, case_id=case.case_id, kind=ResponseKind.UPDATE,
                                  channel=Channel.SITE_VISIT, by=CLERK.name))  # fmt: skip
    book.look("answered late")
    answer = len(history) + 1

    letter = receipt.event.model_copy(update={"channel": Channel.LETTER})
    counter = receipt.event.model_copy(update={"channel": Channel.COUNTER})
    request = book.correct(case.stream, receipt.version, letter)
    book.look("correction asked for")
    book.decline(case.stream, request)
    book.look("correction declined")
    correction = book.corrected(case.stream, receipt.version, letter, case.received_at - 2 * DAY)
    book.look("receipt corrected")
    book.corrected(case.stream, correction, counter, case.received_at - DAY)
    book.look("correction corrected")
    anew = book.corrected(case.stream, receipt.version, letter, case.received_at - 3 * DAY)
    book.look("receipt corrected anew")
    book.voided(case.stream, anew)
    book.look("correction taken back")
    book.corrected(case.stream, dispatch.version, dispatch.event.model_copy(update={"unit": ELSEWHERE}))
    book.look("dispatch corrected")
    book.voided(case.stream, answer)
    book.look("answer voided")

    assert case.touchpoint_id
    book.voided(stream_of(Category.TOUCHPOINT, case.touchpoint_id), 1)
    book.look("touchpoint voided")
    void = book.voided(tier.stream, tier.version)
    book.look("tier voided")
    book.voided(tier.stream, void)
    book.look("void taken back")

    for stream, kind, instead in (
        (stream_of_unit(id_of_unit(QUALITY)), UnitRenamed, None),
        (stream_of(Category.STAFF, id_of_staff(AGENTS[0])), GradeAssigned, {"grade": "four stars"}),
        (stream_of(Category.OBLIGATION, FINDING), ObligationOpened, {"title": "letters lie for hours"}),
    ):
        found: Any = next(one for one in reversed(book.ledger.history(stream)) if isinstance(one.event, kind))
        if instead is None:
            book.voided(stream, found.version)
        else:
            book.corrected(stream, found.version, found.event.model_copy(update=instead))
    book.look("organisation put right")
    return Amended(book, case, dispatch, tier)


def entry(amended: Amended, view: str, step: str, key: tuple[Any, ...]) -> dict[str, Any]:
    """A row of a view as it is after a step."""
    return amended.book.steps[step].shown[view][key]


# Each view beside a fold that shares nothing with it ------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS)
def test_after_each_step_every_row_of_every_view_is_as_a_fold_written_apart_has_it(amended: Amended, step: str) -> None:
    assert tuple(amended.book.steps) == STEPS
    shown, by_hand, _ = amended.book.steps[step]
    assert set(BY_HAND) == set(shown) == {view.name for view in FOLDED}
    for view in FOLDED:
        assert shown[view.name], f"{view.name} shows nothing, which proves nothing"
        assert all(set(row) == set(view.columns) for row in by_hand[view.name].values()), view.name
        assert shown[view.name] == by_hand[view.name], view.name


def test_the_clocks_are_as_the_engine_has_them_by_the_whole_book(amended: Amended) -> None:
    ledger = amended.book.workspace.ledger
    found = kept(ledger, SLA_TIMER)
    assert found == expected(ledger, SLA_TIMER)
    assert found


def test_every_view_was_changed_by_an_amendment(amended: Amended) -> None:
    amending = STEPS[STEPS.index("receipt corrected") :]
    assert {view for step in amending for view in amended.changed(step)} == set(BY_HAND) - {"audit_trail"}


# What each step changed -----------------------------------------------------------------------------------------------


def test_an_answer_recorded_days_late_counts_from_when_it_was_given(amended: Amended) -> None:
    case = amended.case
    assert case.first_response_at
    given, told = case.first_response_at - HOUR, amended.book.steps["answered late"].shown["case_file"]
    key = (str(case.case_id),)
    changed = amended.changed("answered late", amended=False)
    (place,) = changed["timeline"]
    assert changed == {
        "case_file": {key: {
            "version": (case.version, case.version + 1),
            "position": (case.position, place[0]),
            "first_response_at": (plain(case.first_response_at), plain(given)),
            "responses": (case.responses, case.responses + 1),
            "last_recorded_at": (plain(case.last_recorded_at), told[key]["last_recorded_at"]),
        }},
        "timeline": changed["timeline"],
    }  # fmt: skip
    late = entry(amended, "audit_trail", "answered late", place)
    assert late["back_dated_seconds"] > 3 * 86_400
    assert entry(amended, "timeline", "answered late", place) | {
        "kind": "answered", "occurred_at": plain(given), "term": "update", "staff": CLERK.name,
    } == entry(amended, "timeline", "answered late", place)  # fmt: skip


def test_a_request_changes_nothing_until_it_is_approved_and_nothing_when_it_is_declined(amended: Amended) -> None:
    assert amended.changed("correction asked for") == amended.changed("correction declined") == {}
    assert amended.trail("correction asked for") == ["correction-requested.1"]
    assert amended.trail("correction declined") == ["amendment-declined.1"]


def receipt_moved(amended: Amended, before: tuple[str, int], after: tuple[str, int]) -> Changed:
    """What changes when a receipt is read to have come by another channel, so many days earlier than written."""
    case, book = amended.case, amended.book
    (register,) = (row for row in book.steps["the year"].shown["register"].values() if row["stream"] == case.stream)
    (position,) = (
        key for key, row in book.steps["the year"].shown["timeline"].items()
        if row["stream"] == case.stream and row["kind"] == "received"
    )  # fmt: skip
    channel = (before[0], after[0])
    at = (plain(case.received_at - before[1] * DAY), plain(case.received_at - after[1] * DAY))
    delay = (register["delay_seconds"] + before[1] * 86_400, register["delay_seconds"] + after[1] * 86_400)
    key = (str(case.case_id),)
    return {
        "case_file": {key: {"channel": channel, "received_at": at}},
        "timeline": {position: {"channel": channel, "occurred_at": at}},
        "register": {key: {"received_at": at, "delay_seconds": delay}},
    }


def test_of_a_receipt_its_latest_correction_is_read_and_of_that_its_own_correction_until_it_is_taken_back(
    amended: Amended,
) -> None:
    was, first, second, third = (str(amended.case.channel), 0), ("letter", 2), ("counter", 1), ("letter", 3)
    assert amended.changed("receipt corrected") == receipt_moved(amended, was, first)
    assert amended.changed("correction corrected") == receipt_moved(amended, first, second)
    assert amended.changed("receipt corrected anew") == receipt_moved(amended, second, third)
    assert amended.changed("correction taken back") == receipt_moved(amended, third, second)
    for step in ("receipt corrected", "correction corrected", "receipt corrected anew"):
        assert amended.trail(step) == ["correction-requested.1", "event-corrected.1"]


def test_a_corrected_dispatch_is_another_movement_and_another_unit_of_the_case(amended: Amended) -> None:
    case, dispatch = amended.case, amended.dispatch
    unit = (dispatch.event.unit, ELSEWHERE)
    assert unit[0] != unit[1]
    assert case.unit == unit[0]
    assert amended.changed("dispatch corrected") == {
        "case_file": {(str(case.case_id),): {"unit": unit}},
        "movement": {(dispatch.position, 0): {"to_unit": unit}},
    }


def test_a_void_answer_is_as_if_it_had_never_been_recorded(amended: Amended) -> None:
    case, late = amended.case, amended.changed("answered late")
    back = {of: (after, before) for of, (before, after) in late["case_file"][str(case.case_id),].items()}
    assert set(back) == {"first_response_at", "responses"}
    (place,) = late["timeline"]
    gone = amended.changed("answer voided")
    assert gone["case_file"] == {(str(case.case_id),): back}
    assert list(gone["timeline"]) == [place]
    assert place not in amended.book.steps["answer voided"].shown["timeline"]
    assert place in amended.book.steps["answer voided"].shown["audit_trail"]


def test_a_void_touchpoint_is_none_of_its_customers_any_more(amended: Amended) -> None:
    case, gone = amended.case, amended.changed("touchpoint voided")
    (profile,) = gone["customer_profile"].values()
    before, after = profile["touchpoints"]
    assert after == before - 1
    assert list(gone["customer_profile"]) == [(str(case.customer_id),)]
    (row,) = gone["timeline"].values()
    assert row["kind"] == ("touchpoint", None)
    assert set(gone) == {"customer_profile", "timeline"}


def test_a_void_tier_gives_the_customer_back_the_one_before_until_the_void_is_taken_back(amended: Amended) -> None:
    stream, event = amended.tier.stream, amended.tier.event
    profile = (stream.partition("-")[2],)
    gone, back = amended.changed("tier voided"), amended.changed("void taken back")
    before, after = gone["customer_profile"][profile]["tiers"]
    assert [spell[1] for spell in before][-1] == event.tier
    assert after == before[:-1]
    assert entry(amended, "customer_profile", "tier voided", profile)["tier"] == after[-1][1]
    assert back == {
        view: {key: {of: (new, old) for of, (old, new) in row.items()} for key, row in rows.items()}
        for view, rows in gone.items()
    }
    assert set(gone) == {"customer_profile", "timeline"}


def test_units_staff_and_obligations_are_read_as_corrected(amended: Amended) -> None:
    changed = amended.changed("organisation put right")
    (unit,), (member,), (duty,) = (changed[view].values() for view in ("unit", "staff", "obligation"))
    renamed, opened = unit["name"]
    assert (opened, unit["names"][1]) == (QUALITY, unit["names"][0][:1])
    assert unit["names"][0][1][1] == renamed != opened
    assert set(unit) == {"name", "names", "last_occurred_at"}
    assert member["grade"][0] != member["grade"][1] == "four stars"
    assert set(member) == {"grade", "grades"}
    assert duty == {"title": ("letters lie for days before they are registered", "letters lie for hours")}
    assert set(changed) == {"unit", "staff", "obligation"}


# Anew -----------------------------------------------------------------------------------------------------------------

DIGEST = "SELECT md5(string_agg(told::text, chr(10) ORDER BY told::text)) FROM {table} AS told WHERE book = %(book)s"


@pytest.mark.parametrize("view", PROJECTIONS, ids=lambda view: view.name)
def test_a_view_that_is_built_anew_from_the_amended_history_has_the_same_digest(amended: Amended, view: Any) -> None:
    workspace = amended.book.workspace

    def digest() -> Any:
        return workspace.database.rows(view.query(DIGEST), {"book": "demo"})

    before = digest()
    rows = len(kept(workspace.ledger, view))
    built = rebuild(view, workspace.ledgers, workspace.views)
    assert built.books == [Compared("demo", workspace.ledger.head(), rows, 0, [])]
    assert digest() == before
