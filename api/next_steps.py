"""What may be done next about subjects of the ledger as it stands: each command is tried, and none carried out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple, TypeAlias
from uuid import uuid4

from api.present import present
from domain.calendar import BookCalendars, stream_of_calendars
from domain.deciders import decider_of
from domain.envelope import Actor, ActorKind, Context, Submission
from domain.event import Command
from domain.standards import policies_of, streams_of_standards
from domain.stream import Category, category_of, subject_of
from domain.ways.subjects import STAND_INS, commands
from domain.ways.trying import Asking, Tried, tried
from ledger.decision import Tip
from ledger.ledger import Ledger

NOBODY = Actor("nobody", ActorKind.SYSTEM)
"""In whose name nothing is submitted."""
CHANNEL = "trying"


class Wanted(NamedTuple):
    """What is to be tried about a stream, and in whose name requests would be made and decided."""

    stream: str
    kinds: tuple[type[Command], ...]
    name: str
    all_ways: bool = False
    """Whether all ways are told in which something can be asked for, or only whether there is one."""


Tries: TypeAlias = Mapping[type[Command], Tried]
"""What came of trying each kind of command."""


class Attempt(NamedTuple):
    """The ways in which a kind of command could be sent. Made one by one, since the first will often do."""

    first: Command
    others: Iterator[Command]


Attempts: TypeAlias = Mapping[Wanted, Mapping[type[Command], Attempt]]


def tries_of(ledger: Ledger, wanted: Collection[Wanted]) -> dict[Wanted, Tries]:
    """What came of it, where the stream is there. All of it is read together, however many streams there are.

    Raises: LedgerAway.
    """
    tips = ledger.tips({each.stream for each in wanted})
    attempts = _attempts(ledger, [each for each in wanted if tips[each.stream].state is not None], tips)
    context = _context(ledger, attempts, tips)
    return {
        each: {
            kind: tried(
                decider_of(each.stream),
                tips[each.stream].state,
                chain((attempt.first,), attempt.others),
                context,
                all_ways=each.all_ways,
            )
            for kind, attempt in of_kinds.items()
        }
        for each, of_kinds in attempts.items()
    }


def _attempts(ledger: Ledger, wanted: Collection[Wanted], tips: Mapping[str, Tip]) -> Attempts:
    """What is to be tried, kind by kind."""
    book, now = ledger.book, present(ledger)
    standing = ledger.standing(streams_of_standards(book), ledger.head())
    calendars: BookCalendars = standing.get(stream_of_calendars(book)) or BookCalendars()
    policies, names = policies_of(standing, book).versions, calendars.calendars.names()
    found: dict[Wanted, dict[type[Command], Attempt]] = {}
    for each in wanted:
        category, state = Category(category_of(each.stream)), tips[each.stream].state
        asking = Asking(subject_of(each.stream), each.name, policies, names)
        ways = {kind: commands(category, kind, state, asking, now) for kind in each.kinds}
        found[each] = {kind: Attempt(next(others), others) for kind, others in ways.items()}
    return found


def _context(ledger: Ledger, attempts: Attempts, tips: Mapping[str, Tip]) -> Context:
    """What the decisions need beside their own streams, with the subjects that stand for others.

    All ways of a kind need the same, but for those others.
    """
    firsts = tuple(attempt.first for of_kinds in attempts.values() for attempt in of_kinds.values())
    context = ledger.context(Submission(uuid4(), firsts, NOBODY, CHANNEL), tips)
    own: dict[str, Any] = {stream: tip.state for stream, tip in tips.items()}
    return replace(context, others={**context.others, **own, **STAND_INS})
