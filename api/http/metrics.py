"""Figures of a server for whoever watches it, in the text that Prometheus reads."""

from __future__ import annotations

import math
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import NamedTuple

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""The bounds between which durations are counted."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BEGUN = time.time()
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Labels = tuple[tuple[str, str], ...]


class Sample(NamedTuple):
    """One number; a histogram has several under names of their own, with a suffix."""

    labels: Labels
    value: float
    suffix: str = ""


class Figure(NamedTuple):
    """One figure: a name that may have several numbers, told apart by labels."""

    name: str
    kind: str
    about: str
    samples: Iterable[Sample]


class Figures:
    """What one process has counted since it began. It may be asked on any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[Labels] = Counter()
        self._operations: Counter[Labels] = Counter()
        self._durations: dict[str, list[int]] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._items: Counter[Labels] = Counter()

    def answered(self, path: str, status: int) -> None:
        """Counts a request."""
        with self._lock:
            self._requests[("path", path), ("status", str(status))] += 1

    def operated(self, kind: str, outcome: str, seconds: float | None) -> None:
        """Counts an operation, with how long it took, if that says anything."""
        with self._lock:
            self._operations[("kind", kind), ("outcome", outcome)] += 1
            if seconds is None:
                return
            buckets = self._durations.setdefault(kind, [0] * (len(SECONDS) + 1))
            buckets[next((at for at, bound in enumerate(SECONDS) if seconds <= bound), len(SECONDS))] += 1
            self._seconds[kind] += seconds

    def ingested(self, kind: str, status: str, many: int) -> None:
        """Counts items of a type that went one way."""
        with self._lock:
            self._items[("type", kind), ("status", status)] += many

    def figures(self) -> Iterator[Figure]:
        """What has been counted."""
        with self._lock:
            requests = [Sample(labels, many) for labels, many in self._requests.items()]
            operations = [Sample(labels, many) for labels, many in self._operations.items()]
            durations = {kind: (list(buckets), self._seconds[kind]) for kind, buckets in self._durations.items()}
            items = [Sample(labels, many) for labels, many in self._items.items()]
        yield Figure("daybook_http_requests_total", "counter", "Requests by path and status.", requests)
        about = "Operations by kind and outcome: ok, or the code of the first error."
        yield Figure("daybook_operations_total", "counter", about, operations)
        yield Figure(
            "daybook_operation_duration_seconds",
            "histogram",
            "How long operations took, by kind.",
            list(_histogram(durations)),
        )
        yield Figure("daybook_ingested_items_total", "counter", "Items by type, and by how they went.", items)


def of_the_process() -> Iterator[Figure]:
    """What the system says of this process, under the names that everybody uses."""
    yield Figure("process_cpu_seconds_total", "counter", "Processor time.", [Sample((), time.process_time())])
    yield Figure("process_start_time_seconds", "gauge", "When it began.", [Sample((), BEGUN)])
    statistics = Path("/proc/self/statm")
    if statistics.exists():
        pages = int(statistics.read_text().split()[1])
        yield Figure("process_resident_memory_bytes", "gauge", "Memory.", [Sample((), pages * PAGE_BYTES)])


def text_of(figures: Iterable[Figure]) -> str:
    """The figures as Prometheus reads them."""
    lines = []
    for figure in figures:
        lines += [f"# HELP {figure.name} {figure.about}", f"# TYPE {figure.name} {figure.kind}"]
        for labels, value, suffix in figure.samples:
            told = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
            lines.append(f"{figure.name}{suffix}{f'{{{told}}}' if told else ''} {_number(value)}")
    return "\n".join([*lines, ""])


def _histogram(durations: Mapping[str, tuple[list[int], float]]) -> Iterator[Sample]:
    for kind, (buckets, seconds) in durations.items():
        of: Labels = (("kind", kind),)
        count = 0
        for bound, many in zip((*SECONDS, math.inf), buckets, strict=True):
            count += many
            yield Sample((*of, ("le", "+Inf" if math.isinf(bound) else f"{bound:g}")), count, "_bucket")
        yield Sample(of, seconds, "_sum")
        yield Sample(of, count, "_count")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
