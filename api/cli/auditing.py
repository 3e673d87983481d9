"""`daybook audit`: who did what to which subject, when that was recorded, and what it changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from api.cli.amending import record
from api.cli.case import LATE, is_text, readable
from api.cli.changed import Texts, in_words, only_begun, places_of, plain
from api.cli.exits import NotFound, WrongUse
from api.cli.period import instant
from api.cli.terminal import Terminal, add_row, table
from api.workspace import Workspace
from domain.envelope import Recorded
from domain.event import Precision
from domain.topics import EVENTS
from ledger.ledger import Ledger
from projections import audit_trail
from projections.audit_trail import AUDIT_TRAIL, POSITION, AuditEntry, AuditFilter, Recording
from projections.before_and_after import FieldChange, changes
from projections.case_file import by_ids
from projections.cursor import standings
from projections.overrides import ActorOverrides, DepartureCount, departure_counts, overrides_by_actor
from projections.paging import Window

PAGE = 200
WIDTHS = {"position": 8, "occurred": 25, "recorded": 30, "actor": 20, "subject": 14}
"""So that the parts of a long table, each shown as soon as it is read, stand in the same columns."""
WIDE = sum(WIDTHS.values()) + 2 * len(WIDTHS) + 40
"""From how many columns on a terminal has room for that table. On a narrower one each entry is a few lines of text."""


class Asked(NamedTuple):
    """What is asked of the audit trail."""

    name: str | None = None
    actor: str | None = None
    topic: str | None = None
    begin: str | None = None
    """Recorded then or later."""
    end: str | None = None
    """Recorded by the end of that day, or before that instant."""
    departures: bool = False
    overrides: bool = False
    limit: int | None = None
    """The latest so many; None is all of them."""
    most_changes: int | None = None
    """So many changes of an entry are shown to people; None is all of them."""


class Told(NamedTuple):
    """An entry with what it changed, who asked for it, and what its subject is called."""

    entry: AuditEntry
    data: Any
    changes: Sequence[FieldChange]
    asked_by: str | None
    subject: str


def run(workspace: Workspace, terminal: Terminal, asked: Asked) -> None:
    """Answers, a page at a time. Raises: NotFound, WrongUse, LedgerAway."""
    ledger = workspace.ledger
    if asked.actor is not None and not is_text(asked.actor):
        raise WrongUse(f"{asked.actor!r} is no text; write the name in the encoding of this terminal.")
    recording = Recording(
        instant(asked.begin, ledger.zone, "--recorded-from"), instant(asked.end, ledger.zone, "--recorded-to", days=1)
    )
    where = AuditFilter(
        subject=None if asked.name is None else record(workspace, asked.name),
        actor=asked.actor,
        topics=topics(asked.topic),
        recording=recording,
        departed=asked.departures,
        overriding=asked.overrides,
    )
    shown_to = read_to(ledger)
    counted = departure_counts(ledger.database, ledger.book, recording) if asked.departures else []
    by_actor = (
        overrides_by_actor(ledger.database, ledger.book, actor=asked.actor, recording=recording)
        if asked.overrides
        else []
    )
    pages = read(ledger, where, asked.limit)
    if terminal.json:
        head = {"book": ledger.book, "time": ledger.time} | counts(asked, counted, by_actor)
        terminal.stream(head, "entries", (as_data(told, texts) for page, texts in pages for told in page))
    else:
        terminal.stamp(ledger.book, ledger.time)
        show(terminal, ledger, pages, asked)
        terminal.show(*tables(counted, by_actor))
    if shown_to < (last := ledger.head()):
        terminal.say(f"The audit trail goes up to position {shown_to} of {last}; `daybook project` reads on.")


def read_to(ledger: Ledger) -> int:
    """How far the trail goes. Raises: NotFound when there is none; LedgerError when it is another version's."""
    (view,) = standings(ledger.database, ledger.book, [AUDIT_TRAIL])
    if view.held is not None:
        raise view.held
    try:
        ledger.database.rows(AUDIT_TRAIL.query("SELECT FROM {table} LIMIT 0"))
    except psycopg.errors.UndefinedTable as error:
        raise NotFound("There is no audit trail yet; `daybook project` makes it.") from error
    return view.position


# Asking ---------------------------------------------------------------------------------------------------------------


def topics(told: str | None) -> tuple[str, ...]:
    """The topics of an event, told with or without the version of its schema. Raises: WrongUse."""
    if told is None:
        return ()
    found = tuple(event.TOPIC for event in EVENTS if told in {event.TOPIC, event.TOPIC.rpartition(".")[0]})
    if not found:
        raise WrongUse(f"There is no event {told!r}; write one as `daybook audit` shows it, such as case-resolved.")
    return found


def read(ledger: Ledger, where: AuditFilter, limit: int | None) -> Iterator[tuple[list[Told], Texts]]:
    """The latest so many entries, or all, in the order of the book, page by page with the personal values changed."""
    database, book = ledger.database, ledger.book
    if limit is not None:
        yield _read(ledger, audit_trail.page(database, book, Window(POSITION, from_end=True, limit=limit), where).rows)
        return
    after, more = None, True
    while more:
        page = audit_trail.page(database, book, Window(POSITION, after=after, limit=PAGE), where)
        yield _read(ledger, page.rows)
        after, more = POSITION.place_of(page.rows[-1]) if page.rows else None, page.has_more


