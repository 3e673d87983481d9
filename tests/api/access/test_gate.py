from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.access.configured import demonstrating_gate, gate_of, reachable_from_elsewhere
from api.access.development import KEY_FILE, development_tokens, signing_key, token_of
from api.access.gate import Gate
from api.access.principal import without_sign_in
from api.app import create_app
from api.present import present
from api.settings import Settings, WrongSetting
from api.workspace import Workspace
from domain.envelope import Actor, ActorKind
from tests.api.access.issuing import NOW, Issuer
from tests.api.graphql.asking import FrontEnd, asking

DEVELOPER = Actor("developer", ActorKind.PERSON, role="development")
HEAD = "{ ledgerHead { book } }"


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def door(workspace: Workspace, issuer: Issuer) -> Iterator[FrontEnd]:
    with asking(create_app(workspace, gate=Gate([issuer.tokens]))) as running:
        yield running


def bearing(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} | more


def told(response: httpx.Response) -> tuple[int, str, Any]:
    (error,) = response.json()["errors"]
    return response.status_code, error["extensions"]["code"], error["extensions"].get("reason")


def test_nobody_is_answered_who_has_not_signed_in(door: FrontEnd) -> None:
    response = door.send(HEAD)
    assert told(response) == (401, "UNAUTHENTICATED", "NO_TOKEN")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="daybook"'
    assert "data" not in response.json()


def test_a_bad_token_is_answered_with_its_reason(door: FrontEnd, issuer: Issuer) -> None:
    response = door.send(HEAD, bearing(issuer.token(exp=NOW - 3600)))
    assert told(response) == (401, "UNAUTHENTICATED", "EXPIRED")
    challenge = 'Bearer realm="daybook", error="invalid_token", error_description="EXPIRED"'
    assert response.headers["WWW-Authenticate"] == challenge
    assert told(door.send(HEAD, {"Authorization": "Basic YTpi"})) == (401, "UNAUTHENTICATED", "MALFORMED")
    assert told(door.send(HEAD, {"Authorization": "Bearer"})) == (401, "UNAUTHENTICATED", "MALFORMED")
    elsewhere = bearing(issuer.token(iss="https://elsewhere.example"))
    assert told(door.send(HEAD, elsewhere)) == (401, "UNAUTHENTICATED", "UNKNOWN_ISSUER")


def test_who_has_a_good_token_is_answered_under_whatever_name_the_server_is_reached(
    door: FrontEnd, issuer: Issuer
) -> None:
    token = issuer.token(roles=["auditor"])
    answered = door.send(HEAD, bearing(token, Host="daybook.example"))
    assert answered.json() == {"data": {"ledgerHead": {"book": "main"}}}


def test_a_role_that_is_not_held_or_not_stated_is_forbidden(door: FrontEnd, issuer: Issuer) -> None:
    token = issuer.token(roles=["auditor", "compliance"])
    assert told(door.send(HEAD, bearing(token))) == (403, "FORBIDDEN", "ROLE_UNSTATED")
    wanting = bearing(token, **{"Daybook-Role": "administrator"})
    assert told(door.send(HEAD, wanting)) == (403, "FORBIDDEN", "ROLE_NOT_HELD")
    assert door.send(HEAD, bearing(token, **{"Daybook-Role": "auditor"})).status_code == 200


def test_every_event_says_who_brought_it_about_in_which_role_by_which_claim_with_what_and_from_where(
    door: FrontEnd, issuer: Issuer, workspace: Workspace
) -> None:
    document = """
    mutation($input: RegisterCustomerInput!) { registerCustomer(input: $input) { customer { id } userErrors { code } } }
    """
    token = issuer.token(roles=["administrator"], preferred_username="李娜")
    asked = {"commandId": str(uuid4()), "kind": "PERSON", "sourceKey": "K-1"}
    answer = door.send(document, bearing(token), input=asked).json()
    assert answer["data"]["registerCustomer"]["userErrors"] == []
    metadata = workspace.ledger.since(workspace.ledger.head() - 1)[0].metadata
    claim = "sub=7c1e iss=https://sign-in.example"
    assert metadata.actor == Actor("李娜", ActorKind.PERSON, "北京分部", "administrator", claim)
    assert (metadata.client, metadata.address) == ("desk", "127.0.0.1")


