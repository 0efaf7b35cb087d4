"""Signing in with an OpenID Connect provider: authorization code, PKCE, state, nonce; the ID token fully checked.

The provider's addresses come from its discovery document, whose URL is a setting: Pro Santé Connect's authorization
host is not its issuer's, and its document has a name of its own.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.refusals import Refusal

ALGORITHMS = ["RS256", "PS256", "ES256"]
"""Signatures accepted. A provider may list symmetric ones too: those would make our secret a signing key."""
LEEWAY_S = 30


class SignInRefused(Refusal):
    """La connexion n'a pas abouti : recommencez depuis la page de connexion."""

    code = "sign_in_refused"
    status = 403


class ProviderAway(Refusal):
    """Le fournisseur d'identité ne répond pas : réessayez, ou entrez avec votre adresse et votre mot de passe."""

    code = "provider_away"
    status = 503


@dataclass(frozen=True, slots=True)
class Provider:
    """What the discovery document says."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are for the provider. `acr`: the level to ask for; `acr_accepted`: those that are enough."""

    client_id: str
    client_secret: str
    redirect_uri: str
    scope: str
    acr: str
    acr_accepted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in under way: kept by the browser, sealed, until the provider sends it back."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who came back: what the provider says of them, and the token that will end their session there."""

    issuer: str
    subject: str
    userinfo: Mapping[str, Any]
    id_token: str


def new_attempt() -> Attempt:
    """Fresh secrets for one sign-in."""
    return Attempt(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))


async def discover(http: httpx.AsyncClient, url: str) -> Provider:
    """Read a discovery document; raises `ProviderAway`."""
    found = await _json(http, "GET", url)
    names = [name for name in Provider.__slots__ if name in found]
    try:
        return Provider(**{name: str(found[name]) for name in names})
    except TypeError:
        raise ProviderAway from None


def authorization_url(provider: Provider, client: Client, attempt: Attempt) -> str:
    """Where to send the browser."""
    wanted = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": client.scope,
        "acr_values": client.acr,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": create_s256_code_challenge(attempt.verifier),
        "code_challenge_method": "S256",
    }
    url: str = add_params_to_uri(provider.authorization_endpoint, list(wanted.items()))
    return url


async def complete(
    http: httpx.AsyncClient, provider: Provider, client: Client, attempt: Attempt, answer: Mapping[str, str]
) -> SignedIn:
    """Turn what the provider sent back into who signed in; raises `SignInRefused`, `ProviderAway`."""
    if not secrets.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
        raise SignInRefused(field="state", rule="the one we gave")
    if answer.get("iss", provider.issuer) != provider.issuer:
        raise SignInRefused(field="iss", rule=provider.issuer)
    if "code" not in answer:
        raise SignInRefused(field="code", value=answer.get("error", "")[:60], rule="required")
    tokens = await _json(
        http,
        "POST",
        provider.token_endpoint,
        data={
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": client.redirect_uri,
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "code_verifier": attempt.verifier,
        },
    )
    id_token, access_token = str(tokens.get("id_token", "")), str(tokens.get("access_token", ""))
    keys = await _json(http, "GET", provider.jwks_uri)
    claims = check_claims(id_token, keys, provider, client, nonce=attempt.nonce, access_token=access_token)
    bearer = {"authorization": f"Bearer {access_token}"}
    userinfo = await _json(http, "GET", provider.userinfo_endpoint, headers=bearer)
    if userinfo.get("sub") != claims["sub"]:
        raise SignInRefused(field="sub", rule="the same in both tokens")
    return SignedIn(provider.issuer, str(claims["sub"]), userinfo, id_token)


def check_claims(
    id_token: str, keys: Mapping[str, Any], provider: Provider, client: Client, *, nonce: str, access_token: str
) -> Mapping[str, Any]:
    """The claims of an ID token: signature, issuer, audience, times, nonce, level. Raises `SignInRefused`."""
    try:
        token = jwt.decode(id_token, KeySet.import_key_set(dict(keys)), algorithms=ALGORITHMS)  # type: ignore[arg-type]
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={"iss": {"essential": True, "value": provider.issuer}, "aud": {"value": client.client_id}},
            params={"nonce": nonce, "client_id": client.client_id, "access_token": access_token},
        )
        claims.validate(leeway=LEEWAY_S)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise SignInRefused(field="id_token", rule=type(error).__name__) from None
    require_level(claims.get("acr"), client.acr_accepted)
    checked: Mapping[str, Any] = dict(claims)
    return checked


def require_level(acr: object, accepted: frozenset[str]) -> None:
    """Refuse a level of assurance that is not enough, or not said (`SignInRefused`)."""
    if acr not in accepted:
        raise SignInRefused(field="acr", value=str(acr)[:40], rule=" or ".join(sorted(accepted)))


def logout_url(provider: Provider, client: Client, *, id_token: str, back_to: str) -> str:
    """Where to send the browser to end the provider's session too; `back_to` when it has no such page."""
    if not provider.end_session_endpoint:
        return back_to
    wanted: Sequence[tuple[str, str]] = [
        ("client_id", client.client_id),
        ("post_logout_redirect_uri", back_to),
        *([("id_token_hint", id_token)] if id_token else []),
    ]
    url: str = add_params_to_uri(provider.end_session_endpoint, wanted)
    return url


async def _json(http: httpx.AsyncClient, method: str, url: str, **more: Any) -> dict[str, Any]:
    try:
        answer = await http.request(method, url, **more)
    except httpx.HTTPError:
        raise ProviderAway from None
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise ProviderAway
    if not answer.is_success:
        raise SignInRefused(rule=f"HTTP {answer.status_code}")
    try:
        found = answer.json()
    except ValueError:
        raise ProviderAway from None
    if not isinstance(found, dict):
        raise ProviderAway
    return found
