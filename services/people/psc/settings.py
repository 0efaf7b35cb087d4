"""What signing in with Pro Santé Connect is told by its environment (`AIGUILLAGE_PSC_…`)."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.people.psc.oidc import Client


class PscSettings(BaseSettings):
    """Empty `discovery_url`: nobody signs in this way."""

    model_config = SettingsConfigDict(env_prefix="AIGUILLAGE_PSC_", extra="ignore")

    discovery_url: str = ""
    """The provider's discovery document (`…/wallet-openid-configuration`); empty: nobody signs in this way."""
    client_id: str = ""
    """The name the ANS gave this application."""
    client_secret: SecretStr = SecretStr("")
    """Its secret."""
    scope: str = "openid scope_all"
    """What is asked of the provider."""
    acr: str = "eidas1"
    """The level of assurance that is asked for."""
    acr_accepted: list[str] = ["eidas1", "eidas2", "eidas3"]
    """The levels that are enough."""

    def client(self, public_url: str) -> Client:
        """Who we are for the provider, at this public address."""
        return Client(
            client_id=self.client_id,
            client_secret=self.client_secret.get_secret_value(),
            redirect_uri=f"{public_url}/psc/retour",
            scope=self.scope,
            acr=self.acr,
            acr_accepted=frozenset(self.acr_accepted),
        )
