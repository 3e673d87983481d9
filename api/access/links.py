"""Links to files: paths on this server that let whoever has them take a file, or bring it, for a few minutes.

A browser fetches what it downloads without any header of ours, so that the link itself has to be the permission.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import orjson

from api.access.principal import Principal

FOLDER = "/attachments/"
"""Where the paths of all links lie."""
LONGEST = 1_000
"""In characters; a longer one is none."""


class For(StrEnum):
    """What a link is for."""

    UPLOAD = "upload"
    DOWNLOAD = "download"


LASTS = {For.UPLOAD: timedelta(hours=1), For.DOWNLOAD: timedelta(minutes=5)}
"""How long a link can be used; what has begun by then goes on."""


class Link(NamedTuple):
    """What a link permits. It was given to somebody who might do so when it was made."""

    use: For
    attachment_id: UUID
    given_to: str
    expires_at: datetime


class Given(NamedTuple):
    """A link on its way to who asked for it."""

    path: str
    expires_at: datetime


class NoLink(ValueError):
    """It is no link of this book, or somebody changed it."""


class Expired(ValueError):
    """The time of a link is over."""


def time_of_day() -> datetime:
    """Links run out by the clock on the wall, in a simulated book as well."""
    return datetime.now(UTC)


class Links:
    """Makes the links of one book, and reads them."""

    def __init__(self, key: bytes, book: str, now: Callable[[], datetime] = time_of_day) -> None:
        self._key = key
        self._book = book
        self._now = now

    def given(self, use: For, attachment_id: UUID, principal: Principal) -> Given:
        """A link for somebody who may do this."""
        expires_at = (self._now() + LASTS[use]).replace(microsecond=0)
        said = [use, str(attachment_id), self.mark_of(principal), int(expires_at.timestamp())]
        sealed = orjson.dumps([*said, self._seal(said)])
        return Given(f"{FOLDER}{urlsafe_b64encode(sealed).decode().rstrip('=')}", expires_at)

    def read(self, text: str) -> Link:
        """What the last part of a path permits. Raises: NoLink, Expired."""
        try:
            if len(text) > LONGEST:
                raise ValueError("too long")
            *said, seal = orjson.loads(b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True))
            if not hmac.compare_digest(seal.encode(), self._seal(said).encode()):
                raise ValueError("another seal")
            use, attachment_id, given_to, until = said
            link = Link(For(use), UUID(attachment_id), given_to, datetime.fromtimestamp(until, UTC))
        except (ValueError, TypeError, AttributeError) as error:
            raise NoLink("This is no link of this server; ask for a new one.") from error
        if link.expires_at <= self._now():
            raise Expired("The time of this link is over; ask for a new one.")
        return link

    def mark_of(self, principal: Principal) -> str:
        """By what a link tells to whom it was given, without naming them."""
        who = [principal.issuer, principal.subject, principal.role, principal.unit, str(principal.customer)]
        return hmac.new(self._key, b"\0given to\0" + orjson.dumps(who), "sha256").hexdigest()[:32]

    def _seal(self, said: Sequence[object]) -> str:
        told = self._book.encode() + b"\0" + orjson.dumps(said)
        return hmac.new(self._key, told, "sha256").hexdigest()
