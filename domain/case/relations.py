"""How a case stands to other cases: linked, or merged into one of them, which then stands for both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeAlias, assert_never
from uuid import UUID

from typing_extensions import override

from domain.case.about import NOT_MERGED, UNFINISHED, AboutCase
from domain.case.rules import Departure, finished, merged, out_of_time
from domain.decider import Decided
from domain.departure import Broken, stepped
from domain.envelope import Context, Occurred, Recorded
from domain.event import Event, Refused
from domain.refusal import Refusal
from domain.stream import Category, stream_of

if TYPE_CHECKING:
    from domain.case.state import Case


class Relation(StrEnum):
    """What the case on which a link stands is to the other one."""

    DUPLICATE = "duplicate"
    """It says the same."""
    RELATED = "related"
    CAUSED_BY = "caused-by"
    """The other one is why it came up."""
    FOLLOWS = "follows"
    """It continues the other one."""


# Events ---------------------------------------------------------------------------------------------------------------


class CaseLinked(Event):
    """The case was found to have to do with another one. The link stands on this case alone."""

    TOPIC: ClassVar = "case-linked.1"

    case_id: UUID
    """The other case."""
    relation: Relation


class CaseUnlinked(Event):
    """The case was found to have nothing of that kind to do with the other one."""

    TOPIC: ClassVar = "case-unlinked.1"

    case_id: UUID
    relation: Relation


class CaseMerged(Event):
    """Another case took this one's place, which ends this one. No pause outlasts it."""

    TOPIC: ClassVar = "case-merged.1"

    into: UUID
    """The survivor."""


class CaseAbsorbed(Event):
    """The case took another one's place: it stands for both from here on."""

    TOPIC: ClassVar = "case-absorbed.1"

    case_id: UUID
    """The one that was merged into it."""


RelationEvent: TypeAlias = CaseLinked | CaseUnlinked | CaseMerged | CaseAbsorbed

# Commands -------------------------------------------------------------------------------------------------------------


class LinkCase(AboutCase):
    """Note that the case has to do with another one, at any time until it is merged."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*NOT_MERGED, Refusal.LINKS_ITSELF, Refusal.OTHER_CASE_UNKNOWN)

    other_id: UUID
    relation: Relation


class UnlinkCase(AboutCase):
    """Take a link away, at any time until the case is merged."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*NOT_MERGED, Refusal.NOT_LINKED)

    other_id: UUID
    relation: Relation


class MergeCase(AboutCase):
    """Let another case take the place of this one, with or without a number."""

    REFUSALS: ClassVar[tuple[str, ...]] = (
        *UNFINISHED,
        Refusal.MERGES_ITSELF,
        Refusal.MERGES_IN_A_CIRCLE,
        Refusal.SURVIVOR_UNKNOWN,
        Refusal.SURVIVOR_MERGED,
        Refusal.SURVIVOR_FINISHED,
    )

    into: UUID
    """The survivor."""

    @property
    @override
    def streams(self) -> tuple[str, ...]:
        return (self.stream, stream_of(Category.CASE, self.into))


RelationCommand: TypeAlias = LinkCase | UnlinkCase | MergeCase

# Life -----------------------------------------------------------------------------------------------------------------


class Link(NamedTuple):
    """What a case is to another one."""

    case_id: UUID
    relation: Relation


class Relations(NamedTuple):
    """How a case stands to others; a reopening changes nothing about that."""

    links: frozenset[Link] = frozenset()
    unlinked: frozenset[Link] = frozenset()
    """Those that were taken away and have not come back."""
    merged_into: UUID | None = None
    absorbed: tuple[UUID, ...] = ()


def evolve(relations: Relations, recorded: Recorded[RelationEvent]) -> Relations:
    """The relations after an event, in whatever order history has them."""
    event = recorded.event
    match event:
        case CaseLinked(case_id=other, relation=relation):
            link = {Link(other, relation)}
            return relations._replace(links=relations.links | link, unlinked=relations.unlinked - link)
        case CaseUnlinked(case_id=other, relation=relation):
            link = {Link(other, relation)}
            return relations._replace(links=relations.links - link, unlinked=relations.unlinked | link)
        case CaseMerged():
            return relations._replace(merged_into=event.into)
        case CaseAbsorbed():
            return relations._replace(absorbed=tuple(dict.fromkeys((*relations.absorbed, event.case_id))))
        case _:
            assert_never(event)


def needs(command: RelationCommand, context: Context) -> Iterable[str]:
    """The other case; of a merge, also those that took its place, one after the other."""
    match command:
        case LinkCase():
            return (stream_of(Category.CASE, command.other_id),)
        case MergeCase():
            return tuple(stream_of(Category.CASE, survivor) for survivor in _survivors(command.into, context))
        case UnlinkCase():
            return ()
        case _:
            assert_never(command)


