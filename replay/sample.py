"""A sample that anybody can draw again: those of a population whose ids have the smallest keys under a seed.

The key of an id is the SHA-256 of the seed, a line feed and the id, in UTF-8; the sample is the ids with the smallest
keys. It is sampling without replacement by pseudorandom numbers that belong to the elements, "consistent sampling"
(described in Ronald L. Rivest, Consistent Sampling with Replacement, arXiv:1808.10016), with the hash that election
audits use. It needs no library, no order of the population and no state: `sha256sum` and `sort` draw it as well.

With it come totals of control. The digest is the SHA-256 of all ids in the order of the population, each followed by a
line feed: who has the same digest draws from the same population.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from domain.envelope import RegisterNumber
from domain.money import Money

METHOD = "the smallest SHA-256 of seed, line feed and id (consistent sampling, arXiv:1808.10016)"


class Member(NamedTuple):
    """One of a population."""

    id: str
    """That no other member has, and that is the same in every installation."""
    number: RegisterNumber | None
    amount: Money | None
    told: Mapping[str, Any]
    """What is shown of it when it is drawn."""


class Drawn(NamedTuple):
    """A member of the sample."""

    place: int
    """In the population, from 1."""
    key: str
    """By which it was drawn, in hexadecimal."""
    member: Member


class Amount(NamedTuple):
    """The sum of the members' amounts in a currency."""

    currency: str
    minor_units: int
    members: int
    """How many members have one."""


class Sample(NamedTuple):
    """What was drawn, and the totals of control of what it was drawn from."""

    seed: str
    size: int
    """How many were asked for."""
    total: int
    """How many the population has."""
    numbered: int
    first_number: RegisterNumber | None
    last_number: RegisterNumber | None
    amounts: tuple[Amount, ...]
    """By currency."""
    digest: str
    drawn: tuple[Drawn, ...]
    """In the order of the population."""


def key_of(seed: str, member_id: str) -> bytes:
    """By which an id is drawn under a seed."""
    return sha256(f"{seed}\n{member_id}".encode()).digest()


class Sampling:
    """Draws from a population that is told member by member, and held no longer than needed."""

    def __init__(self, seed: str, size: int) -> None:
        self._seed = seed
        self._size = size
        self._count = self._numbered = 0
        self._first: RegisterNumber | None = None
        self._last: RegisterNumber | None = None
        self._amounts: dict[str, tuple[int, int]] = {}
        self._digest = sha256()
        self._kept: list[tuple[int, int, Drawn]] = []
        """The smallest keys so far, the greatest of them first: keys are negative in the heap."""

    def add(self, member: Member) -> None:
        """One more member of the population, in its order."""
        self._count += 1
        self._digest.update(f"{member.id}\n".encode())
        if member.number is not None:
            self._numbered += 1
            self._first = member.number if self._first is None else min(self._first, member.number)
            self._last = member.number if self._last is None else max(self._last, member.number)
        if member.amount is not None:
            sum_, members = self._amounts.get(member.amount.currency, (0, 0))
            self._amounts[member.amount.currency] = (sum_ + member.amount.minor_units, members + 1)
        key = key_of(self._seed, member.id)
        # Of two with one key, which nobody has ever seen, the one that came first counts as smaller.
        entry = (-int.from_bytes(key, "big"), -self._count, Drawn(self._count, key.hex(), member))
        if len(self._kept) < self._size:
            heapq.heappush(self._kept, entry)
        elif self._kept and entry[:2] > self._kept[0][:2]:
            heapq.heapreplace(self._kept, entry)

    def drawn(self) -> Sample:
        """The sample of what has been told."""
        amounts = (Amount(currency, *found) for currency, found in sorted(self._amounts.items()))
        return Sample(
            seed=self._seed,
            size=self._size,
            total=self._count,
            numbered=self._numbered,
            first_number=self._first,
            last_number=self._last,
            amounts=tuple(amounts),
            digest=self._digest.hexdigest(),
            drawn=tuple(sorted((entry[2] for entry in self._kept), key=lambda each: each.place)),
        )
