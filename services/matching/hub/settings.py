"""What the SAMU hub's edge is told by our environment (`AIGUILLAGE_HUB_…`)."""

import ssl
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from services.matching.hub.messages import Outgoing, Regulator

QUEUES = {"Ack": "ack", "Error": "info"}
"""Which of the recipient's queues a kind of message stands in; `message` for the others."""


class HubSettings(BaseSettings):
    """Without `schemas` the hub is not spoken to; without `host` only connectors bring messages, over HTTP."""

    model_config = SettingsConfigDict(env_prefix="AIGUILLAGE_HUB_", extra="ignore")

    schemas: Path | None = None
    """The folder of `RS-EDA.schema.json` and the others."""
    sender: str = "fr.health.test.cpts"
    """Our name at the hub; our certificate must bear it."""
    cpts: str = ""
    """FINESS of the CPTS whose requests the cases become."""
    regulator_name: str = ""
    """Family name shown to the SAMU as who answers for this CPTS."""
    regulator_first_name: str = ""
    """Their first name."""
    regulator_email: str = ""
    """Where the SAMU may write to them."""

    host: str = ""
    """The hub's AMQP broker."""
    port: int = 5671
    """The broker's port (AMQP over TLS)."""
    vhost: str = "/"
    """One for each perimeter and version of the hub's messages, such as `15-15_v3.0`."""
    queue: str = "{sender}.message"
    """The queue we read; `{sender}` is our name."""
    exchange: str = "hubsante"
    """Where to publish; empty: the broker's default exchange, whose routing keys are names of queues."""
    routing_key: str = "{sender}"
    """May name `{sender}`, `{recipient}` and `{queue}` (message, ack or info): `{recipient}.{queue}` without a hub."""
    certificate: Path | None = None
    """PEM file of our client's certificate."""
    key: Path | None = None
    """PEM file of its private key."""
    issuers: Path | None = None
    """PEM file of the authorities that the broker's own certificate may come from; none: the machine's."""
    heartbeat_s: int = 10
    """Seconds between two signs of life on the line."""
    lease_s: int = 60
    """How long a message that is being sent is left to whoever sends it."""

    @property
    def regulator(self) -> Regulator:
        """In whose name appointments are told."""
        return Regulator(self.regulator_name, self.regulator_first_name, self.regulator_email)

    @property
    def own_queue(self) -> str:
        """Where messages for us stand."""
        return self.queue.format(sender=self.sender)

    def routing_key_of(self, outgoing: Outgoing) -> str:
        """The routing key that brings a message to its recipient."""
        queue = QUEUES.get(outgoing.kind, "message")
        return self.routing_key.format(sender=self.sender, recipient=outgoing.recipient, queue=queue)

    def missing(self) -> list[str]:
        """The settings that a line to the broker needs and that are not given."""
        needed = ("host", "schemas", "cpts", "certificate", "key", "regulator_name", "regulator_email")
        return [f"AIGUILLAGE_HUB_{name.upper()}" for name in needed if not getattr(self, name)]

    def tls(self) -> ssl.SSLContext:
        """How we present ourselves to the broker, and whom we accept; raises `OSError`."""
        context = ssl.create_default_context(cafile=str(self.issuers) if self.issuers else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate:
            context.load_cert_chain(str(self.certificate), str(self.key))
        return context
