"""The gate that the settings describe, and whether a server behind it may be reached from elsewhere."""

from __future__ import annotations

from api.access.development import development_tokens
from api.access.gate import Gate
from api.access.key_set import KeySet
from api.access.principal import without_sign_in
from api.access.tokens import ClaimNames, Tokens
from api.settings import Settings, WrongSetting
from domain.envelope import Actor


def gate_of(settings: Settings, book: str, *, development: bool, developer: Actor) -> Gate:
    """Lets in by the tokens of the issuer that is set, and by development tokens if told so; with neither, everybody
    as `developer`. Raises: WrongSetting."""
    tokens = [_of_issuer(settings)] if settings.signs_in else []
    if development:
        tokens.append(development_tokens(settings.data, book))
    return Gate(tokens) if tokens else Gate(unproved=without_sign_in(developer))


def demonstrating_gate(settings: Settings, book: str, developer: Actor) -> Gate:
    """Lets in everybody as `developer`, and by development tokens who wants to see it in another role."""
    return Gate([development_tokens(settings.data, book)], unproved=without_sign_in(developer))


def reachable_from_elsewhere(settings: Settings, *, development: bool) -> bool:
    """Whether whoever reaches the port has proved who they are, by more than a key that lies beside the data."""
    return settings.signs_in and not development


def _of_issuer(settings: Settings) -> Tokens:
    issuer, audience, place = settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks
    if issuer is None or audience is None or place is None:
        raise WrongSetting("Sign-in is not set up: set DAYBOOK_OIDC_ISSUER, DAYBOOK_OIDC_AUDIENCE, DAYBOOK_OIDC_JWKS.")
    names = ClaimNames(
        name=settings.oidc_name_claim,
        roles=settings.oidc_roles_claim,
        unit=settings.oidc_unit_claim,
        customer=settings.oidc_customer_claim,
    )
    try:
        return Tokens(issuer, audience, KeySet(place), names)
    except ValueError as error:
        raise WrongSetting(f"DAYBOOK_OIDC_JWKS cannot be used: {error}.") from error
