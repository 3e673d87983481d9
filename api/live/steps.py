"""Steps: a case as it was known just before something was recorded of it, and just after."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from threading import Lock
from typing import Any, NamedTuple

from domain.amendment import AMENDMENTS
from domain.correction import applied
from domain.envelope import Recorded
from ledger.ledger import Ledger
from ledger.marks import Mark
from projections.case_file import CASE_FILE, CaseFile
from projections.projection import FoldContext, key_of

MOST_REMEMBERED = 5_000

History = Sequence[Recorded[Any]]


class Step(NamedTuple):
    """What was known of a case before and after; None where there was none."""

    before: CaseFile | None
    after: CaseFile | None


class Steps:
    """The steps of cases, worked out once for all boards of a server.

    They are made of the histories alone, by the fold of the case file: who comes later is told of the same steps.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = Lock()
        self._known: OrderedDict[int, Step] = OrderedDict()

    def of(self, marks: Sequence[Mark]) -> Mapping[int, Step]:
        """The steps of some marks of cases, by position. Raises: LedgerAway, UnknownTopic, UnreadableEvent."""
        with self._lock:  # whoever asks for the same at this moment finds it there
            missing = [mark for mark in marks if mark.position not in self._known]
            made = self._made(missing) if missing else {}
            found = {mark.position: self._known.get(mark.position) or made[mark.position] for mark in marks}
            self._known.update(made)
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        return found

    def forget(self) -> None:
        """Forgets all of them."""
        with self._lock:
            self._known.clear()

    def _made(self, marks: Sequence[Mark]) -> dict[int, Step]:
        wanted: dict[str, set[int]] = {}
        for mark in marks:
            wanted.setdefault(mark.stream, set()).add(mark.version)
        found: dict[int, Step] = {}
        for stream, history in self._ledger.histories(wanted).items():
            found |= _steps(stream, history, wanted[stream])
        return found


def as_known(ledger: Ledger, streams: Collection[str], position: int) -> dict[str, CaseFile | None]:
    """Some cases as they were known at a position, by stream. Raises: LedgerAway, UnknownTopic, UnreadableEvent."""
    return {
        stream: _file(stream, [each for each in history if each.position <= position])
        for stream, history in ledger.histories(streams).items()
    }


def _steps(stream: str, history: History, versions: Collection[int]) -> dict[int, Step]:
    found: dict[int, Step] = {}
    if any(isinstance(each.event, AMENDMENTS) for each in history):  # each time read as it was by then
        for at in versions:
            found[history[at - 1].position] = Step(_file(stream, history[: at - 1]), _file(stream, history[:at]))
        return found
    case, context = None, FoldContext(key_of(stream))
    for each in history:
        after = CASE_FILE.fold(case, each, context)
        if each.version in versions:
            found[each.position] = Step(case, after)
        case = after
    return found


def _file(stream: str, history: History) -> CaseFile | None:
    case, context = None, FoldContext(key_of(stream))
    for each in applied(history):
        case = CASE_FILE.fold(case, each, context)
    return case
