"""Draws what the growth benchmark found into docs/performance.md: tables, and curves beside it.

Run as a program with the file of results: `python -m tests.benchmarks.curves docs/performance/growth.json`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from tests.benchmarks.growth import Asked, Filled, Results, load, neighbours, spoken_seconds, spoken_size, verdict
from tests.conftest import PROJECT

PAGE = PROJECT / "docs" / "performance.md"
CURVES = PAGE.with_suffix("") / "growth.svg"
BEGIN, END = "<!-- found: begin -->", "<!-- found: end -->"
"""Between these two lines the page is made by this program."""

PANEL = (236, 132)
COLUMNS = 3
MARGIN = (44, 34, 18, 30)
"""Of a panel: left, top, right, bottom."""
PACE = ("a second", "memory", "log an event")
INK, FAINT, LINE = "#24292f", "#8c959f", "#0969da"


def found(results: Results) -> str:
    """The part of the page that a run makes."""
    machine, sizes = results.machine, results.sizes
    head = (
        f"Run on {machine['date']}: {machine['processor']}, {machine['cores']} cores, load {machine['load']} at the "
        f"end; Python {machine['python']}, PostgreSQL {machine['postgresql']} with {machine['shared_buffers']} of "
        f"shared buffers and {machine['max_wal_size']} of write-ahead log between checkpoints. "
        f"{results.rounds} rounds."
    )
    return "\n\n".join([
        head,
        "### What a question costs",
        _table(
            ["question", "per", *(spoken_size(size) for size in sizes), *_pairs(sizes), "growth"],
            (_asked_row(asked, sizes) for asked in results.asked),
        ),
        f"![Cost against size, for each question]({CURVES.relative_to(PAGE.parent).as_posix()})",
        "### Filling and folding",
        _table(
            ["events", "appended", *PACE, "folded", *PACE],
            (_filled_row(filled) for filled in results.filled),
        ),
        "### On disk",
        _table(
            ["bytes an event", *(spoken_size(size) for size in sizes)],
            _storage_rows(results.filled),
        ),
    ])  # fmt: skip


def _pairs(sizes: Sequence[int]) -> list[str]:
    return [f"{spoken_size(larger)} : {spoken_size(smaller)}" for larger, smaller in neighbours(sizes)]


def _asked_row(asked: Asked, sizes: Sequence[int]) -> list[str]:
    pairs = neighbours(sizes)
    ratios = [asked.ratio(*pair) for pair in pairs]
    verdicts = verdict(ratios[-1], *pairs[-1]) if pairs else ""
    medians = (spoken_seconds(asked.median(size)) for size in sizes)
    return [asked.name, asked.unit, *medians, *map(str, ratios), verdicts]


def _filled_row(filled: Filled) -> list[str]:
    return [
        f"{filled.events:,}", f"{filled.fill_seconds:.0f} s", f"{filled.events / filled.fill_seconds:,.0f}",
        f"{filled.fill_peak_bytes / 1e6:.0f} MB", f"{filled.fill_wal_bytes / filled.events:,.0f} B",
        f"{filled.fold_seconds:.0f} s", f"{filled.folded / filled.fold_seconds:,.0f}",
        f"{filled.fold_peak_bytes / 1e6:.0f} MB", f"{filled.fold_wal_bytes / filled.folded:,.0f} B",
    ]  # fmt: skip


def _storage_rows(filled: Sequence[Filled]) -> list[list[str]]:
    tables = sorted({one.table for each in filled for one in each.storage})
    rows = []
    for table in tables:
        of_size = [next((one for one in each.storage if one.table == table), None) for each in filled]
        for what, sizes in (
            (f"`{table}`", [0 if one is None else one.table_bytes for one in of_size]),
            ("its indexes", [0 if one is None else sum(one.index_bytes.values()) for one in of_size]),
        ):
            rows.append([what, *(f"{size / each.events:,.0f}" for size, each in zip(sizes, filled, strict=True))])
    return [*rows, ["**all**", *(f"**{each.bytes_an_event:,.0f}**" for each in filled)]]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["--"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def curves(results: Results) -> str:
    """A panel a question: cost against size, both as multiples of the smallest book; dashed, the logarithm."""
    panels = [_panel(asked, results.sizes) for asked in results.asked]
    width, height = COLUMNS * PANEL[0], math.ceil(len(panels) / COLUMNS) * PANEL[1]
    placed = (
        f'<g transform="translate({place % COLUMNS * PANEL[0]} {place // COLUMNS * PANEL[1]})">{panel}</g>'
        for place, panel in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="9" fill="{INK}">\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
        + "\n".join(placed)
        + "\n</svg>\n"
    )


def _panel(asked: Asked, sizes: Sequence[int]) -> str:
    left, top, right, bottom = MARGIN
    least = asked.median(sizes[0])
    cost = [asked.median(size) / least for size in sizes]
    logarithm = [math.log(size) / math.log(sizes[0]) for size in sizes]
    most = max(*cost, *logarithm, 1.5)
    span = math.log(sizes[-1] / sizes[0]) or 1

    def at(size: int, value: float) -> tuple[float, float]:
        across = math.log(size / sizes[0]) / span
        return left + across * (PANEL[0] - left - right), PANEL[1] - bottom - value / most * (PANEL[1] - top - bottom)

    def path(values: Sequence[float]) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in map(at, sizes, values))

    marks = [
        f'<text x="8" y="20" font-weight="bold">{escape(asked.name)}</text>',
        f'<polyline points="{path(logarithm)}" fill="none" stroke="{FAINT}" stroke-dasharray="3 3"/>',
        f'<polyline points="{path(cost)}" fill="none" stroke="{LINE}" stroke-width="1.5"/>',
    ]
    for value in (0.0, 1.0, most):
        _, y = at(sizes[0], value)
        marks.append(f'<text x="{left - 8}" y="{y + 3:.1f}" text-anchor="end" fill="{FAINT}">{value:.1f}</text>')
    for size, value in zip(sizes, cost, strict=True):
        x, y = at(size, value)
        under = PANEL[1] - bottom + 14
        anchor = "start" if size == sizes[0] else "end" if size == sizes[-1] else "middle"
        marks += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{LINE}"/>',
            f'<text x="{x:.1f}" y="{y - 6:.1f}" text-anchor="{anchor}">{spoken_seconds(asked.median(size))}</text>',
            f'<text x="{x:.1f}" y="{under}" text-anchor="middle" fill="{FAINT}">{spoken_size(size)}</text>',
        ]
    return "".join(marks)


def with_found(page: str, results: Results) -> str:
    """The page with what a run found in its place. Raises: ValueError when the page has no such place."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"There is no {BEGIN} and {END} in the page to write between.")
    return f"{before}{BEGIN}\n\n{found(results)}\n\n{END}{after}"


def main(path: str) -> None:
    """Writes the page and the curves."""
    results = load(Path(path))
    CURVES.parent.mkdir(parents=True, exist_ok=True)
    CURVES.write_text(curves(results), encoding="utf-8")
    PAGE.write_text(with_found(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Name the file of results, such as docs/performance/growth.json.")
    main(sys.argv[1])
