"""Requests about a case on which somebody else decides: for more time, for other terms, for another verdict."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from domain.book import may_approve_own
from domain.case.rules import Departure, Said
from domain.departure import Broken
from domain.envelope import Context, Recorded
from domain.event import Event
from domain.refusal import Refusal


class Answer(Protocol):
    """What came of a request."""

    @property
    def request(self) -> int:
        """The version of the request."""


class Approval(Answer, Protocol):
    """That a request was approved, or is to be."""

    @property
    def approved_by(self) -> str:
        """Who approves it."""


Q = TypeVar("Q", bound=Event)
A = TypeVar("A", bound=Answer)


class Requests(NamedTuple, Generic[Q, A]):
    """The requests of one kind, and what came of them, in the order in which both were recorded."""

    asked: tuple[Said[Q], ...] = ()
    answers: tuple[A, ...] = ()
    earlier: int = 0
    """How many of the requests were made in cycles that have ended."""

    def requested(self, recorded: Recorded[Any], request: Q) -> Requests[Q, A]:
        """With one more request, as it was recorded."""
        said = Said(recorded.version, recorded.occurred_at, request)
        return self._replace(asked=(*self.asked, said))

    def answered(self, answer: A) -> Requests[Q, A]:
        """With one more decision."""
        return self._replace(answers=(*self.answers, answer))

    @property
    def in_next_cycle(self) -> Requests[Q, A]:
        """What a reopening leaves: all of it, as what was asked before."""
        return self._replace(earlier=len(self.asked)) if self.asked else self

    def at(self, version: int) -> Q | None:
        """The request at a version of the stream."""
        return next((said.event for said in self.asked if said.version == version), None)

    def answer_to(self, version: int) -> A | None:
        """The first decision on the request at a version."""
        return next((answer for answer in self.answers if answer.request == version), None)

    @property
    def pending(self) -> tuple[Q, ...]:
        """The requests on which nobody has decided."""
        decided = {answer.request for answer in self.answers}
        return tuple(said.event for said in self.asked if said.version not in decided)


def not_asked(requests: Requests[Q, A], version: int) -> Broken | None:
    """Whether nobody asked for this at that version."""
    return None if requests.at(version) is not None else no_request(version)


def no_request(version: int) -> Broken:
    """That nobody asked for this at that version."""
    return Broken(
        Refusal.UNKNOWN_REQUEST,
        Departure.DECIDED_NO_REQUEST,
        f"Version {version} is no such request; name the version at which it was made.",
        field="request",
        params={"version": str(version)},
    )


def decided_before(requests: Requests[Q, A], version: int) -> Broken | None:
    """Whether the request was decided already."""
    if requests.answer_to(version) is None:
        return None
    return Broken(
        Refusal.ALREADY_DECIDED,
        Departure.DECIDED_AGAIN,
        f"The request in version {version} was decided before; ask anew if it is to be decided otherwise.",
        field="request",
        params={"version": str(version)},
    )


def said_so(before: Approval, now: Approval) -> bool:
    """Whether the same person approved the same request before."""
    return (before.request, before.approved_by) == (now.request, now.approved_by)


def own_request(requested_by: str, approved_by: str, context: Context) -> Broken | None:
    """Whether somebody approves what they asked for, and the book does not allow that."""
    if requested_by != approved_by or may_approve_own(context):
        return None
    return Broken(
        Refusal.SAME_PERSON,
        Departure.SELF_APPROVED,
        f"{approved_by} asked for this and cannot approve it as well; let somebody else decide.",
        field="approved_by",
        params={"requested_by": requested_by},
    )
