"""The group's policies and calendars as they stand while the year goes by: what a registration goes by."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from api.demo.group import BOOK
from api.demo.telling import Step
from domain.envelope import Actor, ActorKind, Context, Metadata, Submission
from domain.standards import streams_of_standards
from ledger.decision import decided, tip_of

NOBODY = UUID(int=0)
ENVELOPE = Metadata(
    Actor("demo", ActorKind.SYSTEM), "demo", NOBODY, None, NOBODY, "", None, "", None, ()
)  # what decisions are not about; the ledger writes its own


class Standing:
    """Every state of the streams of policies and calendars, by when it began to be."""

    def __init__(self, steps: Iterable[Step]) -> None:
        tips = {stream: tip_of(stream, ()) for stream in streams_of_standards(BOOK)}
        self._since: list[datetime] = []
        self._states: list[Mapping[str, Any]] = [_states(tips)]
        for step in sorted(steps, key=lambda one: one.said_at):
            asked = Submission(NOBODY, step.commands, step.actor, "demo")
            tips |= decided(asked, tips, ENVELOPE, Context(book=BOOK, others=_states(tips))).tips
            self._since.append(step.said_at)
            self._states.append(_states(tips))

    def context(self, at: datetime) -> Context:
        """What a decision at that time knows."""
        return Context(book=BOOK, others=self._states[bisect_right(self._since, at)])


def _states(tips: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType({stream: tip.state for stream, tip in tips.items()})
