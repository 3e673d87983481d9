"""kill -9 of PostgreSQL and of the programs at random moments under load: nothing that was acknowledged is lost,
nothing is doubled or half there, and the views are right."""

import random
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from api.cli.exits import Exit
from api.settings import Settings
from api.workspace import Workspace
from domain.envelope import Recorded
from tests.faults import reckoning
from tests.faults.front_ends import Asked, FrontEnds
from tests.faults.installations import Installation, OnEmbedded, OnSeparate
from tests.faults.killing import Kill, Killer, What, When, drawn
from tests.faults.servers import eventually

FRONT_ENDS = 4


@pytest.mark.parametrize("installation_on", [OnEmbedded, OnSeparate], ids=["embedded", "separate"])
def test_whatever_is_killed_under_load_nothing_acknowledged_is_lost_or_doubled_and_the_views_are_right(
    installation_on: Callable[[Path], Installation], place: Path, request: pytest.FixtureRequest
) -> None:
    kills = int(request.config.getoption("--kills"))
    seed = int(request.config.getoption("--kill-seed") or random.SystemRandom().randrange(10**6))
    sys.stdout.write(f"\n{request.node.callspec.id}: {kills} kills, --kill-seed {seed}\n")
    chance = random.Random(f"{request.node.callspec.id}-{seed}")
    with installation_on(place) as installation:
        with FrontEnds(installation.url, count=FRONT_ENDS, seed=seed) as front_ends:
            killer = Killer(installation, front_ends, chance, rows=4_000 if kills > 10 else 2_100)
            try:
                killer.run(drawn(kills, chance))
            finally:
                killer.end()
            asked = front_ends.finish()
        assert installation.serve.end() == Exit.TERMINATED, installation.serve.said[-4000:]
        installation.tend_database()
        with Workspace(Settings.from_environment(installation.environment)) as workspace:
            book = workspace.ledger.since(0, opened=True)
            assert workspace.ledger.head() == len(book)
            reckoning.is_gapless(book)
            reckoning.outcomes_agree(book, installation)
            reckoning.acknowledged_is_there_once(book, asked)
            reckoning.everything_can_be_opened(book)
            reckoning.imports_are_whole(book, killer.imported)
            reckoning.views_are_right(book, workspace, installation)
        sys.stdout.write(told(killer.kills, asked, book, installation.restarts))
    assert eventually(installation.nobody_is_left)


def told(kills: Sequence[Kill], asked: Sequence[Asked], book: Sequence[Recorded[Any]], restarts: int) -> str:
    """The figures of a run."""
    recorded = {one.metadata.command: one.recorded_at for one in book}
    answers = sorted((one.acknowledged.at, recorded[one.command_id]) for one in asked if one.acknowledged is not None)
    abandoned = sum(one.acknowledged is None for one in asked)
    again = [len(one.failures) for one in asked if one.failures]
    silences = defaultdict[What, list[float]](list)
    for kill in kills:
        silences[kill.what].append(silence_after(kill.at, answers))
    first = f"{len(book)} events; {len(answers)} commands acknowledged and {abandoned} abandoned"
    lines = [f"{first}, {len(again)} asked for again ({sum(again)} times); daybook serve gave up {restarts} starts"]
    for what, seconds in silences.items():
        moments = [f"{sum(k.what is what and k.when is when for k in kills)} {when}" for when in When]
        lines.append(
            f"{len(seconds)} of {what}: first acknowledgement after {median(seconds):.2f} s (median), "
            f"{max(seconds):.2f} s (longest); {', '.join(each for each in moments if not each.startswith('0'))}"
        )
    return "\n".join(lines) + "\n"


def silence_after(kill: datetime, answers: Sequence[tuple[datetime, datetime]]) -> float:
    """Seconds until something was acknowledged that was recorded after a kill."""
    return min((at - kill).total_seconds() for at, recorded in answers if recorded > kill)
