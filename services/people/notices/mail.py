"""E-mail: what the environment says of the server (`AIGUILLAGE_SMTP_…`), and one message sent."""

import ssl
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Literal, Self

import aiosmtplib
from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

TIMEOUT_S = 15


class MailSettings(BaseSettings):
    """Where e-mail leaves from. Without a host, none is sent and the pages say so."""

    model_config = SettingsConfigDict(env_prefix="AIGUILLAGE_SMTP_", extra="ignore")

    host: str = ""
    """The mail server; empty: no e-mail is sent and the pages say so."""
    port: int = 587
    """Its port."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`tls` from the first byte (often port 465); `none` only to a server on this machine."""
    user: str = ""
    """The account to send as; empty: none is given."""
    password: SecretStr = SecretStr("")
    """Its password."""
    issuers: Path | None = None
    """PEM file of the authorities that the server's certificate may come from; none: the machine's."""
    sender: str = ""
    """The address messages come from, such as `Aiguillage <avis@cpts.example.fr>`."""

    @model_validator(mode="after")
    def complete(self) -> Self:
        """A server without an address to send from, or reached in clear across a network, is a mistake."""
        if self.host and not self.sender:
            raise ValueError("AIGUILLAGE_SMTP_SENDER must say which address messages come from")
        if self.security == "none" and self.host not in ("", "127.0.0.1", "::1", "localhost"):
            raise ValueError("AIGUILLAGE_SMTP_SECURITY=none is for a server on this machine only")
        return self

    @property
    def ready(self) -> bool:
        """Whether e-mail can be sent."""
        return bool(self.host)


class Undeliverable(Exception):
    """The server will never take this message, however often it is shown."""


def letter(*, sender: str, to: str, subject: str, lines: list[str], message_id: str, preferences: str) -> EmailMessage:
    """A plain text message; `message_id` is the same at each try, `preferences` where to choose what is told.

    Raises `Undeliverable` for an address that no message can carry.
    """
    message = EmailMessage()
    message["From"], message["Subject"] = sender, subject
    try:
        message["To"] = to
    except ValueError:
        raise Undeliverable("address") from None
    message["Message-ID"] = message_id
    message["Date"] = formatdate(usegmt=True)
    message["Auto-Submitted"] = "auto-generated"
    message["List-Unsubscribe"] = f"<{preferences}>"
    message.set_content("\n".join(lines) + "\n")
    return message


async def send(settings: MailSettings, message: EmailMessage) -> None:
    """Give the message to the server; raises `Undeliverable`, or what may pass if tried again."""
    try:
        await aiosmtplib.send(
            message,
            hostname=settings.host,
            port=settings.port,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            username=settings.user or None,
            password=settings.password.get_secret_value() or None,
            tls_context=ssl.create_default_context(cafile=settings.issuers),
            timeout=TIMEOUT_S,
        )
    except aiosmtplib.SMTPRecipientsRefused as refused:
        if all(each.code >= 500 for each in refused.recipients):
            raise Undeliverable("recipient") from refused
        raise
    except (aiosmtplib.SMTPDataError, aiosmtplib.SMTPSenderRefused) as refused:
        if refused.code >= 500:
            raise Undeliverable(str(refused.code)) from refused
        raise
