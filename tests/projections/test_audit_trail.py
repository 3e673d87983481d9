from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.amending import ApproveAmendment, RequestCorrection, RequestVoid
from domain.amendment import Replacement
from domain.book import AllowSelfApproval, id_of_book, stream_of_book
from domain.case.commands import RegisterCase, ResolveCase
from domain.case.events import CaseResolved, Outcome
from domain.case.rules import Departure
from domain.envelope import Actor, ActorKind, Recorded, RegisterNumber, Source
from domain.event import Precision
from domain.stream import Category, category_of
from ledger.database import Database
from ledger.ledger import Ledger
from projections import audit_trail
from projections.audit_trail import AUDIT_TRAIL, AuditEntry, AuditFilter, Override, Recording
from projections.overrides import OverridesOf, departure_counts, overrides_by_actor, pages_of
from projections.paging import BadPlace, Order, Window
from projections.runner import Runner
from tests import conftest
from tests.ledger.submissions import OPENED, case_stream, customer_stream, opened
from tests.projections.audited import CASE, DAY, HOUR, LI, say, trail
from tests.projections.books import case_id, customer_id, fill, received, rows

READER = Actor("reader", ActorKind.IMPORT)
BEGUN = OPENED + 10 * DAY
"""When the one case was received: after everything that fills the book."""
STREAM = case_stream(CASE)
CASES = 40


def correct(version: int, outcome: Outcome = Outcome.REJECTED, by: str = "王芳") -> RequestCorrection:
    event = CaseResolved(outcome=outcome, redress=None, resolved_by=None, code=None)
    return RequestCorrection(
        at=BEGUN + 3 * DAY, about=STREAM, version=version, replacement=Replacement.of(event), occurrence=None,
        reason="mistyped", requested_by=by,
    )  # fmt: skip


def approve(request: int, by: str) -> ApproveAmendment:
    return ApproveAmendment(at=BEGUN + 4 * DAY, about=STREAM, request=request, approved_by=by)


@pytest.fixture
def told(ledger: Ledger, auditor: Runner) -> Ledger:
    """A book of imported cases, and one case that was back-dated, corrected, voided, and approved by who asked."""
    fill(ledger, cases=CASES)
    say(ledger, received(900, BEGUN, customer_id=customer_id(0)))
    say(ledger, RegisterCase(at=BEGUN, case_id=CASE), late=2 * DAY)
    say(ledger, ResolveCase(at=BEGUN + 2 * DAY, case_id=CASE, outcome=Outcome.UPHELD), late=5 * HOUR, by=LI)
    say(ledger, correct(3))
    say(ledger, approve(4, "Director Li"), by=LI)
    take_back = RequestVoid(at=BEGUN + 4 * DAY, about=STREAM, version=5, reason="it was right", requested_by="王芳")
    say(ledger, take_back)
    book = id_of_book("main")
    say(ledger, AllowSelfApproval(at=BEGUN, book_id=book, reason="two people", decided_by="Director Li"), by=LI)
    say(ledger, approve(6, "王芳"))
    say(
        ledger, received(901, BEGUN), by=READER, late=30 * DAY, imported=True, channel="import",
        source=Source("ab" * 32, 7), source_recorded_at=BEGUN,
    )  # fmt: skip
    auditor.catch_up()
    return ledger


