"""The public keys of an issuer: fetched, kept for a while, and fetched again when a key is asked for that is new."""

from __future__ import annotations

import logging
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import PyJWK, PyJWTError

from api.access.refused import keys_away

LOG = logging.getLogger("daybook.access")
FRESH = timedelta(minutes=10)
"""How long keys are used before they are fetched again."""
BETWEEN = timedelta(seconds=30)
"""How long after one fetch the next: made-up key ids do not make this server knock at another one's door."""
KEPT = timedelta(hours=12)
"""How long the last keys go on being used when no others can be had."""
FETCH_SECONDS = 5
MOST_BYTES = 1024 * 1024
LEAST_RSA_BITS = 2048
HERE = frozenset({"localhost", "127.0.0.1", "::1"})
OF_CURVES: Mapping[str, frozenset[str]] = {
    "secp256r1": frozenset({"ES256"}), "secp384r1": frozenset({"ES384"}), "secp521r1": frozenset({"ES512"}),
}  # fmt: skip
OF_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key, and the algorithms that it is for: they are a matter of the key, and never of a token's header."""

    kid: str | None
    algorithms: frozenset[str]
    key: Any


def key_of(jwk: Mapping[str, Any]) -> PublicKey | None:
    """A key of a key set; None for one that signs nothing here, such as a shared secret or one for encryption."""
    if jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ["verify"]):
        return None
    if jwk.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    try:
        key = PyJWK(dict(jwk)).key
    except (PyJWTError, ValueError, TypeError):
        return None
    fits = _algorithms_of(key)
    algorithms = fits & {jwk["alg"]} if "alg" in jwk else fits
    return PublicKey(jwk.get("kid"), algorithms, key) if algorithms else None


def _algorithms_of(key: Any) -> frozenset[str]:
    """Those that a public key is for. A private one is no business of this server's."""
    match key:
        case rsa.RSAPublicKey() if key.key_size >= LEAST_RSA_BITS:
            return OF_RSA
        case ec.EllipticCurvePublicKey():
            return OF_CURVES.get(key.curve.name, frozenset())
        case ed25519.Ed25519PublicKey():
            return frozenset({"EdDSA", "Ed25519"})
        case _:
            return frozenset()


def keys_in(data: bytes) -> tuple[PublicKey, ...]:
    """The keys of a key set (RFC 7517) that can check signatures. Raises: ValueError when there are none."""
    found = orjson.loads(data)
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise ValueError("it is no JSON object with a list of `keys`")
    keys = tuple(key for each in listed if isinstance(each, dict) and (key := key_of(each)) is not None)
    if not keys:
        raise ValueError("there is no public key in it that could check a signature")
    return keys


def reader(place: str) -> Callable[[], bytes]:
    """What reads a key set from a URL or a file. Raises: ValueError for a URL that anybody on the way could change."""
    url = urlsplit(place)
    if url.scheme not in {"http", "https"}:
        return Path(place).read_bytes
    if url.scheme == "http" and url.hostname not in HERE:
        raise ValueError(f"{place} is fetched without TLS; give an https URL, or a file")

    def fetch() -> bytes:
        with urllib.request.urlopen(place, timeout=FETCH_SECONDS) as answer:  # noqa: S310  the scheme is checked above
            data: bytes = answer.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES} bytes")
        return data

    return fetch


class KeySet:
    """The keys at a place. `monotonic` tells the seconds that pass."""

    def __init__(
        self, place: str, read: Callable[[], bytes] | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.place = place
        self._read = read or reader(place)
        self._monotonic = monotonic
        self._keys: tuple[PublicKey, ...] = ()
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._fetching = Lock()

    def at_hand(self, kid: str | None) -> bool:
        """Whether a key can be told without fetching."""
        return self._is_fresh() and (self._found(kid) is not None or not self._may_try())

    def key(self, kid: str | None) -> PublicKey | None:
        """The key of that id, fetched if need be; for no id the only key there is. None when there is none.

        Raises: NotLetIn when there are no keys, or only ones that are too old.
        """
        if not self.at_hand(kid):
            with self._fetching:
                if not self.at_hand(kid) and self._may_try():
                    self._fetch()
        if self._read_at is None or self._age(self._read_at) > KEPT.total_seconds():
            raise keys_away(f"The keys at {self.place} cannot be had, so that no token can be checked. Try again soon.")
        return self._found(kid)

    def _fetch(self) -> None:
        self._tried_at = self._monotonic()
        try:
            self._keys = keys_in(self._read())
            self._read_at = self._tried_at
        except (OSError, ValueError) as error:
            LOG.warning("The keys at %s cannot be had: %s", self.place, error)

    def _found(self, kid: str | None) -> PublicKey | None:
        if kid is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.kid == kid), None)

    def _is_fresh(self) -> bool:
        return self._read_at is not None and self._age(self._read_at) <= FRESH.total_seconds()

    def _may_try(self) -> bool:
        return self._tried_at is None or self._age(self._tried_at) > BETWEEN.total_seconds()

    def _age(self, at: float) -> float:
        return self._monotonic() - at
