"""`daybook alarms`: notes what is due in all books, and follows them; a line an alarm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from threading import Event, Lock, Thread
from typing import Any
from zoneinfo import ZoneInfo

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from api.alarms.following import Alarms
from api.alarms.sweeping import Raised
from api.cli.as_of import AsOf
from api.cli.exits import Exit, WrongUse
from api.cli.terminal import Terminal
from api.workspace import Workspace
from domain.book import BookTime
from ledger.ledger import Ledger
from projections.runner import Runner
from projections.sla_timer import SLA_TIMER

LOOK_SECONDS = 5.0
"""How often who follows looks for books opened meanwhile."""
WORDS = {"warning": "warned", "miss": "MISSED", "escalation": "escalated"}


class Voice:
    """Says each alarm that was noted, whichever thread noted it; it counts them, and keeps them for a last answer."""

    def __init__(self, terminal: Terminal, *, keeps: bool) -> None:
        self.noted = 0
        self.kept: list[dict[str, Any]] = []
        self._terminal = terminal
        self._keeps = keeps
        self._lock = Lock()

    def hear(self, zone: str, raised: Raised) -> None:
        """Says one, by the clocks of a zone."""
        with self._lock:
            self.noted += 1
            if self._terminal.json and self._keeps:
                self.kept.append(_as_data(raised))
            elif self._terminal.json:
                self._terminal.line(_as_data(raised))
            else:
                self._terminal.show(_as_line(raised, ZoneInfo(zone)))


def run(workspace: Workspace, terminal: Terminal, *, one_book: bool, once: bool, until: AsOf | None) -> Exit:
    """Notes what is due, and follows unless it is to do so once, or up to an instant of simulated books."""
    ledgers = [workspace.ledger] if one_book else workspace.ledgers()
    live = [ledger.book for ledger in ledgers if ledger.time is BookTime.LIVE]
    if until is not None and live:
        raise WrongUse(
            f"--until is for simulated books, and {live[0]} is live: its alarms are noted as they become due. "
            "Name a simulated one with --book."
        )
    if not once and until is None:
        _follow(workspace, terminal, ledgers, one_book=one_book)
    voice = Voice(terminal, keeps=True)
    for ledger in ledgers:
        terminal.stamp(ledger.book, ledger.time)
        _bring_up(workspace, terminal, ledger)
        alarms = Alarms(ledger, workspace.views, partial(voice.hear, ledger.zone), keeps_view=True)
        alarms.sweep(until=None if until is None else until.instant(ledger.zone))
    terminal.answer({"books": [ledger.book for ledger in ledgers], "noted": voice.noted, "alarms": voice.kept})
    terminal.show(f"{voice.noted} alarm{'' if voice.noted == 1 else 's'} noted.")
    return Exit.DONE


def _bring_up(workspace: Workspace, terminal: Terminal, ledger: Ledger) -> None:
    """Brings the view up that says where to look, which takes a while where it is new."""
    columns = (TextColumn("events into the view of timers: {task.description}"), BarColumn(), MofNCompleteColumn())
    with terminal.progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task(ledger.book, total=None)

        def tell(reached: int, target: int) -> None:
            progress.update(task, completed=reached, total=target)

        Runner(ledger, workspace.views, (SLA_TIMER,)).catch_up(on_progress=tell)


def _follow(workspace: Workspace, terminal: Terminal, ledgers: Sequence[Ledger], *, one_book: bool) -> None:
    """Follows books, each on a thread, until Ctrl-C or SIGTERM; with all of them, those opened meanwhile as well."""
    stop, voice = Event(), Voice(terminal, keeps=False)
    threads: dict[str, Thread] = {}
    try:
        while True:
            for ledger in ledgers:
                if ledger.book not in threads:
                    terminal.stamp(ledger.book, ledger.time)
                    _bring_up(workspace, terminal, ledger)
                    alarms = Alarms(ledger, workspace.views, partial(voice.hear, ledger.zone))
                    threads[ledger.book] = alarms.following(stop)
                    terminal.say(f"Noting the alarms of {ledger.book}; Ctrl-C ends it.")
            stop.wait(LOOK_SECONDS)
            if not one_book:
                ledgers = workspace.ledgers()
    finally:
        stop.set()
        for thread in threads.values():
            thread.join()


def _as_line(raised: Raised, zone: ZoneInfo) -> str:
    what = WORDS[raised.alarm.kind] + (f" to level {raised.alarm.level}" if raised.alarm.level else "")
    part = f", {raised.key.part}" if raised.key.part else ""
    noted = f"; noted {_here(raised.recorded_at, zone)}" if _is_late(raised) else ""
    return f"{_here(raised.occurred_at, zone)}  {raised.number or raised.stream}  {what}: {raised.title}{part}{noted}"


def _is_late(raised: Raised) -> bool:
    return (raised.recorded_at - raised.occurred_at).total_seconds() >= 60


def _here(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(" ", "seconds")


def _as_data(raised: Raised) -> dict[str, Any]:
    key, alarm = raised.key, raised.alarm
    return {
        "book": raised.book,
        "stream": raised.stream,
        "number": None if raised.number is None else str(raised.number),
        "kind": alarm.kind,
        "warning": alarm.number if alarm.kind == "warning" else None,
        "level": alarm.level,
        "policy": key.policy,
        "target": key.target,
        "part": key.part,
        "cycle": key.cycle,
        "instance": key.instance,
        "title": raised.title,
        "occurred_at": raised.occurred_at,
        "recorded_at": raised.recorded_at,
        "position": raised.position,
    }