def expected(recorded: Recorded[Any]) -> AuditEntry:
    """The entry of an event, put together anew, field by field out of what was stored."""
    event, by = recorded.event, recorded.metadata.actor
    data = event.model_dump()
    own = recorded.stream.partition("-")
    kinds = {
        "correction-requested.1": [Override.CORRECTION_REQUESTED],
        "event-corrected.1": [Override.CORRECTION_APPROVED],
        "void-requested.1": [Override.VOID_REQUESTED],
        "event-voided.1": [Override.VOID_APPROVED],
        "self-approval-allowed.1": [Override.SELF_APPROVAL_ALLOWED],
        "pause-requested.1": [Override.PAUSE_REQUESTED],
        "pause-approved.1": [Override.PAUSE_APPROVED],
        "extension-requested.1": [Override.EXTENSION_REQUESTED],
        "extension-approved.1": [Override.EXTENSION_APPROVED],
        "policy-reassignment-requested.1": [Override.REASSIGNMENT_REQUESTED],
        "policy-reassigned.1": [Override.REASSIGNMENT_APPROVED],
        "revision-requested.1": [Override.REVISION_REQUESTED],
        "verdict-revised.1": [Override.REVISION_APPROVED],
    }.get(event.TOPIC, [])
    kinds += [Override.DEPARTURE] if recorded.metadata.departures else []
    late = (recorded.recorded_at - recorded.occurred_at).total_seconds()
    late -= 86_400 if recorded.occurred_precision == "day" else 0
    source = recorded.metadata.source
    amends = event.TOPIC in {
        "correction-requested.1", "event-corrected.1", "void-requested.1", "event-voided.1", "amendment-declined.1",
    }  # fmt: skip
    return AuditEntry(
        position=recorded.position, place=0, stream=recorded.stream, version=recorded.version, category=own[0],
        topic=event.TOPIC,
        case_id=UUID(own[2]) if own[0] == "case" else data.get("case_id"),
        customer_id=UUID(own[2]) if own[0] == "customer" else data.get("customer_id"),
        recorded_at=recorded.recorded_at, occurred_at=recorded.occurred_at, occurred_zone=recorded.occurred_zone,
        occurred_precision=recorded.occurred_precision, source_recorded_at=recorded.source_recorded_at,
        back_dated_seconds=int(late) if late >= 1 and recorded.source_recorded_at is None else None,
        series=recorded.register.series if recorded.register else None,
        number=recorded.register.number if recorded.register else None,
        actor=by.name, actor_kind=by.kind, unit=by.unit, role=by.role, claim=by.claim, on_behalf_of=by.on_behalf_of,
        door=recorded.metadata.channel, program=recorded.metadata.program, command_id=recorded.metadata.command,
        correlation_id=recorded.metadata.correlation, causation_id=recorded.metadata.causation,
        basis=recorded.metadata.basis, source_digest=source.digest if source else None,
        source_line=source.line if source else None, departures=recorded.metadata.departures, overrides=tuple(kinds),
        about_version=data.get("version") if amends else None,
        request_version=data.get("request") or data.get("proposal"), requested_by=data.get("requested_by"),
        decided_by=data.get("approved_by") or data.get("declined_by") or data.get("decided_by"),
    )  # fmt: skip


def test_the_trail_has_each_event_as_it_was_written(told: Ledger, written: Database) -> None:
    events = told.since(0)
    assert len(events) > 4 * CASES
    assert trail(written) == [expected(recorded) for recorded in events]


def test_a_rebuilt_trail_equals_the_one_that_grew(
    told: Ledger, auditor: Runner, projected: Database, database: conftest.Database
) -> None:
    grown = rows(database, "audit_trail_3")
    with projected.connection() as connection:
        connection.execute("DELETE FROM views.cursor")
    assert Runner(told, projected, [AUDIT_TRAIL]).catch_up(batch=13) == told.head()
    assert rows(database, "audit_trail_3") == grown


def test_a_correction_leaves_the_trail_as_it_was_and_shows_who_asked_and_who_approved(
    told: Ledger, written: Database
) -> None:
    resolved, asked, approved, asked_again, own = trail(written, subject=STREAM)[2:]
    assert (resolved.topic, resolved.version, resolved.actor) == ("case-resolved.1", 3, "Director Li")
    assert [(each.requested_by, each.decided_by, each.about_version, each.request_version)
            for each in (asked, approved, asked_again, own)] == [
        ("王芳", None, 3, None), (None, "Director Li", 3, 4), ("王芳", None, 5, None), (None, "王芳", 5, 6),
    ]  # fmt: skip


def test_an_imported_event_names_its_file_and_line_and_is_not_back_dated(told: Ledger, written: Database) -> None:
    (imported,) = trail(written, actor="reader")
    assert imported.source == Source("ab" * 32, 7)
    assert (imported.door, imported.source_recorded_at, imported.back_dated_seconds) == ("import", BEGUN, None)