def test_while_the_keys_cannot_be_had_the_answer_is_to_try_again(workspace: Workspace) -> None:
    issuer = Issuer()
    issuer.away = True
    with asking(create_app(workspace, gate=Gate([issuer.tokens]))) as away:
        response = away.send(HEAD, bearing(issuer.token()))
    assert told(response)[:2] == (503, "SIGN_IN_AWAY")
    assert response.headers["Retry-After"] == "5"


# Development ----------------------------------------------------------------------------------------------------------


def test_development_tokens_are_signed_by_a_key_that_only_its_owner_reads(tmp_path: Path, workspace: Workspace) -> None:
    tokens = development_tokens(tmp_path, "main")
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    claims = {"sub": "x", "preferred_username": "王芳", "roles": ["agent"], "unit": "北京分部"}
    now = present(workspace.ledger)
    token = token_of(signing_key(tmp_path), "main", claims, now, timedelta(hours=8))
    assert tokens.principal(token).name == "王芳"
    gate = gate_of(Settings(data=tmp_path), "main", development=True, developer=DEVELOPER)
    with asking(create_app(workspace, gate=gate)) as front_end:
        assert front_end.send(HEAD).status_code == 401
        assert front_end.send("{ __typename }", bearing(token)).json() == {"data": {"__typename": "Query"}}


def test_a_development_token_of_another_book_or_installation_lets_nobody_in(
    tmp_path: Path, workspace: Workspace
) -> None:
    gate = gate_of(Settings(data=tmp_path / "here"), "main", development=True, developer=DEVELOPER)
    claims = {"sub": "x", "preferred_username": "王芳", "roles": ["administrator"]}
    now = present(workspace.ledger)
    other_book = token_of(signing_key(tmp_path / "here"), "other", claims, now, timedelta(hours=1))
    elsewhere = token_of(signing_key(tmp_path / "there", create=True), "main", claims, now, timedelta(hours=1))
    with asking(create_app(workspace, gate=gate)) as front_end:
        assert told(front_end.send(HEAD, bearing(other_book))) == (401, "UNAUTHENTICATED", "WRONG_AUDIENCE")
        assert told(front_end.send(HEAD, bearing(elsewhere))) == (401, "UNAUTHENTICATED", "BAD_SIGNATURE")


def test_the_demo_answers_everybody_on_this_machine_and_who_brings_a_token_in_their_role(
    tmp_path: Path, workspace: Workspace
) -> None:
    gate = demonstrating_gate(Settings(data=tmp_path), "main", DEVELOPER)
    with asking(create_app(workspace, gate=gate)) as front_end:
        assert front_end.send(HEAD).status_code == 200
        assert told(front_end.send(HEAD, bearing("x.y.z")))[1] == "UNAUTHENTICATED"
        assert front_end.send(HEAD, {"Host": "elsewhere.example"}).status_code == 400


def test_sign_in_that_is_half_set_up_is_told_before_anything_is_served(tmp_path: Path) -> None:
    half = Settings(oidc_issuer="https://sign-in.example", data=tmp_path)
    with pytest.raises(WrongSetting, match="DAYBOOK_OIDC_AUDIENCE, DAYBOOK_OIDC_JWKS missing"):
        gate_of(half, "main", development=False, developer=DEVELOPER)
    whole = half.model_copy(update={"oidc_audience": "daybook", "oidc_jwks": "http://sign-in.example/keys"})
    with pytest.raises(WrongSetting, match="without TLS"):
        gate_of(whole, "main", development=False, developer=DEVELOPER)


def test_only_a_server_behind_proper_sign_in_is_reached_from_elsewhere() -> None:
    signed_in = Settings(oidc_issuer="https://i.example", oidc_audience="a", oidc_jwks="https://i.example/keys")
    assert reachable_from_elsewhere(signed_in, development=False)
    assert not reachable_from_elsewhere(signed_in, development=True)
    assert not reachable_from_elsewhere(Settings(), development=False)


def test_a_gate_without_tokens_lets_in_somebody_named() -> None:
    with pytest.raises(ValueError, match="lets in everybody"):
        Gate()
    assert not Gate(unproved=without_sign_in(DEVELOPER)).checks
