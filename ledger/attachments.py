"""The bytes of files: sealed chunk by chunk under the key of whom they are about, and kept once for each subject."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from math import ceil
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from domain.attachment import File
from ledger.database import Database
from ledger.errors import CommandIdReused, DamagedContent, OtherBytes, UploadGone, WrongDigest, WrongSize
from ledger.keys import DataKey, KeyRing, MasterKey, sealed, unsealed

CHUNK_BYTES = 256 * 1024
"""In the clear. A server has two of them in memory for each file that it takes in or hands out."""
FINGERPRINTS = b"daybook/content-fingerprint/v1"
"""What the key of the fingerprints is derived for."""
LINKS = b"daybook/attachment-link/v1"
"""What the key is derived for by which doors sign the links to files."""

ANNOUNCE = """
SELECT ledger.announce_attachment(
  %(book)s, %(attachment)s, %(stream)s, %(subject)s, %(key_version)s, %(by)s, %(at)s, %(sealed)s)
"""
# Leans on the primary key.
ANNOUNCED = """
SELECT attachment_id, stream, subject, key_version, announced_by, announced_at, sealed, content_id
FROM ledger.attachment
WHERE book = %(book)s AND attachment_id = ANY(%(ids)s)
"""
BEGIN = "SELECT ledger.begin_content(%(book)s, %(content)s, %(subject)s, %(key_version)s, %(size)s, %(at)s)"
KEEP_CHUNK = "SELECT ledger.keep_chunk(%(book)s, %(content)s, %(chunk)s, %(sealed)s)"
FINISH = """
SELECT ledger.finish_content(%(book)s, %(attachment)s, %(content)s, %(chunks)s, %(fingerprint)s, %(digest)s)
"""
GIVE_UP = "SELECT ledger.drop_unfinished(%(book)s, %(content)s)"
# Leans on the primary key.
WHOLE = """
SELECT content_id, subject, key_version, byte_size, digest
FROM ledger.content
WHERE book = %(book)s AND content_id = ANY(%(ids)s) AND fingerprint IS NOT NULL
"""
# Leans on the primary key.
CHUNK = (
    "SELECT sealed FROM ledger.content_chunk WHERE book = %(book)s AND content_id = %(content)s AND chunk = %(chunk)s"
)
# Leans on the index attachment_unsettled.
UNSETTLED = """
SELECT attachment_id, stream
FROM ledger.attachment
WHERE book = %(book)s AND NOT settled AND announced_at < %(before)s
ORDER BY announced_at
LIMIT %(limit)s
"""
SETTLE = "SELECT ledger.settle_attachments(%(book)s, %(ids)s)"
DROP = "SELECT ledger.drop_attachments(%(book)s, %(ids)s)"
DROP_UNFINISHED = "SELECT ledger.drop_all_unfinished(%(book)s, %(before)s)"


class Announced(NamedTuple):
    """A file that is to be attached, and what is said of it."""

    attachment_id: UUID
    stream: str
    """Of what it is to be attached to."""
    subject: UUID
    """Under whose key it lies."""
    by: str
    """Who announced it, as events name them."""
    at: datetime
    file: File
    content_id: UUID | None
    """Its bytes; None until they are whole."""


class Content(NamedTuple):
    """The bytes of a file, all of them there."""

    content_id: UUID
    subject: UUID
    byte_size: int
    sha256: str
    key: DataKey

    @property
    def chunks(self) -> int:
        """In how many chunks they lie."""
        return chunks_of(self.byte_size)


def chunks_of(byte_size: int) -> int:
    """In how many chunks so many bytes lie."""
    return max(1, ceil(byte_size / CHUNK_BYTES))


class Attachments:
    """The files of one book. `link_key` is for the doors, which sign the links to them."""

    def __init__(self, database: Database, book: str, keys: KeyRing, master: MasterKey) -> None:
        self._database = database
        self._book = book
        self._keys = keys
        self._fingerprint_key = master.derive(FINGERPRINTS)
        self.link_key = master.derive(LINKS)

    # Announcing -------------------------------------------------------------------------------------------------

    def announce(self, attachment_id: UUID, stream: str, subject: UUID, by: str, file: File) -> Announced:
        """Notes what is to be uploaded; asked again, what was noted.

        Raises: CommandIdReused when something else was announced under this id.
        """
        key = self._keys.for_writing([subject])[subject]
        said = sealed(key.cipher, file.model_dump_json().encode(), self._announced(attachment_id, stream, subject, key))
        told = {"attachment": attachment_id, "stream": stream, "subject": subject, "by": by, "sealed": said}
        self._write(ANNOUNCE, **told, key_version=key.version, at=self._database.now())
        found = self.announced([attachment_id]).get(attachment_id)
        if found is None or (found.stream, found.subject, found.by, found.file) != (stream, subject, by, file):
            raise CommandIdReused("Another attachment was created under this command id; take a new one.")
        return found

    def announced(self, ids: Collection[UUID]) -> Mapping[UUID, Announced]:
        """Files by their ids; not those that nobody can read any more."""
        rows = self._database.rows(ANNOUNCED, {"book": self._book, "ids": list(ids)}) if ids else []
        keys = self._keys.existing({subject for _, _, subject, *_ in rows})
        found: dict[UUID, Announced] = {}
        for attachment_id, stream, subject, _, by, at, said, content_id in rows:
            if subject in keys:
                binding = self._announced(attachment_id, stream, subject, keys[subject])
                file = File.model_validate_json(unsealed(keys[subject].cipher, said, binding))
                found[attachment_id] = Announced(attachment_id, stream, subject, by, at, file, content_id)
        return found

    def settle(self, ids: Collection[UUID]) -> None:
        """Marks files that an event attaches, so that they stay."""
        if ids:
            self._write(SETTLE, ids=list(ids))

    def unsettled(self, before: datetime, limit: int) -> list[tuple[UUID, str]]:
        """Files announced before a time that are not marked, oldest first, with the streams they are for."""
        asked = {"book": self._book, "before": before, "limit": limit}
        return [(attachment_id, stream) for attachment_id, stream in self._database.rows(UNSETTLED, asked)]

    def drop(self, ids: Collection[UUID]) -> None:
        """Takes files away that are not marked, and their bytes."""
        if ids:
            self._write(DROP, ids=list(ids))

    def drop_unfinished(self, before: datetime) -> int:
        """Takes bytes away that began to be uploaded before a time and were never whole. How many files' they were."""
        return int(self._write(DROP_UNFINISHED, before=before))

    # Bytes ------------------------------------------------------------------------------------------------------

    def upload(self, announced: Announced) -> Upload:
        """Takes in the bytes of a file."""
        return Upload(self, announced)

    def contents(self, ids: Iterable[UUID]) -> Mapping[UUID, Content]:
        """Bytes by their ids; not those that are not whole, or that nobody can read any more."""
        wanted = list(ids)
        rows = self._database.rows(WHOLE, {"book": self._book, "ids": wanted}) if wanted else []
        keys = self._keys.existing({subject for _, subject, *_ in rows})
        found: dict[UUID, Content] = {}
        for content_id, subject, _, byte_size, digest in rows:
            if subject in keys:
                key = keys[subject]
                plain = unsealed(key.cipher, digest, self._digest(content_id, subject, byte_size, key))
                found[content_id] = Content(content_id, subject, byte_size, plain.hex(), key)
        return found

    def chunk(self, content: Content, number: int) -> bytes:
        """One chunk of a file, from 0. Raises: DamagedContent, WrongKey."""
        rows = self._database.rows(CHUNK, {"book": self._book, "content": content.content_id, "chunk": number})
        if not rows:
            raise DamagedContent(f"Chunk {number} of {content.chunks} of content {content.content_id} is not there.")
        last = number == content.chunks - 1
        binding = self._place(content.content_id, content.subject, content.key, number, last=last)
        return unsealed(content.key.cipher, bytes(rows[0][0]), binding)

    # What an upload asks for ------------------------------------------------------------------------------------

    def key_of(self, subject: UUID) -> DataKey:
        """The key under which something about a subject is sealed."""
        return self._keys.for_writing([subject])[subject]

    def begin(self, announced: Announced, content_id: UUID, key: DataKey) -> None:
        """Makes room for the bytes of a file."""
        told = {"content": content_id, "subject": announced.subject, "key_version": key.version}
        self._write(BEGIN, **told, size=announced.file.byte_size, at=self._database.now())

    def keep(self, announced: Announced, content_id: UUID, key: DataKey, number: int, plain: bytes) -> None:
        """Keeps a chunk. Raises: UploadGone."""
        last = number == chunks_of(announced.file.byte_size) - 1
        blob = sealed(key.cipher, plain, self._place(content_id, announced.subject, key, number, last=last))
        if not self._write(KEEP_CHUNK, content=content_id, chunk=number, sealed=blob):
            raise UploadGone("What had been uploaded of this file was taken away; upload it again.")

    def finish(self, announced: Announced, content_id: UUID, key: DataKey, digest: bytes) -> Content:
        """The bytes that the file has from now on: these, or the same that the subject had before.

        Raises: UploadGone, OtherBytes.
        """
        subject, byte_size = announced.subject, announced.file.byte_size
        told = f"{self._book}\0{subject}\0".encode() + digest
        kept = self._write(
            FINISH,
            attachment=announced.attachment_id,
            content=content_id,
            chunks=chunks_of(byte_size),
            fingerprint=hmac.digest(self._fingerprint_key, told, "sha256"),
            digest=sealed(key.cipher, digest, self._digest(content_id, subject, byte_size, key)),
        )
        found = None if kept is None else self.contents([kept]).get(kept)
        if found is None:
            raise UploadGone("This attachment was taken away meanwhile; create it anew.")
        return same_bytes(found, digest)

    def give_up(self, content_id: UUID) -> None:
        """Takes away what was kept of an upload that came to nothing."""
        self._write(GIVE_UP, content=content_id)

    def _write(self, statement: str, **told: Any) -> Any:
        """What a function of the ledger answers. All of them may be called twice."""

        def work(connection: Any) -> Any:
            row = connection.execute(statement, {"book": self._book, **told}, binary=True).fetchone()
            return row[0]

        return self._database.writing(work)

    # What is sealed stays where it belongs ----------------------------------------------------------------------

    def _announced(self, attachment_id: UUID, stream: str, subject: UUID, key: DataKey) -> bytes:
        return f"daybook/attachment/v1\0{self._book}\0{attachment_id}\0{stream}\0{subject}\0{key.version}".encode()

    def _digest(self, content_id: UUID, subject: UUID, byte_size: int, key: DataKey) -> bytes:
        return f"daybook/content/v1\0{self._book}\0{content_id}\0{subject}\0{key.version}\0{byte_size}".encode()

    def _place(self, content_id: UUID, subject: UUID, key: DataKey, number: int, *, last: bool) -> bytes:
        of = f"daybook/content-chunk/v1\0{self._book}\0{content_id}\0{subject}\0{key.version}"
        return f"{of}\0{number}\0{'last' if last else 'more'}".encode()


