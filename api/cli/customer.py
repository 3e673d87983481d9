"""`daybook customer`: who a customer is, by source's key or id, with the tier as of a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.cli.as_of import AsOf
from api.cli.case import is_text
from api.cli.exits import NotFound
from api.cli.terminal import Terminal, add_row, shown, table
from api.cli.views import read
from api.present import present
from api.workspace import Workspace
from domain.event import Precision
from domain.personal import Personal
from ledger.ledger import Ledger, PersonalPlace
from projections.case_file import CASE_FILE
from projections.customer_profile import (
    CUSTOMER_PROFILE,
    CaseCounts,
    CustomerProfile,
    Visit,
    by_id,
    by_source_key,
    case_counts,
)

Disclosed = Mapping[PersonalPlace, Personal[Any]]


def run(workspace: Workspace, terminal: Terminal, name: str, asked: AsOf | None) -> None:
    """Answers. Raises: NotFound."""
    ledger = workspace.ledger
    at = present(ledger) if asked is None else asked.instant(ledger.zone)
    profile = read(ledger, terminal, CUSTOMER_PROFILE, lambda: find(ledger, name))
    ids = [profile.customer_id]
    counts = read(ledger, terminal, CASE_FILE, lambda: case_counts(ledger.database, ledger.book, ids))
    count = counts.get(profile.customer_id, CaseCounts(0, 0))
    said = ledger.disclose(_places(profile))
    if terminal.json:
        terminal.answer(as_data(ledger, profile, count, said, at))
        return
    terminal.stamp(ledger.book, ledger.time)
    terminal.show(headline(profile, said), *facts(ledger, profile, count, said, at))


def find(ledger: Ledger, name: str) -> CustomerProfile:
    """The customer that goes by a source's key or an id; the survivor of one who was merged. Raises: NotFound."""
    database, book = ledger.database, ledger.book
    try:
        found = by_id(database, book, UUID(name))
        customers = [] if found is None else [found]
    except ValueError:
        customers = by_source_key(database, book, name.strip()) if is_text(name) else []
    if len(customers) > 1:
        ids = ", ".join(str(customer.customer_id) for customer in customers)
        raise NotFound(f"{len(customers)} customers have the key {name!r}; name one by their id: {ids}.")
    if not customers:
        raise NotFound(f"There is no customer {name!r} in book {book!r}, by source's key or id.")
    return customers[0]


def _places(profile: CustomerProfile) -> list[PersonalPlace]:
    words = [profile.words_place(visit) for visit in profile.visits]
    return [place for place in (profile.name_place, *profile.contact_places, *words) if place is not None]


def headline(profile: CustomerProfile, said: Disclosed) -> str:
    """The customer in one line."""
    name = None if profile.name_place is None else shown(said.get(profile.name_place))
    return f"{name or '(no name)'}  {profile.kind}   {profile.customer_id}"


def facts(ledger: Ledger, profile: CustomerProfile, counts: CaseCounts, said: Disclosed, at: datetime) -> Iterator[Any]:
    """What is known of them, as a table."""
    zone = ZoneInfo(ledger.zone)
    of_customer = table("", "")
    tier = profile.tier_as_of(at)
    day = f"{at.astimezone(zone):%Y-%m-%d}"
    by_rule = f", by rules {tier.rule_version}" if tier and tier.rule_version else ""
    told = f"{tier.tier} since {_day(tier.since, zone)}{by_rule}" if tier else "-"
    for column, value in (
        ("source key", profile.source_key),
        ("language", profile.language),
        (f"tier on {day}", told),
        ("manager", profile.manager),
        ("cases", f"{counts.cases}, {counts.open_cases} of them open"),
        ("touchpoints", profile.touchpoints),
        ("registered", None if profile.registered_at is None else _day(profile.registered_at, zone)),
    ):
        if value is not None:
            add_row(of_customer, column, value)
    for contact, place in zip(profile.contacts, profile.contact_places, strict=True):
        add_row(of_customer, contact.kind, shown(said.get(place)) or "-")
    for other in profile.absorbed:
        add_row(of_customer, "absorbed", f"{other.customer_id} on {_day(other.since, zone)}")
    for visit in profile.visits:
        words = profile.words_place(visit)
        heard = None if words is None else shown(said.get(words))
        add_row(of_customer, "visit", " · ".join(part for part in (_visit(visit, zone), heard) if part))
    yield of_customer


def _visit(visit: Visit, zone: ZoneInfo) -> str:
    parts = []
    if visit.planned_for is not None:
        exact = visit.planned_precision is Precision.INSTANT
        when = visit.planned_for.astimezone(zone).isoformat(" ", "minutes") if exact else _day(visit.planned_for, zone)
        parts.append(f"planned for {when}")
    if visit.made_at is not None:
        parts.append(f"made {_day(visit.made_at, zone)} by {visit.made_by}: {visit.result}")
    if visit.cancelled_at is not None:
        parts.append(f"cancelled {_day(visit.cancelled_at, zone)}: {visit.cancel_reason}")
    return ", ".join(parts)


def _day(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d}"


def as_data(
    ledger: Ledger, profile: CustomerProfile, counts: CaseCounts, said: Disclosed, at: datetime
) -> dict[str, Any]:
    """The whole answer, for programs."""
    words = [profile.words_place(visit) for visit in profile.visits]
    return {
        "book": ledger.book,
        "time": ledger.time,
        "as_of": at,
        "tier_as_of": profile.tier_as_of(at),
        "name": None if profile.name_place is None else said.get(profile.name_place),
        "cases": counts,
        "customer": profile._asdict()
        | {
            "contacts": [
                {"kind": contact.kind, "version": contact.version, "value": said.get(place)}
                for contact, place in zip(profile.contacts, profile.contact_places, strict=True)
            ],
            "visits": [
                visit._asdict() | {"words": None if place is None else said.get(place)}
                for visit, place in zip(profile.visits, words, strict=True)
            ],
        },
    }
