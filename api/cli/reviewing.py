"""`daybook review`: overrides, administrators' actions, and roles, as an auditor asks for them on the first day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from api.cli import auditing
from api.cli.auditing import as_data, read, read_to, show, tables
from api.cli.case import is_text, readable
from api.cli.exits import WrongUse
from api.cli.past import AskedPast, stated
from api.cli.past import as_data as past_data
from api.cli.period import instant
from api.cli.terminal import Terminal, add_row, table
from api.cli.views import looked_at
from api.past_staff import PastStaff, past_staff
from api.workspace import Workspace
from ledger.ledger import Ledger
from projections.audit_trail import AUDIT_TRAIL, AuditFilter, Override, Recording
from projections.overrides import ActorOverrides, overrides_by_actor
from projections.role_claims import ClaimFilter, RoleClaim, role_claims
from projections.sla_timer import SLA_TIMER

EVERY = 1_000_000
MOST_CHANGES = 3
"""Of an entry that are shown: a policy has hundreds, and `daybook audit` and --json have them all."""


class Asked(NamedTuple):
    """What every list is narrowed by."""

    actor: str | None
    begin: str | None
    """Recorded then or later."""
    end: str | None
    """Recorded by the end of that day, or before that instant."""
    limit: int | None
    """The latest so many; None is all of them."""

    def recording(self, ledger: Ledger) -> Recording:
        """When it was recorded. Raises: WrongUse."""
        begin = instant(self.begin, ledger.zone, "--recorded-from")
        return Recording(begin, instant(self.end, ledger.zone, "--recorded-to", days=1))


def _text(option: str, name: str | None) -> str | None:
    """Raises: WrongUse."""
    if name is not None and not is_text(name):
        raise WrongUse(f"{option} {name!r} is no text; write the name in the encoding of this terminal.")
    return name


# Overrides ------------------------------------------------------------------------------------------------------------


def overrides(
    workspace: Workspace, terminal: Terminal, asked: Asked, kinds: Sequence[Override], over: timedelta
) -> None:
    """Counts by actor, and the events behind them. Raises: NotFound, WrongUse, LedgerAway."""
    if not over:
        raise WrongUse("--over 0 would call every event back-dated; give a length of time such as 1d.")
    ledger, recording = workspace.ledger, asked.recording(workspace.ledger)
    actor = _text("--actor", asked.actor)
    looked_at(ledger, terminal, AUDIT_TRAIL, SLA_TIMER)
    where = AuditFilter(actor=actor, recording=recording, overriding=True, overrides=tuple(kinds), back_dated_over=over)
    counted = overrides_by_actor(
        ledger.database, ledger.book, actor=actor, recording=recording, back_dated_over=over, limit=EVERY
    )
    by_actor = [each for each in (_of_kinds(each, kinds) for each in counted) if each.total]
    head = {
        "back_dated_over_seconds": int(over.total_seconds()),
        "kinds": list(kinds),
        "overrides": [each._asdict() | {"total": each.total} for each in by_actor],
    }
    _entries(terminal, ledger, where, asked, head, before=list(tables((), by_actor)))


def _of_kinds(counted: ActorOverrides, kinds: Sequence[Override]) -> ActorOverrides:
    if not kinds:
        return counted
    return counted._replace(counts={kind: count for kind, count in counted.counts.items() if kind in kinds})


def _entries(
    terminal: Terminal, ledger: Ledger, where: AuditFilter, asked: Asked, head: dict[str, Any], before: Sequence[Any]
) -> None:
    """The events of a list, page after page, behind what was counted of them."""
    pages = read(ledger, where, asked.limit)
    if terminal.json:
        begin, end = where.recording
        told = {
            "book": ledger.book,
            "time": ledger.time,
            "position": read_to(ledger),
            "actor": asked.actor,
            "recorded_from": begin,
            "recorded_before": end,
        }
        terminal.stream(told | head, "entries", (as_data(one, texts) for page, texts in pages for one in page))
        return
    terminal.stamp(ledger.book, ledger.time)
    terminal.show(*before)
    if before:
        terminal.show("")
    show(terminal, ledger, pages, auditing.Asked(limit=asked.limit, most_changes=MOST_CHANGES))


# Administrators -------------------------------------------------------------------------------------------------------


def administrators(workspace: Workspace, terminal: Terminal, asked: Asked) -> None:
    """What administrators did, and what touched the book itself. Raises: NotFound, WrongUse, LedgerAway."""
    ledger, actor = workspace.ledger, _text("--actor", asked.actor)
    looked_at(ledger, terminal, AUDIT_TRAIL)
    where = AuditFilter(actor=actor, recording=asked.recording(ledger), administration=True)
    _entries(terminal, ledger, where, asked, {}, before=())


# Roles ----------------------------------------------------------------------------------------------------------------

CLAIMED = "Roles in which they acted, as they claimed them when they did:"
RECORDED = "What was recorded of staff, as it held then:"


def roles(
    workspace: Workspace, terminal: Terminal, asked: Asked, role: str | None, unit: str | None, past: AskedPast
) -> None:
    """Who acted in which role, and what is known of staff, as of an instant. Raises: NotFound, WrongUse, LedgerAway."""
    ledger = workspace.ledger
    looked_at(ledger, terminal, AUDIT_TRAIL)
    as_of = past.as_of(ledger)
    begin = instant(asked.begin, ledger.zone, "--recorded-from")
    where = ClaimFilter(
        _text("--actor", asked.actor), _text("--role", role), _text("--unit", unit), begin, as_of.position
    )
    most = EVERY if asked.limit is None else min(asked.limit, EVERY - 1)
    claims = role_claims(ledger.database, ledger.book, as_of.valid_at, where, most + 1)
    staff = [] if role is not None else [one for one in past_staff(ledger, as_of) if _is_asked(one, asked.actor, unit)]
    terminal.answer({
        "book": ledger.book,
        "time": ledger.time,
        **past_data(as_of),
        "claimed": [each._asdict() for each in claims[:most]],
        "more_claimed": len(claims) > most,
        "recorded": [_staff_data(each) for each in staff],
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    terminal.show(stated(as_of), "", CLAIMED)
    _show_claims(terminal, claims[:most], ZoneInfo(ledger.zone))
    if role is None:
        terminal.show("", RECORDED)
        _show_staff(terminal, staff)
    if len(claims) > most:
        terminal.say(f"Only the first {most:,} roles are shown; --limit shows more, --all shows all.")


def _is_asked(staff: PastStaff, actor: str | None, unit: str | None) -> bool:
    return actor in (None, staff.name) and (unit is None or (staff.posting is not None and staff.posting.unit == unit))


def _show_claims(terminal: Terminal, claims: Sequence[RoleClaim], zone: ZoneInfo) -> None:
    if not claims:
        terminal.show("  Nobody had acted so by then.")
        return
    rows = table("actor", "kind", "role", "unit", "by claim", "first", "last", "events", right=("events",))
    for each in claims:
        first, last = (readable(at, zone) for at in (each.first_at, each.last_at))
        said = each.role or "(none)"
        add_row(
            rows, each.actor, each.actor_kind, said, each.unit, each.claim or "(not proved)", first, last, each.events
        )
    terminal.show(rows)


def _show_staff(terminal: Terminal, staff: Sequence[PastStaff]) -> None:
    if not staff:
        terminal.show("  Nobody of whom anything was recorded.")
        return
    rows = table("name", "unit", "post", "grade", "certified for")
    for each in staff:
        posting = each.posting
        where = ("(not here)", None) if posting is None else (posting.unit, posting.post)
        add_row(
            rows, each.name, *where, each.grade and each.grade.grade, ", ".join(one.name for one in each.certificates)
        )
    terminal.show(rows)


def _staff_data(staff: PastStaff) -> dict[str, Any]:
    posting, grade = staff.posting, staff.grade
    return {
        "staff_id": staff.staff_id,
        "name": staff.name,
        "here": posting is not None,
        "unit": None if posting is None else posting.unit,
        "post": None if posting is None else posting.post,
        "since": None if posting is None else posting.since,
        "grade": None if grade is None else grade._asdict(),
        "certificates": [one._asdict() for one in staff.certificates],
    }
