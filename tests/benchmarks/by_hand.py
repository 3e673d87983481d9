"""The same answers by a door that somebody writes for four pages alone: FastAPI, orjson, and our views' own functions.

It checks nobody and bounds nothing. What it costs is what the data costs, and the rest is GraphQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Query, Response

from api.compliance import asked
from api.graphql.connection import _cursor, _place
from api.graphql.door import WORK_THREADS
from api.graphql.identity import global_id, identity_of, opaque
from api.present import present
from domain.event import rfc3339
from domain.personal import Personal
from domain.stream import Category
from ledger.ledger import Ledger, PersonalPlace
from projections import (
    audit_trail,
    case_file,
    compliance,
    customer_cases,
    customer_profile,
    customer_timeline,
    deadlines,
)
from projections.audit_trail import POSITION
from projections.case_file import CaseFile
from projections.compliance_question import By, Figure, Grouping
from projections.movement import Period
from projections.paging import Window
from projections.sla_row import SlaTimer, state_at
from projections.timeline import OCCURRED

T = TypeVar("T")
RECEIVED, REGISTERED = case_file.RECEIVED, customer_profile.ORDERS["registered"]


class ByHand:
    """The four pages of one book."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._database = ledger.database
        self._book = ledger.book
        self._threads = CapacityLimiter(WORK_THREADS)
        self.app = FastAPI(openapi_url=None)
        for path, page in (
            ("/profile", self.profile), ("/nested", self.nested), ("/audit", self.audit), ("/report", self.report),
        ):  # fmt: skip
            self.app.add_api_route(path, page)

    async def _answered(self, work: Callable[..., Any], *arguments: Any) -> Response:
        found = await to_thread.run_sync(work, *arguments, limiter=self._threads)
        return Response(orjson.dumps(found), media_type="application/json")

    # Pages --------------------------------------------------------------------------------------------------------

    async def profile(self, customer: str) -> Response:
        """A customer with their contacts, their first cases and the latest of their timeline."""
        return await self._answered(self._profile, identity_of(customer, self._book).subject)

    async def nested(self) -> Response:
        """Fifty customers, five cases each, and the clocks of these."""
        return await self._answered(self._nested)

    async def audit(self, after: Annotated[str | None, Query()] = None) -> Response:
        """A hundred entries of the audit trail."""
        return await self._answered(self._audit, after)

    async def report(self) -> Response:
        """The compliance report by month and unit."""
        return await self._answered(self._report)

    # What stands on them ------------------------------------------------------------------------------------------

    def _profile(self, customer_id: UUID) -> Any:
        database, book, ids = self._database, self._book, [customer_id]
        profile = customer_profile.by_ids(database, book, ids)[customer_id]
        counts = customer_profile.case_counts(database, book, ids).get(customer_id)
        cases = customer_cases.pages(database, book, ids, Window(RECEIVED, descending=True, limit=20))[customer_id]
        timeline = customer_timeline.pages(database, book, ids, Window(OCCURRED, descending=True, limit=20))[
            customer_id
        ]
        places = [place for place in (profile.name_place, *profile.contact_places) if place is not None]
        texts = self._ledger.disclose(places)
        known = {entry.case_id for entry in timeline.rows if entry.case_id}
        numbers = case_file.by_ids(database, book, known)
        return {
            "id": global_id(Category.CUSTOMER, book, profile.customer_id),
            "name": _text(texts, profile.name_place),
            "tier": None if profile.tier is None else profile.tier.name,
            "caseCount": counts.cases if counts else 0,
            "openCaseCount": counts.open_cases if counts else 0,
            "contacts": [
                {"kind": contact.kind.name, "value": _text(texts, place)}
                for contact, place in zip(profile.contacts, profile.contact_places, strict=True)
            ],
            "cases": {
                "nodes": list(map(self._case, cases.rows)),
                "pageInfo": _page_info(RECEIVED, cases.rows, more=cases.has_more),
            },
            "timeline": {
                "nodes": [
                    {
                        "kind": entry.kind.name,
                        "occurredAt": rfc3339(entry.occurred_at),
                        "channel": entry.channel and entry.channel.name,
                        "direction": entry.direction and entry.direction.name,
                        "case": None if entry.case_id is None else {"number": str(numbers[entry.case_id].register)},
                    }
                    for entry in timeline.rows
                ]
            },
        }

    def _nested(self) -> Any:
        database, book = self._database, self._book
        found = customer_profile.page(database, book, Window(REGISTERED, descending=True, limit=50)).rows
        names = self._ledger.disclose(each.name_place for each in found if each.name_place)
        ids = [each.customer_id for each in found]
        pages = customer_cases.pages(database, book, ids, Window(RECEIVED, descending=True, limit=5))
        timers = deadlines.of_streams(database, book, [file.stream for page in pages.values() for file in page.rows])
        now = present(self._ledger)
        return [
            {
                "id": global_id(Category.CUSTOMER, book, each.customer_id),
                "name": _text(names, each.name_place),
                "cases": {
                    "nodes": [
                        self._case(file) | {"clocks": [self._clock(one, now) for one in timers.get(file.stream, ())]}
                        for file in pages[each.customer_id].rows
                    ]
                },
            }
            for each in found
        ]

    def _audit(self, after: str | None) -> Any:
        place = None if after is None else _place(after, POSITION)
        window = Window(POSITION, descending=True, after=place, limit=100)
        page = audit_trail.page(self._database, self._book, window)
        histories = self._ledger.histories({row.stream for row in page.rows})
        edges = []
        for row in page.rows:
            recorded = histories[row.stream][row.version - 1]
            actor = recorded.metadata.actor
            edges.append({
                "cursor": _cursor(POSITION.place_of(row)),
                "node": {
                    "position": row.position,
                    "subjectKind": Category(row.category).name,
                    "event": {
                        "version": recorded.version,
                        "topic": recorded.event.TOPIC,
                        "recordedAt": rfc3339(recorded.recorded_at),
                        "occurredAt": rfc3339(recorded.occurred_at),
                        "actor": {"name": actor.name, "kind": actor.kind.name, "role": actor.role},
                        "door": recorded.metadata.channel,
                    },
                },
            })  # fmt: skip
        return {"edges": edges, "pageInfo": _page_info(POSITION, page.rows, more=page.has_more)}

    def _report(self) -> Any:
        question = asked(
            self._ledger, present(self._ledger), By.DUE, Period(None, None), [Grouping.MONTH, Grouping.UNIT], {}
        )
        found = compliance.report(self._database, self._book, question, 1_000)
        return {
            "knownPosition": found.position,
            "hasMore": found.has_more,
            "totals": [{"duty": row.duty.name, "figures": _figures(row.figures)} for row in found.totals],
            "rows": [
                {
                    "duty": row.duty.name,
                    "group": [{"field": field.name, "value": value} for field, value in row.group.items()],
                    "figures": _figures(row.figures),
                }
                for row in found.rows
            ],
        }

    def _case(self, file: CaseFile) -> dict[str, Any]:
        return {
            "id": global_id(Category.CASE, self._book, file.case_id),
            "number": str(file.register) if file.register else None,
            "status": file.status.name,
            "version": file.version,
            "receivedAt": rfc3339(file.received_at),
        }

    def _clock(self, timer: SlaTimer, now: datetime) -> dict[str, Any]:
        return {
            "id": opaque("clock", self._book, timer.clock_id),
            "target": timer.target,
            "state": state_at(timer, now).name,
            "dueAt": timer.due_at and rfc3339(timer.due_at),
            "title": {"en": timer.title_en},
        }


def _text(found: dict[PersonalPlace, Personal[Any]], place: PersonalPlace | None) -> Any:
    told = None if place is None else found.get(place)
    return None if told is None else {"state": told.state.name, "value": told.value}


def _page_info(order: Any, rows: Sequence[Any], *, more: bool) -> dict[str, Any]:
    return {"hasNextPage": more, "endCursor": _cursor(order.place_of(rows[-1])) if rows else None}


def _figures(figures: compliance.Figures) -> dict[str, Any]:
    median, p90, _ = figures.elapsed
    return {
        "clocks": figures.counts[Figure.CLOCKS],
        "met": figures.counts[Figure.MET],
        "metLate": figures.counts[Figure.MET_LATE],
        "overdue": figures.counts[Figure.OVERDUE],
        "running": figures.counts[Figure.RUNNING],
        "keptShare": figures.share._asdict(),
        "elapsed": {"medianSeconds": median, "p90Seconds": p90},
    }
