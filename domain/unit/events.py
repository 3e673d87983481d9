"""What can happen to a unit."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import ClassVar, TypeAlias
from uuid import UUID, uuid5

from domain.event import Event, Label, UnitName
from domain.sla.document import Slug
from domain.stream import Category, stream_of

UNITS_NAMESPACE = UUID("1b0e7c1a-6f0d-5d0e-8a57-9b6f5c1c2a31")


@lru_cache(maxsize=10_000)
def id_of_unit(name: str) -> UUID:
    """The id of the unit that was opened under a name; it keeps the id when it takes another name."""
    return uuid5(UNITS_NAMESPACE, name)


def stream_of_unit(unit_id: UUID) -> str:
    """The stream of a unit."""
    return stream_of(Category.UNIT, unit_id)


class UnitKind(StrEnum):
    """What a unit is in the group."""

    GROUP = "group"
    """The whole (集团)."""
    BRANCH = "branch"
    """分部"""
    DESK = "desk"
    """A front desk (客户服务处)."""
    TEAM = "team"
    BACK_OFFICE = "back-office"
    """It does the work behind a front desk (一口对外)."""
    PARTNER = "partner"
    """Another company inside the service."""


class UnitOpened(Event):
    """The unit came to be."""

    TOPIC: ClassVar = "unit-opened.1"

    name: UnitName
    kind: UnitKind
    parent: UUID | None
    """The unit above it; None at the top."""


class UnitRenamed(Event):
    """The unit goes by another name."""

    TOPIC: ClassVar = "unit-renamed.1"

    name: UnitName


class UnitNameTaken(Event):
    """A unit that was opened under another name goes by this one, under which none was opened.

    It stands in the stream that a unit of this name would have, so that the name alone leads to the unit.
    """

    TOPIC: ClassVar = "unit-name-taken.1"

    unit_id: UUID


class UnitMoved(Event):
    """The unit stands below another one, or at the top."""

    TOPIC: ClassVar = "unit-moved.1"

    parent: UUID | None


class SubunitJoined(Event):
    """A unit came to stand below this one."""

    TOPIC: ClassVar = "subunit-joined.1"

    unit_id: UUID


class UnitClosed(Event):
    """The unit is no more."""

    TOPIC: ClassVar = "unit-closed.1"

    reason: Label | None
    anyway: bool
    """Whether it was said that units below it may be open, and its supervision not ended."""


class UnitReopened(Event):
    """A closed unit came to be again, where it stood."""

    TOPIC: ClassVar = "unit-reopened.1"

    reason: Label | None


class UnitHoursSet(Event):
    """The unit works by a calendar of its own (机构工作时间) since then, or no longer does."""

    TOPIC: ClassVar = "unit-hours-set.1"

    calendar: Slug | None
    """The calendar, by name, and with it the zone; None is as the unit above it works, or as a policy says."""


class SupervisionOpened(Event):
    """Another unit supervises this one (集团对分部的督办)."""

    TOPIC: ClassVar = "supervision-opened.1"

    supervisor: UUID
    reason: Label


class SupervisionEnded(Event):
    """That unit supervises this one no longer."""

    TOPIC: ClassVar = "supervision-ended.1"

    supervisor: UUID
    reason: Label | None


UnitEvent: TypeAlias = (
    UnitOpened
    | UnitRenamed
    | UnitNameTaken
    | UnitMoved
    | SubunitJoined
    | UnitClosed
    | UnitReopened
    | UnitHoursSet
    | SupervisionOpened
    | SupervisionEnded
)
