"""What can go wrong in the keeping, in one short tree."""

from __future__ import annotations

from datetime import timedelta


class LedgerError(Exception):
    """The ledger could not do what was asked; nothing was half done."""


class UnknownBook(LedgerError):
    """There is no book of this name in the ledger."""


class BookExists(LedgerError):
    """A book of this name is there already, and of another kind."""


class StreamMoved(LedgerError):
    """A stream has moved past the version the caller had seen."""

    def __init__(self, stream: str, version: int) -> None:
        super().__init__(f"Stream {stream} has moved past version {version}. Read it again and decide anew.")
        self.stream = stream
        self.version = version


class BatchMoved(LedgerError):
    """The streams of a batch keep moving under it. Nothing of it was written; ask for all of it again."""

    def __init__(self) -> None:
        super().__init__("Other writers keep moving the streams of this batch. Nothing was written; ask for it again.")


class CommandIdReused(LedgerError):
    """A command id came back with other content than it was first used for."""


class UnknownTopic(LedgerError):
    """The ledger holds a topic, or a schema version of one, that this program does not know."""


class UnreadableEvent(LedgerError):
    """The stored bytes of an event do not fit its topic."""


class NotCanonical(LedgerError):
    """A value has no canonical form: a float, an integer beyond 2^53, a lone surrogate, a key that is not ASCII."""


class TooLarge(LedgerError):
    """An event's data, its metadata or a personal value is larger than the ledger keeps."""


class ClocksDisagree(LedgerError):
    """The clocks of application, database and book are too far apart to say when something was recorded."""


class LedgerAway(LedgerError):
    """The database did not answer, after several tries."""


class TookTooLong(LedgerError):
    """The database was stopped at something, because its time was up or nobody waited for it any longer."""

    def __init__(self, message: str, longest: timedelta | None = None) -> None:
        super().__init__(message)
        self.longest = longest
        """How long a statement may run, where that is bounded."""


class DiskFull(LedgerAway):
    """There is no room where the ledger is kept. What had been acknowledged is there; the rest was not written."""


class EmbeddedError(LedgerAway):
    """The embedded PostgreSQL cannot serve; the message says why and what to do."""


def out_of_room(said: object) -> bool:
    """Whether an error, or what a program said, tells of a disk or a quota that is full."""
    return any(sign in str(said) for sign in ("No space left on device", "Disk quota exceeded"))


class WrongKey(LedgerError):
    """A sealed value or a wrapped key does not open with the key at hand."""


class SchemaMismatch(LedgerError):
    """The database's schema is not the one that this program was written for."""


class UploadRefused(LedgerError):
    """The bytes of a file were not taken; nothing of them was kept."""


class WrongSize(UploadRefused):
    """There are more bytes than were announced, or fewer."""


class WrongDigest(UploadRefused):
    """The bytes have another digest than was announced."""


class OtherBytes(UploadRefused):
    """Other bytes were uploaded for the same attachment before."""


class UploadGone(UploadRefused):
    """The attachment, or what had been uploaded of it, was taken away meanwhile."""


class DamagedContent(LedgerError):
    """Some of a file's bytes are not there, or not those that were uploaded."""
