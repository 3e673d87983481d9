"""Histories told without a ledger, and what a process finds in them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from api.processes import process_in, shipped_process
from domain.envelope import Recorded
from domain.event import Event
from domain.stream import Category, stream_of
from replay.as_of import AsOf, past_stream
from replay.cases import past_case
from replay.conformance import Conformance, Finding, Found, Judged, Standing
from replay.process import Process
from tests.projections.telling import Told, case_history, minute

CASE_ID = UUID(int=7)
STREAM = stream_of(Category.CASE, CASE_ID)
LATER = minute(100_000)
SHIPPED = Conformance(shipped_process())
Row = tuple[str, int, Found]
"""A rule, a version, and what was found there."""


def told(*events: Event | Told) -> list[Recorded[Any]]:
    """A history, minute by minute unless told otherwise."""
    return case_history(CASE_ID, *events)


def judged(
    history: Iterable[Recorded[Any]], conformance: Conformance = SHIPPED, at: datetime = LATER, upto: int = 10**9
) -> Judged:
    """What is found in a history that has a receipt."""
    case = past_case(STREAM, past_stream(history, AsOf(upto, LATER, at)))
    assert case is not None
    found = conformance.judged(case, at)
    assert found is not None
    return found


def rows(findings: Sequence[Finding], standing: Standing = Standing.DEPARTED) -> list[Row]:
    """The findings of a standing, in short."""
    return [(each.rule.id, each.version, each.found) for each in findings if each.standing is standing]


def departed(*events: Event | Told, conformance: Conformance = SHIPPED, at: datetime = LATER) -> list[Row]:
    """What a history departed from."""
    return rows(judged(told(*events), conformance, at).findings)


def still_open(*events: Event | Told, conformance: Conformance = SHIPPED, at: datetime = LATER) -> list[Row]:
    """What a case is still owed."""
    return rows(judged(told(*events), conformance, at).findings, Standing.OPEN)


def process(rules: str, cycle: str = 'cycle = "reopened"') -> Process:
    """A process with some rules about the steps below."""
    head = f'name = "own"\nversion = "7"\ntitle = {{ en = "Own", zh = "自有" }}\n{cycle}\n'
    steps = {
        "received": "case-received", "registered": "case-registered", "started": "work-started",
        "resolved": "case-resolved", "fed-back": "feedback-given", "closed": "case-closed", "reopened": "case-reopened",
        "withdrawn": "case-withdrawn", "asked": "extension-requested", "approved": "extension-approved",
    }  # fmt: skip
    listed = "".join(
        f'[[step]]\nid = "{name}"\ntitle = {{ en = "{name}", zh = "步骤{place}" }}\nwhen = "{event}"\n'
        for place, (name, event) in enumerate(steps.items())
    )
    return process_in(head + listed + rules, "own.toml")


def rule(**fields: str) -> str:
    """A rule in a file."""
    lines = "".join(f"{name} = {value}\n" for name, value in fields.items())
    return f'[[rule]]\nid = "it"\ntitle = {{ en = "It", zh = "规则" }}\n{lines}'


def own(**fields: str) -> Conformance:
    """A process of one rule."""
    return Conformance(process(rule(**fields)))


DAY = timedelta(days=1)
