"""The customer profile: who each customer is and when they were last met, one row a customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias, assert_never
from uuid import UUID

from domain.attachment import AttachmentAdded
from domain.case.state import ENDED
from domain.customer import (
    ContactKind,
    ContactRecorded,
    ContactWithdrawn,
    CustomerAbsorbed,
    CustomerEvent,
    CustomerKind,
    CustomerMerged,
    CustomerRegistered,
    CustomerRenamed,
    LanguageChanged,
    Tier,
    TierAssigned,
)
from domain.envelope import Recorded
from domain.event import Precision
from domain.key_account import ManagerAssigned, ManagerReleased, VisitCancelled, VisitMade, VisitPlanned
from domain.stream import Category, category_of, stream_of
from domain.touchpoint import TouchpointRecorded
from ledger.database import Database
from ledger.ledger import PersonalPlace
from projections import customer_lookup
from projections.case_file import CASE_FILE
from projections.customer_lookup import Sought
from projections.paging import Order, Page, Window, cut, narrowed
from projections.projection import FoldContext, Projection, key_of
from projections.reach import EVERYTHING, Reach, added
from projections.spell import held_at, instant, maybe_instant

ProfileEvent: TypeAlias = CustomerEvent | TouchpointRecorded


class Contact(NamedTuple):
    """A way to reach the customer: its kind, and the version of the event that holds it."""

    kind: ContactKind
    version: int


class TierSpell(NamedTuple):
    """Since when the customer was in a tier, by which version of the rules; until the next one."""

    since: datetime
    tier: Tier
    rule_version: str | None


class Absorbed(NamedTuple):
    """Another customer who proved to be this one, and since when that is known."""

    customer_id: UUID
    since: datetime


class Visit(NamedTuple):
    """A visit to the customer, planned, made or called off; what they said lies in the event of `words_version`."""

    visit_id: UUID | None
    """None without a plan."""
    planned_for: datetime | None
    planned_precision: Precision | None
    planned_by: str | None
    made_at: datetime | None = None
    made_by: str | None = None
    result: str | None = None
    words_version: int | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None


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
    tiers: tuple[TierSpell, ...]
    """In the order of the stream: of two that began by some instant, the later one here held then."""
    contacts: tuple[Contact, ...]
    """Those that were not withdrawn."""
    manager: str | None
    manager_since: datetime | None
    visits: tuple[Visit, ...]
    """In the order in which they became known."""
    merged_into: UUID | None
    merged_at: datetime | None
    absorbed: tuple[Absorbed, ...]
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

    def words_place(self, visit: Visit) -> PersonalPlace | None:
        """Where it lies what the customer said at a visit, for the ledger to disclose."""
        version = visit.words_version
        return None if version is None else PersonalPlace(self.stream, version, "/words", as_read=True)

    def tier_as_of(self, at: datetime) -> TierSpell | None:
        """The tier in which the customer was at an instant; None before there was one."""
        return held_at(self.tiers, at)


def keys(recorded: Recorded[ProfileEvent]) -> tuple[UUID, ...]:
    """The customer; nobody for a touchpoint with somebody unknown, nor for the files put to one."""
    event = recorded.event
    if category_of(recorded.stream) == Category.CUSTOMER:
        return (key_of(recorded.stream),)
    if isinstance(event, TouchpointRecorded) and event.customer_id is not None:
        return (event.customer_id,)
    return ()


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
    if isinstance(event, CustomerRegistered):
        return profile if known else _registered(profile, event, recorded)
    return _after(profile, event, recorded)


def _after(profile: CustomerProfile, event: CustomerEvent, recorded: Recorded[ProfileEvent]) -> CustomerProfile:
    at, version = recorded.occurred_at, recorded.version
    match event:
        case CustomerRegistered():
            return profile
        case CustomerRenamed():
            return profile._replace(name_version=version)
        case ContactRecorded():
            return profile._replace(contacts=(*profile.contacts, Contact(event.kind, version)))
        case ContactWithdrawn():
            left = tuple(contact for contact in profile.contacts if contact.version != event.version)
            return profile._replace(contacts=left)
        case LanguageChanged():
            return profile._replace(language=event.language)
        case TierAssigned(tier=tier, rule_version=rule_version):
            spells = (*profile.tiers, TierSpell(at, tier, rule_version))
            return profile._replace(tier=tier, tier_rule_version=rule_version, tiers=spells)
        case ManagerAssigned():
            return profile._replace(manager=event.manager, manager_since=at)
        case ManagerReleased():
            return profile._replace(manager=None, manager_since=None)
        case VisitPlanned() | VisitMade() | VisitCancelled():
            return profile._replace(visits=_visits(profile.visits, event, recorded))
        case AttachmentAdded():
            return profile
        case CustomerMerged():
            return profile._replace(merged_into=event.into, merged_at=at)
        case CustomerAbsorbed():
            # Once, if they were merged again after that was taken back in their own stream.
            others = (other for other in profile.absorbed if other.customer_id != event.customer_id)
            return profile._replace(absorbed=(*others, Absorbed(event.customer_id, at)))
        case _:
            assert_never(event)


def _visits(
    known: tuple[Visit, ...], event: VisitPlanned | VisitMade | VisitCancelled, recorded: Recorded[ProfileEvent]
) -> tuple[Visit, ...]:
    """The visits after an event, which is about one of them or tells of one more."""
    place = next((at for at, visit in enumerate(known) if visit.visit_id == event.visit_id is not None), len(known))
    before = known[place] if place < len(known) else Visit(event.visit_id, None, None, None)
    at = recorded.occurred_at
    match event:
        case VisitPlanned(planned_for=planned_for, planned_precision=precision, by=by):
            after = before._replace(planned_for=planned_for, planned_precision=precision, planned_by=by)
        case VisitMade():
            said = None if event.words is None else recorded.version
            after = before._replace(
                made_at=at, made_by=event.by, result=event.result, words_version=said,
                cancelled_at=None, cancel_reason=None,
            )  # fmt: skip
        case VisitCancelled():
            after = before._replace(
                made_at=None, made_by=None, result=None, words_version=None,
                cancelled_at=at, cancel_reason=event.reason,
            )  # fmt: skip
        case _:
            assert_never(event)
    return (*known[:place], after, *known[place + 1 :])


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
        tiers=(),
        contacts=(),
        manager=None,
        manager_since=None,
        visits=(),
        merged_into=None,
        merged_at=None,
        absorbed=(),
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
    told = dict(zip(CustomerProfile._fields, row, strict=True))
    told["kind"] = CustomerKind(told["kind"]) if told["kind"] else None
    told["tier"] = Tier(told["tier"]) if told["tier"] else None
    told["tiers"] = tuple(TierSpell(instant(since), Tier(tier), version) for since, tier, version in told["tiers"])
    told["contacts"] = tuple(Contact(ContactKind(kind), version) for kind, version in told["contacts"])
    told["visits"] = tuple(map(_visit, told["visits"]))
    told["absorbed"] = tuple(Absorbed(UUID(other), instant(since)) for other, since in told["absorbed"])
    return CustomerProfile(**told)


def _visit(told: Any) -> Visit:
    visit = Visit._make(told)
    return visit._replace(
        visit_id=None if visit.visit_id is None else UUID(told[0]),
        planned_for=maybe_instant(told[1]),
        planned_precision=None if visit.planned_precision is None else Precision(visit.planned_precision),
        made_at=maybe_instant(told[4]),
        cancelled_at=maybe_instant(told[8]),
    )


CUSTOMER_PROFILE: Projection[CustomerProfile] = Projection(
    name="customer_profile",
    version=2,
    reads=frozenset({Category.CUSTOMER, Category.TOUCHPOINT}),
    key="customer_id",
    columns=CustomerProfile._fields,
    keys=keys,
    fold=fold,
    of_row=of_row,
    touched_by=frozenset({Category.TOUCHPOINT}),
)

# Questions ------------------------------------------------------------------------------------------------------------

STANDS = "kind IS NOT NULL AND merged_into IS NULL"
"""Who stands for themselves: registered, and not merged into another."""
REGISTERED = Order("registered", ("registered_at", "customer_id"), ("timestamptz", "uuid"), STANDS)
"""By when they were registered; leans on the index `registered`."""
CONTACTED = Order(
    "contacted",
    ("last_touchpoint_at", "customer_id"),
    ("timestamptz", "uuid"),
    f"{STANDS} AND last_touchpoint_at IS NOT NULL",
)
"""By their latest touchpoint, for those who had one; leans on the index `contacted`."""
ORDERS: Mapping[str, Order] = {order.name: order for order in (REGISTERED, CONTACTED)}


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """Which customers: of these kinds and tiers, or of all where none is named; of a manager, if one is named; and whom
    a search finds, if one is made."""

    kinds: tuple[CustomerKind, ...] = ()
    tiers: tuple[Tier, ...] = ()
    manager: str | None = None
    sought: Sought | None = None


# From each of some customers to the one who stands for them. Leans on the primary key, once a merger.
SURVIVORS = """
WITH RECURSIVE led(asked, at, onward) AS (
  SELECT customer_id, customer_id, merged_into FROM {table}
  WHERE book = %(book)s AND customer_id = ANY(%(ids)s)
  UNION
  SELECT led.asked, next.customer_id, next.merged_into
  FROM led JOIN {table} AS next ON next.book = %(book)s AND next.customer_id = led.onward
)
"""
BY_IDS = CUSTOMER_PROFILE.query(
    SURVIVORS
    + """
