"""Keys: a master key outside the database wraps one data key a subject; destroying a data key erases what it sealed."""

from __future__ import annotations

import base64
import os
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.errors import WrongKey

KEY_BYTES = 32
NONCE_BYTES = 12
REMEMBERED_KEYS = 20_000


class MasterKey(Protocol):
    """What a master key must do; a key service fits the same interface."""

    def wrap(self, data_key: bytes, binding: bytes) -> bytes:
        """The data key, sealed so that it opens only with the same binding."""

    def unwrap(self, wrapped: bytes, binding: bytes) -> bytes:
        """The data key again. Raises: WrongKey."""

    def derive(self, purpose: bytes) -> bytes:
        """A key of 32 bytes for one purpose, always the same."""


class LocalMasterKey:
    """A master key of 32 bytes held in this process, from the environment or a file."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise WrongKey(f"A master key has {KEY_BYTES} bytes; this one has {len(key)}.")
        self._key = key
        self._cipher = AESGCM(self.derive(b"daybook/wrap/v1"))

    @classmethod
    def from_text(cls, text: str) -> LocalMasterKey:
        """The key out of base64 text. Raises: WrongKey."""
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except ValueError as error:  # binascii.Error is one; text beyond ASCII is another
            raise WrongKey("The master key is not base64 text.") from error

    @classmethod
    def from_file(cls, path: Path, *, create: bool = False) -> LocalMasterKey:
        """The key out of a file, which is made (readable by its owner only) when asked to and not there.

        Two processes that make it at the same moment end with the same key.
        """
        if create and not path.exists():
            fresh = path.with_name(f".{path.name}.{os.getpid()}")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(fresh, path)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return cls.from_text(path.read_text())

    def wrap(self, data_key: bytes, binding: bytes) -> bytes:
        """AES-256-GCM under the master key, nonce first."""
        return sealed(self._cipher, data_key, binding)

    def unwrap(self, wrapped: bytes, binding: bytes) -> bytes:
        """The data key again. Raises: WrongKey."""
        return unsealed(self._cipher, wrapped, binding)

    def derive(self, purpose: bytes) -> bytes:
        """HKDF-SHA256 of the master key."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose).derive(self._key)


def sealed(cipher: AESGCM, plain: bytes, binding: bytes) -> bytes:
    """Nonce and ciphertext."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, binding)


def unsealed(cipher: AESGCM, blob: bytes, binding: bytes) -> bytes:
    """The plain bytes. Raises: WrongKey when key, binding or blob is not the one it was sealed with."""
    try:
        return cipher.decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], binding)
    except (InvalidTag, ValueError) as error:  # a blob shorter than a nonce is a ValueError
        place = binding.decode(errors="replace").replace("\0", " ")
        raise WrongKey(f"A sealed value does not open with the key at hand ({place}).") from error


class DataKey(NamedTuple):
    """A subject's data key, ready to seal and open."""

    version: int
    cipher: AESGCM


Wrapped = tuple[UUID, int, bytes]


class KeyRing:
    """The data keys of one book's subjects: fetched in bulk, made where there is none, the latest remembered.

    `fetch` reads wrapped keys of subjects, `sample` any one of the book's; `keep` stores new ones, where another
    writer's, if first, stays.
    """

    def __init__(
        self,
        book: str,
        master: MasterKey,
        fetch: Callable[[Sequence[UUID]], Iterable[Wrapped]],
        keep: Callable[[Sequence[UUID], Sequence[bytes]], None],
        sample: Callable[[], Iterable[Wrapped]],
    ) -> None:
        self._book = book
        self._master = master
        self._fetch = fetch
        self._keep = keep
        self._sample = sample
        self._known: OrderedDict[UUID, DataKey] = OrderedDict()
        self._lock = Lock()

    def existing(self, subjects: Iterable[UUID]) -> Mapping[UUID, DataKey]:
        """The keys that exist; a subject whose key is gone is not in the answer."""
        wanted = set(subjects)
        with self._lock:
            found = {s: self._known[s] for s in wanted if s in self._known}
        missing = sorted(wanted - found.keys())
        if missing:
            found |= self._remember(self._fetch(missing))
        return found

    def for_writing(self, subjects: Iterable[UUID]) -> Mapping[UUID, DataKey]:
        """A key for every subject, made where there was none.

        None is made under another master key than that of the book's other keys: whichever of the two were lost, its
        share of the values would be gone. Raises: WrongKey.
        """
        wanted = set(subjects)
        found = dict(self.existing(wanted))
        missing = sorted(wanted - found.keys())
        if missing:
            self.check()
            fresh = [self._master.wrap(secrets.token_bytes(KEY_BYTES), self._binding(s, 1)) for s in missing]
            self._keep(missing, fresh)
            found |= self._remember(self._fetch(missing))
        return found

    def check(self) -> None:
        """Looks whether the master key opens the book's keys, by one of them. Raises: WrongKey."""
        if not self._known:  # whatever is known was opened with this master key
            self._remember(self._sample())

    def forget(self) -> None:
        """Remembers none any more: 20,000 of them take 55 MB, and whoever goes through many books has that of each."""
        with self._lock:
            self._known.clear()

    def _remember(self, rows: Iterable[Wrapped]) -> dict[UUID, DataKey]:
        found = {
            subject: DataKey(version, AESGCM(self._master.unwrap(bytes(wrapped), self._binding(subject, version))))
            for subject, version, wrapped in rows
        }
        with self._lock:
            self._known |= found
            while len(self._known) > REMEMBERED_KEYS:
                self._known.popitem(last=False)
        return found

    def _binding(self, subject: UUID, version: int) -> bytes:
        return f"daybook/data-key/v1\0{self._book}\0{subject}\0{version}".encode()
