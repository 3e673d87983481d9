"""What each view is to show of a book, worked out of its raw rows in plain dictionaries, by none of the folds."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.api.demo.by_hand_cases import case_files, register
from tests.api.demo.raw import SPEAK_OF_OTHERS, Row, Told

Shown = dict[str, Any]
DAY = timedelta(days=1)


def plain(value: Any) -> Any:
    """A value as both the tables and this fold can have it: instants and ids as text, whatever is many as a list."""
    match value:
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case _:
            return value


def instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def last(rows: Iterable[Row], *kinds: str) -> Row | None:
    return next((row for row in reversed(list(rows)) if row.kind in kinds), None)


# Customers ------------------------------------------------------------------------------------------------------------


def customer_profiles(book: Told) -> Iterator[Shown]:
    met: dict[UUID, list[Row]] = {}
    for row in book.read:
        if row.kind == "touchpoint-recorded" and row.data["customer_id"]:
            met.setdefault(UUID(row.data["customer_id"]), []).append(row)
    own = {subject: (read, written) for subject, read, written in book.subjects("customer")}
    for customer in {**met, **own}:
        read, written = own.get(customer, ([], []))
        begin = next((place for place, row in enumerate(read) if row.kind == "customer-registered"), len(read))
        contacts = met.get(customer, [])
        if contacts or read[begin:]:
            yield _customer_profile(customer, read[begin:], written, contacts)


def _customer_profile(customer: UUID, own: list[Row], written: list[Row], met: list[Row]) -> Shown:
    registration = own[0] if own else None
    noted = [row for row in written if row.kind in SPEAK_OF_OTHERS]
    shown = [*own, *met]
    latest = max([*shown, *noted])
    name = last([row for row in own if row.data.get("name")], "customer-registered", "customer-renamed")
    language = last(own[:1] + [row for row in own if row.kind == "language-changed"], *{row.kind for row in own})
    tier = last(own, "tier-assigned")
    manager = last(own, "manager-assigned", "manager-released")
    manager = manager if manager and manager.kind == "manager-assigned" else None
    merged = last(own, "customer-merged")
    withdrawn = {row.data["version"]: row.version for row in own if row.kind == "contact-withdrawn"}
    return {
        "customer_id": customer,
        "version": max((row.version for row in [*own, *noted]), default=0),
        "position": latest.position,
        "kind": registration and registration.data["kind"],
        "source_key": registration and registration.data["source_key"],
        "name_version": name and name.version,
        "language": language and language.data["language"],
        "tier": tier and tier.data["tier"],
        "tier_rule_version": tier and tier.data["rule_version"],
        "tiers": [(row.at, row.data["tier"], row.data["rule_version"]) for row in own if row.kind == "tier-assigned"],
        "contacts": [
            (row.data["kind"], row.version)
            for row in own
            if row.kind == "contact-recorded" and withdrawn.get(row.version, 0) < row.version
        ],
        "manager": manager and manager.data["manager"],
        "manager_since": manager and manager.at,
        "visits": _visits(own),
        "merged_into": merged and merged.data["into"],
        "merged_at": merged and merged.at,
        "absorbed": [(row.data["customer_id"], row.at) for row in own if row.kind == "customer-absorbed"],
        "registered_at": registration and registration.at,
        "touchpoints": len(met),
        "first_touchpoint_at": min((row.at for row in met), default=None),
        "last_touchpoint_at": max((row.at for row in met), default=None),
        "last_occurred_at": max(row.at for row in shown),
        "last_recorded_at": latest.recorded_at,
    }


def _visits(own: list[Row]) -> list[Any]:
    """Each planned visit once, in the order in which they came up; one made without a plan stands for itself."""
    of: dict[Any, list[Row]] = {}
    for row in own:
        if row.kind in {"visit-planned", "visit-made", "visit-cancelled"}:
            of.setdefault(row.data["visit_id"] or row.position, []).append(row)
    visits = []
    for rows in of.values():
        plan, end = last(rows, "visit-planned"), last(rows, "visit-made", "visit-cancelled")
        made = end if end and end.kind == "visit-made" else None
        off = end if end and end.kind == "visit-cancelled" else None
        planned = (instant(plan.data["planned_for"]), plan.data["planned_precision"], plan.data["by"]) if plan else ()
        said = made.version if made and made.data["words"] else None
        visits.append((
            rows[0].data["visit_id"], *(planned or (None, None, None)),
            *((made.at, made.data["by"], made.data["result"], said) if made else (None, None, None, None)),
            *((off.at, off.data["reason"]) if off else (None, None)),
        ))  # fmt: skip
    return visits


# Units, staff, obligations --------------------------------------------------------------------------------------------


def _begun(book: Told, category: str, key: str, beginning: str) -> Iterator[tuple[list[Row], Shown]]:
    """The rows of each subject from the one that begins it, and the columns that every such view has."""
    for subject, read, written in book.subjects(category):
        begin = next((place for place, row in enumerate(read) if row.kind == beginning), len(read))
        rows = read[begin:]
        if rows:
            yield (
                rows,
                {
                    key: subject,
                    "version": written[-1].version,
                    "position": written[-1].position,
                    "last_occurred_at": max(row.at for row in rows),
                    "last_recorded_at": written[-1].recorded_at,
                },
            )


def units(book: Told) -> Iterator[Shown]:
    for rows, whose in _begun(book, "unit", "unit_id", "unit-opened"):
        opened = rows[0]
        names = [(row.at, row.data["name"]) for row in rows if row is opened or row.kind == "unit-renamed"]
        places = [(row.at, row.data["parent"]) for row in rows if row is opened or row.kind == "unit-moved"]
        standings = [
            (row.at, row.kind != "unit-closed")
            for row in rows
            if row is opened or row.kind in {"unit-closed", "unit-reopened"}
        ]
        hours = [(row.at, row.data["calendar"]) for row in rows if row.kind == "unit-hours-set"]
        yield {
            **whose,
            "name": names[-1][1],
            "kind": opened.data["kind"],
            "parent": places[-1][1],
            "is_open": standings[-1][1],
            "opened_at": opened.at,
            "names": names,
            "places": places,
            "standings": standings,
            "calendar": hours[-1][1] if hours else None,
            "hours": hours,
            "supervisions": [
                (row.data["supervisor"], row.data["reason"], row.at, _first_end(rows, row, "supervisor"))
                for row in rows
                if row.kind == "supervision-opened"
            ],
        }


def _first_end(rows: list[Row], begun: Row, by: str) -> datetime | None:
    ends = (row for row in rows if row.kind == "supervision-ended" and row.version > begun.version)
    return min((row.at for row in ends if row.data[by] == begun.data[by]), default=None)


def staff(book: Told) -> Iterator[Shown]:
    for rows, whose in _begun(book, "staff", "staff_id", "staff-registered"):
        first = rows[0]
        posted = [row for row in rows if row is first or row.kind in {"staff-moved", "staff-returned"}]
        came = [row for row in rows if row is first or row.kind in {"staff-left", "staff-returned"}]
        graded = [row for row in rows if row.kind == "grade-assigned"]
        yield {
            **whose,
            "name": first.data["name"],
            "unit": posted[-1].data["unit"],
            "post": posted[-1].data["post"],
            "is_here": came[-1].kind != "staff-left",
            "grade": graded[-1].data["grade"] if graded else None,
            "grade_rules_version": graded[-1].data["rules_version"] if graded else None,
            "postings": [(row.at, row.data["unit"], row.data["post"]) for row in posted],
            "presences": [(row.at, row.kind != "staff-left") for row in came],
            "certificates": [_certificate(rows, row) for row in rows if row.kind == "certificate-granted"],
            "grades": [(row.at, row.data["grade"], row.data["rules_version"]) for row in graded],
            "trainings": [
                (row.at, row.data["course"], row.data["score"]) for row in rows if row.kind == "training-attended"
            ],
            "registered_at": first.at,
        }


def _certificate(rows: list[Row], granted: Row) -> tuple[Any, ...]:
    name = granted.data["certificate"]
    ends = [
        row
        for row in rows
        if row.kind in {"certificate-expired", "certificate-revoked"}
        and row.version > granted.version
        and row.data["certificate"] == name
    ]
    end = min(ends, key=lambda row: row.at, default=None)
    return (name, granted.at, instant(granted.data["until"]), end and end.at, end and end.data.get("reason"))


def obligations(book: Told) -> Iterator[Shown]:
    for rows, whose in _begun(book, "obligation", "obligation_id", "obligation-opened"):
        opened = rows[0]
        holder = last(rows[:1] + [row for row in rows if row.kind == "obligation-reassigned"], *{r.kind for r in rows})
        assert holder is not None
        ends = ("obligation-met", "obligation-cancelled", "obligation-reopened")
        end = last(rows, *ends)
        met = end if end and end.kind == "obligation-met" else None
        off = end if end and end.kind == "obligation-cancelled" else None
        checked = last([row for row in rows if end is None or row > end], "obligation-verified")
        due, by_day = instant(opened.data["due_at"]), opened.data["due_precision"] == "day"
        yield {
            **whose,
            "kind": opened.data["kind"],
            "status": "verified" if checked else "met" if met else "cancelled" if off else "open",
            "title": opened.data["title"],
            "case_id": opened.data["case_id"],
            "unit": holder.data["unit"],
            "owner": holder.data["owner"],
            "due_at": due,
            "due_precision": opened.data["due_precision"],
            "due_by": _end_of_day(due, opened.zone) if due and by_day else due,
            "opened_at": opened.at,
            "met_at": met and met.at,
            "met_by": met and met.data["by"],
            "evidence": met and met.data["evidence"],
            "words_version": met.version if met and met.data["words"] else None,
            "verified_at": checked and checked.at,
            "verified_by": checked and checked.data["by"],
            "effective": checked and checked.data["effective"],
            "cancelled_at": off and off.at,
            "cancel_reason": off and off.data["reason"],
            "reassignments": sum(row.kind == "obligation-reassigned" for row in rows),
            "reopens": sum(row.kind == "obligation-reopened" for row in rows),
            "escalation_level": _highest(rows),
        }


def _highest(rows: list[Row]) -> int | None:
    reopened = last(rows, "obligation-reopened")
    rungs = [row for row in rows if row.kind == "obligation-escalated" and (reopened is None or row > reopened)]
    return max((row.data["level"] for row in rungs), default=None)


def _end_of_day(due: datetime, zone: str) -> datetime:
    there = due.astimezone(ZoneInfo(zone))
    tomorrow = date(there.year, there.month, there.day) + DAY
    midnight = datetime.combine(tomorrow, time(), ZoneInfo(zone))
    return midnight.astimezone(due.tzinfo) - timedelta(microseconds=1)


# The trail, the timeline, who had a case ------------------------------------------------------------------------------

OVERRIDES = {
    "correction-requested": "correction-requested", "event-corrected": "correction-approved",
    "void-requested": "void-requested", "event-voided": "void-approved", "pause-requested": "pause-requested",
    "pause-approved": "pause-approved", "self-approval-allowed": "self-approval-allowed",
    "extension-requested": "extension-requested", "extension-approved": "extension-approved",
    "policy-reassignment-requested": "reassignment-requested", "policy-reassigned": "reassignment-approved",
    "revision-requested": "revision-requested", "verdict-revised": "revision-approved",
}  # fmt: skip


def audit_trail(book: Told) -> Iterator[Shown]:
    """Every row as it was written, whatever was said of it since."""
    for row in book.written:
        actor, source, departures = (row.metadata.get(name) or {} for name in ("actor", "source", "departures"))
        late = row.recorded_at - row.at - (DAY if row.precision == "day" else timedelta())
        heard_late = row.source_recorded_at is None and late >= timedelta(seconds=1)
        override = [OVERRIDES[row.kind]] if row.kind in OVERRIDES else []
        speaks = row.kind in SPEAK_OF_OTHERS
        yield {
            "position": row.position, "place": 0, "stream": row.stream, "version": row.version,
            "category": row.category, "topic": row.topic,
            "case_id": row.subject if row.category == "case" else row.data.get("case_id"),
            "customer_id": row.subject if row.category == "customer" else row.data.get("customer_id"),
            "recorded_at": row.recorded_at, "occurred_at": row.at, "occurred_zone": row.zone,
            "occurred_precision": row.precision, "source_recorded_at": row.source_recorded_at,
            "back_dated_seconds": late // timedelta(seconds=1) if heard_late else None,
            "series": row.series, "number": row.number,
            "actor": actor["name"], "actor_kind": actor["kind"], "unit": actor.get("unit"),
            "role": actor.get("role"), "claim": actor.get("claim"), "on_behalf_of": actor.get("on_behalf_of"),
            "door": row.metadata["channel"], "program": row.metadata["program"],
            "command_id": row.metadata["command"], "correlation_id": row.metadata["correlation"],
            "causation_id": row.metadata.get("causation"), "basis": row.metadata.get("basis"),
            "source_digest": source.get("digest"), "source_line": source.get("line"),
            "departures": list(departures), "overrides": override + ["departure"] * bool(departures),
            "about_version": row.data["version"] if speaks and "version" in row.data else None,
            "request_version": row.data.get("request", row.data.get("proposal")),
            "requested_by": row.data.get("requested_by"),
            "decided_by": next((row.data[by] for by in ("approved_by", "declined_by", "decided_by") if by in row.data),
                               None),
        }  # fmt: skip


def movements(book: Told) -> Iterator[Shown]:
    """Who let go of a case, and who got it: `from`, `to` a unit and a handler."""
    for row in book.read:
        said = row.data
        hands: dict[str, tuple[str | None, str | None, str | None, str | None]] = {
            "case-dispatched": (None, said.get("unit"), None, said.get("handler")),
            "dispatch-returned": (said.get("unit"), None, None, None),
            "case-transferred": (said.get("from_unit"), said.get("to_unit"), None, said.get("handler")),
            "case-assigned": (None, None, None, said.get("handler")),
            "case-unassigned": (None, None, said.get("handler"), None),
            "case-registered": (None, said.get("unit"), None, said.get("handler")),
            "case-escalated": (None, said.get("to_unit"), None, said.get("to_staff")),
        }
        if any(hands.get(row.kind, ())):
            from_unit, to_unit, from_handler, to_handler = hands[row.kind]
            kind = row.kind.removeprefix("case-").removeprefix("dispatch-")
            yield {
                "position": row.position, "place": 0, "stream": row.stream, "version": row.version,
                "case_id": row.subject, "kind": kind, "occurred_at": row.at, "occurred_zone": row.zone,
                "occurred_precision": row.precision, "recorded_at": row.recorded_at,
                "from_unit": from_unit, "to_unit": to_unit, "from_handler": from_handler, "to_handler": to_handler,
                "reason": said.get("reason"),
            }  # fmt: skip


# How an entry is called where that is not the topic, which way it went, and what it says in a term.
TIMELINE = {
    "touchpoint-recorded": ("touchpoint", None, "medium_id"),
    "case-received": ("received", "in", "kind"),
    "case-registered": ("registered", None, None),
    "case-acknowledged": ("acknowledged", "out", None),
    "case-accepted": ("accepted", "out", None),
    "case-refused": ("refused", "out", "reason"),
    "material-requested": (None, "out", None),
    "attachment-added": (None, None, "media_type"),
    "material-completed": (None, "in", None),
    "due-stated": (None, None, "due_at"),
    "response-sent": ("answered", "out", "kind"),
    "customer-replied": (None, "in", None),
    "case-escalated": ("escalated", None, "level"),
    "resolution-proposed": ("proposed", "out", None),
    "proposal-accepted": (None, "in", None),
    "proposal-rejected": (None, "in", "reason"),
    "decision-made": ("decided", None, "outcome"),
    "complainant-notified": ("notified", "out", "of"),
    "case-resolved": ("resolved", None, "outcome"),
    "feedback-given": (None, "out", None),
    "follow-up-made": ("followed-up", "out", "result"),
    "case-referred-outside": ("referred-outside", None, "body"),
    "review-requested": (None, "in", "reason"),
    "review-decided": (None, None, "outcome"),
    "case-withdrawn": ("withdrawn", "in", "reason"),
    "case-closed": ("closed", None, "code"),
    "case-reopened": ("reopened", None, "reason"),
    "case-merged": (None, None, None),
    "case-absorbed": (None, None, None),
    "case-customer-changed": ("customer-changed", None, None),
    "extension-approved": ("extended", None, "role"),
    "deadline-missed": (None, None, "target"),
    "verdict-revised": (None, None, "now"),
    "customer-registered": (None, None, "kind"),
    "customer-renamed": ("renamed", None, None),
    "contact-recorded": (None, None, "kind"),
    "contact-withdrawn": (None, None, "kind"),
    "language-changed": (None, None, "language"),
    "tier-assigned": (None, None, "tier"),
    "manager-assigned": (None, None, None),
    "manager-released": (None, None, None),
    "visit-planned": (None, None, "planned_for"),
    "visit-made": (None, "out", "result"),
    "visit-cancelled": (None, None, "reason"),
    "customer-merged": (None, None, None),
    "customer-absorbed": (None, None, None),
}
OTHERS = {
    "case-merged": "into",
    "case-absorbed": "case_id",
    "customer-merged": "into",
    "customer-absorbed": "customer_id",
}
STAFF = ("staff", "received_by", "registered_by", "resolved_by", "manager", "to_staff", "by", "approved_by")
NOBODY = (None, "person", "alarm")
"""What stands there where nobody is named: an escalation says of which sort it was."""


def timeline(book: Told) -> Iterator[Shown]:
    for row in book.read:
        if row.kind not in TIMELINE or row.category == "obligation":  # a deadline of the company's own is no customer's
            continue
        called, direction, term = TIMELINE[row.kind]
        said = row.data.get(term) if term else None
        if row.number is not None:
            said = f"{row.series}-{row.number:06d}"
        sealed = [
            name
            for name, value in row.data.items()
            if isinstance(value, dict) and "commitment" in value and name != "digest"
        ]
        yield {
            "position": row.position, "place": 0, "stream": row.stream, "version": row.version,
            "category": row.category, "kind": called or row.kind, "occurred_at": row.at, "occurred_zone": row.zone,
            "occurred_precision": row.precision, "recorded_at": row.recorded_at,
            "customer_id": row.subject if row.category == "customer" else row.data.get("customer_id"),
            "case_id": row.subject if row.category == "case" else row.data.get("case_id"),
            "other_id": row.data[OTHERS[row.kind]] if row.kind in OTHERS else None,
            "channel": row.data.get("channel"), "direction": row.data.get("direction", direction),
            "unit": row.data.get("unit", row.data.get("to_unit")),
            "staff": next((row.data[name] for name in STAFF if row.data.get(name) not in NOBODY), None),
            "term": None if said is None else str(said),
            "words": f"/{sealed[0]}" if sealed else None,
        }  # fmt: skip


BY_HAND: dict[str, Callable[[Told], Iterator[Shown]]] = {
    "case_file": case_files,
    "customer_profile": customer_profiles,
    "obligation": obligations,
    "staff": staff,
    "unit": units,
    "audit_trail": audit_trail,
    "timeline": timeline,
    "movement": movements,
    "register": register,
}
"""The rows of every view, by its name."""
