"""The register (登记簿): every register number with what it was given to, and what was handled without one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain.case.events import (
    CaseAssigned,
    CaseClosed,
    CaseDispatched,
    CasePaused,
    CaseReceived,
    CaseRegistered,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseTransferred,
    CaseUnassigned,
    DispatchReturned,
    ResponseSent,
    WorkStarted,
)
from domain.case.outside import HotlineInformed
from domain.case.parts import CasePartOpened, CasePartResolved
from domain.case.pausing import PauseApproved, PauseDeclined, PauseRequested
from domain.case.rules import Departure
from domain.case.settlement import (
    CaseReferredOutside,
    InvestigationFinished,
    InvestigationStarted,
    ProposalAccepted,
    ProposalRejected,
    ResolutionProposed,
)
from domain.case.statutory import (
    CaseAccepted,
    CaseRefused,
    ComplainantNotified,
    DecisionMade,
    MaterialCompleted,
    MaterialRequested,
    ReviewDecided,
    ReviewRequested,
    UnitReceived,
)
from domain.envelope import Recorded, RegisterNumber
from domain.event import Precision
from domain.imports import ImportStarted
from domain.stream import Category, category_of
from ledger.database import Database
from projections.paging import Order, Page, Window, cut, narrowed
from projections.projection import FoldContext, Projection, key_of

HANDLING = (
    CaseDispatched,
    DispatchReturned,
    CaseTransferred,
    CaseAssigned,
    CaseUnassigned,
    WorkStarted,
    CasePaused,
    CaseResumed,
    ResponseSent,
    CaseResolved,
    CaseReopened,
    CaseClosed,
    PauseRequested,
    PauseApproved,
    PauseDeclined,
    CasePartOpened,
    CasePartResolved,
    InvestigationStarted,
    InvestigationFinished,
    ResolutionProposed,
    ProposalAccepted,
    ProposalRejected,
    CaseReferredOutside,
    UnitReceived,
    CaseAccepted,
    CaseRefused,
    MaterialRequested,
    MaterialCompleted,
    DecisionMade,
    ComplainantNotified,
    ReviewRequested,
    ReviewDecided,
    HotlineInformed,
)
"""What is done about a case, unlike its receipt and the facts that become known of it: registration comes first."""
DAY = timedelta(days=1)


class EarlyStep(NamedTuple):
    """Something done about a case that had no number yet."""

    version: int
    topic: str
    occurred_at: datetime


class RegisterEntry(NamedTuple):
    """A case or an import as the register has it. Instants are UTC."""

    subject_id: UUID
    stream: str
    position: int
    """Of the latest event that this row shows."""
    kind: Category
    """What the number was given to."""
    series: str | None
    number: int | None
    """None while it is not registered."""
    received_at: datetime
    received_zone: str
    received_precision: Precision
    received_recorded_at: datetime
    """When the ledger heard of the receipt."""
    received_source_recorded_at: datetime | None
    """When the system that it came from heard of it."""
    delay_seconds: int
    """From the receipt until it was written down, there or here; of a receipt known by its day, from the day's end."""
    registered_at: datetime | None
    registered_precision: Precision | None
    registered_recorded_at: datetime | None
    registered_by: str | None
    unit: str | None
    """The unit that had the case from its registration."""
    early_steps: tuple[EarlyStep, ...]
    """What was done before the registration, by version."""

    @property
    def register(self) -> RegisterNumber | None:
        """The number; None until it is given."""
        return None if self.series is None or self.number is None else RegisterNumber(self.series, self.number)


def keys(recorded: Recorded[Any]) -> tuple[UUID, ...]:
    """The case or import, for what belongs in the register and for what ought to come after it."""
    if isinstance(recorded.event, (CaseReceived, CaseRegistered, ImportStarted)) or _handles(recorded):
        return (key_of(recorded.stream),)
    return ()


def fold(view: RegisterEntry | None, recorded: Recorded[Any], context: FoldContext) -> RegisterEntry | None:
    """The entry after an event, in whatever order history has them; before the receipt there is none."""
    event = recorded.event
    if view is None:
        begins = isinstance(event, (CaseReceived, ImportStarted))
        return _received(recorded, context.key) if begins else None
    if view.stream != recorded.stream:  # a case and an import under one id
        return view
    if isinstance(event, CaseRegistered):
        return _registered(view, recorded) if view.registered_at is None else view
    if not _handles(recorded) or not (view.registered_at is None or _marked(recorded)):
        return view
    step = EarlyStep(recorded.version, event.TOPIC, recorded.occurred_at)
    return view._replace(position=recorded.position, early_steps=(*view.early_steps, step))


def _handles(recorded: Recorded[Any]) -> bool:
    return isinstance(recorded.event, HANDLING) or _marked(recorded)


def _marked(recorded: Recorded[Any]) -> bool:
    return Departure.NOT_REGISTERED in recorded.metadata.departures


