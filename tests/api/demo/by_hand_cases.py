"""What the case file and the register are to show of a book, worked out of its raw rows in plain dictionaries."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.api.demo.raw import SPEAK_OF_OTHERS, Row, Told

MOVES = ("case-dispatched", "dispatch-returned", "case-transferred")
COUNTED = {
    "dispatches": "case-dispatched", "returns": "dispatch-returned", "transfers": "case-transferred",
    "assignments": "case-assigned", "reopens": "case-reopened", "responses": "response-sent", "pauses": "case-paused",
}  # fmt: skip
# What comes before a registration rightly: the receipt, facts, and what others than the company do.
NO_HANDLING = frozenset({
    "case-received", "case-registered", "case-classified", "case-prioritised", "case-customer-changed",
    "case-channel-changed", "kind-changed", "case-attributes-recorded", "case-acknowledged", "customer-replied",
    "feedback-given", "follow-up-made", "case-withdrawn", "case-escalated", "escalation-acknowledged", "case-linked",
    "case-unlinked", "case-merged", "case-absorbed", "due-stated", "sent-to-portal", "regulator-received",
    "regulator-forwarded", "return-submitted", "attachment-added",
})  # fmt: skip


class Story:
    """The rows of a case from its receipt, and what is asked of them."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.receipt = rows[0]
        again = [place for place, row in enumerate(rows) if row.kind == "case-reopened"]
        self.cycle = rows[again[-1] + 1 :] if again else rows

    def all(self, *kinds: str) -> list[Row]:
        return [row for row in self.rows if row.kind in kinds]

    def last(self, *kinds: str) -> Row | None:
        return next(reversed(self.all(*kinds)), None)

    def now(self, *kinds: str) -> Row | None:
        """The last one of this cycle."""
        return next((row for row in reversed(self.cycle) if row.kind in kinds), None)

    def now_if(self, kind: str, *instead: str) -> Row | None:
        """The last one of this cycle, unless one of another kind came after it."""
        row = self.now(kind, *instead)
        return row if row and row.kind == kind else None

    def first_at(self, kind: str) -> Any:
        return min((row.at for row in self.all(kind)), default=None)


def _of(row: Row | None, *names: str) -> Any:
    """What a row says under one name, or under the names of a path; None without a row."""
    value: Any = None if row is None else row.data
    for name in names:
        value = None if value is None else value[name]
    return value


def _at(row: Row | None) -> Any:
    return row and row.at


def _stories(book: Told, category: str, beginning: str) -> Iterator[tuple[UUID, list[Row], list[Row]]]:
    for subject, read, written in book.subjects(category):
        begin = next((place for place, row in enumerate(read) if row.kind == beginning), len(read))
        if read[begin:]:
            yield subject, read[begin:], written


def case_files(book: Told) -> Iterator[dict[str, Any]]:
    """Each case as it stands."""
    for case, rows, written in _stories(book, "case", "case-received"):
        story = Story(rows)
        receipt, registration = story.receipt, next(iter(story.all("case-registered")), None)
        shown = {
            "case_id": case,
            "version": written[-1].version,
            "position": written[-1].position,
            "kind": _of(story.last("kind-changed") or receipt, "kind"),
            "series": registration and registration.series,
            "number": registration and registration.number,
            "customer_id": _of(story.last("case-customer-changed") or receipt, "customer_id"),
            "channel": _of(story.last("case-channel-changed") or receipt, "channel"),
            "touchpoint_id": receipt.data["touchpoint_id"],
            "source_key": receipt.data["source_key"],
            "received_by": receipt.data["received_by"],
            "words_version": receipt.version if receipt.data["words"] else None,
            "received_at": receipt.at,
            "received_precision": receipt.precision,
            "registered_at": _at(registration),
            "dispatched_at": story.first_at("case-dispatched"),
            "first_response_at": story.first_at("response-sent"),
            "acknowledged_at": story.first_at("case-acknowledged"),
            "customer_replied_at": max((row.at for row in story.all("customer-replied")), default=None),
            "departures": sorted({mark for row in rows for mark in row.metadata.get("departures", ())}),
            "last_occurred_at": max(row.at for row in rows),
            "last_recorded_at": written[-1].recorded_at,
            **{column: len(story.all(kind)) for column, kind in COUNTED.items()},
            "unit_changes": sum(
                row.kind in MOVES and registration is not None and row > registration for row in story.rows
            ),
            **_holders(story),
            **_facts(story),
            **_this_cycle(story),
            **_others(story),
        }
        yield {**shown, "status": _status(shown)}


