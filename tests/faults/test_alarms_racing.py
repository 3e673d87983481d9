"""Three alarm processes race over many due alarms, are killed and begun again, while cases are paused and extended."""

import base64
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from api.alarms.following import Alarms
from domain.book import BookTime
from domain.case.commands import PauseCase
from domain.case.events import CasePaused, PauseGround
from domain.case.extension import ApproveExtension, ExtensionApproved, RequestExtension
from domain.envelope import Recorded
from domain.event import Command
from ledger.database import Database
from ledger.errors import BatchMoved
from ledger.ledger import Ledger
from tests import conftest
from tests.api.alarmed import case_id, hours, publish, receive
from tests.api.cli.conftest import environment
from tests.faults.installations import Program
from tests.ledger.submissions import case_stream, opened, submission

PROCESSES = 3
KEY = base64.b64encode(b"a master key of thirty-two bytes").decode()
DEADLINE_SECONDS = 60
AGO = hours(10)
"""When all cases were received: two hours after their due, two before the second rung, had nobody done anything."""
ALARMS = "SELECT count(*) FROM ledger.event WHERE topic = ANY(%(topics)s)"
TOPICS = ["deadline-warned.1", "deadline-missed.1", "case-escalated.1"]
AT_ONCE = 10
"""Cases that are paused or extended in one go."""


class Racing:
    """Processes that note the alarms of a book, begun again when they were killed."""

    def __init__(self, place: Path, given: dict[str, str]) -> None:
        self._place, self._given = place, given
        self.running = [self._begun(number) for number in range(PROCESSES)]

    def kill_the_busiest(self) -> None:
        """Ends the one outright that noted something last, and begins another in its place."""
        number = max(range(PROCESSES), key=lambda each: self._log(each).stat().st_mtime_ns)
        self.running[number].kill()
        self.running[number] = self._begun(number)

    def said(self) -> Iterator[dict[str, Any]]:
        """Every alarm that one of them said it had noted; the last line of one that was killed may be cut."""
        for log in self._place.glob("alarms-*.log"):
            for line in log.read_text("utf-8").splitlines():
                if line.startswith("{") and line.endswith("}"):
                    yield json.loads(line)

    def _begun(self, number: int) -> Program:
        words = ("alarms", "--book", "main", "--json")
        return Program(f"alarms {number}", words, self._given, self._log(number))

    def _log(self, number: int) -> Path:
        return self._place / f"alarms-{number}.log"

    def ready(self) -> bool:
        """Whether all of them follow the book."""
        assert all(program.running for program in self.running), [program.said for program in self.running]
        return all("Noting the alarms" in program.said for program in self.running)

    def end(self) -> None:
        """Ends all of them outright."""
        for program in self.running:
            if program.running:
                program.kill()


def noted(ledger: Ledger) -> int:
    ((count,),) = ledger.database.rows(ALARMS, {"topics": TOPICS})
    return int(count)


def paused(number: int, at: datetime) -> list[Command]:
    """The customer is waited for, as is written down much later."""
    return [PauseCase(at=at + hours(1), case_id=case_id(number), ground=PauseGround.CUSTOMER)]


def extended(ledger: Ledger, number: int, at: datetime) -> list[Command]:
    """Four hours more, as is written down much later."""
    request = ledger.history(case_stream(case_id(number)))[-1].version + 1
    asked = RequestExtension(
        at=at + hours(2), case_id=case_id(number), policy="service", target="reply", step="goodwill",
        reason="complex", requested_by="刘洋",
    )  # fmt: skip
    return [asked, ApproveExtension(at=at + hours(2), case_id=case_id(number), request=request, approved_by="Chen")]


def touch(ledger: Ledger, numbers: list[int], pausing: set[int], at: datetime) -> None:
    """Pauses or extends cases, whatever else is written about them meanwhile."""
    left = numbers
    while left:
        asked = [
            submission(*(paused(number, at) if number in pausing else extended(ledger, number, at)), at=at)
            for number in left
        ]
        with suppress(BatchMoved):
            answers = ledger.carry_out_all(asked)
            left = [number for number, answer in zip(left, answers, strict=True) if isinstance(answer, Exception)]


