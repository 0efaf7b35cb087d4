"""What signing in with Pro Santé Connect is told by its environment (`AIGUILLAGE_PSC_…`)."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.people.psc.oidc import Client


class PscSettings(BaseSettings):
    """Empty `discovery_url`: nobody signs in this way."""

    model_config = SettingsConfigDict(env_prefix="AIGUILLAGE_PSC_", extra="ignore")

    discovery_url: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    scope: str = "openid scope_all"
    acr: str = "eidas1"
    acr_accepted: list[str] = ["eidas1", "eidas2", "eidas3"]

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
