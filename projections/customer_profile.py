"""The customer profile: who each customer is and when they were last met, one row a customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias, assert_never
from uuid import UUID

from domain.case.state import ENDED
from domain.customer import (
    ContactKind,
    ContactRecorded,
    CustomerEvent,
    CustomerKind,
    CustomerRegistered,
    CustomerRenamed,
    Tier,
    TierAssigned,
)
from domain.envelope import Recorded
from domain.stream import Category, stream_of
from domain.touchpoint import TouchpointRecorded
from ledger.database import Database
from ledger.ledger import PersonalPlace
from projections.case_file import CASE_FILE
from projections.paging import Order, Page, Window, cut, narrowed
from projections.projection import FoldContext, Projection, key_of

ProfileEvent: TypeAlias = CustomerEvent | TouchpointRecorded


class Contact(NamedTuple):
    """A way to reach the customer: its kind, and the version of the event that holds it."""

    kind: ContactKind
    version: int


class CustomerProfile(NamedTuple):
    """Who a customer is. Instants are when things occurred, in UTC.

    Names and addresses are not in it, only the versions of the customer's events that hold them. Nor is the number of
    their cases: a case's later events do not say whose it is, so `case_counts` asks the case file.
    """

    customer_id: UUID
    version: int
    """Of the customer's stream; 0 while they are known from touchpoints only."""
    position: int
    """Of the latest event that this row shows."""
    kind: CustomerKind | None
    """None until they are registered."""
    source_key: str | None
    name_version: int | None
    language: str | None
    tier: Tier | None
    tier_rule_version: str | None
    contacts: tuple[Contact, ...]
    registered_at: datetime | None
    touchpoints: int
    first_touchpoint_at: datetime | None
    last_touchpoint_at: datetime | None
    last_occurred_at: datetime
    last_recorded_at: datetime

    @property
    def stream(self) -> str:
        """The customer's stream."""
        return stream_of(Category.CUSTOMER, self.customer_id)

    @property
    def name_place(self) -> PersonalPlace | None:
        """Where the customer's name lies, for the ledger to disclose."""
        return (
            None if self.name_version is None else PersonalPlace(self.stream, self.name_version, "/name", as_read=True)
        )

    @property
    def contact_places(self) -> tuple[PersonalPlace, ...]:
        """Where the contacts lie, in their order, for the ledger to disclose."""
        return tuple(PersonalPlace(self.stream, contact.version, "/value", as_read=True) for contact in self.contacts)


def keys(recorded: Recorded[ProfileEvent]) -> tuple[UUID, ...]:
    """The customer; nobody for a touchpoint with somebody unknown."""
    event = recorded.event
    if not isinstance(event, TouchpointRecorded):
        return (key_of(recorded.stream),)
    return () if event.customer_id is None else (event.customer_id,)


def fold(
    view: CustomerProfile | None, recorded: Recorded[ProfileEvent], context: FoldContext
) -> CustomerProfile | None:
    """The profile after an event, in whatever order history has them.

    A touchpoint counts from the first, registered or not; what else was told of a customer before their registration
    leaves nothing, as in `domain.customer.evolve`.
    """
    event = recorded.event
    if isinstance(event, TouchpointRecorded):
        return _touched(_seen(view or _unknown(recorded, context.key), recorded), recorded.occurred_at)
    known = view is not None and view.kind is not None
    if not known and not isinstance(event, CustomerRegistered):
        return view
    profile = _seen(view or _unknown(recorded, context.key), recorded)._replace(version=recorded.version)
    match event:
        case CustomerRegistered():
            return profile if known else _registered(profile, event, recorded)
        case CustomerRenamed():
            return profile._replace(name_version=recorded.version)
        case ContactRecorded():
            return profile._replace(contacts=(*profile.contacts, Contact(event.kind, recorded.version)))
        case TierAssigned():
            return profile._replace(tier=event.tier, tier_rule_version=event.rule_version)
        case _:
            assert_never(event)


def _unknown(recorded: Recorded[ProfileEvent], customer_id: UUID) -> CustomerProfile:
    return CustomerProfile(
        customer_id=customer_id,
        version=0,
        position=recorded.position,
        kind=None,
        source_key=None,
        name_version=None,
        language=None,
        tier=None,
        tier_rule_version=None,
        contacts=(),
        registered_at=None,
        touchpoints=0,
        first_touchpoint_at=None,
        last_touchpoint_at=None,
        last_occurred_at=recorded.occurred_at,
        last_recorded_at=recorded.recorded_at,
    )


def _seen(profile: CustomerProfile, recorded: Recorded[ProfileEvent]) -> CustomerProfile:
    return profile._replace(
        position=recorded.position,
        last_occurred_at=max(profile.last_occurred_at, recorded.occurred_at),
        last_recorded_at=recorded.recorded_at,
    )


def _registered(
    profile: CustomerProfile, event: CustomerRegistered, recorded: Recorded[ProfileEvent]
) -> CustomerProfile:
    return profile._replace(
        kind=event.kind,
        source_key=event.source_key,
        name_version=None if event.name is None else recorded.version,
        language=event.language,
        registered_at=recorded.occurred_at,
    )


