"""Customers as they were known at one instant, as far as it had occurred by another: folded anew out of their events.

A customer's file is folded out of their own stream and of the touchpoints that name them. Which these are nobody can
tell from the customer's stream, and to look through the whole book for them would take minutes in a large one. So the
live view's table of touches is asked where to look, and for nothing else: it has every stream that ever named the
customer, however it was read at some time, and each of these is then read as it was read at the time asked for. What
was recorded after the view's last position is looked through one event after the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from api.past_place import place_read
from domain.amendment import AMENDMENTS
from domain.envelope import Recorded
from domain.stream import Category, category_of, stream_of
from ledger.ledger import Ledger, PersonalPlace
from projections.cursor import standings
from projections.customer_profile import CUSTOMER_PROFILE, CustomerProfile, Visit
from projections.refold import touched_by, touching
from projections.traced import row_of
from replay.as_of import AsOf, PastStream, past_stream
from replay.difference import Seen, seen_in
from replay.reader import Reader

PAGE = 2_000


class PastCustomer(NamedTuple):
    """A customer as of two instants."""

    profile: CustomerProfile
    """By the fold of the live view, so that both mean the same; without a kind while nobody had registered them."""
    stream: PastStream
    """Their own."""

    @property
    def name_place(self) -> PersonalPlace | None:
        """Where their name lies, for the ledger to disclose."""
        return place_read(self.stream, self.profile.name_version, "/name")

    @property
    def contact_places(self) -> tuple[PersonalPlace | None, ...]:
        """Where the contacts lie, in their order."""
        return tuple(place_read(self.stream, contact.version, "/value") for contact in self.profile.contacts)

    def words_place(self, visit: Visit) -> PersonalPlace | None:
        """Where it lies what the customer said at a visit."""
        return place_read(self.stream, visit.words_version, "/words")


class Gathered(NamedTuple):
    """All that a customer is folded out of, as it was written, whenever it was known."""

    own: Sequence[Recorded[Any]]
    touching: Sequence[Sequence[Recorded[Any]]]
    """The streams that ever named them, each whole."""


class Telling(NamedTuple):
    """What tells of a customer as of two instants."""

    stream: PastStream
    told: Sequence[Seen]
    """Their events, in the order of the book."""
    elsewhere: Sequence[Seen]
    """What had occurred and was not about them as it was read then."""


def past_customers(ledger: Ledger, customer_ids: Iterable[UUID], as_of: AsOf) -> dict[UUID, PastCustomer]:
    """Those of some customers of whom something was known by then, registered or not, each by their own file.

    Who had been merged is not answered by the survivor here: `merged_into` says who that was. Raises: LedgerAway,
    UnknownTopic, UnreadableEvent.
    """
    found: dict[UUID, PastCustomer] = {}
    for customer_id, gathered in gathered_of(ledger, customer_ids, as_of.position).items():
        telling = telling_of(customer_id, gathered, as_of)
        profile = row_of(CUSTOMER_PROFILE, customer_id, ((seen.written, seen.read) for seen in telling.told))
        if profile is not None:
            found[customer_id] = PastCustomer(profile, telling.stream)
    return found


def survivors(ledger: Ledger, customer_ids: Iterable[UUID], as_of: AsOf) -> dict[UUID, PastCustomer]:
    """Who stood for some customers then, by the id asked for: themselves, or whoever they had been merged into.

    Only those are in it who were registered, as in the live view.
    """
    at = {customer_id: customer_id for customer_id in customer_ids}
    known: dict[UUID, PastCustomer] = {}
    asked: set[UUID] = set()
    while wanted := set(at.values()) - asked:
        asked |= wanted
        known |= past_customers(ledger, wanted, as_of)
        at = {customer_id: _onward(now, known) for customer_id, now in at.items()}
    standing = {
        customer_id: past
        for customer_id, now in at.items()
        if (past := known.get(now)) and not past.profile.merged_into
    }
    return {customer_id: past for customer_id, past in standing.items() if past.profile.kind is not None}


def _onward(customer_id: UUID, known: Mapping[UUID, PastCustomer]) -> UUID:
    """Whoever somebody had been merged into, over as many as are known; in a ring somebody who is in it."""
    passed = {customer_id}
    while (past := known.get(customer_id)) and (into := past.profile.merged_into) and into not in passed:
        passed.add(into)
        customer_id = into
    return customer_id


def gathered_of(
    ledger: Ledger, customer_ids: Iterable[UUID], upto: int, *, opened: bool = False
) -> dict[UUID, Gathered]:
    """All that some customers are folded out of up to a position. Raises: LedgerAway, UnknownTopic, UnreadableEvent."""
    wanted = list(customer_ids)
    reader = Reader(ledger)
    named = _naming(ledger, reader, wanted, upto)
    own = {customer_id: stream_of(Category.CUSTOMER, customer_id) for customer_id in wanted}
    # Personal values are in the customers' own streams alone, as far as a file shows any.
    files = reader.histories(own.values(), upto, opened=opened)
    others = reader.histories({stream for streams in named.values() for stream in streams}, upto)
    return {
        customer_id: Gathered(files[own[customer_id]], [others[stream] for stream in sorted(named[customer_id])])
        for customer_id in wanted
    }


def _naming(ledger: Ledger, reader: Reader, customer_ids: Collection[UUID], upto: int) -> dict[UUID, set[str]]:
    """The streams of others that ever named some customers, up to a position."""
    read_to = _read_by_the_view(ledger)
    named: dict[UUID, set[str]] = {customer_id: set() for customer_id in customer_ids}
    if read_to:
        named |= touching(ledger.database, ledger.book, CUSTOMER_PROFILE, named.keys())
    since = [one for one in _after(reader, read_to, upto) if category_of(one.stream) == Category.TOUCHPOINT]
    amended = {one.stream for one in since if isinstance(one.event, AMENDMENTS)}
    # What is approved only now may have been asked for before: these streams are looked at from their beginning.
    for recorded in (*since, *chain.from_iterable(reader.histories(amended, upto).values())):
        for customer_id in touched_by(CUSTOMER_PROFILE, recorded):
            if customer_id in named:
                named[customer_id].add(recorded.stream)
    return named


def to_be_looked_through(ledger: Ledger, upto: int) -> int:
    """How many events up to a position are read one after the other, since the live view has not read them. Raises:
    LedgerAway."""
    return max(0, upto - _read_by_the_view(ledger))


def _read_by_the_view(ledger: Ledger) -> int:
    (view,) = standings(ledger.database, ledger.book, [CUSTOMER_PROFILE])
    return 0 if view.held else view.position


def _after(reader: Reader, position: int, upto: int) -> Iterator[Recorded[Any]]:
    while position < upto:
        page = reader.since(position, upto, PAGE)
        yield from page
        position = page[-1].position if page else upto


def telling_of(customer_id: UUID, gathered: Gathered, as_of: AsOf) -> Telling:
    """What had been told of a customer then."""
    stream = past_stream(gathered.own, as_of)
    told, elsewhere = list(seen_in(stream)), list[Seen]()
    for history in gathered.touching:
        for seen in seen_in(past_stream(history, as_of)):
            if not isinstance(seen.written.event, AMENDMENTS):
                names = CUSTOMER_PROFILE.keys(seen.read or seen.written)
                (told if customer_id in names else elsewhere).append(seen)
    told.sort(key=lambda seen: seen.written.position)
    return Telling(stream, told, elsewhere)
