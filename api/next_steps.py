"""What may be done next about subjects of the ledger as it stands: each command is tried, and none carried out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
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
Asked: TypeAlias = Mapping[Wanted, Mapping[type[Command], tuple[Command, ...]]]


def tries_of(ledger: Ledger, wanted: Collection[Wanted]) -> dict[Wanted, Tries]:
    """What came of it, where the stream is there. All of it is read together, however many streams there are.

    Raises: LedgerAway.
    """
    tips = ledger.tips({each.stream for each in wanted})
    asked = _asked(ledger, [each for each in wanted if tips[each.stream].state is not None], tips)
    context = _context(ledger, asked, tips)
    return {
        each: {
            kind: tried(decider_of(each.stream), tips[each.stream].state, ways, context, all_ways=each.all_ways)
            for kind, ways in of_kinds.items()
        }
        for each, of_kinds in asked.items()
    }


def _asked(ledger: Ledger, wanted: Collection[Wanted], tips: Mapping[str, Tip]) -> Asked:
    """The commands to be tried, kind by kind."""
    book, now = ledger.book, present(ledger)
    standing = ledger.standing(streams_of_standards(book), ledger.head())
    calendars: BookCalendars = standing.get(stream_of_calendars(book)) or BookCalendars()
    policies, names = policies_of(standing, book).versions, calendars.calendars.names()
    found: dict[Wanted, dict[type[Command], tuple[Command, ...]]] = {}
    for each in wanted:
        category, state = Category(category_of(each.stream)), tips[each.stream].state
        asking = Asking(subject_of(each.stream), each.name, policies, names)
        found[each] = {kind: tuple(commands(category, kind, state, asking, now)) for kind in each.kinds}
    return found


def _context(ledger: Ledger, asked: Asked, tips: Mapping[str, Tip]) -> Context:
    """What the decisions need beside their own streams, with the subjects that stand for others."""
    every = tuple(command for kinds in asked.values() for ways in kinds.values() for command in ways)
    context = ledger.context(Submission(uuid4(), every, NOBODY, CHANNEL), tips)
    own: dict[str, Any] = {stream: tip.state for stream, tip in tips.items()}
    return replace(context, others={**context.others, **own, **STAND_INS})
