"""The history of a case for people: a timeline, coloured by kind of step, with its reading beneath what was amended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from api.case_history import CaseHistory, ClockMoment, Told
from api.cli.case import A_DAY, LATE, customer_name, readable, what
from api.cli.changed import Texts, in_words, only_begun, places_of
from api.cli.deadlines import due_words
from api.cli.past import stated
from api.cli.terminal import Terminal, add_row, clean, shown, table
from domain.amendment import AMENDMENTS, AmendmentDeclined, Replacement
from domain.envelope import Recorded
from domain.event import Precision, rfc3339
from domain.sla.clock import State
from ledger.ledger import Ledger
from projections.before_and_after import FieldChange
from projections.case_file import CaseFile
from replay.as_of import AsOf
from replay.history import Effect, Link, Step

WIDE = 120
"""From how many columns on a step stands in a row of a table. On a narrower terminal its times stand above it."""
UNSAID = frozenset({
    "case_id", "version", "position", "series", "number", "kind", "status", "customer_id", "words_version",
    "received_precision",
})  # fmt: skip
"""Columns of the case file that are shown elsewhere, or mean little to people."""

BY_CUSTOMER, TO_CUSTOMER, SETTLING, CLOCKS, MISSED, AMENDING = "cyan", "blue", "green", "yellow", "red", "magenta"
STYLES: Mapping[str, str] = MappingProxyType({
    **dict.fromkeys(
        ("case-received", "customer-replied", "proposal-accepted", "proposal-rejected", "material-completed",
         "review-requested", "case-withdrawn"), BY_CUSTOMER),
    **dict.fromkeys(
        ("case-acknowledged", "case-accepted", "case-refused", "response-sent", "material-requested",
         "resolution-proposed", "complainant-notified", "feedback-given", "follow-up-made"), TO_CUSTOMER),
    **dict.fromkeys(
        ("decision-made", "case-resolved", "case-part-resolved", "case-closed", "case-merged", "review-decided"),
        SETTLING),
    **dict.fromkeys(
        ("terms-assigned", "due-stated", "deadline-warned", "case-paused", "case-resumed", "case-escalated",
         "pause-requested", "pause-approved", "pause-declined", "extension-requested", "extension-approved",
         "extension-declined", "policy-reassignment-requested", "policy-reassigned", "policy-reassignment-declined",
         "revision-requested", "verdict-revised", "revision-declined"), CLOCKS),
    "deadline-missed": MISSED,
    **dict.fromkeys(
        ("correction-requested", "void-requested", "event-corrected", "event-voided", "amendment-declined"), AMENDING),
})  # fmt: skip
"""Which colour a step has, by what happened; the steps between units and desks have none."""
STATES: Mapping[State | None, str] = MappingProxyType(
    {
        State.RUNNING: "green",
        State.PAUSED: "yellow",
        State.OVERDUE: "bold red",
        State.MET_LATE: "red",
        None: "dim",
    }
)
EFFECTS: Mapping[Effect, str] = MappingProxyType(
    {
        Effect.OPEN: "waits for a decision",
        Effect.DECLINED: "declined",
        Effect.DECIDES: "decides how it is read",
        Effect.REPLACED: "replaced by a later one",
        Effect.TAKEN_BACK: "taken back",
        Effect.UNFOUNDED: "without effect, since what was asked for cannot be read",
    }
)


def show(terminal: Terminal, ledger: Ledger, history: CaseHistory, as_of: AsOf | None) -> None:
    """Answers; `as_of` is None for how things stand."""
    if history.unread:
        terminal.mark = f"[{len(history.unread)} unread]"
    terminal.stamp(ledger.book, ledger.time)
    if as_of is not None:
        terminal.show(stated(as_of))
    terminal.show(headline(history.case.file), facts(ledger, history), "")
    texts = ledger.disclose({place for one in history.told for each in one.changes for place in places_of(each)})
    if history.told:
        terminal.show(story(ledger, history, texts, terminal.width))
    if len(history.told) < history.steps:
        terminal.show(f"{len(history.told)} of {history.steps} steps.")
    for each in history.unread:
        terminal.show(f"Not read: position {each.position}, {each.topic}, version {each.version} of {each.stream}.")


def headline(view: CaseFile) -> str:
    """The case in one line."""
    return f"{view.register or 'not registered'}  {view.kind}  {view.status}   {view.case_id}"


def facts(ledger: Ledger, history: CaseHistory) -> Table:
    """Where the case stands, as a table of what is known."""
    zone, view = ZoneInfo(ledger.zone), history.case.file
    of_case = table("", "")
    if name := customer_name(view.customer_id, history.customer):
        add_row(of_case, "customer", f"{name}   {view.customer_id}")
    said = (
        getattr(one.event, "words", None) for one in history.case.stream.read() if one.version == view.words_version
    )
    add_row(of_case, "words", shown(next(said, None)) or "-")
    for column, value in view._asdict().items():
        if column in UNSAID or value in (None, 0, (), {}):
            continue
        by_day = column == "received_at" and view.received_precision is Precision.DAY
        told = value.astimezone(zone).date() if by_day else readable(value, zone)
        add_row(of_case, column.replace("_", " "), told)
    return of_case


# Steps ----------------------------------------------------------------------------------------------------------------


def story(ledger: Ledger, history: CaseHistory, texts: Texts, width: int) -> Table:
    """The steps, in the order in which they were recorded."""
    zone = ZoneInfo(ledger.zone)
    if width >= WIDE:
        rows = table("position", "version", "occurred", "recorded", "actor", "what", right=("position", "version"))
        for column, least in zip(rows.columns[2:5], (25, 32, 16), strict=True):
            column.min_width = min(least, width // 8)
        for one in history.told:
            recorded = one.step.recorded
            told = (recorded.position, recorded.version, occurred(recorded), heard(recorded, zone), actor(recorded))
            rows.add_row(*(Text(clean(str(cell))) for cell in told), body(one, texts, zone))
        return rows
    rows = table("", "")
    rows.columns[0].justify, rows.columns[0].no_wrap = "right", True
    for one in history.told:
        recorded = one.step.recorded
        head = (
            f"{occurred(recorded)}   version {recorded.version}\nrecorded {heard(recorded, zone)}\n{actor(recorded)}\n"
        )
        rows.add_row(Text(str(recorded.position)), Text.assemble(clean(head), body(one, texts, zone)))
    return rows


def occurred(recorded: Recorded[Any]) -> str:
    """When it happened, on the clocks of where that was written down."""
    here = recorded.occurred_at.astimezone(ZoneInfo(recorded.occurred_zone))
    return str(here.date()) if recorded.occurred_precision is Precision.DAY else readable(here, None)


def heard(recorded: Recorded[Any], zone: ZoneInfo) -> str:
    """When the ledger heard of it, and how late that was."""
    by_day = recorded.occurred_precision is Precision.DAY
    delay = (
        recorded.recorded_at - recorded.occurred_at - (A_DAY if by_day else timedelta())
    )  # late once the day is over
    late = f" (+{delay.days} d)" if delay >= LATE and recorded.source_recorded_at is None else ""
    return readable(recorded.recorded_at, zone) + late


def actor(recorded: Recorded[Any]) -> str:
    """Who did it, and for which unit."""
    return " · ".join(part for part in (recorded.metadata.actor.name, recorded.metadata.actor.unit) if part)


def body(told: Told, texts: Texts, zone: ZoneInfo) -> Text:
    """What happened, how it is read, and what came of it, each on a line of its own."""
    step = told.step
    style = STYLES.get(step.recorded.event.TOPIC.rpartition(".")[0], "")
    lines = [Text(clean(what(step.recorded)), f"strike dim {style}" if step.amended_by else style)]
    lines += [Text(clean(line), AMENDING) for line in (*reading(step), *map(chained, step.chain))]
    if changed := [in_words(each, texts) for each in told.changes if not _says_nothing(each, step)]:
        lines.append(Text(clean(f"changed  {', '.join(changed)}"), "dim"))
    if told.clocks:
        lines.append(Text.assemble(("clocks  ", "dim"), Text(", ").join(map(clock, told.clocks))))
    lines.append(Text(clean(origin(step.recorded, zone)), "dim"))
    return Text("\n").join(lines)


def reading(step: Step) -> Iterator[str]:
    """How an amended event is read."""
    if step.amended_by is None:
        return
    by = f"by version {step.amended_by.version}"
    if step.request is None:
        yield f"[void {by}]"
        return
    if step.read is None:  # a correction that was corrected
        yield f"[{by} it stands for: {readable(step.request.event.replacement, None)}]"
        return
    moved = step.read.occurred_at != step.recorded.occurred_at
    yield f"[{by} read as: {what(step.read)}{f', occurred {occurred(step.read)}' if moved else ''}]"


def chained(link: Link) -> str:
    """What somebody asked about an event, and what became of that."""
    words = [f"amendment of version {link.version}"]
    if link.request is not None:
        event = link.request.event
        instead: Replacement | None = getattr(event, "replacement", None)
        what_for = "void" if instead is None else f"to be read as {readable(instead, None)}"
        words.append(f"asked in version {link.request.version} by {event.requested_by} ({event.reason}): {what_for}")
    if link.decision is not None:
        decided = link.decision.event
        if isinstance(decided, AmendmentDeclined):
            words.append(f"declined in version {link.decision.version} by {decided.declined_by} ({decided.reason})")
        else:
            words.append(f"approved in version {link.decision.version} by {decided.approved_by}")
    if link.effect is not Effect.DECLINED:
        words.append(EFFECTS[link.effect])
    return "; ".join(words)


def _says_nothing(change: FieldChange, step: Step) -> bool:
    """Whether a change only began a count, or says again what the event itself says, or when that happened."""
    if only_begun(change):
        return True
    recorded, begun = step.recorded, change.before is None and change.personal_before is None
    again = change.path in type(recorded.event).model_fields or change.after == rfc3339(recorded.occurred_at)
    return begun and again and not isinstance(recorded.event, AMENDMENTS)


def clock(told: ClockMoment) -> Text:
    """A clock right after a step."""
    timer = told.timer
    name = timer.target + (f" ({timer.part})" if timer.part else "")
    name += "".join(f" {count}" for count in (timer.cycle, timer.instance) if count > 1)
    state = "no longer asked for" if told.state is None else told.state.value
    was = f"{told.before.value} -> " if told.before not in (None, told.state) and told.before is not None else ""
    due = due_words(timer) if told.state in {State.RUNNING, State.PAUSED, State.OVERDUE} else ""
    return Text(clean(f"{name} {was}{state}{f', due {due}' if due else ''}"), STATES.get(told.state, ""))


def origin(recorded: Recorded[Any], zone: ZoneInfo) -> str:
    """The door it came through, and where it was asked for or read."""
    metadata = recorded.metadata
    parts = [f"by {metadata.channel}"]
    parts += [part for part in (metadata.client, metadata.address) if part]
    if metadata.source is not None:
        parts.append(f"line {metadata.source.line} of {metadata.source.digest[:12]}…")
    if recorded.source_recorded_at is not None:
        parts.append(f"its source recorded it at {readable(recorded.source_recorded_at, zone)}")
    return ", ".join(parts)
