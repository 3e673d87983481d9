"""Customer lookup: by which names, numbers and addresses each customer is found, as numbers of the blind index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from domain.customer import CUSTOMER, Customer
from domain.envelope import Recorded
from domain.personal import Personal, PersonalState
from domain.stream import Category
from ledger.blind_index import BlindIndex
from projections import search_terms
from projections.projection import key_of
from projections.reach import Conditions
from projections.reckoning import Reckoning, Subject
from projections.search_terms import Term


class CustomerLookup(NamedTuple):
    """By what a customer is found. Nothing in it can be read, and nothing of it is left when their values are erased
    and the row is worked out anew."""

    stream: str
    customer_id: UUID
    position: int
    """Of the latest event of their file."""
    numbers: tuple[int, ...]
    """In ascending order, each once."""


class Sought(NamedTuple):
    """Whom a search finds: everybody with one of the numbers in `whole`, or with all of those in `parts`, if any."""

    whole: tuple[int, ...]
    parts: tuple[int, ...]


def rows(subject: Subject) -> list[CustomerLookup]:
    """The row of a customer; none before they are registered, or while there is nothing to find them by.

    Who was merged keeps theirs, by which the survivor is found.
    """
    customer: Customer | None = None
    for recorded in subject.history:
        customer = CUSTOMER.evolve(customer, recorded)
    if customer is None or subject.blind is None:
        return []
    numbers = _numbers(_terms(customer), subject.blind)
    if not numbers:
        return []
    return [CustomerLookup(subject.stream, key_of(subject.stream), subject.written[-1].position, numbers)]


def _terms(customer: Customer) -> Iterator[Term]:
    """What is known of them now: not the names and numbers that they had."""
    if customer.registration.source_key is not None:
        yield from search_terms.of_key(customer.registration.source_key)
    if (name := _opened(customer.name)) is not None:
        yield from search_terms.of_name(name)
    for contact in customer.contacts:
        if (value := _opened(contact.record.value)) is not None:
            yield from search_terms.of_contact(value)


def _opened(value: Personal[str] | None) -> str | None:
    return value.value if value is not None and value.state is PersonalState.OPEN else None


def _numbers(terms: Iterator[Term], blind: BlindIndex) -> tuple[int, ...]:
    return tuple(sorted({blind.number(*term) for term in terms}))


def _nothing_beside(book: str) -> Sequence[str]:
    del book
    return ()


def _never(recorded: Recorded[Any]) -> bool:
    del recorded
    return False


def of_row(row: Sequence[Any]) -> CustomerLookup:
    """The row of the table."""
    lookup = CustomerLookup._make(row)
    return lookup._replace(numbers=tuple(lookup.numbers))


CUSTOMER_LOOKUP: Reckoning[CustomerLookup] = Reckoning(
    name="customer_lookup",
    version=1,
    reads=frozenset({Category.CUSTOMER}),
    columns=CustomerLookup._fields,
    of_row=of_row,
    tells_apart=(),
    subjects=frozenset({Category.CUSTOMER}),
    rows=rows,
    beside=_nothing_beside,
    again="SELECT stream FROM {table} WHERE false",
    matters=_never,
    opened=True,
)

# Questions ------------------------------------------------------------------------------------------------------------

# Whoever was merged leads to the survivor. An array, and not a list of rows: the numbers are asked for once, before the
# customers, of whom few are then looked up by the primary key. Leans on the index numbers.
FOUND = """customer_id = ANY (ARRAY(
  WITH RECURSIVE found (id) AS (
    SELECT looked_up.customer_id FROM views.customer_lookup AS looked_up
    WHERE looked_up.book = %(book)s AND {numbers}
    UNION
    SELECT merged.merged_into FROM found JOIN views.customer_profile AS merged
    ON merged.book = %(book)s AND merged.customer_id = found.id AND merged.merged_into IS NOT NULL
  ) SELECT id FROM found))"""
WHOLE = "looked_up.numbers && %(sought_whole)s::bigint[]"
PARTLY = f"({WHOLE} OR looked_up.numbers @> %(sought_parts)s::bigint[])"


def sought(blind: BlindIndex, text: str, *, partly: bool) -> Sought | None:
    """What a search for a text asks the index; None when there is nothing in the text to look for.

    Without `partly` only whole names, numbers and addresses are found.
    """
    wanted = search_terms.wanted(text, partly=partly)
    if not wanted.whole:
        return None
    return Sought(_numbers(iter(wanted.whole), blind), _numbers(iter(wanted.parts), blind))


def condition(asked: Sought | None) -> Conditions:
    """What holds for the customers that a search finds; for all of them without one."""
    if asked is None:
        return [], {}
    parameters: dict[str, Sequence[int]] = {"sought_whole": list(asked.whole)}
    if not asked.parts:
        return [FOUND.replace("{numbers}", WHOLE)], parameters
    return [FOUND.replace("{numbers}", PARTLY)], {**parameters, "sought_parts": list(asked.parts)}
