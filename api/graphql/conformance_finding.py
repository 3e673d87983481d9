"""One thing that was found in a case against the declared process, as a front end sees it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import strawberry

from api.conformance_words import expected_words, found_words
from api.graphql.enums import shown
from api.graphql.scalars import SafeInt
from api.processes import shipped_process
from domain.envelope import Recorded
from replay.as_of import AsOf, PastStream, past_stream
from replay.cases import past_case
from replay.conformance import Conformance, Finding, Found, Standing
from replay.process import Process

shown(Standing, "ConformanceStanding", "What became of what the process asks.")
shown(Found, "ConformanceFound", "What was found where something else was expected.")
EVERYTHING = 2**62
"""A position that no book reaches."""


@strawberry.type(description="Something in both languages.")
class ConformanceWords:
    en: str = strawberry.field(description="In English.")
    zh: str = strawberry.field(description="In Chinese.")


@strawberry.type(
    description="A rule from which a case departed, or something that it is still owed, with the event where it shows."
)
class ConformanceFinding:
    rule: str = strawberry.field(description="The rule.")
    title: ConformanceWords = strawberry.field(description="The departure in a few words.")
    standing: Standing = strawberry.field(description="Whether it departed, or may yet be done in time.")
    found: Found = strawberry.field(description="What was found.")
    step: str = strawberry.field(
        description="The step that the event did. Of what is owed and was not done it is the step that came too early, "
        "or the one since which it is owed."
    )
    version: int = strawberry.field(description="The version of the event where it shows.")
    position: SafeInt = strawberry.field(description="Its position in the book.")
    topic: str = strawberry.field(description="What happened, with the version of its schema.")
    occurred_at: datetime = strawberry.field(description="When that was.")
    other_version: int | None = strawberry.field(description="The version of the other event that was found.")
    times: int | None = strawberry.field(description="Which time it was, of what is done too often.")
    who: str | None = strawberry.field(
        description="Who did it, or in which role, of what is somebody else's; null when no role was claimed."
    )
    due_at: datetime | None = strawberry.field(description="When its time is over, of what is owed within a time.")
    marked: bool = strawberry.field(description="Whether the event bears a mark of its import that says the same.")
    expected: ConformanceWords = strawberry.field(description="What was expected.")
    observed: ConformanceWords = strawberry.field(description="What was found, in words.")


SAME = (
    "standing", "found", "step", "version", "topic", "occurred_at", "other_version", "times", "who", "due_at", "marked",
)  # fmt: skip
"""Fields that a finding has just as the schema shows them."""


def finding_of(process: Process, finding: Finding, zone: ZoneInfo) -> ConformanceFinding:
    """A finding as the schema shows it; words name instants on the clocks of a zone."""
    expected, observed = expected_words(process, finding.rule), found_words(process, finding, zone)
    title = finding.rule.title
    return ConformanceFinding(
        rule=finding.rule.id,
        title=ConformanceWords(en=title.en, zh=title.zh),
        position=SafeInt(finding.position),
        expected=ConformanceWords(en=expected[0], zh=expected[1]),
        observed=ConformanceWords(en=observed[0], zh=observed[1]),
        **{name: getattr(finding, name) for name in SAME},
    )


def findings_of(
    stream: str, history: Iterable[Recorded[Any]], now: datetime, zone: ZoneInfo
) -> list[ConformanceFinding]:
    """What is found in a case by all that is known of it by now."""
    return past_findings_of(stream, past_stream(history, AsOf(EVERYTHING, now, now)), now, zone)


def past_findings_of(stream: str, past: PastStream, at: datetime, zone: ZoneInfo) -> list[ConformanceFinding]:
    """The same as of two instants, at the second of which it is looked at."""
    process, case = shipped_process(), past_case(stream, past)
    judged = None if case is None else _shipped().judged(case, at)
    return [] if judged is None else [finding_of(process, each, zone) for each in judged.findings]


@cache
def _shipped() -> Conformance:
    return Conformance(shipped_process())