def _read(ledger: Ledger, entries: Sequence[AuditEntry]) -> tuple[list[Told], Texts]:
    """Entries with what they changed; their streams are read in one statement."""
    versions: dict[str, set[int]] = {}
    for entry in entries:
        versions.setdefault(entry.stream, set()).add(entry.version)
    histories = ledger.histories(versions, opened=True)
    changed = {stream: changes(histories[stream], asked) for stream, asked in versions.items()}
    called = _called(ledger, {entry.case_id for entry in entries if entry.case_id})
    told = [
        Told(
            entry,
            histories[entry.stream][entry.version - 1].event.model_dump(mode="json"),
            changed[entry.stream][entry.version],
            _asked_by(entry, histories[entry.stream]),
            called.get(entry.stream, entry.stream),
        )
        for entry in entries
    ]
    return told, ledger.disclose({place for one in told for each in one.changes for place in places_of(each)})


def _asked_by(entry: AuditEntry, history: Sequence[Recorded[Any]]) -> str | None:
    """Who asked, as the event says, or the request that it decides."""
    if entry.requested_by is not None or entry.request_version is None:
        return entry.requested_by
    asked = (one.event for one in history if one.version == entry.request_version)
    return next((getattr(event, "requested_by", None) for event in asked), None)


def _called(ledger: Ledger, cases: Iterable[UUID]) -> dict[str, str]:
    """What cases go by: their numbers, or the keys under which they came."""
    files = by_ids(ledger.database, ledger.book, cases).values()
    return {file.stream: str(file.register or file.source_key) for file in files if file.register or file.source_key}


# Answering ------------------------------------------------------------------------------------------------------------


def show(terminal: Terminal, ledger: Ledger, pages: Iterable[tuple[list[Told], Texts]], asked: Asked) -> None:
    """The entries for people."""
    zone, found = ZoneInfo(ledger.zone), 0
    for page, texts in pages:
        rows = table(*WIDTHS, "what", right=("position",))
        rows.show_header = not found
        for column, width in zip(rows.columns, WIDTHS.values(), strict=False):
            column.min_width = width
        found += len(page)
        if page and terminal.width < WIDE:
            terminal.show("\n".join(_lines(one, texts, zone, asked.most_changes) for one in page))
        elif page:
            for one in page:
                add_row(rows, *_cells(one, texts, zone, asked.most_changes))
            terminal.show(rows)
    if not found:
        terminal.show("Nothing was recorded that answers this.")
    elif asked.limit == found:
        terminal.say(f"These are the latest {found}; --limit shows more, --all shows all.")


def _lines(one: Told, texts: Texts, zone: ZoneInfo, most: int | None) -> str:
    position, occurred, recorded, actor, subject, what = _cells(one, texts, zone, most)
    return f"{position:>8}  {occurred}, recorded {recorded}\n          {actor}   {subject}\n          {what}"


def _cells(one: Told, texts: Texts, zone: ZoneInfo, most: int | None) -> tuple[object, ...]:
    entry = one.entry
    here = entry.occurred_at.astimezone(ZoneInfo(entry.occurred_zone))
    late = timedelta(seconds=entry.back_dated_seconds or 0)
    return (
        entry.position,
        here.date() if entry.occurred_precision is Precision.DAY else readable(here, None),
        readable(entry.recorded_at, zone) + (f" (+{late.days} d)" if late >= LATE else ""),
        " · ".join(part for part in (entry.actor, entry.unit, entry.role) if part),
        one.subject,
        "   ".join(_what(one, texts, most)),
    )


def _what(one: Told, texts: Texts, most: int | None) -> Iterator[str]:
    entry = one.entry
    yield entry.topic.rpartition(".")[0].replace("-", " ") + (f" as {entry.register}" if entry.register else "")
    if entry.about_version is not None:
        yield f"of version {entry.about_version}"
    for word, name in (("asked by", one.asked_by), ("decided by", entry.decided_by)):
        if name is not None:
            yield f"{word} {name}"
    if told := [in_words(each, texts) for each in one.changes if not only_begun(each)]:
        more = 0 if most is None else len(told) - most
        yield ", ".join(told[:most]) + (f", and {more} more" if more > 0 else "")
    if entry.departures:
        yield f"[{', '.join(entry.departures)}]"


def tables(counted: Sequence[DepartureCount], by_actor: Sequence[ActorOverrides]) -> Iterator[Any]:
    """Departures by kind, and overrides by who acted."""
    if counted:
        of_kinds = table("departure", "events", "subjects", right=("events", "subjects"))
        for each in counted:
            add_row(of_kinds, each.departure, each.events, each.subjects)
        yield from ("", of_kinds)
    if by_actor:
        of_actors = table("actor", "kind", "overrides", "of them", right=("overrides",))
        for who in by_actor:
            parts = ", ".join(f"{kind} {count}" for kind, count in who.counts.items())
            add_row(of_actors, who.actor, who.actor_kind, who.total, parts)
        yield from ("", of_actors)


def counts(asked: Asked, counted: Sequence[DepartureCount], by_actor: Sequence[ActorOverrides]) -> dict[str, Any]:
    """The same for programs, as far as it was asked for."""
    found: dict[str, Any] = {}
    if asked.departures:
        found["departures"] = [each._asdict() for each in counted]
    if asked.overrides:
        found["overrides"] = [each._asdict() | {"total": each.total} for each in by_actor]
    return found


def as_data(one: Told, texts: Texts) -> dict[str, Any]:
    """An entry for programs. A personal value is in `data` its subject and commitment, in `changes` its state."""
    told = one.entry._asdict()
    del told["place"], told["series"], told["number"]
    return told | {
        "subject": one.subject,
        "requested_by": one.asked_by,
        "register": None if one.entry.register is None else str(one.entry.register),
        "data": one.data,
        "changes": [
            {"field": each.path, "before": plain(each.before, each.personal_before, texts),
             "after": plain(each.after, each.personal_after, texts)}
            for each in one.changes
        ],
    }  # fmt: skip