def _holders(story: Story) -> dict[str, Any]:
    unit = handler = None
    for row in story.rows:
        if row.kind == "case-registered":
            unit, handler = row.data["unit"] or unit, row.data["handler"] or handler
        elif row.kind in MOVES:
            unit = {**row.data, "unit": None}.get("to_unit") or (row.data["unit"] if row.kind == MOVES[0] else None)
            handler = row.data.get("handler")
        elif row.kind in {"case-assigned", "case-unassigned"}:
            handler = row.data["handler"] if row.kind == "case-assigned" else None
    return {"unit": unit, "handler": handler}


def _facts(story: Story) -> dict[str, Any]:
    """What holds in whichever cycle it was said."""
    classified, prioritised = story.last("case-classified"), story.last("case-prioritised")
    waiting: dict[str, Any] = {}
    for row in story.all("case-paused", "case-resumed"):
        if row.kind == "case-paused":
            waiting.setdefault(row.data["ground"], row.at)
        else:
            waiting.pop(row.data["ground"], None)
    review = story.last("review-requested", "review-decided")
    return {
        **{name: _of(classified, name) for name in ("category", "subcategory", "symptom", "taxonomy")},
        **{name: _of(prioritised, name) for name in ("priority", "impact", "urgency")},
        "open_pauses": list(waiting.items()),
        "attributes": {
            fact["name"]: fact["value"]
            for row in story.all("case-attributes-recorded")
            for fact in row.data["attributes"]
        },
        "review_requested_at": review.at if review and review.kind == "review-requested" else None,
        "referred_to": _of(story.last("case-referred-outside"), "body"),
    }


def _this_cycle(story: Story) -> dict[str, Any]:
    """What a reopening takes back."""
    resolved, closed, followed = (story.now(kind) for kind in ("case-resolved", "case-closed", "follow-up-made"))
    proposal = story.now("resolution-proposed", "proposal-accepted", "proposal-rejected")
    steps = [row for row in story.cycle if row.kind == "case-escalated"]
    highest = max(steps, key=lambda row: (row.data["level"], -row.version), default=None)
    noticed = [
        row
        for row in story.cycle
        if highest and row > highest and row.kind == "escalation-acknowledged"
        and row.data["level"] == highest.data["level"]
    ]  # fmt: skip
    started = [row.at for row in story.cycle if row.kind == "work-started"]
    notices = [row for row in story.cycle if row.kind == "complainant-notified" and row.data["of"] == "decision"]
    return {
        "work_started_at": started[0] if started else None,
        "resolved_at": _at(resolved),
        "resolved_by": _of(resolved, "resolved_by"),
        "outcome": _of(resolved, "outcome"),
        "resolution_code": _of(resolved, "code"),
        "redress_minor_units": _of(resolved, "redress", "minor_units"),
        "redress_currency": _of(resolved, "redress", "currency"),
        "closed_at": _at(closed),
        "closing_code": _of(closed, "code"),
        "proposal": proposal
        and {"resolution-proposed": "open", "proposal-accepted": "accepted", "proposal-rejected": "rejected"}[
            proposal.kind
        ],
        "feedback_at": min((row.at for row in story.cycle if row.kind == "feedback-given"), default=None),
        "follow_up_at": _at(followed),
        "follow_up_result": _of(followed, "result"),
        "escalation_level": _of(highest, "level"),
        "escalated_at": _at(highest),
        "escalation_acknowledged_at": noticed[-1].at if noticed else None,
        "withdrawn_at": _at(story.now("case-withdrawn")),
        "pause_requested_by": _of(story.now_if("pause-requested", "pause-approved", "pause-declined"), "requested_by"),
        "accepted_at": _at(story.now_if("case-accepted", "case-refused")),
        "refused_at": _at(story.now_if("case-refused", "case-accepted")),
        "decided_at": _at(story.now("decision-made")),
        "notified_at": notices[-1].at if notices else None,
    }