def until(condition: Callable[[], bool], what: str) -> None:
    """Returns when a condition has come to hold."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < end, f"{what} did not come about in {DEADLINE_SECONDS} seconds"
        Event().wait(0.05)


def race(racing: Racing, ledger: Ledger, cases: int, kills: int, chance: random.Random, at: datetime) -> Iterator[int]:
    """Has the processes race over cases that come in waves, one process killed in each. Gives the cases back that
    nobody paused or extended."""
    waves = [list(range(cases))[number :: kills + 1] for number in range(kills + 1)]
    for number, wave in enumerate(waves):
        touched = chance.sample(wave, len(wave) * 2 // 3)
        pausing = set(touched[::2])
        groups = [touched[first : first + AT_ONCE] for first in range(0, len(touched), AT_ONCE)]
        before = noted(ledger)
        receive(ledger, wave, at)
        for group in groups[::2]:
            touch(ledger, group, pausing, at)
        until(lambda before=before: noted(ledger) > before, "an alarm")  # type: ignore[misc]
        if number < kills:  # in the middle of it
            racing.kill_the_busiest()
        for group in groups[1::2]:
            touch(ledger, group, pausing, at)
        yield from set(wave) - set(touched)


def check(ledger: Ledger, cases: int, at: datetime, untouched: set[int]) -> Counter[str]:
    """Each alarm once, none missing, none for a clock that stood still or had more time. Gives back how many there are
    of each kind."""
    missed, first = ("deadline-missed.1", None, at + hours(8)), ("case-escalated.1", 1, at + hours(8))
    warned = [("deadline-warned.1", number, at + hours(6 + 3 * number)) for number in range(2)]
    counted = Counter[str]()
    for number in range(cases):
        history: list[Recorded[Any]] = list(ledger.history(case_stream(case_id(number))))
        turn = next((one.version for one in history if isinstance(one.event, CasePaused | ExtensionApproved)), None)
        told = [(one.version, one.event) for one in history if one.event.TOPIC in TOPICS]
        whens = {one.version: one.occurred_at for one in history}
        said = [
            (event.TOPIC, getattr(event, "number", getattr(event, "level", None)), whens[version])
            for version, event in told
        ]
        before = [each for each, (version, _) in zip(said, told, strict=True) if turn is None or version < turn]
        after = said[len(before) :]
        if number in untouched:
            assert (before, after) == ([missed, first], []), number
        else:
            assert before in ([], [missed], [missed, first]), number
            paused = any(isinstance(one.event, CasePaused) for one in history)
            assert after == ([] if paused else warned), number
        counted.update(topic for topic, *_ in said)
    return counted


@pytest.mark.parametrize(("cases", "kills"), [(450, 3), pytest.param(7_500, 12, marks=pytest.mark.long, id="long")])
def test_three_processes_that_are_killed_note_every_alarm_once(
    place: Path, database: conftest.Database, cases: int, kills: int, request: pytest.FixtureRequest
) -> None:
    seed = request.config.getoption("--kill-seed") or random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    with ExitStack() as stack:
        written = stack.enter_context(Database(database.writer_url))
        views = stack.enter_context(Database(database.projector_url))
        ledger = opened(written, "main", BookTime.LIVE)
        publish(ledger, written.now())
        racing = Racing(place, environment(database, DAYBOOK_MASTER_KEY=KEY))
        stack.callback(racing.end)
        until(racing.ready, "their beginning")
        at = written.now() - AGO
        untouched = set(race(racing, ledger, cases, kills, chance, at))
        until(lambda: noted(ledger) >= 2 * len(untouched), "the alarms of cases that nobody touched")
        until(lambda: any(racing.said()), "a word of one that noted the last wave, in which none is killed")
        assert all(program.running for program in racing.running), [program.said for program in racing.running]
        racing.end()
        last = Alarms(ledger, views, keeps_view=True)
        last.sweep()  # what those noted last that were ended in the middle of it
        assert last.sweep() == 0, seed
        counted = check(ledger, cases, at, untouched)
        assert counted.total() == noted(ledger), seed
    lines = Counter((line["stream"], line["kind"], line["warning"], line["level"]) for line in racing.said())
    assert max(lines.values()) == 1, seed
    assert min(counted.values()) > 0, counted
