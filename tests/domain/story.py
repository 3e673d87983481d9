"""Given these events, when this is asked, then those events follow: how a decision reads in a test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.decider import Decided, Decider
from domain.envelope import Actor, ActorKind, Context, Metadata, Occurred, Recorded, When
from domain.event import Command, Event, Refused

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOBODY = UUID(int=0)

METADATA = Metadata(
    actor=Actor("test", ActorKind.SYSTEM),
    channel="test",
    correlation=NOBODY,
    causation=None,
    command=NOBODY,
    digest="00",
    basis=None,
    program="test",
    source=None,
    departures=(),
)


def recorded(event: Event, version: int = 1, when: When | None = None) -> Recorded[Any]:
    """The event as the ledger hands it out; unless told, it occurred on Monday."""
    when = when or When(MONDAY)
    return Recorded(
        book="test",
        stream="test",
        version=version,
        position=version,
        recorded_at=when.at,
        occurred_at=when.at,
        occurred_zone=when.zone,
        occurred_precision=when.precision,
        source_recorded_at=None,
        register=None,
        event=event,
        metadata=METADATA,
    )


def kept(decided: Decided, command: Command) -> list[Recorded[Any]]:
    """What was decided, as the ledger keeps it, stream by stream.

    Each event occurred as its command did, unless it says otherwise.
    """
    return [one for stream in command.streams for one in kept_in(stream, decided, command)]


def kept_in(stream: str, decided: Decided, command: Command, version: int = 1) -> list[Recorded[Any]]:
    """The same about one of the streams that the command writes, from a version on."""
    as_asked = When(command.at, command.zone, command.precision)
    follows = [item if isinstance(item, Occurred) else Occurred(item) for item in decided]
    here = [item for item in follows if (item.stream or command.stream) == stream]
    told = (recorded(item.event, version + place, item.when or as_asked) for place, item in enumerate(here))
    return [one._replace(stream=stream) for one in told]


def folded(decider: Decider[Any], history: Iterable[Recorded[Any]], state: Any = None) -> Any:
    """The state that a history leads to, from the decider's initial one unless told."""
    state = decider.initial if state is None else state
    for each in history:
        state = decider.evolve(state, each)
    return state


@dataclass(frozen=True)
class Story:
    """One decision in words: `story.given(...).when(...).then(...)`."""

    decider: Decider[Any]
    imported: bool = False
    past: tuple[Recorded[Any], ...] = ()
    command: Command = field(default_factory=lambda: Command(at=MONDAY))
    others: Mapping[str, Any] = field(default_factory=dict)
    """The states of other streams, as the decision finds them."""

    @property
    def context(self) -> Context:
        """What the decision has beside its own stream."""
        return Context(imported=self.imported, book="test", others=self.others)

    def given(self, *events: Event | Occurred[Event]) -> Story:
        """What happened before; a bare event occurred on Monday."""
        history = [each if isinstance(each, Occurred) else Occurred(each) for each in events]
        return replace(self, past=tuple(recorded(each.event, at, each.when) for at, each in enumerate(history, 1)))

    def beside(self, stream: str, decider: Decider[Any], *events: Event) -> Story:
        """What happened before in another stream, on Monday."""
        state = folded(decider, (recorded(event, version) for version, event in enumerate(events, 1)))
        return replace(self, others={**self.others, stream: state})

    def when(self, command: Command) -> Story:
        """What is asked now."""
        return replace(self, command=command)

    def then(self, *expected: Event | Occurred[Event]) -> None:
        """Exactly this follows, and asking again adds nothing."""
        state = folded(self.decider, self.past)
        decided = self.decider.decide(state, self.command, self.context)
        assert tuple(decided) == expected
        version = len(self.past) + 1
        after = folded(self.decider, kept_in(self.command.stream, decided, self.command, version), state)
        assert not self.decider.decide(after, self.command, self.context)

    def then_nothing(self) -> None:
        """It is so already."""
        self.then()

    def then_refused(self, code: str, because: str) -> None:
        """The answer is no, with a code that the command declares."""
        with pytest.raises(Refused, match=because) as answer:
            self.decider.decide(folded(self.decider, self.past), self.command, self.context)
        assert answer.value.code == code
        assert code in self.command.REFUSALS
