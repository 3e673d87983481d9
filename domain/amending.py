"""How a correction or a void comes about: one person asks for it, another decides (ISO 10002:2018, 8.1 and 8.9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple, TypeAlias, TypeVar, assert_never, get_args
from uuid import UUID

from pydantic import StringConstraints
from typing_extensions import override

from domain.amendment import (
    Amendment,
    AmendmentDeclined,
    AmendmentRequest,
    CorrectionRequested,
    EventCorrected,
    EventVoided,
    Occurrence,
    Replacement,
    VoidRequested,
)
from domain.book import may_approve_own, stream_of_book
from domain.correction import Reading, applied
from domain.decider import Decided, Decider, nowhere
from domain.envelope import Context, Recorded
from domain.event import Command, Event, Label, Refused, StaffName, Version
from domain.personal import Personal, PersonalState, personal_values
from domain.refusal import Refusal
from domain.stream import Category, stream_of, subject_of

E = TypeVar("E", bound=Event)

StreamName = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[0-9a-f-]{36}$")]
"""A stream by its whole name."""


class AboutRecord(Command):
    """Something asked for about what is recorded in a stream."""

    about: StreamName

    @property
    @override
    def stream(self) -> str:
        return self.about


_TARGET = (Refusal.UNKNOWN_EVENT, Refusal.NOT_AMENDABLE, Refusal.AMENDS_ITSELF, Refusal.NO_LONGER_FOLDS)
_DECISION = (Refusal.UNKNOWN_REQUEST, Refusal.ALREADY_DECIDED)


class RequestCorrection(AboutRecord):
    """Ask that an event be read otherwise."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_TARGET, Refusal.WRONG_KIND_OF_EVENT, Refusal.SUBJECT_MISMATCH)

    version: Version
    replacement: Replacement
    occurrence: Occurrence | None = None
    reason: Label
    requested_by: StaffName


class RequestVoid(AboutRecord):
    """Ask that an event count no longer; of a correction or a void, that it be taken back."""

    REFUSALS: ClassVar[tuple[str, ...]] = _TARGET

    version: Version
    reason: Label
    requested_by: StaffName


