"""`daybook sla due`: what is overdue, and what is due soon."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from api.cli.case import is_text
from api.cli.exits import WrongUse
from api.cli.lasting import short
from api.cli.past import AskedPast, as_data, as_it_stands, with_standards
from api.cli.terminal import Terminal, add_row, table
from api.cli.views import looked_at
from api.cli.working_out import worked_out
from api.workspace import Workspace
from domain.sla.clock import State
from domain.sla.zones import zone
from projections.as_known import aside
from projections.deadlines import DUE, TimerFilter, page, page_as_known
from projections.movement import Period
from projections.paging import Page, Window
from projections.sla_row import SlaTimer, state_at
from projections.sla_timer import SLA_TIMER

PAGE = 500


class Asked(NamedTuple):
    """Which deadlines."""

    within: timedelta
    unit: str | None
    handler: str | None
    targets: tuple[str, ...]
    statutory: bool | None
    past: AskedPast = AskedPast()


Read = Callable[[Window, TimerFilter], Page[SlaTimer]]


def run(workspace: Workspace, terminal: Terminal, asked: Asked, *, limit: int | None) -> None:
    """Answers. Raises: NotFound, WrongUse."""
    ledger = workspace.ledger
    if not all(is_text(name) for name in (asked.unit, asked.handler, *asked.targets) if name is not None):
        raise WrongUse("A name is no text in the terminal's encoding; type it anew.")
    live = asked.past.is_now
    as_of = as_it_stands(ledger, looked_at(ledger, terminal, SLA_TIMER)) if live else asked.past.as_of(ledger)
    now = as_of.valid_at
    soon = Period(now, _far(now, asked.within))
    with ExitStack() as stack:
        read: Read = partial(page, ledger.database, ledger.book)
        if not live:
            clocks = worked_out(terminal, ledger, as_of)
            connection = stack.enter_context(aside(ledger.database, ledger.book, clocks))
            read = partial(page_as_known, connection, ledger.book)
        overdue = list(_listed(read, asked, now, limit, states=(State.OVERDUE,), open=True))
        coming = list(_listed(read, asked, now, limit, states=(State.RUNNING, State.NOT_STARTED), due=soon))
        strangers = [] if overdue or coming else list(_of_no_deadline(read, asked, now))
    terminal.answer({
        "book": ledger.book,
        "time": ledger.time,
        **as_data(as_of),
        "until": soon.before,
        "overdue": [told(timer, now) for timer in overdue],
        "due_soon": [told(timer, now) for timer in coming],
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    if not live:
        terminal.show(with_standards(asked.past.stated(as_of), as_of))
    verb = "is" if live else "was"
    for found, nothing, heading in (
        (overdue, f"Nothing {verb} overdue.", "overdue by"),
        (coming, f"Nothing {verb} due within {short(asked.within)}.", "due in"),
    ):
        terminal.show(_table(found, heading, now) if found else nothing)
        if limit is not None and len(found) == limit:
            terminal.say(f"Only the first {limit} are shown; --all shows all of them.")
    for name in strangers:
        terminal.say(f"No deadline, past ones among them, is of the {name}; look whether it is spelt so.")


def _of_no_deadline(read: Read, asked: Asked, now: datetime) -> Iterator[str]:
    """The names that no clock has: one that was mistyped is not to be taken for one that owes nothing."""
    given: list[tuple[str, str | None, dict[str, Any]]] = [
        ("unit", asked.unit, {"unit": asked.unit}),
        ("member of staff", asked.handler, {"handler": asked.handler}),
        *(("target", target, {"targets": (target,)}) for target in asked.targets),
    ]
    for what, name, where in given:
        window = Window(DUE, limit=1)
        if name is not None and not read(window, TimerFilter(now=now, **where)).rows:
            yield f"{what} {name!r}"


def _far(now: datetime, within: timedelta) -> datetime:
    try:
        return now + within
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _listed(read: Read, asked: Asked, now: datetime, limit: int | None, **more: Any) -> Iterator[SlaTimer]:
    where = TimerFilter(
        now=now, unit=asked.unit, handler=asked.handler, targets=asked.targets, statutory=asked.statutory, **more
    )
    place: str | None = None
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        found = read(Window(DUE, after=place, limit=size), where)
        yield from found.rows
        if not found.has_more:
            return
        left = None if left is None else left - len(found.rows)
        place = DUE.place_of(found.rows[-1])


def told(timer: SlaTimer, now: datetime) -> dict[str, Any]:
    """A clock as JSON has it."""
    return {
        "id": timer.clock_id,
        "case": None if timer.register is None else str(timer.register),
        "case_id": timer.case_id,
        "obligation_id": timer.obligation_id,
        "source_key": timer.source_key,
        "part": timer.part or None,
        "target": timer.target,
        "title": {"en": timer.title_en, "zh": timer.title_zh},
        "kind": timer.kind,
        "statutory": timer.statutory,
        "policy": timer.policy if timer.policy_version else None,
        "policy_version": timer.policy_version or None,
        "state": state_at(timer, now),
        "due_at": timer.due_at,
        "due_on": timer.due_on,
        "zone": timer.zone,
        "unit": timer.holder_unit,
        "handler": timer.holder_handler,
        "tier": timer.tier,
    }


def subject_of(timer: SlaTimer) -> str:
    """What a clock is of, in a few words: its case's number, or whatever there is instead."""
    if timer.obligation_id is not None:
        return f"obligation {timer.obligation_id}"
    return str(timer.register or timer.source_key or timer.case_id)


def due_words(timer: SlaTimer) -> str:
    """By when, in the clock's zone: a day that has all of its time, or an instant."""
    if timer.due_on is not None and timer.due_open_ended:
        return timer.due_on.isoformat()
    return "" if timer.due_at is None else moment(timer.due_at, zone(timer.zone))


def moment(at: datetime, place: ZoneInfo) -> str:
    """An instant as it is read in a zone, to the minute."""
    return at.astimezone(place).strftime("%Y-%m-%d %H:%M")


def _table(timers: Sequence[SlaTimer], heading: str, now: datetime) -> Any:
    lines = table("due", heading, "case", "target", "unit", "handler", "", right=(heading,))
    for timer in timers:
        away = timedelta() if timer.due_at is None else timer.due_at - now
        what = " · ".join(part for part in (timer.title_zh, timer.title_en, timer.part) if part)
        marks = "statutory" if timer.statutory else None
        add_row(
            lines,
            due_words(timer),
            short(away),
            subject_of(timer),
            what,
            timer.holder_unit,
            timer.holder_handler,
            marks,
        )
    return lines
