"""Tokens for development: signed with a key of this installation's own, which only `--development-tokens` lets in."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import OKPAlgorithm

from api.access.key_set import KeySet
from api.access.tokens import Tokens
from api.settings import WrongSetting

ISSUER = "daybook-development"
KEY_FILE = "development.key"
KID = "development"
LONGEST = timedelta(days=31)


def audience_of(book: str) -> str:
    """Whom the tokens of a book are for."""
    return f"daybook/{book}"


def signing_key(folder: Path, *, create: bool = False) -> Ed25519PrivateKey:
    """The key in the data folder, made there if it may be. Raises: WrongSetting."""
    file = folder / KEY_FILE
    if create and not file.exists():
        made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
                opened.write(made)
        except FileExistsError:  # another one made it at the same moment
            pass
        except OSError as error:
            raise WrongSetting(f"The key for development tokens cannot be kept at {file}: {error}") from error
    try:
        found = load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise WrongSetting(
            f"The key for development tokens at {file} cannot be read: {error}. `daybook token` makes one."
        ) from error
    if not isinstance(found, Ed25519PrivateKey):
        raise WrongSetting(f"The key at {file} is no Ed25519 key. Remove it; `daybook token` makes another one.")
    return found


def token_of(key: Ed25519PrivateKey, book: str, claims: dict[str, Any], at: datetime, lasting: timedelta) -> str:
    """A token that says so for so long. Raises: WrongSetting for longer than a month."""
    if not timedelta(0) < lasting <= LONGEST:
        raise WrongSetting(f"A development token lasts for up to {LONGEST.days} days.")
    told = {
        "iss": ISSUER,
        "aud": audience_of(book),
        "iat": int(at.timestamp()),
        "exp": int((at.astimezone(UTC) + lasting).timestamp()),
        **{name: value for name, value in claims.items() if value is not None},
    }
    return jwt.encode(told, key, algorithm="EdDSA", headers={"kid": KID})


def development_tokens(folder: Path, book: str) -> Tokens:
    """The tokens that the key in a data folder has signed for a book. Raises: WrongSetting."""
    public = signing_key(folder, create=True).public_key()
    jwk = OKPAlgorithm.to_jwk(public, as_dict=True) | {"kid": KID, "alg": "EdDSA", "use": "sig"}
    held = orjson.dumps({"keys": [jwk]})
    return Tokens(ISSUER, audience_of(book), KeySet(str(folder / KEY_FILE), lambda: held))
