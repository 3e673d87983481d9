"""How far several books have come, told while it goes on: as bars, as lines for a log, or as lines of JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeftColumn

from api.cli.terminal import Terminal

Tell = Callable[[str, int, int], None]
"""Told a book, the position that it has reached, and the one to reach."""
Clock = Callable[[], float]

LINE_SECONDS = 10.0
"""Between two lines about a book."""
EVERY_BOOK = "all books"


class Shown(StrEnum):
    """How progress is shown."""

    AUTO = "auto"
    LINES = "lines"
    JSON = "json"
    NONE = "none"


@contextmanager
def told_by_book(
    terminal: Terminal, title: str, shown: Shown = Shown.AUTO, clock: Clock = time.monotonic
) -> Iterator[Tell]:
    """What to tell; on a terminal a bar a book and one for all of them, in a log a line now and then.

    By itself it is silent where the answer is JSON, or nothing is to be said. JSON is told at every step.
    """
    if shown is Shown.AUTO and terminal.watched:
        with _Bars(terminal, title) as bars:
            yield bars.tell
    elif shown is Shown.JSON:
        yield _Lines(clock, 0.0, terminal.aside).tell
    elif shown is Shown.LINES or (shown is Shown.AUTO and not terminal.json and not terminal.quiet):

        def say(told: Mapping[str, Any]) -> None:
            terminal.say(f"{title}: {told['book']} {told['position']} of {told['head']}, {told['seconds']:.0f} s")

        yield _Lines(clock, LINE_SECONDS, say).tell
    else:
        yield _nobody


def _nobody(book: str, reached: int, target: int) -> None:
    del book, reached, target


class _Lines:
    """Tells of a book now and then, and that it has come to its end; of one that is done at once, nothing."""

    def __init__(self, clock: Clock, pause_seconds: float, tell: Callable[[Mapping[str, Any]], None]) -> None:
        self._clock = clock
        self._pause_seconds = pause_seconds
        self._told = tell
        self._began = clock()
        self._last: dict[str, tuple[float, int]] = {}

    def tell(self, book: str, reached: int, target: int) -> None:
        now = self._clock()
        at, before = self._last.setdefault(book, (now, -1))
        ended = reached >= target and now - self._began >= self._pause_seconds
        if reached > before and (ended or now - at >= self._pause_seconds):
            self._last[book] = now, reached
            self._told({"book": book, "position": reached, "head": target, "seconds": round(now - self._began, 1)})


class _Bars:
    """A bar a book, and from the second book on one for all of them."""

    def __init__(self, terminal: Terminal, title: str) -> None:
        columns = (TextColumn(f"{title}: {{task.description}}"), BarColumn(), MofNCompleteColumn())
        self.bars: Progress = terminal.progress(*columns, TimeElapsedColumn(), TimeLeftColumn())
        self._tasks: dict[str, TaskID] = {}
        self._at: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> _Bars:
        self.bars.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self.bars.stop()

    def tell(self, book: str, reached: int, target: int) -> None:
        self._at[book] = reached, target
        self._show(book, reached, target)
        if len(self._at) > 1:
            self._show(EVERY_BOOK, sum(at for at, _ in self._at.values()), sum(of for _, of in self._at.values()))

    def _show(self, name: str, reached: int, target: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self.bars.add_task(name, total=None)
        self.bars.update(self._tasks[name], completed=reached, total=target)
