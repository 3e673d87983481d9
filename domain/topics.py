"""Every event that a ledger may hold: what is said about subjects, and what is said about that."""

from __future__ import annotations

from domain.amendment import AMENDMENTS
from domain.correctable import CORRECTABLE
from domain.event import Event

EVENTS: tuple[type[Event], ...] = (*CORRECTABLE, *AMENDMENTS)
