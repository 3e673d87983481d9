"""Handing items to the ledger in their order, many at once: each is carried out once, however often it is sent."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from api.access.principal import Principal
from api.graphql.carrying_out import objection_of
from api.graphql.identity import global_id
from api.ingest.making import Maker, Ready, field_of
from api.ingest.outcome import BadItem, Fault, Path, Result, Status
from api.ingest.reading import Item, Sender, id_of, item_of, object_in, object_of
from api.ingest.vocabulary import kinds
from api.present import present
from domain.envelope import Source, Submission
from domain.event import Refused
from domain.refusal import Refusal
from domain.stream import Category, category_of, subject_of
from ledger.errors import (
    BatchMoved,
    ClocksDisagree,
    CommandIdReused,
    LedgerAway,
    LedgerError,
    NotCanonical,
    StreamMoved,
    TookTooLong,
    TooLarge,
)
from ledger.ledger import Ledger
from ledger.outcome import Accepted, Outcome

LOG = logging.getLogger("daybook.ingest")
CHANNEL = "ingest"
MOST_ROUNDS = 10
"""Of as many tries as the ledger makes, when others keep writing about the same things."""
UNKNOWN: Mapping[Category, tuple[Refusal | str, str]] = {
    Category.CUSTOMER: (Refusal.UNKNOWN_CUSTOMER, "There is no such customer; register them first."),
    Category.CASE: (Refusal.UNKNOWN_CASE, "There is no such case; receive it first."),
    Category.TOUCHPOINT: ("UNKNOWN_TOUCHPOINT", "There is no such touchpoint; record it first."),
}
MOVING = "Others keep writing about the same thing; send it again."


class Sent(NamedTuple):
    """Something that was sent in one place of a body: a line as it is, or a value out of a batch."""

    place: int
    what: bytes | Any


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request: who sends what."""

    principal: Principal
    may: Set[str]
    """The types of items that they may bring in."""
    sender: Sender
    digest: str
    """Of the body (HMAC-SHA256, hex)."""
    correlation: UUID


@dataclass(slots=True)
class _Run:
    """Items that are carried out together."""

    waiting: list[Ready] = field(default_factory=list)
    ids: set[UUID] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    """The streams that begin in it, come what may."""
    doubtful: set[str] = field(default_factory=set)
    """Those whose beginning the ledger might refuse."""


