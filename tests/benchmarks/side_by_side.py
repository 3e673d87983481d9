"""Two ways to do the same work, timed turn about in one run: the median of the rounds' ratios, and how sure it is."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from typing_extensions import override


class Work(NamedTuple):
    """One way to do the work.

    `prepare` makes what a round works on, untimed; `run` takes it, does the work and gives back how many units it did;
    `check` looks afterwards that they are really there.
    """

    name: str
    run: Callable[[Any], int]
    check: Callable[[], int] | None = None
    prepare: Callable[[], Any] = lambda: None


class Ratio(NamedTuple):
    """How many times as fast ours is: the median over the rounds, and its interval of at least 95 %."""

    median: float
    low: float
    high: float

    @override
    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}, {self.high:.2f}]"


def compare(title: str, rounds: int, ours: Work, *peers: tuple[Work, str]) -> list[Ratio]:
    """Runs all of them once to warm up, then `rounds` times turn about, each round in another order; prints a table.

    A peer comes with the goal that the design sets, such as "10 or more". Fails when two did not do the same work.
    """
    works = [ours, *(peer for peer, _ in peers)]
    rates: dict[str, list[float]] = {work.name: [] for work in works}
    done: dict[str, int] = {work.name: 0 for work in works}
    for round_number in range(rounds + 1):
        turn = round_number % len(works)
        for work in works[turn:] + works[:turn]:
            given = work.prepare()
            units, seconds = timed(work, given)
            done[work.name] += units
            if round_number:
                rates[work.name].append(units / seconds)
    assert len(set(done.values())) == 1, f"not the same work: {done}"
    for work in works:
        if work.check is not None:
            assert work.check() == done[work.name], f"{work.name} did not do what it said"
    print(f"\n{title} ({rounds} rounds, {done[ours.name] // (rounds + 1)} units a round)")
    for work in works:
        print(f"  {work.name:<44} {statistics.median(rates[work.name]):>12,.0f} a second")
    found = []
    for peer, goal in peers:
        ratio = ratio_of([mine / other for mine, other in zip(rates[ours.name], rates[peer.name], strict=True)])
        print(f"  ours : {peer.name:<37} {ratio.median:>8.2f}  [{ratio.low:.2f}, {ratio.high:.2f}]   goal {goal}")
        found.append(ratio)
    return found


def timed(work: Work, given: Any) -> tuple[int, float]:
    """Units and seconds. As timeit does, without the garbage collector, whose turn falls on either side by chance."""
    gc.collect()
    gc.disable()
    try:
        started = time.perf_counter()
        units = work.run(given)
        return units, time.perf_counter() - started
    finally:
        gc.enable()


def ratio_of(ratios: Sequence[float]) -> Ratio:
    """The median, and the narrowest pair of order statistics that holds it with 95 % (binomial, no distribution)."""
    ordered = sorted(ratios)
    n = len(ordered)
    rank = 0
    while 2 * sum(math.comb(n, k) for k in range(rank + 1)) / 2**n <= 0.05:
        rank += 1
    low = max(rank - 1, 0)
    return Ratio(statistics.median(ordered), ordered[low], ordered[n - 1 - low])


def in_threads(writers: int, each: Callable[[int], int]) -> int:
    """Runs `each(writer)` for every writer at once; the sum of what they did."""
    if writers == 1:
        return each(0)
    with ThreadPoolExecutor(writers) as pool:
        return sum(pool.map(each, range(writers)))
