"""The provider that these settings name: read once, the first time somebody signs in by it."""

import httpx

from services.people.psc.oidc import Provider, discover
from services.people.psc.settings import PscSettings
from shared.outside.trust import authorities
from shared.refusals import NotFound


class KnownProvider:
    """What its discovery document says, once it was read; `http` is to be open while it is asked."""

    def __init__(self, settings: PscSettings) -> None:
        """Nothing is read yet."""
        self.settings = settings
        self.http = httpx.AsyncClient(timeout=10, verify=authorities())
        self._read: Provider | None = None

    @property
    def configured(self) -> bool:
        """Whether there is a provider at all."""
        return bool(self.settings.discovery_url)

    async def read(self) -> Provider:
        """What it says of itself; raises `NotFound` when there is none, `ProviderAway`."""
        if not self.configured:
            raise NotFound("Pro Santé Connect n'est pas configuré ici.")
        if self._read is None:
            self._read = await discover(self.http, self.settings.discovery_url)
        return self._read
