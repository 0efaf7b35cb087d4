"""SMS through any HTTP gateway: one call, its body a template (`AIGUILLAGE_SMS_…`)."""

import json
from typing import Self
from urllib.parse import quote

import httpx
from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class SmsSettings(BaseSettings):
    """The gateway that SMS leave by. Without an address, none is sent and the pages say so."""

    model_config = SettingsConfigDict(env_prefix="AIGUILLAGE_SMS_", extra="ignore")

    url: str = ""
    """Where a message is posted; `{to}`, `{text}` and `{id}` stand for its parts. Empty: no SMS is sent."""
    body: str = '{"to": {to}, "text": {text}, "id": {id}}'
    """What is posted: JSON with `{to}`, `{text}`, `{id}` in the place of values; empty: nothing."""
    token: SecretStr = SecretStr("")
    """Sent as `Authorization: Bearer …`; empty: nothing is."""
    idempotent: bool = True
    """The gateway sends once what bears the same `Idempotency-Key`: an answer that was lost is asked again. Else no."""

    @model_validator(mode="after")
    def complete(self) -> Self:
        """A template that makes no JSON would lose every message."""
        if self.url and self.body:
            json.loads(fill(self.body, "+33600000000", 'a "word"', "1"))
        return self

    @property
    def ready(self) -> bool:
        """Whether SMS can be sent."""
        return bool(self.url)


class SmsRefused(Exception):
    """The gateway will never take this message."""


class SmsAway(Exception):
    """The gateway did not take it; it may another time."""


class SmsUnknown(Exception):
    """It may have been taken: nobody knows."""


def fill(template: str, to: str, text: str, key: str) -> str:
    """A JSON template with its values, each written as JSON."""
    values = {"{to}": to, "{text}": text, "{id}": key}
    for name, value in values.items():
        template = template.replace(name, json.dumps(value, ensure_ascii=False))
    return template


async def send_sms(client: httpx.AsyncClient, settings: SmsSettings, *, to: str, text: str, key: str) -> None:
    """Give one message to the gateway; raises `SmsRefused`, `SmsAway`, or `SmsUnknown` when its answer was lost."""
    url = settings.url
    for name, value in {"{to}": to, "{text}": text, "{id}": key}.items():
        url = url.replace(name, quote(value, safe=""))
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    if token := settings.token.get_secret_value():
        headers["Authorization"] = f"Bearer {token}"
    try:
        answer = await client.post(url, content=fill(settings.body, to, text, key), headers=headers)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise SmsAway(type(error).__name__) from None
    except httpx.HTTPError as error:
        raise SmsUnknown(type(error).__name__) from None
    if answer.status_code in PASSING:
        raise SmsAway(f"HTTP {answer.status_code}")
    if not answer.is_success:
        raise SmsRefused(f"HTTP {answer.status_code}")
