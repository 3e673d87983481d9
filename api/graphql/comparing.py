"""`compareView`: some rows of a view beside a fresh fold of their events, and the result kept by the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import strawberry

from api.comparing import Comparison, Scope, compare, recording, weight
from api.graphql import inputs
from api.graphql.carrying_out import Making, Objected, Objection
from api.graphql.codes import COMPARISON_TOO_LARGE, INVALID_INPUT
from api.graphql.enums import shown
from api.graphql.mutation import Mutation, Subject
from api.graphql.request import Request
from api.graphql.scalars import SafeInt
from domain.book import ComparedScope, RecordComparison, ViewCompared, ViewFinding, id_of_book, stream_of_book
from domain.event import COUNT_LIMIT, Command
from domain.stream import Category, subject_of
from projections.comparison import Deviation, DifferingRow
from projections.registry import PROJECTIONS

MOST_SUBJECTS = 200
MOST_EVENTS = 50_000
"""So many events are read at the most for one answer; `daybook compare` reads any number."""
MOST_DIFFERENCES = 20

SAID = {
    "CASE_FILE": "Where each case stands.",
    "CUSTOMER_PROFILE": "Who each customer is, and how often they were met.",
    "CUSTOMER_LOOKUP": "By what each customer is found; numbers that tell nothing by themselves.",
    "OBLIGATION": "Who owes what by when.",
    "STAFF": "The members of staff.",
    "UNIT": "The units, and where they stood when.",
    "AUDIT_TRAIL": "Every event as it was written.",
    "TIMELINE": "What happened with customers and cases.",
    "MOVEMENT": "How cases changed hands.",
    "REGISTER": "The registered cases and imports by number.",
    "SLA_TIMER": "The clocks of cases and obligations.",
}
ViewName = StrEnum("ViewName", {view.name.upper(): view.name for view in PROJECTIONS})  # type: ignore[misc]
VIEWS = {view.name: view for view in PROJECTIONS}

shown(ViewName, "ViewName", "A table that follows from events, out of which questions are answered.", SAID)
shown(ComparedScope, "ComparedScope", "Which rows of a view were compared.")
shown(ViewFinding, "ViewFinding", "What is not as it ought to be with a whole view, beside single rows.")
shown(Deviation, "RowDeviation", "How a row of a view is not what its events make of it.")


@strawberry.input(description="Which rows of a view are to be compared: those about one subject, or about a sample.")
class CompareViewInput(inputs.AskedOnce):
    view: ViewName = strawberry.field(description="The view.")
    subject_id: strawberry.ID | None = strawberry.field(
        default=None, description="The one whose rows they are: a case, a customer, a unit, by their id."
    )
    sample: int | None = strawberry.field(
        default=None, description="Instead: about so many subjects, drawn by the seed; at most 200."
    )
    seed: SafeInt | None = strawberry.field(
        default=None, description="By which they are drawn, so that they can be drawn again. Goes with `sample`."
    )


@strawberry.type(description="A column in which a row differs, with both values as text.")
class ColumnDifference:
    column: str = strawberry.field(description="The column.")
    live: str | None = strawberry.field(description="What the table has. Null for nothing, or for no such row.")
    fresh: str | None = strawberry.field(description="What the events make of it.")


@strawberry.type(description="A row that is not what its events make of it.")
class RowDifference:
    key: list[str] = strawberry.field(description="By what the row is identified in the view.")
    kind: Deviation = strawberry.field(description="How it differs.")
    swapped_with: list[str] | None = strawberry.field(
        description="The row that has what this one ought to have, where two were swapped."
    )
    columns: list[ColumnDifference] = strawberry.field(description="In which columns it differs.")

    @staticmethod
    def of(row: DifferingRow) -> RowDifference:
        """A difference as the schema shows it."""
        return RowDifference(
            key=[str(part) for part in row.key],
            kind=row.kind,
            swapped_with=None if row.swapped_with is None else [str(part) for part in row.swapped_with],
            columns=[
                ColumnDifference(column=column, live=live, fresh=fresh)
                for column, live, fresh in zip(row.columns, row.live, row.fresh, strict=True)
            ],
        )


@strawberry.type(description="What came of comparing rows of a view with a fresh fold of their events.")
class ViewComparison:
    view: ViewName = strawberry.field(description="The view.")
    version: int = strawberry.field(description="Its version, as this program makes it.")
    position: SafeInt = strawberry.field(description="The position of the book at which both were compared.")
    scope: ComparedScope = strawberry.field(description="Which rows were compared.")
    subjects: SafeInt | None = strawberry.field(description="How many subjects were drawn. Null for no sample.")
    seed: SafeInt | None = strawberry.field(description="By which they were drawn.")
    same: bool = strawberry.field(description="Whether the table has what the events make of it.")
    findings: list[ViewFinding] = strawberry.field(description="What is wrong with the view as a whole.")
    rows: SafeInt | None = strawberry.field(
        description="How many rows there ought to be. Null where nothing could be compared."
    )
    live_digest: str | None = strawberry.field(description="SHA-256 over the rows in the table.")
    fresh_digest: str | None = strawberry.field(description="SHA-256 over the rows that there ought to be.")
    differing: SafeInt = strawberry.field(description="How many rows differ.")
    differences: list[RowDifference] | None = strawberry.field(
        description="The first 20 of them. Null when the same command is asked again: the ledger keeps the result, not "
        "the rows."
    )


class Found(NamedTuple):
    """The result as it is recorded, and the rows behind it when it was worked out just now."""

    event: ViewCompared
    comparison: Comparison | None


def compare_view(asked: CompareViewInput, making: Making) -> Sequence[Command]:
    """The result of comparing, or what was recorded when the same was asked before."""
    found = making.found = _kept(making) or _compared(asked, making)
    return [making.command(RecordComparison, book_id=id_of_book(making.ledger.book), compared=found.event)]


def _kept(making: Making) -> Found | None:
    """What is recorded of a comparison that was asked under this command's id."""
    comparison_id = making.new_id(Category.BOOK)
    for recorded in making.ledger.history(stream_of_book(making.ledger.book)):
        if isinstance(recorded.event, ViewCompared) and recorded.event.comparison_id == comparison_id:
            return Found(recorded.event, None)
    return None