def decide(case: Case, command: RelationCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    early = out_of_time(case, command, context)
    match command:
        case LinkCase():
            return _link(case, command, context, early)
        case UnlinkCase():
            return _unlink(case, command, context, early)
        case MergeCase():
            return _merge(case, command, context, early)
        case _:
            assert_never(command)


def _link(case: Case, command: LinkCase, context: Context, early: Broken | None) -> Decided:
    if Link(command.other_id, command.relation) in case.rare.relations.links:
        return []
    itself = unknown = None
    if command.other_id == command.case_id:
        itself = Broken(
            Refusal.LINKS_ITSELF,
            Departure.LINKED_TO_ITSELF,
            "A case is not linked to itself; name another one.",
            field="other_id",
        )
    elif _found(command.other_id, context) is None:
        unknown = Broken(
            Refusal.OTHER_CASE_UNKNOWN,
            Departure.LINKED_TO_UNKNOWN,
            "There is no such case to be linked to; receive it first.",
            field="other_id",
        )
    event = CaseLinked(case_id=command.other_id, relation=command.relation)
    return stepped(context, event, merged(case), itself, unknown, early)


def _unlink(case: Case, command: UnlinkCase, context: Context, early: Broken | None) -> Decided:
    link = Link(command.other_id, command.relation)
    if link in case.rare.relations.unlinked:
        return []
    not_linked = Broken(
        Refusal.NOT_LINKED,
        Departure.UNLINKED_NOT_LINKED,
        f"This case is not linked to that one as {command.relation}, so there is no link to take away.",
        field="other_id",
        params={"relation": command.relation},
    )
    event = CaseUnlinked(case_id=command.other_id, relation=command.relation)
    return stepped(context, event, merged(case), None if link in case.rare.relations.links else not_linked, early)


def _merge(case: Case, command: MergeCase, context: Context, early: Broken | None) -> Decided:
    """Both halves of a merge. No history can hold one with itself, in a circle, or into a case never received."""
    if case.rare.relations.merged_into == command.into:
        return []
    survivor = _survivor(command, context)
    gone = _merged_itself(survivor)
    ended = None if gone else _ended(survivor)
    steps = stepped(context, CaseMerged(into=command.into), finished(case), gone, ended, early)
    (absorbed,) = stepped(context, CaseAbsorbed(case_id=command.case_id), out_of_time(survivor, command, context))
    if not isinstance(absorbed, Occurred):
        absorbed = Occurred(absorbed)
    return [*steps, replace(absorbed, stream=stream_of(Category.CASE, command.into))]


def _survivor(command: MergeCase, context: Context) -> Case:
    """The case that is to take the other's place. Raises: Refused when it cannot."""
    if command.into == command.case_id:
        raise Refused(
            Refusal.MERGES_ITSELF, "A case is not merged into itself; name the one that is to stay.", field="into"
        )
    survivor = _found(command.into, context)
    if survivor is None:
        raise Refused(
            Refusal.SURVIVOR_UNKNOWN, "There is no such case to be merged into; receive it first.", field="into"
        )
    if command.case_id in _survivors(command.into, context):
        raise Refused(
            Refusal.MERGES_IN_A_CIRCLE,
            "That case was merged into this one, so this one cannot be merged into it.",
            field="into",
        )
    return survivor


def _merged_itself(survivor: Case) -> Broken | None:
    into = survivor.rare.relations.merged_into
    if into is None:
        return None
    return Broken(
        Refusal.SURVIVOR_MERGED,
        Departure.MERGED_INTO_MERGED,
        f"That case was merged itself, into case {into}; merge this one into that.",
        field="into",
        params={"into": str(into)},
    )


def _ended(survivor: Case) -> Broken | None:
    if finished(survivor) is None:
        return None
    return Broken(
        Refusal.SURVIVOR_FINISHED,
        Departure.MERGED_INTO_FINISHED,
        f"That case is {survivor.status} and would take this one with it unseen; reopen it first.",
        field="into",
        params={"status": survivor.status},
    )


def _survivors(into: UUID | None, context: Context) -> Iterator[UUID]:
    """The case to merge into, the one that took its place, and so on, as far as they were read; each once."""
    seen = set[UUID]()
    while into is not None and into not in seen:
        yield into
        seen.add(into)
        survivor = _found(into, context)
        into = None if survivor is None else survivor.rare.relations.merged_into


def _found(case_id: UUID, context: Context) -> Case | None:
    found: Case | None = context.others.get(stream_of(Category.CASE, case_id))
    return found