def same_bytes(content: Content, digest: bytes) -> Content:
    """The content. Raises: OtherBytes when it has another digest."""
    if not hmac.compare_digest(content.sha256, digest.hex()):
        raise OtherBytes("Other bytes were uploaded for this attachment before, and stay; create another one.")
    return content


class Upload:
    """The bytes of one file as they come in, of which only a chunk is in memory.

    Bytes of a file that has some already are compared with those, and not kept.
    """

    def __init__(self, attachments: Attachments, announced: Announced) -> None:
        self._attachments = attachments
        self._announced = announced
        self._content_id = uuid4()
        self._key: DataKey | None = None
        self._waiting = bytearray()
        self._digest = sha256()
        self._received = 0
        self._chunks = 0

    @property
    def _keeps(self) -> bool:
        return self._announced.content_id is None

    def take(self, more: bytes) -> None:
        """Takes the next bytes. Raises: WrongSize, UploadGone."""
        self._received += len(more)
        if self._received > (most := self._announced.file.byte_size):
            raise WrongSize(f"More than the {most} bytes came that were announced.")
        self._digest.update(more)
        if self._keeps:
            self._waiting += more
            while len(self._waiting) >= CHUNK_BYTES:
                self._keep(bytes(self._waiting[:CHUNK_BYTES]))
                del self._waiting[:CHUNK_BYTES]

    def finish(self) -> Content:
        """What was uploaded, all of it. Raises: WrongSize, WrongDigest, OtherBytes, UploadGone."""
        file, digest = self._announced.file, self._digest.digest()
        if self._received != file.byte_size:
            raise WrongSize(f"{self._received} bytes came, and {file.byte_size} were announced.")
        if file.sha256 not in (None, digest.hex()):
            raise WrongDigest(f"The bytes have the SHA-256 {digest.hex()}, and {file.sha256} was announced.")
        if self._announced.content_id is not None:
            there = self._attachments.contents([self._announced.content_id])
            if self._announced.content_id not in there:
                raise UploadGone("This attachment was taken away meanwhile; create it anew.")
            return same_bytes(there[self._announced.content_id], digest)
        if self._waiting:
            self._keep(bytes(self._waiting))
            self._waiting.clear()
        whole = self._attachments.finish(self._announced, self._content_id, self._opened(), digest)
        self._key = None
        return whole

    def give_up(self) -> None:
        """Takes away what was kept. Once finished, there is nothing to take away."""
        if self._key is not None:
            self._attachments.give_up(self._content_id)

    def _keep(self, plain: bytes) -> None:
        self._attachments.keep(self._announced, self._content_id, self._opened(), self._chunks, plain)
        self._chunks += 1

    def _opened(self) -> DataKey:
        """The key under which the bytes are sealed; what it opens is begun with it."""
        if self._key is None:
            self._key = self._attachments.key_of(self._announced.subject)
            self._attachments.begin(self._announced, self._content_id, self._key)
        return self._key