def test_an_event_of_a_day_is_late_from_the_end_of_that_day(ledger: Ledger, auditor: Runner, written: Database) -> None:
    day = received(1).model_copy(update={"precision": Precision.DAY})
    say(ledger, day, late=DAY)
    say(ledger, RegisterCase(at=OPENED, precision=Precision.DAY, case_id=case_id(1)), late=DAY + HOUR)
    auditor.catch_up()
    (on_time, late) = trail(written, categories=(Category.CASE,))
    assert (on_time.back_dated_seconds, late.back_dated_seconds) == (None, 3_600)
    assert (on_time.register, late.register) == (None, RegisterNumber("C2026", 1))


FILTERS: dict[str, tuple[AuditFilter, Callable[[AuditEntry], bool]]] = {
    "the subject": (
        AuditFilter(subject=case_stream(case_id(3))), lambda one: one.case_id == case_id(3)),
    "a customer, with what names them": (
        AuditFilter(subject=customer_stream(customer_id(0))), lambda one: one.customer_id == customer_id(0)),
    "a stream that nothing else names": (
        AuditFilter(subject=stream_of_book("main")), lambda one: one.category == "book"),
    "an actor outside Latin": (AuditFilter(actor="王芳"), lambda one: one.actor == "王芳"),
    "kinds of actors": (
        AuditFilter(actor_kinds=(ActorKind.SYSTEM, ActorKind.IMPORT)),
        lambda one: one.actor_kind in {"system", "import"}),
    "a role": (AuditFilter(roles=("supervisor",)), lambda one: one.role == "supervisor"),
    "a category": (
        AuditFilter(categories=(Category.TOUCHPOINT, Category.BOOK)),
        lambda one: one.category in {"touchpoint", "book"}),
    "topics": (
        AuditFilter(topics=("case-received.1", "event-corrected.1")),
        lambda one: one.topic in {"case-received.1", "event-corrected.1"}),
    "a door": (AuditFilter(doors=("import",)), lambda one: one.door == "import"),
    "when it was recorded": (
        AuditFilter(recording=Recording(BEGUN + HOUR, BEGUN + 3 * DAY)),
        lambda one: BEGUN + HOUR <= one.recorded_at < BEGUN + 3 * DAY),
    "when it was recorded, from the last on": (
        AuditFilter(recording=Recording(BEGUN + 30 * DAY)), lambda one: one.recorded_at == BEGUN + 30 * DAY),
    "when it was recorded, after the last": (
        AuditFilter(recording=Recording(BEGUN + 31 * DAY)), lambda one: False),
    "when it was recorded, before the first": (AuditFilter(recording=Recording(end=OPENED)), lambda one: False),
    "when it was recorded, before something later": (
        AuditFilter(recording=Recording(end=OPENED + 99 * DAY)), lambda one: True),
    "when it occurred": (
        AuditFilter(occurred_from=OPENED + HOUR, occurred_before=OPENED + DAY),
        lambda one: OPENED + HOUR <= one.occurred_at < OPENED + DAY),
    "departures": (AuditFilter(departed=True), lambda one: bool(one.departures)),
    "one departure": (
        AuditFilter(departures=(Departure.CLOSED_UNRESOLVED,)),
        lambda one: Departure.CLOSED_UNRESOLVED in one.departures),
    "overrides": (
        AuditFilter(overriding=True), lambda one: bool(one.overrides) or (one.back_dated_seconds or 0) >= 86_400),
    "what was back-dated": (
        AuditFilter(overrides=(Override.BACK_DATED,)), lambda one: (one.back_dated_seconds or 0) >= 86_400),
    "what was back-dated by hours": (
        AuditFilter(overrides=(Override.BACK_DATED,), back_dated_over=3 * HOUR),
        lambda one: (one.back_dated_seconds or 0) >= 3 * 3_600),
    "what was back-dated by more than a day": (
        AuditFilter(overrides=(Override.BACK_DATED,), back_dated_over=3 * DAY),
        lambda one: (one.back_dated_seconds or 0) >= 3 * 86_400),
    "sorts of overrides": (
        AuditFilter(overrides=(Override.VOID_REQUESTED, Override.SELF_APPROVAL_ALLOWED)),
        lambda one: one.topic in {"void-requested.1", "self-approval-allowed.1"}),
    "own approvals": (
        AuditFilter(overrides=(Override.OWN_APPROVAL,)), lambda one: (one.stream, one.version) == (STREAM, 7)),
    "own approvals among others": (
        AuditFilter(overrides=(Override.OWN_APPROVAL, Override.BACK_DATED, Override.CORRECTION_APPROVED)),
        lambda one: (one.back_dated_seconds or 0) >= 86_400 or one.topic in {"event-corrected.1", "event-voided.1"}),
    "what touches the book as a whole": (
        AuditFilter(administration=True),
        lambda one: one.category in {"access", "book", "calendar", "import", "policy"} or one.role == "administrator"),
    "up to a position": (AuditFilter(upto=100), lambda one: one.position <= 100),
    "several at once": (
        AuditFilter(actor="Director Li", categories=(Category.CASE,), recording=Recording(BEGUN + 2 * DAY + HOUR)),
        lambda one: one.actor == "Director Li" and one.category == "case"),
}  # fmt: skip


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order", audit_trail.ORDERS.values(), ids=audit_trail.ORDERS.keys())
def test_each_filter_narrows_the_trail_down_to_what_it_says_in_every_order(
    told: Ledger, written: Database, order: Order, *, descending: bool
) -> None:
    everything = trail(written)
    for name, (where, holds) in FILTERS.items():
        page = audit_trail.page(written, "main", Window(order, descending, limit=10_000), where)
        kept = [entry for entry in everything if holds(entry)]
        assert page.rows == sorted(kept, key=lambda one: place(one, order), reverse=descending), name
        assert not page.has_more
        if " after the last" not in name and " before the first" not in name:
            assert page.rows, name