def _others(story: Story) -> dict[str, Any]:
    """Other cases, parts, and dates that were stated: a later word takes the place of an earlier one."""
    links: dict[Any, None] = {}
    for row in story.all("case-linked", "case-unlinked"):
        link = (row.data["case_id"], row.data["relation"])
        links.pop(link, None) if row.kind == "case-unlinked" else links.setdefault(link)
    parts: dict[str, None] = {}
    for row in story.all("case-part-opened", "case-part-resolved"):
        parts.pop(row.data["part"], None) if row.kind == "case-part-resolved" else parts.setdefault(row.data["part"])
    dues: dict[Any, Any] = {}
    for row in story.all("due-stated"):
        whose = (row.data["target"], row.data["stated_by"])
        dues.pop(whose, None)
        due_at = datetime.fromisoformat(row.data["due_at"])
        dues[whose] = (row.data["target"], due_at, row.data["due_precision"], row.data["stated_by"])
    return {
        "merged_into": _of(story.last("case-merged"), "into"),
        "absorbed": list(dict.fromkeys(row.data["case_id"] for row in story.all("case-absorbed"))),
        "links": list(links),
        "open_parts": list(parts),
        "stated_dues": list(dues.values()),
    }


def _status(shown: dict[str, Any]) -> str:
    """The first of these that holds."""
    stages = {
        "merged": shown["merged_into"],
        "closed": shown["closed_at"],
        "withdrawn": shown["withdrawn_at"],
        "resolved": shown["resolved_at"],
        "paused": shown["open_pauses"],
        "in-progress": shown["work_started_at"] or shown["reopens"],
        "registered": shown["registered_at"],
    }
    return next((stage for stage, holds in stages.items() if holds), "received")


# The register ---------------------------------------------------------------------------------------------------------


def register(book: Told) -> Iterator[dict[str, Any]]:
    """Each case with its number, and what was done about it before it had one. A demo imports nothing."""
    for case, rows, written in _stories(book, "case", "case-received"):
        receipt, registration = rows[0], next((row for row in rows if row.kind == "case-registered"), None)
        marked = [row for row in rows if "not-registered" in row.metadata.get("departures", ())]
        unnumbered = [row for row in rows if registration is None or row < registration]
        early = sorted({row.position: row for row in (*marked, *unnumbered)}.values())
        early = [row for row in early if row.kind not in NO_HANDLING or row in marked]
        noted = [row for row in written if row.kind in SPEAK_OF_OTHERS]
        heard = receipt.source_recorded_at or receipt.recorded_at
        if receipt.precision == "day":
            heard -= timedelta(days=1)
        yield {
            "subject_id": case,
            "stream": receipt.stream,
            "position": max(row.position for row in (receipt, registration, *early, *noted) if row),
            "kind": "case",
            "series": registration and registration.series,
            "number": registration and registration.number,
            "received_at": receipt.at,
            "received_zone": receipt.zone,
            "received_precision": receipt.precision,
            "received_recorded_at": receipt.recorded_at,
            "received_source_recorded_at": receipt.source_recorded_at,
            "delay_seconds": max(0, int((heard - receipt.at).total_seconds())),
            "registered_at": _at(registration),
            "registered_precision": registration and registration.precision,
            "registered_recorded_at": registration and registration.recorded_at,
            "registered_by": _of(registration, "registered_by"),
            "unit": _of(registration, "unit"),
            "early_steps": [(row.version, row.topic, row.at) for row in early],
        }
