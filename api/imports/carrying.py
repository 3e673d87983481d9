"""Handing steps to the ledger, in batches, so that each is carried out once however often the file is imported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from typing_extensions import override

from api.imports.scratch import Marks, Shelf, mark_of
from api.imports.step import Begins, Step
from domain.envelope import Metadata
from domain.event import Refused
from domain.stream import Category, category_of
from ledger.decision import Decision, Tip, decided, streams_of
from ledger.errors import CommandIdReused, LedgerError, StreamMoved
from ledger.ledger import PROGRAM, Ledger
from ledger.outcome import Accepted, Outcome

ANOTHER_GROUP = (
    "case-told-before",
    "the case is in the ledger already, told by other rows: its rows do not stand together, or another file had it",
)
KEPT = (Category.CASE, Category.CUSTOMER)


class Done(NamedTuple):
    """What followed from a step."""

    streams: Sequence[str]
    """The stream of each event."""
    position: int
    repeated: bool
    joined: bool = False
    """Whether the case that it was to begin had begun before, in another file."""


class Left(NamedTuple):
    """Why a step was left out."""

    code: str
    reason: str


Result: TypeAlias = Done | Left
JOINED = Done((), 0, repeated=False, joined=True)


class Carrier:
    """Carries steps out."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._closed = Marks()
        """The groups of which no row may be written, since their case is another's; known at their first row."""

    def carry(self, steps: Sequence[Step]) -> list[Result]:
        """What became of each step. What is there already is looked up, all else written in one transaction.

        Raises: StreamMoved, ClocksDisagree, LedgerAway; then nothing of the batch was written.
        """
        results = self.known(steps)
        fresh = [place for place, result in enumerate(results) if result is None]
        self._begin([steps[place] for place in fresh])
        there = self._there([steps[place].case for place in fresh if steps[place].begins is Begins.JOINS])
        asked: list[int] = []
        for place in fresh:
            step = steps[place]
            if _group(step) in self._closed:
                results[place] = Left(*ANOTHER_GROUP)
            elif step.begins is Begins.JOINS and step.case in there:
                results[place] = JOINED
            else:
                asked.append(place)
        answers = self._asked([steps[place] for place in asked]) if asked else []
        for place, answer in zip(asked, answers, strict=True):
            results[place] = answer
        return [result for result in results if result is not None]

    def known(self, steps: Sequence[Step]) -> list[Result | None]:
        """What became of steps that an earlier run had, and None for each of the others."""
        before = self._ledger.answered([step.submission for step in steps])
        return [self._known(step, answer) for step, answer in zip(steps, before, strict=True)]

    def _known(self, step: Step, answer: Outcome | None) -> Result | None:
        """What became of a step before, if anything."""
        if answer is None:
            return None
        if step.begins is Begins.JOINS and isinstance(answer, CommandIdReused):
            return JOINED  # an earlier file began it, at another row
        return _result(answer)

    def _begin(self, fresh: Sequence[Step]) -> None:
        """A group that claims its case may only begin one that the ledger does not have, or all of it stays out."""
        beginnings = [step for step in fresh if step.begins is Begins.CLAIMS]
        there = self._there([step.case for step in beginnings])
        begun: dict[str, int] = {}
        for step in beginnings:
            if step.case in there or begun.setdefault(step.case, step.group) != step.group:
                self._closed.add(_group(step))

    def _there(self, streams: Sequence[str]) -> set[str]:
        """Those streams that there are."""
        return {stream for stream, tip in self._ledger.tips(streams).items() if tip.version} if streams else set()

    def _asked(self, steps: Sequence[Step]) -> list[Result]:
        return [_result(answer) for answer in self._ledger.carry_out_all([step.submission for step in steps])]


class Rehearsal(Carrier):
    """Decides on steps as the ledger would, against what it holds, and writes nothing."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._after = Shelf()
        """The streams as they would be."""
        self._near: dict[str, Tip] = {}

    @override
    def _there(self, streams: Sequence[str]) -> set[str]:
        return super()._there(streams) | {stream for stream in streams if self._after.get(stream) is not None}

    @override
    def _asked(self, steps: Sequence[Step]) -> list[Result]:
        answers = [self.decided(step) for step in self._with_streams(steps)]
        self._after.put(
            (stream, without_history(tip)) for stream, tip in self._near.items() if category_of(stream) in KEPT
        )
        self._near.clear()
        self._after.clear()
        return [_result(answer) if isinstance(answer, Refused) else _done(answer) for answer in answers]

    def one_by_one(self, step: Step) -> list[Decision | Refused]:
        """What each command of a step leads to, in their order, up to the first that is refused."""
        self._with_streams([step])
        answers: list[Decision | Refused] = []
        for command in step.submission.commands:
            alone = replace(step.submission, commands=(command,), expected=())
            answers.append(self.decided(step._replace(submission=alone)))
            if isinstance(answers[-1], Refused):
                break
        self._after.put((stream, without_history(tip)) for stream, tip in self._near.items())
        self._near.clear()
        return answers

    def decided(self, step: Step) -> Decision | Refused:
        """What follows from a step whose streams are at hand."""
        submission = step.submission
        metadata = Metadata(
            submission.actor, submission.channel, submission.command_id, None, submission.command_id, "", None,
            PROGRAM, submission.source, (),
        )  # fmt: skip
        try:
            decision = decided(submission, self._near, metadata, self._ledger.context(submission, self._near))
        except Refused as error:
            return error
        self._near |= decision.tips
        return decision

    def _with_streams(self, steps: Sequence[Step]) -> Sequence[Step]:
        """The steps, their streams at hand: as they would be by now, or as the ledger has them."""
        streams = dict.fromkeys(stream for step in steps for stream in streams_of(step.submission))
        told = {stream: tip for stream in streams if (tip := self._after.get(stream)) is not None}
        rest = [stream for stream in streams if stream not in told]
        self._near = told | dict(self._ledger.tips(rest) if rest else {})
        return steps


def without_history(tip: Tip) -> Tip:
    """What decisions of an import ask of a stream: it amends nothing, so that the state will do."""
    return tip._replace(history=())


def _group(step: Step) -> bytes:
    return mark_of(str(step.group))


def _done(decision: Decision) -> Done:
    return Done([entry.stream for entry in decision.pending], 0, repeated=False)


def _result(answer: Outcome) -> Result:
    match answer:
        case Accepted():
            return Done([placed.stream for placed in answer.placed], answer.position, answer.repeated)
        case Refused():
            return Left(answer.code.lower().replace("_", "-"), answer.message)
        case StreamMoved():
            return Left(*ANOTHER_GROUP)
        case LedgerError():
            return Left(re.sub(r"(?<!^)(?=[A-Z])", "-", type(answer).__name__).lower(), str(answer))