def place(entry: AuditEntry, order: Order) -> tuple[Any, ...]:
    return tuple(getattr(entry, column) for column in order.columns)


def walked(ask: Callable[..., Any], order: Order, *, back: bool) -> list[AuditEntry]:
    """Every entry, page after page from one end."""
    found: list[AuditEntry] = []
    page = ask(limit=7, from_end=back)
    while True:
        found = page.rows + found if back else found + page.rows
        if not page.has_more:
            return found
        assert len(page.rows) == 7
        beside = {"before": order.place_of(found[0])} if back else {"after": order.place_of(found[-1])}
        page = ask(limit=7, from_end=back, **beside)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order", audit_trail.ORDERS.values(), ids=audit_trail.ORDERS.keys())
def test_the_trail_is_paged_in_each_order_from_both_ends_through_equal_times(
    told: Ledger, written: Database, order: Order, *, descending: bool, back: bool
) -> None:
    def ask(**rest: Any) -> Any:
        where = AuditFilter(categories=(Category.CASE, Category.TOUCHPOINT))
        return audit_trail.page(written, "main", Window(order, descending, **rest), where)

    kept = [one for one in trail(written) if one.category in {"case", "touchpoint"}]
    times = [one.occurred_at for one in kept]
    assert len(set(times)) < len(times)
    in_order = sorted(kept, key=lambda one: place(one, order), reverse=descending)
    assert walked(ask, order, back=back) == in_order


@pytest.mark.parametrize("bad", ['["position"]', '["position","1"]', '["position",true]', '["occurred",1,1]',
                                 '["position",9223372036854775808]', '["received",1]'])  # fmt: skip
def test_what_is_no_position_is_no_place_in_the_trail(bad: str) -> None:
    with pytest.raises(BadPlace, match="position"):
        Window(audit_trail.POSITION, after=bad, limit=10).condition()


def test_what_is_about_several_subjects_is_read_in_one_statement_a_page_each(told: Ledger, written: Database) -> None:
    for category, ids in (
        (Category.CASE, [case_id(1), CASE, case_id(77_777)]),
        (Category.CUSTOMER, [customer_id(0), customer_id(1)]),
        (Category.BOOK, [id_of_book("main")]),
    ):
        for back in (False, True):
            window = Window(audit_trail.POSITION, from_end=back, limit=3)
            pages = audit_trail.pages_about(written, "main", category, ids, window)
            for each in ids:
                alone = audit_trail.page(written, "main", window, AuditFilter(subject=f"{category}-{each}"))
                assert pages[each] == alone