class Carrier:
    """Carries out what one request brings. It is used on one thread at a time, and never on the event loop."""

    def __init__(self, ledger: Ledger, delivery: Delivery) -> None:
        self._ledger = ledger
        self._delivery = delivery
        self._there: set[str] = set()
        """Streams that are known to be in the ledger."""
        self.gave_up: tuple[Fault, str] | None = None
        """Why the ledger is not asked any more, once it is not."""

    def give_up(self, code: Fault, message: str) -> None:
        """Asks nothing more of the ledger: everything from now on has failed for this reason."""
        self.gave_up = code, message

    def carry(self, sent: Iterable[Sent]) -> list[Result]:
        """What became of each, in their order. Once the ledger is away, the rest of them has failed."""
        results: dict[int, Result] = {}
        items: list[Item] = []
        for one in sent:
            read = self._read(one)
            if isinstance(read, Result):
                results[one.place] = read
            else:
                items.append(read)
        if self.gave_up is None:
            self._try(items, results)
        code, message = self.gave_up or (Fault.FAULT, "")
        for item in items:
            if item.place not in results:
                results[item.place] = _not(item, Status.FAILED, code, message)
        return [results[place] for place in sorted(results)]

    def _try(self, items: Sequence[Item], results: dict[int, Result]) -> None:
        """Carries out what can be; what it comes to goes into `results`."""
        try:
            for result in self._carried(items):
                results[result.item] = result
        except (LedgerAway, ClocksDisagree, TookTooLong) as error:
            LOG.warning("%s", error)
            self.give_up(*_away(error))
        except Exception as error:  # noqa: BLE001 -- the door: what this request has brought so far is answered all the same
            self.give_up(Fault.FAULT, _logged(error))

    def _read(self, sent: Sent) -> Item | Result:
        """The item, or why it is none, or none that the sender may bring in."""
        found: dict[str, Any] = {}
        try:
            found = object_in(sent.what) if isinstance(sent.what, bytes) else object_of(sent.what)
            item = item_of(found, sent.place, self._delivery.sender)
        except BadItem as bad:
            told = found.get("type")
            kind = told if isinstance(told, str) and told in kinds() else "unknown"
            return Result(sent.place, id_of(found), kind, Status.INVALID, bad.code, bad.message, bad.field)
        if item.kind.name in self._delivery.may:
            return item
        message = f"The role {self._delivery.principal.role} may not bring in items of type {item.kind.name}."
        return _not(item, Status.REFUSED, Fault.FORBIDDEN, message, ("type",))

    def _submission(self, one: Ready, customer: UUID | None, now: datetime) -> Submission:
        delivery = self._delivery
        return Submission(
            one.item.command_id,
            (one.about(customer) if one.said_in_case and customer is not None else one.command,),
            delivery.principal.actor,
            CHANNEL,
            correlation=delivery.correlation,
            said_at=now,
            times_stated=one.item.envelope.time is not None,
            source=Source(delivery.digest, one.item.place),
            client=delivery.principal.client,
            address=delivery.principal.address,
        )

    def _carried(self, items: Sequence[Item]) -> Iterator[Result]:
        """The results, run by run: a run ends where an item leans on something whose beginning is not certain yet.

        Raises: ClocksDisagree, LedgerAway, TookTooLong.
        """
        now = present(self._ledger)
        maker = Maker(self._ledger, now)
        ready: list[Ready] = []
        for item in items:
            try:
                ready.append(maker.ready(item))
            except BadItem as bad:
                yield _not(item, Status.INVALID, bad.code, bad.message, bad.field)
        self._look_up(ready)
        reused = self._reused(ready, now)
        run = _Run()
        for one in ready:
            if run.doubtful & one.leans_on.keys():
                yield from self._carried_out(run, now)
                run = _Run()
            missing = next((stream for stream in one.leans_on if stream not in self._there | run.begun), None)
            if missing is None:
                self._add(run, one, reused, now)
            else:
                code, message = UNKNOWN[Category(category_of(missing))]
                yield _not(one.item, Status.REFUSED, code, message, one.leans_on[missing])
        yield from self._carried_out(run, now)

    def _look_up(self, ready: Sequence[Ready]) -> None:
        """Notes which of the things that items lean on are there."""
        asked = {stream for one in ready for stream in one.leans_on} - self._there
        if asked:
            self._there |= {stream for stream, history in self._ledger.histories(asked).items() if history}

    def _reused(self, ready: Sequence[Ready], now: datetime) -> set[UUID]:
        """The ids, of those with which something begins that others lean on, that were used for something else."""
        wanted = {stream for one in ready for stream in one.leans_on} - self._there
        begin = [self._submission(one, None, now) for one in ready if one.item.kind.begins and one.stream in wanted]
        answers = self._ledger.answered(begin) if begin else []
        return {
            one.command_id for one, answer in zip(begin, answers, strict=True) if isinstance(answer, CommandIdReused)
        }

    def _add(self, run: _Run, one: Ready, reused: set[UUID], now: datetime) -> None:
        run.waiting.append(one)
        if one.item.kind.begins and one.stream not in self._there:
            certain = one.command.at <= now and one.item.command_id not in reused | run.ids
            (run.begun if certain else run.doubtful).add(one.stream)
            if certain:
                run.doubtful.discard(one.stream)
        run.ids.add(one.item.command_id)

    def _carried_out(self, run: _Run, now: datetime) -> list[Result]:
        if not run.waiting:
            return []
        outcomes = self._outcomes(list(self._submissions(run.waiting, now)))
        self._there |= {
            one.stream for one, outcome in zip(run.waiting, outcomes, strict=True) if isinstance(outcome, Accepted)
        }
        return [self._told(one, outcome) for one, outcome in zip(run.waiting, outcomes, strict=True)]

    def _outcomes(self, submissions: Sequence[Submission]) -> Sequence[Outcome | Exception]:
        """What the ledger answers. Raises: ClocksDisagree, LedgerAway, TookTooLong."""
        try:
            return self._ledger.carry_out_all(submissions)
        except (LedgerAway, ClocksDisagree, TookTooLong):
            raise
        except Exception as error:  # whatever is wrong with one is its own, and they are tried one by one
            if not isinstance(error, BatchMoved):
                LOG.warning("Items are carried out one by one.", exc_info=error)
            return [self._alone(submission) for submission in submissions]

    def _alone(self, submission: Submission) -> Outcome | Exception:
        for _ in range(MOST_ROUNDS - 1):
            try:
                return self._ledger.carry_out(submission)
            except StreamMoved:
                continue
            except Refused as refused:
                return refused
            except (LedgerAway, ClocksDisagree, TookTooLong):
                raise
            except Exception as error:  # noqa: BLE001 -- it is this item's own, and told as what it is
                return error
        return StreamMoved(submission.commands[0].stream, 0)

    def _submissions(self, run: Sequence[Ready], now: datetime) -> Iterator[Submission]:
        """What is asked of the ledger, words under whoever their case is about by then."""
        cases = {one.stream for one in run if one.said_in_case}
        states = {stream: tip.state for stream, tip in self._ledger.tips(cases).items()} if cases else {}
        whose = {stream: state.customer_id for stream, state in states.items() if state is not None}
        for one in run:
            yield self._submission(one, whose.get(one.stream), now)
            told_before = one.item.kind.begins and states.get(one.stream) is not None
            if one.customer_of_case is not None and not told_before:
                whose[one.stream] = one.customer_of_case

    def _told(self, one: Ready, outcome: Outcome | Exception) -> Result:
        item, book = one.item, self._ledger.book
        match outcome:
            case Accepted():
                register = outcome.register()
                return Result(
                    item.place,
                    item.id,
                    item.kind.name,
                    Status.REPEATED if outcome.repeated else Status.ACCEPTED,
                    subject=global_id(item.kind.category, book, subject_of(one.stream)),
                    number=register and str(register),
                    version=outcome.version(one.stream),
                    position=outcome.position,
                )
            case Refused():
                told = objection_of(outcome, book, told=True)  # whoever brings items in sees the whole book
                field = field_of(item, outcome.field)
                return _not(item, Status.REFUSED, told.code, told.message, field, told.params)
            case CommandIdReused():
                message = "An item of this source and id said something else before; give this one an id of its own."
                return _not(item, Status.CONFLICT, Fault.ID_REUSED, message, ("id",))
            case StreamMoved() | BatchMoved():
                return _not(item, Status.FAILED, Fault.MOVED, MOVING)
            case TooLarge():
                return _not(item, Status.INVALID, Fault.TOO_LARGE, str(outcome))
            case NotCanonical():
                return _not(item, Status.INVALID, Fault.BAD_FIELD, str(outcome))
            case _:
                return _not(item, Status.FAILED, Fault.FAULT, _logged(outcome))


def _not(
    item: Item,
    status: Status,
    code: str,
    message: str,
    field: Path | None = None,
    params: Mapping[str, Any] | None = None,
) -> Result:
    return Result(item.place, item.id, item.kind.name, status, code, message, field, params)


def _logged(error: Exception) -> str:
    """What is said of a fault: an id that leads to the log."""
    fault = uuid4()
    LOG.error("Fault %s", fault, exc_info=error)
    return f"Something went wrong here. The log has it under {fault}."


def _away(error: LedgerError) -> tuple[Fault, str]:
    match error:
        case ClocksDisagree():
            return Fault.CLOCKS_DISAGREE, str(error)
        case TookTooLong():
            return Fault.TIMED_OUT, "This took too long, and was stopped; send it again."
        case _:
            return Fault.LEDGER_AWAY, "The ledger does not answer; send it again in a moment."
