"""Handing steps to the ledger, in batches, so that each is carried out once however often the file is imported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from typing_extensions import override

from api.imports.telling import Group, Step
from domain.envelope import Metadata
from domain.event import Refused
from domain.stream import Category, category_of
from ledger.decision import Tip, decided, streams_of
from ledger.errors import LedgerError, StreamMoved
from ledger.ledger import PROGRAM, Ledger
from ledger.outcome import Accepted, Outcome

ANOTHER_GROUP = (
    "case-told-before",
    "the case is in the ledger already, told by other rows: its rows do not stand together, or another file had it",
)


class Done(NamedTuple):
    """What followed from a step."""

    streams: Sequence[str]
    """The stream of each event."""
    position: int
    repeated: bool


class Left(NamedTuple):
    """Why a step was left out."""

    code: str
    reason: str


Result: TypeAlias = Done | Left


class Carrier:
    """Carries steps out."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def carry(self, steps: Sequence[Step]) -> list[Result]:
        """What became of each step. What is there already is looked up, all else written in one transaction.

        Raises: StreamMoved, ClocksDisagree, LedgerAway; then nothing of the batch was written.
        """
        before = self._ledger.answered([step.submission for step in steps])
        fresh = [step for step, answer in zip(steps, before, strict=True) if answer is None]
        self._close_what_is_not_theirs(fresh)
        asked = [step for step in fresh if step.group.closed_to is None]
        answers = iter(self._asked(asked) if asked else ())
        results: list[Result] = []
        for step, answer in zip(steps, before, strict=True):
            if answer is not None:
                results.append(_result(answer))
            elif step.group.closed_to is not None:
                results.append(Left(*step.group.closed_to))
            else:
                results.append(next(answers))
        return results

    def _close_what_is_not_theirs(self, fresh: Sequence[Step]) -> None:
        """A group may only begin a case that the ledger does not have; otherwise all of it stays out."""
        beginnings = [step for step in fresh if step.begins]
        there = self._there([_case_of(step) for step in beginnings])
        begun: dict[str, Group] = {}
        for step in beginnings:
            stream = _case_of(step)
            if stream in there or begun.setdefault(stream, step.group) is not step.group:
                step.group.closed_to = ANOTHER_GROUP

    def _there(self, streams: Sequence[str]) -> set[str]:
        """Those streams that there are."""
        return {stream for stream, tip in self._ledger.tips(streams).items() if tip.version}

    def _asked(self, steps: Sequence[Step]) -> list[Result]:
        return [_result(answer) for answer in self._ledger.carry_out_all([step.submission for step in steps])]


class Rehearsal(Carrier):
    """Decides on steps as the ledger would, against what it holds, and writes nothing."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._after: dict[str, Tip] = {}
        """The streams of the batch as they would be, and of the case that goes on into the next."""
        self._begun: set[str] = set()
        """The cases that the ledger would have; unlike a run, a rehearsal grows with their number."""

    @override
    def _there(self, streams: Sequence[str]) -> set[str]:
        return super()._there(streams) | self._begun.intersection(streams)

    @override
    def _asked(self, steps: Sequence[Step]) -> list[Result]:
        streams = dict.fromkeys(stream for step in steps for stream in streams_of(step.submission))
        self._after |= self._ledger.tips([stream for stream in streams if stream not in self._after])
        results = [self._decided(step) for step in steps]
        self._begun.update(_case_of(step) for step in steps if step.begins)
        last = streams_of(steps[-1].submission) if steps else ()
        self._after = {stream: self._after[stream] for stream in last if category_of(stream) == Category.CASE}
        return results

    def _decided(self, step: Step) -> Result:
        submission = step.submission
        metadata = Metadata(
            submission.actor, submission.channel, submission.command_id, None, submission.command_id, "", None,
            PROGRAM, submission.source, (),
        )  # fmt: skip
        try:
            decision = decided(submission, self._after, metadata, self._ledger.context(submission))
        except Refused as error:
            return _result(error)
        self._after |= decision.tips
        return Done([entry.stream for entry in decision.pending], 0, repeated=False)


def _case_of(beginning: Step) -> str:
    """The stream of the case that a step begins, which it expects not to be there."""
    return beginning.submission.expected[0][0]


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
