"""`daybook customer`: who a customer is, by source's key or id, with the tier as of a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from api.cli.as_of import AsOf as Day
from api.cli.case import is_text
from api.cli.exits import NotFound, WrongUse
from api.cli.past import AskedPast, stated
from api.cli.past import as_data as past_as_data
from api.cli.terminal import Terminal, add_row, shown, table
from api.cli.views import read
from api.past_customer import PastCustomer, survivors
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
    with_source_key,
)
from replay.as_of import AsOf

C = TypeVar("C")

Disclosed = Mapping[PersonalPlace, Personal[Any]]


class Places(NamedTuple):
    """Where it lies what is personal in a customer's file."""

    name: PersonalPlace | None
    contacts: Sequence[PersonalPlace | None]
    words: Sequence[PersonalPlace | None]
    """What they said, visit by visit."""

    @classmethod
    def of(cls, customer: CustomerProfile | PastCustomer) -> Places:
        """As it is read by now, or as it was read then."""
        visits = (customer.profile if isinstance(customer, PastCustomer) else customer).visits
        return cls(customer.name_place, customer.contact_places, [customer.words_place(visit) for visit in visits])

    def every(self) -> list[PersonalPlace]:
        """All of them, for the ledger to disclose."""
        return [place for place in (self.name, *self.contacts, *self.words) if place is not None]


class Answer(NamedTuple):
    """A customer's file, with what is read beside it."""

    profile: CustomerProfile
    places: Places
    said: Disclosed
    at: datetime
    """The instant as of which their tier is told."""
    counts: CaseCounts | None
    """Their cases; of the past nobody counts them."""
    past: AsOf | None = None


def run(workspace: Workspace, terminal: Terminal, name: str, asked: Day | None, past: AskedPast) -> None:
    """Answers. Raises: NotFound, WrongUse."""
    ledger = workspace.ledger
    if past.is_now:
        answer = _now(ledger, terminal, name, asked)
    elif asked is None:
        answer = _then(ledger, terminal, name, past.as_of(ledger))
    else:
        raise WrongUse("--as-of asks for the tier on a day as it is known now; with --known or --valid leave it out.")
    if terminal.json:
        terminal.answer(as_data(ledger, answer))
        return
    terminal.stamp(ledger.book, ledger.time)
    if answer.past is not None:
        terminal.show(stated(answer.past))
    terminal.show(headline(answer), *facts(ledger, answer))


def _now(ledger: Ledger, terminal: Terminal, name: str, asked: Day | None) -> Answer:
    at = present(ledger) if asked is None else asked.instant(ledger.zone)
    profile = read(ledger, terminal, CUSTOMER_PROFILE, lambda: find(ledger, name))
    ids = [profile.customer_id]
    counts = read(ledger, terminal, CASE_FILE, lambda: case_counts(ledger.database, ledger.book, ids))
    places = Places.of(profile)
    count = counts.get(profile.customer_id, CaseCounts(0, 0))
    return Answer(profile, places, ledger.disclose(places.every()), at, count)


def _then(ledger: Ledger, terminal: Terminal, name: str, as_of: AsOf) -> Answer:
    ids = called(ledger, terminal, name)
    stood = {past.profile.customer_id: past for past in survivors(ledger, ids, as_of).values()}
    if not stood:
        raise NotFound(f"Nobody had registered customer {name!r} then. {stated(as_of)}")
    past = the_one(name, stood)
    places = Places.of(past)
    return Answer(past.profile, places, ledger.disclose(places.every()), as_of.valid_at, None, as_of)


def find(ledger: Ledger, name: str) -> CustomerProfile:
    """The customer that goes by a source's key or an id; the survivor of one who was merged. Raises: NotFound."""
    database, book = ledger.database, ledger.book
    if (customer_id := _id_in(name)) is not None:
        found = by_id(database, book, customer_id)
        customers = [] if found is None else [found]
    else:
        customers = by_source_key(database, book, name.strip()) if is_text(name) else []
    if not customers:
        raise _nobody(ledger, name)
    return the_one(name, {customer.customer_id: customer for customer in customers})


def called(ledger: Ledger, terminal: Terminal, name: str) -> list[UUID]:
    """Everybody who goes by an id, or has a source's key by now, merged or not. Raises: NotFound for no key."""
    if (customer_id := _id_in(name)) is not None:
        return [customer_id]
    key = name.strip()
    found = read(
        ledger,
        terminal,
        CUSTOMER_PROFILE,
        lambda: with_source_key(ledger.database, ledger.book, key) if is_text(name) else [],
    )
    if not found:
        raise _nobody(ledger, name)
    return found


def the_one(name: str, customers: Mapping[UUID, C]) -> C:
    """The only one of some customers of a name. Raises: NotFound when there are more."""
    if len(customers) > 1:
        ids = ", ".join(map(str, customers))
        raise NotFound(f"{len(customers)} customers have the key {name!r}; name one by their id: {ids}.")
    return next(iter(customers.values()))


def _id_in(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _nobody(ledger: Ledger, name: str) -> NotFound:
    return NotFound(f"There is no customer {name!r} in book {ledger.book!r}, by source's key or id.")


def headline(answer: Answer) -> str:
    """The customer in one line."""
    profile, place = answer.profile, answer.places.name
    name = None if place is None else shown(answer.said.get(place))
    return f"{name or '(no name)'}  {profile.kind}   {profile.customer_id}"


def facts(ledger: Ledger, answer: Answer) -> Iterator[Any]:
    """What is known of them, as a table."""
    profile, places, said, at, counts, _ = answer
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
        ("cases", None if counts is None else f"{counts.cases}, {counts.open_cases} of them open"),
        ("touchpoints", profile.touchpoints),
        ("registered", None if profile.registered_at is None else _day(profile.registered_at, zone)),
    ):
        if value is not None:
            add_row(of_customer, column, value)
    for contact, place in zip(profile.contacts, places.contacts, strict=True):
        add_row(of_customer, contact.kind, shown(_found(said, place)) or "-")
    for other in profile.absorbed:
        add_row(of_customer, "absorbed", f"{other.customer_id} on {_day(other.since, zone)}")
    for visit, words in zip(profile.visits, places.words, strict=True):
        heard = shown(_found(said, words))
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


def _found(said: Disclosed, place: PersonalPlace | None) -> Personal[Any] | None:
    return None if place is None else said.get(place)


def as_data(ledger: Ledger, answer: Answer) -> dict[str, Any]:
    """The whole answer, for programs."""
    profile, places, said, at, counts, past = answer
    return {
        "book": ledger.book,
        "time": ledger.time,
        **({} if past is None else past_as_data(past)),
        "as_of": at,
        "tier_as_of": profile.tier_as_of(at),
        "name": _found(said, places.name),
        "cases": counts,
        "customer": profile._asdict()
        | {
            "contacts": [
                {"kind": contact.kind, "version": contact.version, "value": _found(said, place)}
                for contact, place in zip(profile.contacts, places.contacts, strict=True)
            ],
            "visits": [
                visit._asdict() | {"words": _found(said, place)}
                for visit, place in zip(profile.visits, places.words, strict=True)
            ],
        },
    }
