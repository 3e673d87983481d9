"""The differences of two points of a case's or a customer's past, by the folds of the live views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from api.past_customer import gathered_of, telling_of
from domain.stream import Category, stream_of
from ledger.ledger import Ledger
from projections.case_file import CASE_FILE
from projections.customer_profile import CUSTOMER_PROFILE
from projections.fields import Fields
from projections.projection import Projection
from projections.traced import traced
from replay.as_of import AsOf, PastStream, past_stream
from replay.difference import Difference, Place, Point, Seen, difference, seen_in
from replay.reader import Reader


def case_difference(ledger: Ledger, case_id: UUID, before: AsOf, after: AsOf) -> Difference | None:
    """What is otherwise with a case as of one pair of instants than as of another; None when there is no such case.

    Raises: LedgerAway, UnknownTopic, UnreadableEvent, WrongKey.
    """
    points = case_points(ledger, case_id, (before, after))
    return None if points is None else difference(*points)


def customer_difference(ledger: Ledger, customer_id: UUID, before: AsOf, after: AsOf) -> Difference | None:
    """The same with a customer, by their own file: that they proved to be somebody else is a difference as well."""
    points = customer_points(ledger, customer_id, (before, after))
    return None if points is None else difference(*points)


def case_points(ledger: Ledger, case_id: UUID, instants: Sequence[AsOf]) -> list[Point] | None:
    """A case as of some pairs of instants; None when there is no such case."""
    stream, last = stream_of(Category.CASE, case_id), max(each.position for each in instants)
    history = Reader(ledger).histories([stream], last, opened=True)[stream]
    if not history:
        return None
    points = []
    for as_of in instants:
        past = past_stream(history, as_of)
        points.append(_point(CASE_FILE, case_id, as_of, past, list(seen_in(past)), ()))
    return points


def customer_points(ledger: Ledger, customer_id: UUID, instants: Sequence[AsOf]) -> list[Point] | None:
    """The same of a customer."""
    last = max(each.position for each in instants)
    gathered = gathered_of(ledger, [customer_id], last, opened=True)[customer_id]
    if not gathered.own and not gathered.touching:
        return None
    points = []
    for as_of in instants:
        telling = telling_of(customer_id, gathered, as_of)
        points.append(_point(CUSTOMER_PROFILE, customer_id, as_of, telling.stream, telling.told, telling.elsewhere))
    return points


def _point(
    projection: Projection[Any],
    subject: UUID,
    as_of: AsOf,
    own: PastStream,
    told: Sequence[Seen],
    elsewhere: Sequence[Seen],
) -> Point:
    # Requests are known as soon as they are recorded, and what they have read instead lies in them.
    known = sorted({one.version: one for one in (*own.written, *own.amending)}.items())
    fields = Fields((one for _, one in known), own.reading)
    found = traced(projection, subject, ((seen.written, seen.read) for seen in told), fields)
    return Point(as_of, _by_place(told), _by_place(elsewhere), found.fields, found.touched)


def _by_place(told: Sequence[Seen]) -> Mapping[Place, Seen]:
    return {(seen.written.stream, seen.written.version): seen for seen in told}