class ApproveAmendment(AboutRecord):
    """Approve a request, as somebody else than who asked."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_DECISION, Refusal.SAME_PERSON, Refusal.NO_LONGER_FOLDS)

    request: Version
    approved_by: StaffName


class DeclineAmendment(AboutRecord):
    """Turn a request down. Who asked may do so too: that takes the request back."""

    REFUSALS: ClassVar[tuple[str, ...]] = _DECISION

    request: Version
    reason: Label
    declined_by: StaffName


AmendmentCommand: TypeAlias = RequestCorrection | RequestVoid | ApproveAmendment | DeclineAmendment


_WHEN = slice(Recorded._fields.index("occurred_at"), Recorded._fields.index("source_recorded_at"))


class Record(NamedTuple):
    """What is written in a stream, as it was written, and what such streams declare."""

    stream: str
    history: Sequence[Recorded[Any]]
    decider: Decider[Any]


def needs(record: Record, command: AmendmentCommand, context: Context) -> Iterable[str]:
    """The book's own stream, for an approval: it says whether one may approve what one asked for. The cases to which
    the subject belongs, for what a replacement tells about somebody. And the subjects to which this one would lead
    after the amendment, one after the other."""
    if isinstance(command, ApproveAmendment):
        yield stream_of_book(context.book)
    if isinstance(command, RequestCorrection) and any(personal_values(command.replacement.data)):
        yield from (stream_of(Category.CASE, case_id) for case_id in _cases(record, command.replacement.data))
    request = None if record.decider.onward is nowhere else _asked_for(record, command)
    if request is not None:
        yield from _way(record, _after(record, request), context)


def _asked_for(record: Record, command: AmendmentCommand) -> AmendmentRequest | None:
    """The request that is made, or to be approved, if it can be."""
    match command:
        case RequestCorrection():
            if not isinstance(command.replacement.data, record.decider.events):
                return None
            return _correction(command, command.occurrence)
        case RequestVoid():
            return VoidRequested(version=command.version, reason=command.reason, requested_by=command.requested_by)
        case ApproveAmendment(request=version):
            found = record.history[version - 1].event if version <= len(record.history) else None
            return found if isinstance(found, AmendmentRequest) else None
        case DeclineAmendment():
            return None
        case _:
            assert_never(command)


def _correction(command: RequestCorrection, occurrence: Occurrence | None) -> CorrectionRequested:
    return CorrectionRequested(
        version=command.version,
        replacement=command.replacement,
        occurrence=occurrence,
        reason=command.reason,
        requested_by=command.requested_by,
    )


def decide(record: Record, command: AmendmentCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    match command:
        case RequestCorrection():
            return _request_correction(record, command, context)
        case RequestVoid():
            return _request_void(record, command, context)
        case ApproveAmendment():
            return _approve(record, command, context)
        case DeclineAmendment():
            return _decline(record, command)
        case _:
            assert_never(command)


# Asking ---------------------------------------------------------------------------------------------------------------


def _request_correction(record: Record, command: RequestCorrection, context: Context) -> Decided:
    target = _target(record, command.version)
    if isinstance(target.event, EventVoided):
        raise _not_amendable("A void has no content to correct; ask that it be taken back, by a void of it.")
    root = _root(record, target)
    new = command.replacement.data
    request = _correction(command, command.occurrence or _occurrence_by_now(record, root))
    if request in _pending(record).values():
        return []
    if not isinstance(new, record.decider.events):
        raise Refused(
            Refusal.WRONG_KIND_OF_EVENT,
            f"{new.TOPIC} is no event of a {record.decider.category}; give one that may stand in this stream.",
            field="replacement",
            params={"topic": new.TOPIC},
        )
    if type(new) is not type(root.event) and {new.REGISTER, root.event.REGISTER} != {None}:
        raise _not_amendable("A register number was given here, so the event stays what it is; correct its content.")
    _about_those_concerned(record, root, new, context)
    _folds_after(record, request, context)
    return [request]


def _request_void(record: Record, command: RequestVoid, context: Context) -> Decided:
    request = VoidRequested(version=command.version, reason=command.reason, requested_by=command.requested_by)
    if request in _pending(record).values():
        return []
    target = _target(record, command.version)
    if target.event.REGISTER is not None:
        raise _not_amendable("A register number was given here, and numbers are not taken back; close the matter.")
    _folds_after(record, request, context)
    return [request]


def _target(record: Record, version: int) -> Recorded[Any]:
    """The event to be amended. Raises: Refused when there is none, or it cannot be."""
    if not record.decider.amendable:
        raise _not_amendable(f"What a {record.decider.category} records is not corrected: it is the ledger's own.")
    last = record.history[-1].version if record.history else 0
    if version == last + 1:
        raise Refused(
            Refusal.AMENDS_ITSELF,
            f"Version {version} would be this very request; an amendment is of something written before it.",
            field="version",
            params={"version": version},
        )
    if version > last:
        raise Refused(
            Refusal.UNKNOWN_EVENT,
            f"There is no version {version} in this stream; its last is {last}.",
            field="version",
            params={"version": version, "last": last},
        )
    target = record.history[version - 1]
    if isinstance(target.event, (*get_args(AmendmentRequest), AmendmentDeclined)):
        raise _not_amendable("A request is not corrected; decline it, and ask anew.")
    return target


def _root(record: Record, target: Recorded[Any]) -> Recorded[Any]:
    """The event that says something about the subject, behind however many corrections."""
    while isinstance(target.event, Amendment) and target.event.version < target.version:
        target = record.history[target.event.version - 1]
    return target


def _occurrence_by_now(record: Record, root: Recorded[Any]) -> Occurrence | None:
    """When the event is read to have occurred, if an earlier correction moved it: a later one does not undo that."""
    read = Reading(record.history).of(root)
    if read is None or read[_WHEN] == root[_WHEN]:
        return None
    return Occurrence(at=read.occurred_at, zone=read.occurred_zone, precision=read.occurred_precision)


def _about_those_concerned(record: Record, root: Recorded[Any], new: Event, context: Context) -> None:
    """A personal value in a replacement falls with the key of somebody whom the stream is about anyway."""
    state = _folded(record.decider, applied(record.history))
    concerned: set[UUID | None] = {subject_of(record.stream), getattr(state, "customer_id", None)}
    concerned |= {getattr(event, "customer_id", None) for event in (root.event, new)}
    concerned |= {personal.subject for _, personal in personal_values(root.event)}
    for case_id in _cases(record, new):
        concerned |= {case_id, getattr(context.others.get(stream_of(Category.CASE, case_id)), "customer_id", None)}
    if any(personal.subject not in concerned for _, personal in personal_values(new)):
        raise Refused(
            Refusal.SUBJECT_MISMATCH,
            "The replacement holds a personal value about somebody whom this stream is not about.",
            field="replacement",
        )


def _cases(record: Record, new: Event) -> set[UUID]:
    """The cases to which something else belongs, as it is read by now or as a replacement has it."""
    if record.decider.category is Category.CASE:  # those that its events name are other cases
        return set()
    events = [*(read.event for read in applied(record.history)), new]
    return {case_id for event in events if (case_id := getattr(event, "case_id", None)) is not None}


# Deciding -------------------------------------------------------------------------------------------------------------


def _approve(record: Record, command: ApproveAmendment, context: Context) -> Decided:
    request = _requested(record, command.request)
    amendment: EventCorrected | EventVoided = (
        EventCorrected if isinstance(request, CorrectionRequested) else EventVoided
    )(version=request.version, request=command.request, approved_by=command.approved_by)
    if amendment in (recorded.event for recorded in record.history):
        return []
    _undecided(record, command.request)
    if request.requested_by == command.approved_by and not may_approve_own(context):
        raise Refused(
            Refusal.SAME_PERSON,
            f"{command.approved_by} asked for this and cannot approve it as well; let somebody else decide.",
            field="approved_by",
            params={"requested_by": request.requested_by},
        )
    _folds_after(record, request, context)
    return [amendment]


def _decline(record: Record, command: DeclineAmendment) -> Decided:
    _requested(record, command.request)
    declined = AmendmentDeclined(request=command.request, reason=command.reason, declined_by=command.declined_by)
    if declined in (recorded.event for recorded in record.history):
        return []
    _undecided(record, command.request)
    return [declined]


def _requested(record: Record, version: int) -> CorrectionRequested | VoidRequested:
    found = record.history[version - 1].event if version <= len(record.history) else None
    if not isinstance(found, AmendmentRequest):
        raise Refused(
            Refusal.UNKNOWN_REQUEST,
            f"Version {version} of this stream is no request for a correction or a void.",
            field="request",
            params={"version": version},
        )
    return found


def _undecided(record: Record, version: int) -> None:
    if version not in _pending(record):
        raise Refused(
            Refusal.ALREADY_DECIDED,
            f"The request in version {version} was decided before; ask anew if it is to be decided otherwise.",
            field="request",
            params={"version": version},
        )


def _pending(record: Record) -> dict[int, CorrectionRequested | VoidRequested]:
    """The requests that nobody has decided, by version."""
    decided = {
        recorded.event.request
        for recorded in record.history
        if isinstance(recorded.event, EventCorrected | EventVoided | AmendmentDeclined)
    }
    return {
        recorded.version: recorded.event
        for recorded in record.history
        if isinstance(recorded.event, AmendmentRequest) and recorded.version not in decided
    }


# What can be folded ---------------------------------------------------------------------------------------------------


def _folds_after(record: Record, request: AmendmentRequest, context: Context) -> None:
    """Raises: Refused when what would be left of the history could not be folded, or would lead astray."""
    after = _after(record, request)
    left = [read.event for read in after]
    if not left:
        return
    decider = record.decider
    counts = {kind: sum(isinstance(event, kind) for event in left) for kind in (decider.begins, *decider.once)}
    broken = [kind for kind, count in counts.items() if count > 1]
    if isinstance(left[0], decider.begins) and not broken:
        _leads_on(record, request, after, context)
        return
    why = (
        f"two of {broken[0].TOPIC} would stand in it"
        if broken
        else f"it would begin with {left[0].TOPIC} instead of {decider.begins.TOPIC}"
    )
    raise Refused(
        Refusal.NO_LONGER_FOLDS,
        f"After this the history could not be read: {why}. Amend the other events first.",
        field="version",
        params={"version": request.version},
    )


def _after(record: Record, request: AmendmentRequest) -> list[Recorded[Any]]:
    """The history as it is to be folded once the request is approved."""
    if not record.history:
        return []
    last = record.history[-1]
    asked = last._replace(version=last.version + 1, event=request)
    kind = EventCorrected if isinstance(request, CorrectionRequested) else EventVoided
    amendment = kind(version=request.version, request=asked.version, approved_by=request.requested_by)
    return list(applied([*record.history, asked, last._replace(version=last.version + 2, event=amendment)]))


def _way(record: Record, after: Iterable[Recorded[Any]], context: Context) -> Iterator[str]:
    """The streams that the subject leads to, one after the other, as far as they are known; each once."""
    decider = record.decider
    if decider.onward is nowhere:
        return
    seen = set[str]()
    at = decider.onward(_folded(decider, after))
    while at is not None and (stream := stream_of(decider.category, at)) not in seen:
        seen.add(stream)
        yield stream
        at = None if stream == record.stream else decider.onward(context.others.get(stream, decider.initial))


def _leads_on(record: Record, request: AmendmentRequest, after: Sequence[Recorded[Any]], context: Context) -> None:
    """Who asks for a subject that leads on to another one must get somewhere.

    Raises: Refused when the request would let it lead back to itself, or to what is not there.
    """
    way = list(_way(record, after, context))
    if way[:1] == list(_way(record, applied(record.history), context))[:1]:
        return
    if record.stream in way:
        why = "it would lead back to itself"
    elif way and context.others.get(way[0]) is None:
        why = f"it would lead to {way[0]}, of which nothing is known"
    else:
        return
    raise Refused(
        Refusal.NO_LONGER_FOLDS,
        f"This cannot be read so: {why}. Amend the other events first, or name another one.",
        field="version",
        params={"version": request.version},
    )


def _folded(decider: Decider[Any], history: Iterable[Recorded[Any]]) -> Any:
    state = decider.initial
    for recorded in history:
        state = decider.evolve(state, recorded)
    return state


def _not_amendable(message: str) -> Refused:
    return Refused(Refusal.NOT_AMENDABLE, message, field="version")


def resealed(event: E) -> E:
    """The event with its open personal values as if they had just been said, so that they are sealed in a new place.

    A value that is closed or erased keeps its commitment, behind which nothing can be read in the new place.
    """
    fresh = {
        name: Personal.open(value.subject, value.value)
        for name in type(event).model_fields
        if isinstance(value := getattr(event, name), Personal) and value.state is PersonalState.OPEN
    }
    return event.model_copy(update=fresh) if fresh else event
