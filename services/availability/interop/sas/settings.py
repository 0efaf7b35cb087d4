"""What the FHIR interface is told by its environment (`AIGUILLAGE_SAS_…`)."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.availability.interop.fhir.terms import Ig


class AllowedClient(BaseModel):
    """A certificate's subject that may call: both its common name and its organizational unit must match."""

    cn: str
    ou: str


class Editor(BaseModel):
    """Another editor whose free slots these CPTS read, as the SAS reads ours: `mode` PS (INT_R01) or CPTS (INT_R04)."""

    name: str = Field(min_length=1, max_length=80)
    base: str = Field(pattern=r"^https?://[^/?#\s]+[^?#\s]*$")
    cpts: list[str] = Field(min_length=1)
    mode: Literal["PS", "CPTS"] = "PS"
    certificate: Path | None = None
    key: Path | None = None
    issuers: Path | None = None
    """PEM file of the authorities that the editor's own certificate may come from; none: the machine's."""


class SasSettings(BaseSettings):
    """How the national platform reaches us, and how we reach it."""

    model_config = SettingsConfigDict(env_prefix="AIGUILLAGE_SAS_", extra="ignore")

    ig: Ig = Ig.V1_2_0
    """The edition of the implementation guide that the other side checks."""
    base: str = ""
    """The URL of the FHIR interface as the SAS knows it; empty: below the service's own URL."""
    agenda_url: str = ""
    """Where a regulator books with a practitioner; `{rpps}` is replaced. Empty: our own page."""
    clients: list[AllowedClient] = []
    """Who may call the FHIR interface: common name and organisation unit of their certificates (JSON)."""
    proxy_secret: SecretStr | None = None
    """Shown by a proxy that has verified the client's certificate, in the header `X-Aiguillage-Proxy`."""
    tls_certificate: Path | None = None
    """PEM file of our certificate for `aiguillage sas`."""
    tls_key: Path | None = None
    """PEM file of its private key."""
    tls_issuers: Path | None = None
    """PEM file of the authorities (IGC-Santé) that issue clients' certificates."""
    tls_revoked: Path | None = None
    """PEM file of their revocation lists; one that has expired refuses every client."""
    returns_url: str = ""
    """The SAS's FHIR interface, told of regulators' appointments; empty: it is told nothing."""
    returns_certificate: Path | None = None
    """PEM file of our client certificate for the SAS."""
    returns_key: Path | None = None
    """PEM file of its private key."""
    returns_issuers: Path | None = None
    """PEM file of the authorities that the SAS's own certificate may come from; none: the machine's."""
    editors: list[Editor] = []
    """Other editors' FHIR interfaces to read from."""
    system: str = ""
    """What names this installation in the appointments' identifiers (an OID or a URL); empty: its public URL."""

    @field_validator("editors")
    @classmethod
    def once_each(cls, given: list[Editor]) -> list[Editor]:
        """An editor is known by its name: it has one address for a CPTS."""
        pairs = [(cpts, editor.name) for editor in given for cpts in editor.cpts]
        if len(set(pairs)) < len(pairs):
            raise ValueError("each name once for a CPTS")
        return given
