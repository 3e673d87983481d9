"""Lines to wait in: the commands of this process that are about one stream are decided one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

LINES = 1_024


class Lines:
    """One line for each stream, or for a few of them together.

    Without it, ten commands at once on a stream decide on the same version, nine are stale, and the last of them are
    stale five times over (2026-11: four of ten). Other processes still meet at the append.
    """

    def __init__(self) -> None:
        self._locks = [Lock() for _ in range(LINES)]

    @contextmanager
    def of(self, streams: Iterable[str]) -> Iterator[None]:
        """Holds the front of the streams' lines. Taken in one order everywhere, so that no two wait for each other."""
        held = [self._locks[place] for place in sorted({hash(stream) % LINES for stream in streams})]
        for lock in held:
            lock.acquire()
        try:
            yield
        finally:
            for lock in held:
                lock.release()