def _compared(asked: CompareViewInput, making: Making) -> Found:
    """Raises: Objected, and faults of the ledger."""
    scope = _scope(asked, making)
    view = VIEWS[asked.view.value]
    events = weight(making.ledger, view, scope)
    if events > MOST_EVENTS:
        message = (
            f"{events:,} events would have to be looked at for these rows of {view.name}, and one answer takes "
            f"{MOST_EVENTS:,} at most. Ask `daybook compare {view.name}`, which takes any number."
        )
        raise Objected(Objection(COMPARISON_TOO_LARGE, message, None, {"events": events, "limit": MOST_EVENTS}))
    comparison = compare(making.ledger, view, scope, most=MOST_DIFFERENCES)
    command = recording(comparison, making.ledger.book, making.now, making.new_id(Category.BOOK))
    return Found(command.compared, comparison)


def _scope(asked: CompareViewInput, making: Making) -> Scope:
    if (asked.subject_id is None) == (asked.sample is None):
        message = "Say by subjectId whose rows, or by sample about how many subjects; one of the two."
        raise Objected(Objection(INVALID_INPUT, message, ("subjectId",)))
    if asked.subject_id is not None:
        return Scope(ComparedScope.KEY, subject_of(making.stream_of(asked.subject_id, "subjectId")))
    if not 1 <= (asked.sample or 0) <= MOST_SUBJECTS:
        message = f"A sample of {asked.sample}; give 1 to {MOST_SUBJECTS}. `daybook compare --sample` takes any number."
        raise Objected(Objection(INVALID_INPUT, message, ("sample",), {"limit": MOST_SUBJECTS}))
    if asked.seed is None or not 0 <= asked.seed <= COUNT_LIMIT:
        raise Objected(Objection(INVALID_INPUT, "Give the seed of the sample, a number from 0 on.", ("seed",)))
    return Scope(ComparedScope.SAMPLE, size=asked.sample, seed=asked.seed)


async def comparison(request: Request, found: Any) -> ViewComparison | None:
    """The result, for whoever asked."""
    del request
    if not isinstance(found, Found):
        return None
    event, worked_out = found
    return ViewComparison(
        view=ViewName(event.view),
        version=event.version,
        position=SafeInt(event.position),
        scope=event.scope,
        subjects=None if event.subjects is None else SafeInt(event.subjects),
        seed=None if event.seed is None else SafeInt(event.seed),
        same=not event.anomalous,
        findings=list(event.findings),
        rows=None if event.rows is None else SafeInt(event.rows),
        live_digest=event.live_digest,
        fresh_digest=event.fresh_digest,
        differing=SafeInt(event.differing),
        differences=None if worked_out is None else [RowDifference.of(row) for row in worked_out.differences.shown],
    )


COMPARING_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "compare_view",
        "Compares rows of a view with a fresh fold of their events, by an independent witness, and records the result "
        "in the book. Larger comparisons are `daybook compare`'s.",
        CompareViewInput,
        compare_view,
        (RecordComparison,),
        Subject("comparison", ViewComparison, show_found=comparison, views=()),
        (COMPARISON_TOO_LARGE,),
    ),
)
