"""A file as it is attached by now: which event says so, what it is called, and where its bytes are."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from threading import Event
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from domain.attachment import AttachmentAdded
from domain.correction import applied
from domain.envelope import Recorded
from domain.personal import Personal, PersonalState
from ledger.attachments import Announced, Content
from ledger.errors import LedgerError
from ledger.ledger import Ledger, PersonalPlace

KEPT = timedelta(hours=24)
"""How long what was uploaded is kept without being attached."""
TO_ATTACH = KEPT - timedelta(hours=1)
"""How long there is to attach it: nothing that is being attached is taken away at the same moment."""
FILE_NAME, DIGEST = "/file_name", "/digest"
"""Where the personal values stand in the event."""
SWEPT_AT_ONCE = 500
EVERY = timedelta(minutes=15)
LOG = logging.getLogger("daybook.attachments")


class Attached(NamedTuple):
    """A file that can be read."""

    recorded: Recorded[AttachmentAdded]
    file_name: str
    content: Content


def place_in(recorded: Recorded[Any], path: str) -> PersonalPlace:
    """Where a personal value of the event lies, as it is read by now."""
    return PersonalPlace(recorded.stream, recorded.version, path, as_read=True)


def attachments_in(history: Iterable[Recorded[Any]]) -> Iterator[Recorded[AttachmentAdded]]:
    """What is attached by a history, corrections applied; the first under each id."""
    seen: set[UUID] = set()
    for one in applied(history):
        if isinstance(one.event, AttachmentAdded) and one.event.attachment_id not in seen:
            seen.add(one.event.attachment_id)
            yield one


def in_history(history: Iterable[Recorded[Any]], attachment_id: UUID) -> Recorded[AttachmentAdded] | None:
    """The event that attaches a file; None when none does, or none any more."""
    return next((one for one in attachments_in(history) if one.event.attachment_id == attachment_id), None)


def attached(ledger: Ledger, attachment_id: UUID) -> Attached | None:
    """A file that is attached, whole and not erased; None for any other.

    Its bytes are those that the event commits to, or it is none. Raises: LedgerAway, WrongKey.
    """
    announced = ledger.attachments.announced([attachment_id]).get(attachment_id)
    recorded = None if announced is None else in_history(ledger.history(announced.stream), attachment_id)
    if announced is None or recorded is None or announced.content_id is None:
        return None
    named, digest = place_in(recorded, FILE_NAME), place_in(recorded, DIGEST)
    told = ledger.disclose([named, digest])
    content = ledger.attachments.contents([announced.content_id]).get(announced.content_id)
    if content is None or not (_is_open(told.get(named)) and _is_open(told.get(digest))):
        return None
    return Attached(recorded, told[named].value, content) if told[digest].value == content.sha256 else None


def _is_open(personal: Personal[str] | None) -> bool:
    return personal is not None and personal.state is PersonalState.OPEN


def too_late(announced: Announced, now: datetime) -> bool:
    """Whether a file that nobody attached may be taken away at any moment."""
    return announced.at + TO_ATTACH < now


def sweep(ledger: Ledger) -> int:
    """Takes away what was uploaded a day ago and never attached, and what never came whole. How many files these were.

    Which files are attached the events say, so that a process that died between attaching and noting it loses nothing.
    Raises: LedgerAway.
    """
    before = ledger.database.now() - KEPT
    gone = ledger.attachments.drop_unfinished(before)
    while waiting := ledger.attachments.unsettled(before, SWEPT_AT_ONCE):
        histories = ledger.histories({stream for _, stream in waiting})
        # As written: of what was attached and made void, the bytes stay, since the void may be taken back.
        told = {
            one.event.attachment_id
            for history in histories.values()
            for one in history
            if isinstance(one.event, AttachmentAdded)
        }
        ids = [attachment_id for attachment_id, _ in waiting]
        ledger.attachments.settle([each for each in ids if each in told])
        ledger.attachments.drop([each for each in ids if each not in told])
        gone += sum(each not in told for each in ids)
    return gone


def follow(ledger: Ledger, stop: Event) -> None:
    """Sweeps now and then, until told to stop."""
    while not stop.wait(EVERY.total_seconds()):
        try:
            sweep(ledger)
        except (LedgerError, psycopg.Error) as error:
            LOG.warning("Uploads that nobody attached could not be taken away: %s", error)
