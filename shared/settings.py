"""What both services are told by their environment. Default secrets are refused outside a demonstration."""

import base64
import hashlib
import hmac
import json
from ipaddress import ip_network
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url

DEMO_SECRET = "aiguillage-demo-secret-not-for-patients"  # noqa: S105  refused outside demo mode below


class Settings(BaseSettings):
    """Read from the environment: `DATABASE_URL`, `REDIS_URL` and `AIGUILLAGE_…`."""

    model_config = SettingsConfigDict(env_prefix="AIGUILLAGE_", extra="ignore", populate_by_name=True)

    database_url: SecretStr = Field(validation_alias="DATABASE_URL")
    """The owner's URL (`postgresql+asyncpg://…`): it migrates. Services log in as roles of their own."""
    redis_url: SecretStr = Field(validation_alias="REDIS_URL")
    """A Redis-compatible server (`redis://…`): it rings, it never holds the truth."""
    secret_key: SecretStr = SecretStr(DEMO_SECRET)
    """Derives the services' database passwords, machine tokens and, by default, the key of patients' data."""
    data_keys: dict[str, SecretStr] = {}
    """Keys of patients' data by name, base64 of 32 bytes; the last one encrypts, all of them decrypt."""
    demo: bool = False
    """A demonstration: invented accounts, known secrets. Never for patients."""
    origins: list[str] = []
    """Web origins whose pages may write and open sockets, such as `https://cpts.example.fr`."""
    trusted_proxies: Annotated[list[str], NoDecode] = ["127.0.0.0/8", "::1/128"]
    """Who may say for whom they ask (`X-Forwarded-For`): networks, separated by commas."""
    public_url: str = "http://127.0.0.1:8000"
    """The address people type, such as `https://cpts.exemple.fr`; links, cookies and origins follow from it."""
    availability_url: str = "http://127.0.0.1:8000/availability"
    """How the other services reach the availability service."""
    matching_url: str = "http://127.0.0.1:8000/matching"
    """How the coordination service reaches the matching service."""
    router_url: str = ""
    """A router for travel times by road (`http://osrm:5000`); empty: straight line times a detour."""
    router_kind: Literal["osrm", "valhalla"] = "osrm"
    """What the router speaks."""
    geocoder_url: str = ""
    """An address search in the national format (`https://data.geopf.fr/geocodage/search`); empty: communes only."""
    tile_url: str = ""
    """Map tiles (`https://tiles.example.fr/{z}/{x}/{y}.png`); empty: the map needs no internet."""
    tile_credit: str = ""
    """Who made the tiles, written on the map."""
    cookie_secure: bool = True
    """Sessions travel over HTTPS only."""
    session_hours: int = 12
    """How long a session lasts."""
    metrics_token: SecretStr = SecretStr("")
    """What Prometheus shows to read `/metrics` (`Authorization: Bearer …`); empty: there are no figures."""
    event_history_hours: int = 24
    """How long a screen may sleep and still resume from where it was."""

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def networks(cls, given: object) -> object:
        """Separated by commas, or as a JSON list; each must be a network."""
        parts = json.loads(given) if isinstance(given, str) and given.startswith("[") else given
        found = [each.strip() for each in parts.split(",") if each.strip()] if isinstance(parts, str) else parts
        if isinstance(found, list):
            for each in found:
                ip_network(each, strict=False)
        return found

    @model_validator(mode="after")
    def refuse_default_secrets(self) -> Self:
        """A demonstration secret protects nobody."""
        if not self.demo and len(self.secret_key.get_secret_value()) < 32:
            raise ValueError("AIGUILLAGE_SECRET_KEY must hold at least 32 characters")
        if not self.demo and self.secret_key.get_secret_value() == DEMO_SECRET:
            raise ValueError(
                "AIGUILLAGE_SECRET_KEY still has its default: set a secret of your own, or AIGUILLAGE_DEMO=1 to try"
            )
        return self

    @property
    def secure(self) -> bool:
        """Whether cookies travel by HTTPS only."""
        return self.cookie_secure and not self.demo

    @property
    def public_availability_url(self) -> str:
        """Where others reach the availability service; `availability_url` is the matching service's own way in."""
        return f"{self.public_url.rstrip('/')}/availability"

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose, from the secret key (HMAC-SHA-256)."""
        return hmac.digest(self.secret_key.get_secret_value().encode(), purpose.encode(), hashlib.sha256)

    def role_password(self, role: str) -> str:
        """The password of a service's database role."""
        return self.derive(f"database role {role}").hex()

    def role_url(self, role: str) -> str:
        """The database URL of a service's own role."""
        owner = make_url(self.database_url.get_secret_value())
        return owner.set(username=role, password=self.role_password(role)).render_as_string(hide_password=False)

    def machine_token(self, name: str) -> str:
        """The bearer token that one machine of this installation shows to another."""
        return base64.urlsafe_b64encode(self.derive(f"machine {name}")).decode().rstrip("=")

    def vault_keys(self) -> dict[str, bytes]:
        """Keys of patients' data, the one that encrypts last; what was sealed before any was given opens still."""
        given = {name: base64.b64decode(key.get_secret_value()) for name, key in self.data_keys.items()}
        return {"derived": self.derive("patient data"), **given}
