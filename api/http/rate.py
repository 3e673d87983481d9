"""How often a caller may ask: a bucket of tokens each, filled at a steady rate."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import NamedTuple

MOST_CALLERS = 10_000
"""Of whom a bucket is kept; who has not asked for longest loses theirs, which is full again by then or nearly so."""


class Bucket(NamedTuple):
    """How many tokens a caller had left at some second of a steady clock."""

    tokens: float
    at: float


class Rate:
    """The buckets of all callers. `burst` tokens fit into one, and `per_second` come in; 0 lets everybody in."""

    def __init__(self, per_second: float, burst: int) -> None:
        self.per_second = per_second
        self.burst = burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def wait_of(self, caller: str, now: float) -> float:
        """Takes a token of a caller's; 0 when there was one, or else the seconds until there will be."""
        if self.per_second == 0:
            return 0.0
        had = self._buckets.pop(caller, Bucket(self.burst, now))
        tokens = min(self.burst, had.tokens + (now - had.at) * self.per_second)
        allowed = tokens >= 1
        self._buckets[caller] = Bucket(tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / self.per_second

    def give_back(self, caller: str) -> None:
        """Puts back a token that was taken; no bucket holds more than a burst."""
        had = self._buckets.get(caller)
        if had is not None:
            self._buckets[caller] = had._replace(tokens=min(self.burst, had.tokens + 1))


def network_of(address: str | None) -> str:
    """Whom to count a request for by its address: in IPv6 the network of 64 bits, of which one host has all."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if found.version == 4 or found.ipv4_mapped:
        return str(found.ipv4_mapped if found.version == 6 else found)
    return str(ipaddress.ip_network((found, 64), strict=False))