def test_departures_are_counted_by_kind(told: Ledger, written: Database) -> None:
    entries = [entry for entry in trail(written) if entry.departures]
    kinds = {departure for entry in entries for departure in entry.departures}
    assert len(kinds) > 3
    counted = departure_counts(written, "main")
    assert {each.departure: (each.events, each.subjects) for each in counted} == {
        kind: (
            sum(kind in entry.departures for entry in entries),
            len({entry.stream for entry in entries if kind in entry.departures}),
        )
        for kind in kinds
    }
    assert [each.events for each in counted] == sorted((each.events for each in counted), reverse=True)
    assert departure_counts(written, "main", Recording(BEGUN + 20 * DAY)) == []


def test_overrides_are_counted_by_who_acted_and_the_events_behind_each_count_are_listed(
    told: Ledger, written: Database
) -> None:
    found = {each.actor: each for each in overrides_by_actor(written, "main")}
    assert found["王芳"].counts == {
        Override.BACK_DATED: 1,
        Override.CORRECTION_REQUESTED: 1,
        Override.VOID_REQUESTED: 1,
        Override.VOID_APPROVED: 1,
        Override.OWN_APPROVAL: 1,
    }
    assert found["Director Li"].counts == {Override.CORRECTION_APPROVED: 1, Override.SELF_APPROVAL_ALLOWED: 1} | (
        {Override.BACK_DATED: 1}
    )
    assert found["grace"].counts.keys() >= {Override.DEPARTURE}
    assert "reader" not in found
    for actor, told_of in found.items():
        for kind, count in told_of.counts.items():
            assert len(trail(written, actor=actor, overrides=(kind,))) == count, (actor, kind)
    listed = overrides_by_actor(written, "main")
    assert [each.total for each in listed] == sorted((each.total for each in listed), reverse=True)
    assert overrides_by_actor(written, "main", limit=1) == listed[:1]
    assert overrides_by_actor(written, "main", actor="Director Li") == [found["Director Li"]]
    hours = overrides_by_actor(written, "main", actor="Director Li", back_dated_over=5 * HOUR)
    assert hours[0].counts[Override.BACK_DATED] == 2
    assert overrides_by_actor(written, "main", recording=Recording(end=OPENED)) == []


@pytest.mark.parametrize("span", [DAY, 5 * HOUR], ids=str)
@pytest.mark.parametrize("recording", [Recording(), Recording(OPENED + HOUR, BEGUN + 4 * DAY)], ids=["ever", "between"])
def test_the_events_behind_all_counts_at_once_are_those_behind_each_by_itself(
    told: Ledger, written: Database, span: timedelta, recording: Recording
) -> None:
    listed = overrides_by_actor(written, "main", recording=recording, back_dated_over=span)
    counts = [OverridesOf(each.actor, each.actor_kind, kind) for each in listed for kind in each.counts]
    assert len({kind for _, _, kind in counts}) > 3
    (longest, *_) = audit_trail.page(written, "main", Window(audit_trail.POSITION, descending=True, limit=9)).rows
    windows = [
        Window(audit_trail.POSITION, descending=True, limit=50), Window(audit_trail.POSITION, limit=2),
        Window(audit_trail.POSITION, descending=True, from_end=True, limit=1),
        Window(audit_trail.POSITION, descending=True, after=audit_trail.POSITION.place_of(longest), limit=3),
    ]  # fmt: skip
    for window in windows:
        pages = pages_of(written, "main", counts, window, recording=recording, back_dated_over=span)
        assert pages == {
            count: audit_trail.page(
                written, "main", window,
                AuditFilter(actor=count.actor, actor_kinds=(count.actor_kind,), overrides=(count.kind,),
                            recording=recording, back_dated_over=span),
            )
            for count in counts
        }  # fmt: skip


def test_a_book_with_nothing_but_its_genesis_has_a_trail_of_one_and_no_overrides(
    ledger: Ledger, auditor: Runner, written: Database
) -> None:
    auditor.catch_up()
    (genesis,) = trail(written)
    assert (genesis.topic, genesis.actor, genesis.case_id, genesis.customer_id) == (
        "book-opened.1", "installation", None, None,
    )  # fmt: skip
    assert overrides_by_actor(written, "main") == []
    assert departure_counts(written, "main") == []
    assert trail(written, "elsewhere") == []


