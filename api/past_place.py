"""Where a personal value of the past lies: as it was read then, and not as a correction has it that nobody knew of."""

from __future__ import annotations

from ledger.ledger import PersonalPlace
from replay.as_of import PastStream


def place_read(stream: PastStream, version: int | None, path: str) -> PersonalPlace | None:
    """Where a value of the event at a version lay then, for the ledger to disclose; None without such an event."""
    told = next((one for one in stream.written if one.version == version), None)
    if told is None:
        return None
    request = stream.reading.request_of(told)
    if request is None:
        return PersonalPlace(told.stream, told.version, path)
    return PersonalPlace(request.stream, request.version, f"/replacement/data{path}")