def _touched(profile: CustomerProfile, at: datetime) -> CustomerProfile:
    return profile._replace(
        touchpoints=profile.touchpoints + 1,
        first_touchpoint_at=min(profile.first_touchpoint_at or at, at),
        last_touchpoint_at=max(profile.last_touchpoint_at or at, at),
    )


def of_row(row: Sequence[Any]) -> CustomerProfile:
    """The profile in a row of the table."""
    profile = CustomerProfile._make(row)
    return profile._replace(
        kind=CustomerKind(profile.kind) if profile.kind else None,
        tier=Tier(profile.tier) if profile.tier else None,
        contacts=tuple(Contact(ContactKind(kind), version) for kind, version in profile.contacts),
    )


CUSTOMER_PROFILE: Projection[CustomerProfile] = Projection(
    name="customer_profile",
    version=1,
    reads=frozenset({Category.CUSTOMER, Category.TOUCHPOINT}),
    key="customer_id",
    columns=CustomerProfile._fields,
    keys=keys,
    fold=fold,
    of_row=of_row,
)

# Questions ------------------------------------------------------------------------------------------------------------

REGISTERED = Order("registered", ("registered_at", "customer_id"), ("timestamptz", "uuid"), "kind IS NOT NULL")
"""By when they were registered; leans on the index `registered`."""
CONTACTED = Order(
    "contacted",
    ("last_touchpoint_at", "customer_id"),
    ("timestamptz", "uuid"),
    "kind IS NOT NULL AND last_touchpoint_at IS NOT NULL",
)
"""By their latest touchpoint, for those who had one; leans on the index `contacted`."""
ORDERS: Mapping[str, Order] = {order.name: order for order in (REGISTERED, CONTACTED)}


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """Which customers: of these kinds and tiers, or of all where none is named."""

    kinds: tuple[CustomerKind, ...] = ()
    tiers: tuple[Tier, ...] = ()


# Leans on the primary key.
BY_IDS = CUSTOMER_PROFILE.query("""
SELECT {columns} FROM {table}
WHERE book = %(book)s AND customer_id = ANY(%(ids)s) AND kind IS NOT NULL
""")


def by_ids(database: Database, book: str, customer_ids: Iterable[UUID]) -> dict[UUID, CustomerProfile]:
    """The registered ones among some customers, by id."""
    rows = database.rows(BY_IDS, {"book": book, "ids": list(customer_ids)})
    return {profile.customer_id: profile for profile in map(of_row, rows)}


def by_id(database: Database, book: str, customer_id: UUID) -> CustomerProfile | None:
    """A customer, if registered."""
    return by_ids(database, book, [customer_id]).get(customer_id)


# Leans on the index source_key.
BY_SOURCE_KEY = CUSTOMER_PROFILE.query("""
SELECT {columns} FROM {table}
WHERE book = %(book)s AND source_key = %(source_key)s AND kind IS NOT NULL
ORDER BY registered_at, customer_id
""")


def by_source_key(database: Database, book: str, source_key: str) -> list[CustomerProfile]:
    """The customers with a key in the system they came from, oldest first; more than one when two systems share it."""
    return [of_row(row) for row in database.rows(BY_SOURCE_KEY, {"book": book, "source_key": source_key})]


def page(
    database: Database,
    book: str,
    *,
    where: CustomerFilter = CustomerFilter(),
    order: Order = REGISTERED,
    descending: bool = False,
    after: str | None = None,
    before: str | None = None,
    limit: int,
    from_end: bool = False,
) -> Page[CustomerProfile]:
    """The first (or last) registered customers after one place and before another. Raises: BadPlace."""
    of_kind, kinds = narrowed("kind", where.kinds)
    of_tier, tiers = narrowed("tier", where.tiers)
    window = Window(order, descending, after, before, limit, from_end)
    return cut(database, CUSTOMER_PROFILE, book, window, [*of_kind, *of_tier], kinds | tiers)


class CaseCounts(NamedTuple):
    """How many cases are about a customer, and how many of them are neither resolved nor closed."""

    cases: int
    open_cases: int


# Leans on the case file's index customer.
CASE_COUNTS = CASE_FILE.query("""
SELECT customer_id, count(*), count(*) FILTER (WHERE status <> ALL (%(ended)s))
FROM {table}
WHERE book = %(book)s AND customer_id = ANY(%(ids)s)
GROUP BY customer_id
""")


def case_counts(database: Database, book: str, customer_ids: Iterable[UUID]) -> dict[UUID, CaseCounts]:
    """The counts of some customers, by id; who has no case is not in the answer."""
    ended = [status.value for status in ENDED]
    rows = database.rows(CASE_COUNTS, {"book": book, "ids": list(customer_ids), "ended": ended})
    return {customer_id: CaseCounts(cases, open_cases) for customer_id, cases, open_cases in rows}