def test_the_trails_of_two_books_are_kept_apart(told: Ledger, written: Database, projected: Database) -> None:
    other = opened(written, "other")
    say(other, received(900, customer_id=customer_id(0)), by=LI)
    Runner(other, projected, [AUDIT_TRAIL]).catch_up()
    assert [one.topic for one in trail(written, "other")] == ["book-opened.1", "case-received.1"]
    assert [one.actor for one in trail(written, "other", subject=STREAM)] == ["Director Li"]
    assert overrides_by_actor(written, "other") == []


# Each question beside the index that it leans on.
LEANS: list[tuple[str, Order, AuditFilter]] = [
    ("pkey", audit_trail.POSITION, AuditFilter()),
    ("pkey", audit_trail.POSITION, AuditFilter(recording=Recording(OPENED + HOUR))),
    ("recorded", audit_trail.POSITION, AuditFilter(recording=Recording(OPENED + HOUR))),
    ("occurred", audit_trail.OCCURRED, AuditFilter()),
    ("occurred", audit_trail.OCCURRED, AuditFilter(occurred_from=OPENED + HOUR)),
    ("actor", audit_trail.POSITION, AuditFilter(actor="王芳")),
    ("actor", audit_trail.POSITION, AuditFilter(actor="王芳", recording=Recording(OPENED, OPENED + HOUR))),
    ("stream", audit_trail.POSITION, AuditFilter(subject=stream_of_book("main"))),
    ("departed", audit_trail.POSITION, AuditFilter(departed=True)),
    ("overridden", audit_trail.POSITION, AuditFilter(overriding=True, actor="王芳")),
    ("administration", audit_trail.POSITION, AuditFilter(administration=True)),
]  # fmt: skip


@pytest.fixture
def explained(told: Ledger, database: conftest.Database) -> Iterator[Callable[..., str]]:
    """How a page would be cut, were the table so large that an index is used wherever one serves."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        for setting in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
            connection.execute(f"SET {setting} = off")
        connection.execute("ANALYZE views.audit_trail_3")

        def explain(order: Order, where: AuditFilter, *, bitmaps: bool = False) -> str:
            connection.execute(f"SET enable_bitmapscan = {'on' if bitmaps else 'off'}")
            connection.execute(f"SET enable_sort = {'on' if bitmaps else 'off'}")
            conditions, parameters = where.condition()
            query = AUDIT_TRAIL.query("EXPLAIN SELECT {columns} FROM {table} WHERE book = %(book)s")
            query += "".join(f" AND {each}" for each in conditions)
            query += f" ORDER BY {', '.join(order.columns)} LIMIT 5"
            lines = connection.execute(query, {"book": "main", **parameters}).fetchall()
            return "\n".join(line for (line,) in lines)

        yield explain


def test_each_question_leans_on_the_index_that_it_names(explained: Callable[..., str]) -> None:
    for index, order, where in LEANS:
        plan = explained(order, where)
        assert f" using audit_trail_3_{index} " in plan, plan
        assert "Sort" not in plan, plan


def test_what_is_about_a_subject_is_found_by_two_indexes(explained: Callable[..., str]) -> None:
    for subject, naming in ((STREAM, "case"), (customer_stream(customer_id(1)), "customer")):
        plan = explained(audit_trail.OCCURRED, AuditFilter(subject=subject), bitmaps=True)
        assert "BitmapOr" in plan, plan
        assert "audit_trail_3_stream" in plan
        assert f"audit_trail_3_{naming}" in plan


def test_no_personal_value_is_in_the_trail(told: Ledger, database: conftest.Database) -> None:
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("ALTER TABLE views.audit_trail_3 ADD COLUMN whole text")
        (text,) = owner.execute("SELECT string_agg(trail::text, ' ') FROM views.audit_trail_3 AS trail").fetchone() or (
            "",
        )
        owner.rollback()
    said = [f"words {number}" for number in range(CASES)] + ["客户", "新名", "+86"]
    assert "王芳" in text
    assert [words for words in said if words in text] == []


def test_every_kind_of_stream_is_in_the_trail() -> None:
    assert AUDIT_TRAIL.reads == set(Category)
    assert category_of(stream_of_book("main")) == Category.BOOK