def _received(recorded: Recorded[Any], subject_id: UUID) -> RegisterEntry:
    entry = RegisterEntry(
        subject_id=subject_id,
        stream=recorded.stream,
        position=recorded.position,
        kind=Category(category_of(recorded.stream)),
        series=None,
        number=None,
        received_at=recorded.occurred_at,
        received_zone=recorded.occurred_zone,
        received_precision=recorded.occurred_precision,
        received_recorded_at=recorded.recorded_at,
        received_source_recorded_at=recorded.source_recorded_at,
        delay_seconds=_delay_seconds(recorded),
        registered_at=None,
        registered_precision=None,
        registered_recorded_at=None,
        registered_by=None,
        unit=None,
        early_steps=(),
    )
    return entry if recorded.register is None else _registered(entry, recorded)


def _delay_seconds(recorded: Recorded[Any]) -> int:
    delay = (recorded.source_recorded_at or recorded.recorded_at) - recorded.occurred_at
    if recorded.occurred_precision is Precision.DAY:
        delay -= DAY
    return max(0, int(delay.total_seconds()))


def _registered(entry: RegisterEntry, recorded: Recorded[Any]) -> RegisterEntry:
    series, number = recorded.register or (None, None)
    return entry._replace(
        position=recorded.position,
        series=series,
        number=number,
        registered_at=recorded.occurred_at,
        registered_precision=recorded.occurred_precision,
        registered_recorded_at=recorded.recorded_at,
        registered_by=getattr(recorded.event, "registered_by", None),
        unit=getattr(recorded.event, "unit", None),
    )


def of_row(row: Sequence[Any]) -> RegisterEntry:
    """The entry in a row of the table."""
    entry = RegisterEntry._make(row)
    told: Any = entry.early_steps
    steps = ((version, topic, datetime.fromisoformat(at)) for version, topic, at in told)
    return entry._replace(
        kind=Category(entry.kind),
        received_precision=Precision(entry.received_precision),
        registered_precision=Precision(entry.registered_precision) if entry.registered_precision else None,
        early_steps=tuple(EarlyStep(*step) for step in steps),
    )


REGISTER: Projection[RegisterEntry] = Projection(
    name="register",
    version=1,
    reads=frozenset({Category.CASE, Category.IMPORT}),
    key="subject_id",
    columns=RegisterEntry._fields,
    keys=keys,
    fold=fold,
    of_row=of_row,
)

# Questions ------------------------------------------------------------------------------------------------------------

NUMBER = Order("number", ("series", "number"), ("text", "integer"), "series IS NOT NULL")
"""By number; leans on the index `number`."""
EARLY = Order("early", ("received_at", "subject_id"), ("timestamptz", "uuid"), "early_steps <> '[]'::jsonb")
"""What was handled before it was registered, or without ever being, by when it was received; leans on `early`."""
DELAY = Order("delay", ("delay_seconds", "subject_id"), ("bigint", "uuid"), "kind = 'case'")
"""By how long receipts went unwritten; leans on the index `delay`."""


def page(database: Database, book: str, window: Window, series: str | None = None) -> Page[RegisterEntry]:
    """The part of the register that a window over NUMBER or EARLY cuts, of one series or all.

    Raises: BadPlace, LedgerAway.
    """
    of_series, wanted = narrowed("series", () if series is None else (series,))
    return cut(database, REGISTER, book, window, of_series, wanted)


def back_dated(
    database: Database, book: str, window: Window, longer_than: timedelta, *, at_source: bool = False
) -> Page[RegisterEntry]:
    """Receipts that were written down more than so long after they occurred, cut by a window over DELAY.

    Those that come with the time at which their source heard of them are measured by that, and are asked for apart
    (`at_source`): what this ledger heard of them says when they were imported. Raises: BadPlace, LedgerAway.
    """
    heard = "received_source_recorded_at IS NOT NULL" if at_source else "received_source_recorded_at IS NULL"
    longer = {"longer_than": int(longer_than.total_seconds())}
    return cut(database, REGISTER, book, window, ["delay_seconds > %(longer_than)s", heard], longer)


class SeriesState(NamedTuple):
    """Whether a series of numbers is whole, as far as this view has read."""

    series: str
    given: int
    """The last number that the ledger has given."""
    last: int
    """The last number that the register shows; less than `given` while the view is behind."""
    missing: int
    """How many numbers up to `last` are nowhere. There must be none."""
    first_missing: int | None

    @property
    def first_missing_number(self) -> RegisterNumber | None:
        """The first of them as people write it."""
        return None if self.first_missing is None else RegisterNumber(self.series, self.first_missing)


# Leans on the index number.
SERIES = """
SELECT given.series, given.last, coalesce(max(number), 0), coalesce(max(number) - count(number), 0),
       min(before + 1) FILTER (WHERE number > before + 1)
FROM ledger.register AS given
LEFT JOIN (
  SELECT series, number, lag(number, 1, 0) OVER (PARTITION BY series ORDER BY number) AS before
  FROM {table}
  WHERE book = %(book)s AND series IS NOT NULL
) AS numbered ON numbered.series = given.series
WHERE given.book = %(book)s AND {conditions}
GROUP BY given.series, given.last
ORDER BY given.series
"""


def series_states(database: Database, book: str, series: str | None = None) -> list[SeriesState]:
    """Each series of the book, or one of them, with its gaps. Raises: LedgerAway."""
    conditions, wanted = (["TRUE"], {}) if series is None else (["given.series = %(series)s"], {"series": series})
    query = REGISTER.query(SERIES.replace("{conditions}", conditions[0]))
    return [SeriesState(*row) for row in database.rows(query, {"book": book, **wanted})]
