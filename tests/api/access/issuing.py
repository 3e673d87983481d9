"""An issuer of tokens, with keys of its own and a key set that tests may change, break and count the fetches of."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from api.access.key_set import KeySet
from api.access.tokens import ClaimNames, Tokens

ISSUER = "https://sign-in.example"
AUDIENCE = "daybook"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp()
CLAIMS: Mapping[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "7c1e",
    "iat": NOW,
    "exp": NOW + 600,
    "preferred_username": "王芳",
    "roles": ["agent"],
    "unit": "北京分部",
    "azp": "desk",
}


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """A key of that name; making one takes a while."""
    return rsa.generate_private_key(65537, 1024 if name == "short" else 2048)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    """The same on a curve."""
    assert name
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed_key(name: str) -> ed25519.Ed25519PrivateKey:
    """The same on another."""
    assert name
    return ed25519.Ed25519PrivateKey.generate()


def jwk(private: Any, kid: str | None, **more: Any) -> dict[str, Any]:
    """The public half of a key, as a key set has it."""
    kinds: dict[type, Any] = {
        rsa.RSAPrivateKey: RSAAlgorithm,
        ec.EllipticCurvePrivateKey: ECAlgorithm,
        ed25519.Ed25519PrivateKey: OKPAlgorithm,
    }
    algorithm = next(each for kind, each in kinds.items() if isinstance(private, kind))
    told: dict[str, Any] = algorithm.to_jwk(private.public_key(), as_dict=True)
    told.pop("key_ops", None)
    return told | ({} if kid is None else {"kid": kid}) | more


class Issuer:
    """Signs tokens, and has its keys where they can be fetched."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [jwk(rsa_key("first"), "first", alg="RS256")]
        self.away = False
        self.fetches = 0
        self.now = NOW
        self.tokens = Tokens(
            ISSUER, AUDIENCE, KeySet(ISSUER, self.read, lambda: self.now), ClaimNames(), lambda: self.now
        )

    def read(self) -> bytes:
        """The key set, as it is fetched."""
        self.fetches += 1
        if self.away:
            raise OSError("nobody answers")
        return orjson.dumps({"keys": self.keys})

    def token(
        self,
        key: Any = None,
        algorithm: str | None = "RS256",
        kid: str | None = "first",
        headers: Mapping[str, Any] | None = None,
        without: str | None = None,
        claims: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """A token that says so, signed with the first key unless told otherwise."""
        told = {name: value for name, value in {**CLAIMS, **(claims or {}), **more}.items() if name != without}
        given = rsa_key("first") if key is None and algorithm is not None else key
        header = ({} if kid is None else {"kid": kid}) | dict(headers or {})
        return jwt.PyJWS().encode(orjson.dumps(told), given, algorithm, header)
