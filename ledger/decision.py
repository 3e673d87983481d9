"""From a submission and the streams it is about to the events that follow, without touching the ledger."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, reduce
from typing import Any, NamedTuple

from typing_extensions import override

from domain import amending
from domain.amending import AmendmentCommand, Record, RequestCorrection
from domain.amendment import AMENDMENTS
from domain.correction import applied
from domain.decider import Decided
from domain.deciders import decider_of
from domain.envelope import Context, Metadata, Occurred, Recorded, Submission, When
from domain.event import Command, Event, Precision, Refused
from domain.personal import PersonalState, personal_values, plain
from domain.refusal import Refusal
from ledger.canonical import canonical_of_checked
from ledger.codec import holds_personal

CLOCK_SLACK = timedelta(minutes=1)
_holds_personal = cache(holds_personal)


class Asked(NamedTuple):
    """A submission with the keyed digest of what it asks for."""

    submission: Submission
    digest: bytes


class Tip(NamedTuple):
    """A stream as a decision sees it: its last version, its folded state, and what is written in it."""

    version: int
    state: Any
    history: tuple[Recorded[Any], ...] = ()
    """As it was written: a decision on a correction looks at that."""


class Pending(NamedTuple):
    """An event that follows from a submission, with its place in its stream."""

    stream: str
    version: int
    event: Event
    when: When
    departures: tuple[str, ...]


class Decision(NamedTuple):
    """What follows from a submission: events, the versions they build on, and the streams after them."""

    pending: tuple[Pending, ...]
    expected: tuple[tuple[str, int], ...]
    tips: Mapping[str, Tip]


def tip_of(stream: str, history: Iterable[Recorded[Event]]) -> Tip:
    """A stream folded from its beginning. Raises: Refused when nothing is known of such streams."""
    decider = decider_of(stream)
    events = tuple(history)
    state = reduce(decider.evolve, applied(events), decider.initial)
    return Tip(events[-1].version if events else 0, state, events)


def streams_of(submission: Submission) -> tuple[str, ...]:
    """The streams that a submission may write, each once, in order."""
    return tuple(dict.fromkeys(stream for command in submission.commands for stream in command.streams))


def still_needed(submission: Submission, tips: Mapping[str, Tip], context: Context) -> set[str]:
    """Streams whose states its decisions ask for and the context does not hold. Raises: Refused."""
    wanted = {stream for command in submission.commands for stream in _needs(command, tips, context)}
    return wanted - context.others.keys()


def _needs(command: Command, tips: Mapping[str, Tip], context: Context) -> Iterable[str]:
    decider = decider_of(command.stream)
    if isinstance(command, AmendmentCommand):
        return amending.needs(Record(command.stream, tips[command.stream].history, decider), command, context)
    return decider.needs(command, context)


class Others(Mapping[str, Any]):
    """The states of streams by name: those the submission writes as they are by now, others as they were read."""

    def __init__(self, tips: Mapping[str, Tip], read: Mapping[str, Any]) -> None:
        self._tips = tips
        self._read = read

    @override
    def __getitem__(self, stream: str) -> Any:
        return self._tips[stream].state if stream in self._tips else self._read[stream]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._tips.keys() | self._read.keys())

    @override
    def __len__(self) -> int:
        return len(self._tips.keys() | self._read.keys())


def decided(submission: Submission, tips: Mapping[str, Tip], metadata: Metadata, context: Context) -> Decision:
    """What follows from a submission, given the tips of its streams and what its decisions need beside them.

    Raises: Refused; then nothing follows from any of its commands.
    """
    after = {stream: tips[stream] for stream in streams_of(submission)}
    context = replace(context, others=Others(after, context.others))
    pending: list[Pending] = []
    for command in submission.commands:
        for follows in _follows(after[command.stream], command, context):
            stream = command.stream
            if isinstance(follows, Occurred) and follows.stream is not None:
                stream = follows.stream
            entry = _pending(stream, after[stream].version + 1, follows, command)
            pending.append(entry)
            after[stream] = _grown(after[stream], _provisional(entry, metadata, context.book))
    touched = {entry.stream for entry in pending}
    return Decision(
        tuple(pending), tuple((stream, tips[stream].version) for stream in after if stream in touched), after
    )


def _follows(tip: Tip, command: Command, context: Context) -> Decided:
    """The events that follow from a command. Raises: Refused."""
    decider = decider_of(command.stream)
    if isinstance(command, AmendmentCommand):
        return amending.decide(Record(command.stream, tip.history, decider), command, context)
    return decider.decide(tip.state, command, context)


def _grown(tip: Tip, recorded: Recorded[Event]) -> Tip:
    """The tip of a stream after one more event."""
    decider = decider_of(recorded.stream)
    history = (*tip.history, recorded)
    if isinstance(recorded.event, AMENDMENTS):  # what was folded may be read otherwise by now
        return Tip(recorded.version, reduce(decider.evolve, applied(history), decider.initial), history)
    return Tip(recorded.version, decider.evolve(tip.state, recorded), history)


def refuse_the_future(submission: Submission, now: datetime) -> None:
    """Nothing can have happened after it is written down, however it is corrected. Raises: Refused."""
    for command in submission.commands:
        _refuse_after(now, command.at, command.precision, "at")
        if isinstance(command, RequestCorrection) and command.occurrence is not None:
            _refuse_after(now, command.occurrence.at, command.occurrence.precision, "occurrence")


def _refuse_after(now: datetime, at: datetime, precision: Precision, field: str) -> None:
    slack = CLOCK_SLACK if precision is Precision.INSTANT else timedelta(days=1)
    if at > now + slack:
        raise Refused(
            Refusal.OCCURS_IN_THE_FUTURE,
            f"{at.isoformat()} has not come yet; say when it happened.",
            field=field,
            params={"at": at.isoformat()},
        )


def digest_of(submission: Submission, key: bytes) -> bytes:
    """What a command id stands for: a keyed digest (HMAC-SHA256) of what is asked for."""
    # Not hmac.digest, which releases the interpreter's lock: with 32 writers, each release is a switch of threads.
    return hmac.new(key, content_of(submission), "sha256").digest()


def content_of(submission: Submission) -> bytes:
    """What is asked for, in canonical bytes: the commands, personal values included.

    It leaves out where the submission was read, under whom personal values are sealed, and the times when the caller
    did not say them. It leaves out what has its default as well: a field that a command gets later must not make
    another request of one that was carried out before.
    """
    return canonical_of_checked([_content(command, times=submission.times_stated) for command in submission.commands])


def _content(command: Command, *, times: bool) -> list[Any]:
    clear: dict[int, Any] = {}
    if _holds_personal(type(command)):
        # What was erased stands in a replacement by its commitment, which is all that is left of it.
        clear = {
            id(personal): plain(personal)
            for _, personal in personal_values(command)
            if personal.state is not PersonalState.ERASED
        }
    left_out = None if times else {"at"}
    return [
        type(command).__name__,
        command.model_dump(mode="json", context=clear, exclude=left_out, exclude_defaults=True),
    ]


def _pending(stream: str, version: int, follows: Event | Occurred[Event], command: Command) -> Pending:
    as_command = When(command.at, command.zone, command.precision)
    if isinstance(follows, Occurred):
        return Pending(stream, version, follows.event, follows.when or as_command, follows.departures)
    return Pending(stream, version, follows, as_command, ())


def _provisional(entry: Pending, metadata: Metadata, book: str) -> Recorded[Event]:
    """The event as the next command of the same submission sees it, before it has a position."""
    at, zone, precision = entry.when
    return Recorded(book, entry.stream, entry.version, 0, at, at, zone, precision, None, None, entry.event, metadata)
