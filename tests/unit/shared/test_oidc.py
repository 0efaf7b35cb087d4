"""Checking what an identity provider says, without one."""

import pytest

from services.people.psc.oidc import (
    Client,
    Provider,
    SignInRefused,
    authorization_url,
    logout_url,
    new_attempt,
    require_level,
)

PROVIDER = Provider("https://issuer.invalid", "https://wallet.invalid/auth", "", "", "", "https://issuer.invalid/out")
CLIENT = Client("us", "secret", "https://us.invalid/psc/retour", "openid scope_all", "eidas1", frozenset({"eidas1"}))


def test_the_browser_goes_to_the_host_that_the_discovery_names_with_fresh_secrets() -> None:
    first, second = (authorization_url(PROVIDER, CLIENT, new_attempt()) for _ in range(2))
    assert first != second
    assert first.startswith("https://wallet.invalid/auth?")
    for part in ("code_challenge_method=S256", "acr_values=eidas1", "scope=openid+scope_all", "nonce=", "state="):
        assert part in first.replace("%20", "+")
    assert "secret" not in first


def test_a_missing_level_is_the_lowest_and_an_unknown_one_is_refused() -> None:
    require_level("eidas1", CLIENT.acr_accepted)
    for other in ("eidas0", "", "EIDAS1", 1, ["eidas1"]):
        with pytest.raises((SignInRefused, TypeError)):
            require_level(other, CLIENT.acr_accepted)


def test_a_provider_without_a_way_out_sends_back_home() -> None:
    silent = Provider("i", "a", "t", "u", "j")
    assert logout_url(silent, CLIENT, id_token="x", back_to="/connexion") == "/connexion"
    assert "id_token_hint=x" in logout_url(PROVIDER, CLIENT, id_token="x", back_to="https://us.invalid/connexion")
