"""The same question asked of books of several sizes, turn about: what it costs, and whether that grows."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.side_by_side import Ratio, Work, ratio_of, timed


class Asked(NamedTuple):
    """What a question cost in each round, in seconds a unit, by the size of the book."""

    name: str
    unit: str
    units: int
    """So many a round, of each book."""
    seconds: dict[int, list[float]]

    def median(self, size: int) -> float:
        """Seconds a unit."""
        return statistics.median(self.seconds[size])

    def ratio(self, larger: int, smaller: int) -> Ratio:
        """How many times as much it costs in the larger book."""
        pairs = zip(self.seconds[larger], self.seconds[smaller], strict=True)
        return ratio_of([more / less for more, less in pairs])


class Storage(NamedTuple):
    """What a table takes on disk."""

    table: str
    table_bytes: int
    """With what is too long for a row."""
    index_bytes: Mapping[str, int]


class Filled(NamedTuple):
    """What filling and folding a book took."""

    events: int
    fill_seconds: float
    fill_peak_bytes: int
    fill_wal_bytes: int
    folded: int
    """Folded in one go, before the last part of the book, which is folded turn about with other sizes."""
    fold_seconds: float
    fold_peak_bytes: int
    fold_wal_bytes: int
    vacuum_seconds: float
    storage: tuple[Storage, ...]

    @property
    def bytes_an_event(self) -> float:
        """All tables and indexes, of ledger and views."""
        return sum(one.table_bytes + sum(one.index_bytes.values()) for one in self.storage) / self.events


class Results(NamedTuple):
    """All that a run found."""

    machine: Mapping[str, str]
    rounds: int
    filled: tuple[Filled, ...]
    asked: tuple[Asked, ...]

    @property
    def sizes(self) -> list[int]:
        """The sizes of the books as they were asked for, the smallest first."""
        return sorted(self.asked[0].seconds)


def ask(name: str, unit: str, rounds: int, books: Mapping[int, Work]) -> Asked:
    """Asks each book once to warm up and then `rounds` times, turn about, each round beginning with another.

    Fails when two books had not the same to do.
    """
    sizes = list(books)
    seconds: dict[int, list[float]] = {size: [] for size in sizes}
    done = dict.fromkeys(sizes, 0)
    for round_number in range(rounds + 1):
        turn = round_number % len(sizes)
        for size in sizes[turn:] + sizes[:turn]:
            units, took = timed(books[size], books[size].prepare())
            done[size] += units
            if round_number:
                seconds[size].append(took / units)
    assert len(set(done.values())) == 1, f"not the same work: {done}"
    for size, work in books.items():
        if work.check is not None:
            assert work.check() == done[size], f"{work.name} did not do what it said"
    return Asked(name, unit, done[sizes[0]] // (rounds + 1), seconds)


def neighbours(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Each size with the one before it."""
    return list(zip(sizes[1:], sizes, strict=False))


def verdict(ratio: Ratio, larger: int, smaller: int) -> str:
    """What an interval says about growth; a search in a tree may take as much longer as the logarithm is greater."""
    logarithm = math.log(larger) / math.log(smaller)
    if ratio.high < 1:
        return "less"
    if ratio.low <= 1:
        return "none shown"
    return "as the logarithm" if ratio.low <= logarithm else "grows"


def shown(results: Results) -> str:
    """All of it as text."""
    sizes = results.sizes
    lines = [f"\nCost as a book grows ({results.rounds} rounds)"]
    lines += [
        f"  {spoken_size(one.events):>9} events: "
        f"filled in {one.fill_seconds:.0f} s by {one.fill_peak_bytes / 1e6:.0f} MB, "
        f"folded in {one.fold_seconds:.0f} s by {one.fold_peak_bytes / 1e6:.0f} MB; "
        f"{one.bytes_an_event:.0f} bytes an event on disk"
        for one in results.filled
    ]
    pairs = [f"{spoken_size(larger)} : {spoken_size(smaller)}" for larger, smaller in neighbours(sizes)]
    lines.append(
        f"  {'':<52} " + "  ".join([*(f"{spoken_size(size):>9}" for size in sizes), *(f"{p:>20}" for p in pairs)])
    )
    return "\n".join([*lines, *(line_of(asked, sizes) for asked in results.asked)])


def line_of(asked: Asked, sizes: Sequence[int]) -> str:
    """A question in a line of text."""
    medians = [f"{spoken_seconds(asked.median(size)):>9}" for size in sizes]
    ratios = [f"{asked.ratio(*pair)!s:>20}" for pair in neighbours(sizes)]
    return f"  {asked.name:<52} " + "  ".join([*medians, *ratios])


def spoken_seconds(seconds: float) -> str:
    """A time in the unit that suits it."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"


def spoken_size(events: int) -> str:
    """A size as people say it."""
    for unit, letter in ((10**6, "M"), (10**3, "k")):
        if events >= unit and events % (unit // 10) == 0:
            return f"{events / unit:g} {letter}"
    return f"{events:,}"


def save(results: Results, path: Path) -> None:
    """Writes results as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": dict(results.machine),
        "rounds": results.rounds,
        "filled": [{**one._asdict(), "storage": [table._asdict() for table in one.storage]} for one in results.filled],
        "asked": [one._asdict() for one in results.asked],
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(path: Path) -> Results:
    """Reads them again."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return Results(
        document["machine"],
        document["rounds"],
        tuple(
            Filled(**{**one, "storage": tuple(Storage(**table) for table in one["storage"])})
            for one in document["filled"]
        ),
        tuple(
            Asked(**{**one, "seconds": {int(size): taken for size, taken in one["seconds"].items()}})
            for one in document["asked"]
        ),
    )
