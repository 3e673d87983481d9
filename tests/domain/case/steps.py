"""Steps of a case's life told in tables: what is accepted, what is refused, and how history departs from it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain.book import BookOpened, BookTime, stream_of_book
from domain.case.about import AboutCase
from domain.case.events import CaseEvent
from domain.case.life import CASE
from domain.case.relations import CaseMerged
from domain.case.rules import Departure
from domain.case.settlement import CaseWithdrawn
from domain.channel import Channel
from domain.deciders import DECIDERS
from domain.envelope import Occurred
from domain.event import Event
from domain.refusal import Refusal
from domain.stream import Category, stream_of
from tests.domain.case.histories import CASE_ID, closed, received, registered, upheld
from tests.domain.story import MONDAY, folded, recorded

Past = tuple[CaseEvent, ...]
BEFORE = MONDAY - timedelta(minutes=1)

OPEN, MERGED, THIRD, ENDED, MERGED_HERE = (UUID(int=number) for number in range(8, 13))
UNHEARD_OF = UUID(int=99)

withdrawn = CaseWithdrawn(channel=Channel.WECHAT, reason="settled elsewhere")
merged = CaseMerged(into=OPEN)
at_hand: Past = (received, registered)
over: Past = (*at_hand, upheld)
ended: Past = (*over, closed)


class Accepted(NamedTuple):
    """A step of the declared life: what came before, what is asked, and what follows."""

    past: Past
    command: AboutCase
    events: tuple[Event | Occurred[Event], ...]


class Rejected(NamedTuple):
    """A step that a live case does not take, and why."""

    past: Past
    command: AboutCase
    code: Refusal
    because: str


class Marked(NamedTuple):
    """A step that history took all the same, with the marks on its first event."""

    past: Past
    command: AboutCase
    event: CaseEvent
    marks: tuple[Departure, ...]


class Steps(NamedTuple):
    """All steps of one subject, by what they say."""

    accepted: Mapping[str, Accepted]
    rejected: Mapping[str, Rejected]
    marked: Mapping[str, Marked]


def others() -> Mapping[str, Any]:
    """The other streams that decisions may look at: a book where two must agree, and cases in all states."""
    histories: dict[UUID, Past] = {
        OPEN: (received,),
        MERGED: (received, CaseMerged(into=THIRD)),
        THIRD: (received, registered),
        ENDED: ended,
        MERGED_HERE: (received, CaseMerged(into=CASE_ID)),
    }
    cases = {
        stream_of(Category.CASE, case_id): folded(CASE, map(recorded, past)) for case_id, past in histories.items()
    }
    book = BookOpened(origin="test", zone="UTC", time=BookTime.LIVE, formats=())
    return {**cases, stream_of_book("test"): folded(DECIDERS[Category.BOOK], [recorded(book)])}


ENDS: Mapping[Refusal, tuple[Past, str]] = {
    Refusal.NOT_REGISTERED: ((received,), "register it first"),
    Refusal.ALREADY_RESOLVED: (over, "resolved as upheld; reopen it first"),
    Refusal.ALREADY_CLOSED: (ended, "closed; reopen it first"),
    Refusal.ALREADY_WITHDRAWN: (
        (*at_hand, CaseWithdrawn(channel=Channel.LETTER, reason=None)),
        "withdrawn this case; reopen it first",
    ),
    Refusal.ALREADY_MERGED: (
        (*at_hand, CaseMerged(into=THIRD)),
        "merged into case 00000000-0000-0000-0000-00000000000a",
    ),
}


def by_stage(accepted: Mapping[str, Accepted]) -> Iterator[tuple[str, Rejected]]:
    """What each command is refused for by where the case is, as far as it declares that."""
    for past, command, _ in {type(each.command): each for each in accepted.values()}.values():
        name = type(command).__name__
        early = command.model_copy(update={"at": BEFORE})
        stages: dict[Refusal, tuple[Past, AboutCase, str]] = {
            Refusal.UNKNOWN_CASE: ((), command, "receive it first"),
            Refusal.BEFORE_RECEIPT: (past, early, "2026-03-02T09:00:00.000000Z"),
            **{code: (stage, command, because) for code, (stage, because) in ENDS.items()},
        }
        for code, (stage, asked, because) in stages.items():
            if code in command.REFUSALS:
                yield f"{name}: {code}", Rejected(stage, asked, code, because)