SELECT led.asked, {columns}
FROM led JOIN {table} ON book = %(book)s AND customer_id = led.at
WHERE led.onward IS NULL AND kind IS NOT NULL
"""
)


def by_ids(database: Database, book: str, customer_ids: Iterable[UUID]) -> dict[UUID, CustomerProfile]:
    """The registered ones among some customers, by the id asked for; who was merged is answered by the survivor."""
    rows = database.rows(BY_IDS, {"book": book, "ids": list(customer_ids)})
    return {asked: of_row(row) for asked, *row in rows}


def by_id(database: Database, book: str, customer_id: UUID) -> CustomerProfile | None:
    """A customer, if registered; the survivor of one who was merged."""
    return by_ids(database, book, [customer_id]).get(customer_id)


# Leans on the index source_key.
BY_SOURCE_KEY = CUSTOMER_PROFILE.query("""
SELECT customer_id FROM {table}
WHERE book = %(book)s AND source_key = %(source_key)s AND kind IS NOT NULL
ORDER BY registered_at, customer_id
""")


def with_source_key(database: Database, book: str, source_key: str) -> list[UUID]:
    """Whoever has a key in the system they came from, merged or not, oldest first."""
    return [found for (found,) in database.rows(BY_SOURCE_KEY, {"book": book, "source_key": source_key})]


def by_source_key(database: Database, book: str, source_key: str) -> list[CustomerProfile]:
    """The customers with a key in the system they came from, oldest first; more than one when two systems share it.

    Who was merged is answered by the survivor, once.
    """
    ids = with_source_key(database, book, source_key)
    found = by_ids(database, book, ids) if ids else {}
    return list({profile.customer_id: profile for asked in ids if (profile := found.get(asked))}.values())


EVERYBODY = CustomerFilter()


def page(
    database: Database, book: str, window: Window, where: CustomerFilter = EVERYBODY, reach: Reach = EVERYTHING
) -> Page[CustomerProfile]:
    """The part of the customers within reach who stand for themselves that a window cuts. Raises: BadPlace."""
    of_kind, kinds = narrowed("kind", where.kinds)
    of_tier, tiers = narrowed("tier", where.tiers)
    # leans on the index manager
    of_manager, manager = narrowed("manager", () if where.manager is None else (where.manager,))
    found, numbers = customer_lookup.condition(where.sought)
    narrowing = [*of_kind, *of_tier, *of_manager, *found]
    within = reach.of_customers("views.customer_profile.customer_id")
    conditions, parameters = added(narrowing, kinds | tiers | manager | numbers, within)
    return cut(database, CUSTOMER_PROFILE, book, window, conditions, parameters)


# For each of some customers everybody who proved to be them. Leans on the index merged_into.
FAMILIES = CUSTOMER_PROFILE.query("""
WITH RECURSIVE family(root, id) AS (
  SELECT wanted.id, wanted.id FROM unnest(%(ids)s::uuid[]) AS wanted(id)
  UNION
  SELECT family.root, merged.customer_id
  FROM family JOIN {table} AS merged ON merged.book = %(book)s AND merged.merged_into = family.id
)
""")


WITHIN_REACH = "SELECT wanted.id FROM unnest(%(ids)s::uuid[]) AS wanted(id) WHERE "


def within_reach(database: Database, book: str, customer_ids: Iterable[UUID], reach: Reach) -> frozenset[UUID]:
    """Those of some customers who lie within reach; who was merged is no customer of their own any more."""
    ids = list(customer_ids)
    conditions, parameters = reach.of_customers("wanted.id")
    if not conditions:
        return frozenset(ids)
    rows = database.rows(WITHIN_REACH + " AND ".join(conditions), {"book": book, "ids": ids, **parameters})
    return frozenset(customer_id for (customer_id,) in rows)


FAMILY = FAMILIES + "SELECT id FROM family"


def family(database: Database, book: str, customer_id: UUID) -> frozenset[UUID]:
    """Every id under which the person is known whom one stands for: the survivor's, and theirs who were merged."""
    survivor = by_ids(database, book, [customer_id]).get(customer_id)
    asked = customer_id if survivor is None else survivor.customer_id
    return frozenset(found for (found,) in database.rows(FAMILY, {"book": book, "ids": [asked]})) | {customer_id}


class CaseCounts(NamedTuple):
    """How many cases are about a customer, and how many of them are neither resolved nor closed."""

    cases: int
    open_cases: int


# Leans on the case file's index customer.
CASE_COUNTS = FAMILIES + CASE_FILE.query("""
SELECT family.root, count(*), count(*) FILTER (WHERE status <> ALL (%(ended)s))
FROM family JOIN {table} ON book = %(book)s AND customer_id = family.id
GROUP BY family.root
""")


def case_counts(
    database: Database, book: str, customer_ids: Iterable[UUID], reach: Reach = EVERYTHING
) -> dict[UUID, CaseCounts]:
    """The counts of the cases within reach of some customers and of whoever was merged into them, by id; who has none
    is not in it."""
    ended = [status.value for status in ENDED]
    conditions, parameters = reach.cases()
    query = (
        CASE_COUNTS.replace("GROUP BY", f"WHERE {' AND '.join(conditions)}\nGROUP BY") if conditions else CASE_COUNTS
    )
    rows = database.rows(query, {"book": book, "ids": list(customer_ids), "ended": ended, **parameters})
    return {customer_id: CaseCounts(cases, open_cases) for customer_id, cases, open_cases in rows}
