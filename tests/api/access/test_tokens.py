import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWS

from api.access.gate import in_role
from api.access.key_set import BETWEEN, FRESH, KEPT, KeySet, reader
from api.access.principal import Principal, Role
from api.access.refused import NotLetIn, Reason
from api.access.tokens import LEEWAY, LONGEST_TOKEN, ClaimNames, Tokens, issuer_of
from domain.envelope import Actor, ActorKind
from tests.api.access.issuing import AUDIENCE, CLAIMS, ISSUER, NOW, Issuer, ec_key, ed_key, jwk, rsa_key

CUSTOMER = UUID("00000000-0000-4000-8000-00000000000c")


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


def refusal(issuer: Issuer, token: str) -> NotLetIn:
    """Why a token lets nobody in."""
    with pytest.raises(NotLetIn) as caught:
        issuer.tokens.principal(token)
    return caught.value


def reason(issuer: Issuer, token: str) -> str:
    """The reason in short."""
    refused = refusal(issuer, token)
    assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")
    assert refused.headers["WWW-Authenticate"].startswith('Bearer realm="daybook", error="invalid_token"')
    return str(refused.extensions["reason"])


def handmade(header: Any, payload: Any, secret: bytes | None = None) -> str:
    """A token as somebody makes it who has no key: unsigned, or with an HMAC under what is no secret."""
    parts = [base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=") for part in (header, payload)]
    signed = b".".join(parts)
    mac = b"" if secret is None else hmac.digest(secret, signed, hashlib.sha256)
    return (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def test_a_token_proves_who_asks_in_which_role_and_by_which_claim(issuer: Issuer) -> None:
    principal = issuer.tokens.principal(issuer.token())
    assert principal == Principal(
        subject="7c1e",
        work_name="王芳",
        roles=frozenset({Role.AGENT}),
        role=Role.AGENT,
        issuer=ISSUER,
        unit="北京分部",
        client="desk",
        expires_at=datetime.fromtimestamp(NOW + 600, UTC),
    )
    assert principal.actor == Actor("王芳", ActorKind.PERSON, "北京分部", "agent", f"sub=7c1e iss={ISSUER}")
    assert principal.signed_in


def test_a_program_acts_as_a_system(issuer: Issuer) -> None:
    actor = issuer.tokens.principal(issuer.token(roles="service openid", preferred_username="mailbox")).actor
    assert (actor.kind, actor.role) == (ActorKind.SYSTEM, "service")


def test_a_program_that_signs_in_by_itself_is_called_what_its_issuer_calls_it(issuer: Issuer) -> None:
    token = issuer.token(roles=["service"], azp="mailbox", without="preferred_username")
    assert issuer.tokens.principal(token).name == "mailbox"
    nameless = {name: value for name, value in CLAIMS.items() if name not in {"azp", "preferred_username"}}
    told = orjson.dumps({**nameless, "roles": ["service"]})
    bare = PyJWS().encode(told, rsa_key("first"), "RS256", {"kid": "first"})
    assert issuer.tokens.principal(bare).name == "7c1e"


def test_a_customer_stands_in_events_by_their_id_and_never_by_what_they_sign_in_with(issuer: Issuer) -> None:
    token = issuer.token(
        sub="wang@example.com", roles=["customer"], customer=str(CUSTOMER), without="preferred_username"
    )
    principal = issuer.tokens.principal(token)
    assert principal.customer == CUSTOMER
    assert principal.actor == Actor(f"customer {CUSTOMER}", ActorKind.PERSON, "北京分部", "customer", f"iss={ISSUER}")


@pytest.mark.parametrize(
    ("key", "algorithm", "listed"),
    [
        (ec_key("one"), "ES256", {}),
        (ed_key("one"), "EdDSA", {"alg": "EdDSA"}),
        (rsa_key("first"), "PS384", {}),
    ],
)
def test_keys_of_every_asymmetric_kind_are_taken(issuer: Issuer, key: Any, algorithm: str, listed: Any) -> None:
    issuer.keys = [jwk(key, "k", **listed)]
    assert issuer.tokens.principal(issuer.token(key, algorithm, "k")).name == "王芳"


def test_an_unsigned_token_is_refused(issuer: Issuer) -> None:
    assert reason(issuer, issuer.token(algorithm=None)) == Reason.ALGORITHM_REFUSED
    assert reason(issuer, issuer.token().rpartition(".")[0] + ".") == Reason.BAD_SIGNATURE


def test_a_token_under_a_shared_secret_is_refused_even_when_the_secret_is_the_public_key(issuer: Issuer) -> None:
    public = rsa_key("first").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "exp": NOW + 600, "roles": ["administrator"]}
    forged = handmade({"alg": "HS256", "typ": "JWT", "kid": "first"}, claims, public)
    assert reason(issuer, forged) == Reason.ALGORITHM_REFUSED


def test_a_shared_secret_in_the_key_set_is_no_key(issuer: Issuer) -> None:
    secret = b"s" * 32
    held = base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
    issuer.keys.append({"kty": "oct", "kid": "shared", "k": held, "alg": "HS256"})
    assert reason(issuer, issuer.token(secret, "HS256", "shared")) == Reason.ALGORITHM_REFUSED
    assert reason(issuer, issuer.token(kid="shared")) == Reason.UNKNOWN_KEY


def test_the_algorithm_is_the_keys_and_not_the_headers(issuer: Issuer) -> None:
    assert reason(issuer, issuer.token(algorithm="RS512")) == Reason.ALGORITHM_REFUSED
    assert reason(issuer, issuer.token(ec_key("one"), "ES256")) == Reason.ALGORITHM_REFUSED


def test_a_key_for_encryption_and_a_short_one_are_none(issuer: Issuer) -> None:
    issuer.keys += [jwk(rsa_key("second"), "second", use="enc"), jwk(rsa_key("short"), "short")]
    assert reason(issuer, issuer.token(rsa_key("second"), kid="second")) == Reason.UNKNOWN_KEY
    assert reason(issuer, issuer.token(kid="short")) == Reason.UNKNOWN_KEY


def test_another_key_under_the_same_name_signs_nothing(issuer: Issuer) -> None:
    assert reason(issuer, issuer.token(rsa_key("second"))) == Reason.BAD_SIGNATURE


def test_a_token_whose_claims_were_changed_is_refused(issuer: Issuer) -> None:
    header, _, signature = issuer.token().split(".")
    changed = issuer.token(roles=["administrator"]).split(".")[1]
    assert reason(issuer, f"{header}.{changed}.{signature}") == Reason.BAD_SIGNATURE


def test_a_key_that_the_token_brings_along_is_not_looked_at(issuer: Issuer) -> None:
    own = jwk(rsa_key("second"), "first")
    forged = issuer.token(rsa_key("second"), headers={"jwk": own, "jku": "https://elsewhere.example/keys"})
    assert reason(issuer, forged) == Reason.BAD_SIGNATURE
    assert issuer.fetches == 1


def test_a_token_of_another_issuer_is_refused(issuer: Issuer) -> None:
    assert reason(issuer, issuer.token(iss="https://elsewhere.example")) == Reason.UNKNOWN_ISSUER
    assert reason(issuer, issuer.token(without="iss")) == Reason.UNKNOWN_ISSUER


def test_a_token_for_somebody_else_is_refused(issuer: Issuer) -> None:
    assert reason(issuer, issuer.token(aud="payroll")) == Reason.WRONG_AUDIENCE
    assert reason(issuer, issuer.token(aud=["payroll", "daybook-test"])) == Reason.WRONG_AUDIENCE
    assert reason(issuer, issuer.token(without="aud")) == Reason.WRONG_AUDIENCE
    assert issuer.tokens.principal(issuer.token(aud=["payroll", AUDIENCE])).name == "王芳"


def test_a_token_ends_when_it_says_give_or_take_the_leeway(issuer: Issuer) -> None:
    token = issuer.token()
    issuer.now = NOW + 600 + LEEWAY.total_seconds() - 1
    assert issuer.tokens.principal(token).name == "王芳"
    issuer.now += 1
    assert reason(issuer, token) == Reason.EXPIRED


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_begins_when_it_says_give_or_take_the_leeway(issuer: Issuer, claim: str) -> None:
    now, soon = ({claim: NOW + LEEWAY.total_seconds() + more} for more in (0, 1))
    assert issuer.tokens.principal(issuer.token(claims=now)).name == "王芳"
    assert reason(issuer, issuer.token(claims=soon)) == Reason.NOT_YET_VALID


@pytest.mark.parametrize("exp", [None, True, "soon", -1, 1e300, float(10**15)])
def test_a_token_without_an_end_is_refused(issuer: Issuer, exp: Any) -> None:
    given = issuer.token(without="exp") if exp is None else issuer.token(exp=exp)
    assert reason(issuer, given) == Reason.CLAIM_MISSING


@pytest.mark.parametrize(
    "claims",
    [
        {"without": "sub"},
        {"without": "roles"},
        {"roles": []},
        {"roles": ["Agent", "root"]},
        {"roles": {"agent": True}},
        {"without": "unit"},
        {"unit": 7},
        {"without": "preferred_username"},
        {"preferred_username": "  "},
        {"preferred_username": "x" * 301},
        {"preferred_username": "a\nb"},
        {"roles": ["customer"]},
        {"roles": ["customer"], "customer": "12"},
    ],
)
def test_a_token_that_does_not_say_what_it_must_is_refused(issuer: Issuer, claims: Any) -> None:
    assert reason(issuer, issuer.token(**claims)) == Reason.CLAIM_MISSING


@pytest.mark.parametrize(
    "token", ["", "x", "a.b", "a.b.c", "....", "é.é.é", "x" * (LONGEST_TOKEN + 1), handmade([], {}), handmade({}, [])]
)
def test_what_is_no_token_is_refused(issuer: Issuer, token: str) -> None:
    assert reason(issuer, token) == Reason.MALFORMED


def test_a_token_with_a_header_that_nobody_understands_is_refused(issuer: Issuer) -> None:
    assert reason(issuer, issuer.token(headers={"crit": ["b64"], "b64": False})) == Reason.MALFORMED
    assert reason(issuer, issuer.token(headers={"typ": "logout+jwt"})) == Reason.MALFORMED
    assert issuer.tokens.principal(issuer.token(headers={"typ": "at+jwt"})).name == "王芳"


def test_the_issuer_of_a_token_can_be_told_before_it_is_checked(issuer: Issuer) -> None:
    assert issuer_of(issuer.token(iss="https://elsewhere.example")) == "https://elsewhere.example"
    assert issuer_of(issuer.token(iss=7)) is None


def test_claims_may_stand_where_the_issuer_puts_them(issuer: Issuer) -> None:
    names = ClaimNames(name="https://example/name", roles="realm_access.roles", unit="org.unit")
    tokens = Tokens(ISSUER, AUDIENCE, issuer.tokens.keys, names, lambda: NOW)
    told = {"https://example/name": "李娜", "realm_access": {"roles": ["supervisor"]}, "org": {"unit": "华北分部"}}
    principal = tokens.principal(issuer.token(claims=told))
    assert (principal.name, principal.role, principal.unit) == ("李娜", Role.SUPERVISOR, "华北分部")


# Keys -----------------------------------------------------------------------------------------------------------------


def test_a_new_key_is_found_by_fetching_again_and_the_old_one_goes_with_the_set(issuer: Issuer) -> None:
    assert issuer.tokens.principal(issuer.token()).name == "王芳"
    issuer.keys = [jwk(rsa_key("second"), "second")]
    issuer.now += BETWEEN.total_seconds() + 1
    assert issuer.tokens.principal(issuer.token(rsa_key("second"), kid="second")).name == "王芳"
    assert issuer.fetches == 2
    assert reason(issuer, issuer.token()) == Reason.UNKNOWN_KEY


def test_made_up_key_ids_fetch_at_most_every_so_often(issuer: Issuer) -> None:
    for number in range(50):
        assert reason(issuer, issuer.token(kid=f"made-up-{number}")) == Reason.UNKNOWN_KEY
    assert issuer.fetches == 1
    issuer.now += BETWEEN.total_seconds() + 1
    for number in range(50):
        assert reason(issuer, issuer.token(kid=f"made-up-{number}")) == Reason.UNKNOWN_KEY
    assert issuer.fetches == 2


def test_keys_are_fetched_again_when_they_are_no_longer_fresh_so_that_one_taken_back_signs_nothing(
    issuer: Issuer,
) -> None:
    token = issuer.token(exp=NOW + 86_400)
    assert issuer.tokens.at_hand(token) is False
    issuer.tokens.principal(token)
    assert issuer.tokens.at_hand(token) is True
    issuer.keys = [jwk(rsa_key("second"), "second")]
    issuer.now += FRESH.total_seconds() + 1
    assert reason(issuer, token) == Reason.UNKNOWN_KEY


def test_a_token_without_a_key_id_is_of_the_only_key_there_is(issuer: Issuer) -> None:
    assert issuer.tokens.principal(issuer.token(kid=None)).name == "王芳"
    issuer.keys.append(jwk(rsa_key("second"), "second"))
    issuer.now += FRESH.total_seconds() + 1
    assert reason(issuer, issuer.token(kid=None, exp=NOW + 86_400)) == Reason.UNKNOWN_KEY


def test_while_keys_cannot_be_fetched_the_old_ones_go_on_for_a_time_and_then_nobody_is_let_in(issuer: Issuer) -> None:
    token = issuer.token(exp=NOW + 10 * 86_400)
    assert issuer.tokens.principal(token).name == "王芳"
    issuer.away = True
    issuer.now = NOW + KEPT.total_seconds()
    assert issuer.tokens.principal(token).name == "王芳"
    issuer.now += 1
    refused = refusal(issuer, token)
    assert (refused.status, refused.code, refused.headers) == (503, "SIGN_IN_AWAY", {"Retry-After": "5"})


@pytest.mark.parametrize("held", [b"", b"[]", b"{}", b'{"keys": []}', b'{"keys": [7, {"kty": "RSA", "n": "?"}]}'])
def test_a_key_set_that_holds_no_key_is_as_one_that_is_away(held: bytes) -> None:
    issuer = Issuer()
    tokens = Tokens(ISSUER, AUDIENCE, KeySet("keys.json", lambda: held), now=lambda: NOW)
    with pytest.raises(NotLetIn) as caught:
        tokens.principal(issuer.token())
    assert caught.value.status == 503
    assert "keys.json" in caught.value.message


def test_keys_are_read_from_a_file_or_over_tls_only(tmp_path: Any, issuer: Issuer) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(orjson.dumps({"keys": issuer.keys}))
    tokens = Tokens(ISSUER, AUDIENCE, KeySet(str(file)), now=lambda: NOW)
    assert tokens.principal(issuer.token()).name == "王芳"
    with pytest.raises(ValueError, match="fetched without TLS"):
        reader("http://sign-in.example/keys")
    assert callable(reader("http://127.0.0.1:8080/keys"))


# Roles ----------------------------------------------------------------------------------------------------------------


def test_who_holds_several_roles_says_in_which_one_they_act(issuer: Issuer) -> None:
    principal = issuer.tokens.principal(issuer.token(roles=["agent", "auditor"]))
    with pytest.raises(NotLetIn) as caught:
        in_role(principal, None)
    assert (caught.value.status, caught.value.extensions["reason"]) == (403, "ROLE_UNSTATED")
    assert caught.value.extensions["params"] == {"roles": ["agent", "auditor"]}
    assert in_role(principal, "Auditor").role is Role.AUDITOR


def test_nobody_acts_in_a_role_that_their_token_does_not_hold(issuer: Issuer) -> None:
    principal = issuer.tokens.principal(issuer.token())
    for wanted in ("administrator", "king"):
        with pytest.raises(NotLetIn) as caught:
            in_role(principal, wanted)
        assert (caught.value.status, caught.value.extensions["reason"]) == (403, "ROLE_NOT_HELD")


def test_a_token_may_last_a_long_time_and_its_clock_is_utc(issuer: Issuer) -> None:
    later = datetime.fromtimestamp(NOW, UTC) + timedelta(days=3650)
    assert issuer.tokens.principal(issuer.token(exp=later.timestamp())).expires_at == later
