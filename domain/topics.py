"""Every event that a ledger may hold, and how payloads of older schemas become those of today."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from domain.book import BookOpened
from domain.case.due import DueStated
from domain.case.events import (
    CaseAssigned,
    CaseAttributesRecorded,
    CaseChannelChanged,
    CaseClassified,
    CaseClosed,
    CaseCustomerChanged,
    CaseDispatched,
    CasePaused,
    CasePrioritised,
    CaseReceived,
    CaseRegistered,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseTransferred,
    CaseUnassigned,
    DispatchReturned,
    ResponseSent,
    WorkStarted,
)
from domain.customer import ContactRecorded, CustomerRegistered, CustomerRenamed, TierAssigned
from domain.event import Event
from domain.imports import ImportFinished, ImportStarted
from domain.touchpoint import TouchpointRecorded

EVENTS: tuple[type[Event], ...] = (
    BookOpened,
    CustomerRegistered,
    CustomerRenamed,
    ContactRecorded,
    TierAssigned,
    TouchpointRecorded,
    CaseReceived,
    CaseRegistered,
    CaseClassified,
    CasePrioritised,
    CaseDispatched,
    DispatchReturned,
    CaseTransferred,
    CaseAssigned,
    CaseUnassigned,
    WorkStarted,
    CasePaused,
    CaseResumed,
    ResponseSent,
    CaseResolved,
    CaseReopened,
    CaseClosed,
    CaseCustomerChanged,
    CaseChannelChanged,
    CaseAttributesRecorded,
    DueStated,
    ImportStarted,
    ImportFinished,
)
"""All of them, written out, so that adding one is a line in a review."""

Upcast: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""A payload of the next schema out of one of the schema before; pure, from plain JSON types to plain JSON types."""

UPCASTS: Mapping[str, tuple[str, Upcast]] = MappingProxyType({})
"""From a topic that is no longer written to the one that took its place, and how. No payload has changed so far."""
