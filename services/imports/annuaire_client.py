"""Asking the Annuaire Santé's FHIR API: its key, its pace, its pages, and its moments of absence."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import structlog
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.embedded.place import CannotStart
from shared.outside.untrusted import json_of, object_at, text_at

log = structlog.get_logger()
PAGE = 50
ANSWER_WITHIN_S = 30
TRIES = 6
SOONEST_S, LATEST_S = 0.5, 30.0


class AnnuaireSettings(BaseSettings):
    """What the environment says of the directory (`AIGUILLAGE_ANNUAIRE_…`)."""

    model_config = SettingsConfigDict(env_prefix="AIGUILLAGE_ANNUAIRE_", extra="ignore")

    key: SecretStr | None = None
    """The application's key, sent as ESANTE-API-KEY; to no other host."""
    url: str = "https://gateway.api.esante.gouv.fr/fhir/v2"
    """The FHIR API of the Annuaire Santé."""
    calls_per_second: float = 17
    """How often it may be asked; the national limit is 20."""


class AnnuaireRefuses(CannotStart):
    """The directory's answer is of no use, and would be none later."""


class Annuaire:
    """A client of the directory; one call at a time, at the pace that it allows."""

    def __init__(self, settings: AnnuaireSettings, client: httpx.AsyncClient) -> None:
        """CannotStart without a key. `client` follows no redirection."""
        if settings.key is None:
            raise CannotStart("Il manque la clé de l'Annuaire Santé : AIGUILLAGE_ANNUAIRE_KEY (docs/connect.md).")
        self._base = httpx.URL(settings.url.rstrip("/") + "/")
        self._headers = {"ESANTE-API-KEY": settings.key.get_secret_value(), "accept": "application/fhir+json"}
        self._pause_s, self._next_at_s, self._client = 1 / settings.calls_per_second, 0.0, client

    async def pages(self, kind: str, parameters: Mapping[str, str]) -> AsyncIterator[list[Mapping[str, Any]]]:
        """The resources of a search, page by page; raises `AnnuaireRefuses`."""
        url = self._base.join(kind).copy_merge_params({**parameters, "_count": str(PAGE)})
        seen, announced, received = set[str](), 0, 0
        while True:
            seen.add(str(url))
            bundle = await self._get(url)
            entries = [each["resource"] for each in bundle["entry"]]
            announced, received = max(announced, bundle["total"]), received + len(entries)
            yield entries
            following = [text_at(each, "url") for each in bundle["link"] if each.get("relation") == "next"]
            if not following:
                break
            url = self._ours(following[0])
            if str(url) in seen:
                raise AnnuaireRefuses("L'Annuaire Santé tourne en rond : la page suivante a déjà été lue.")
        if received < announced:
            raise AnnuaireRefuses(
                f"La réponse de l'Annuaire Santé est incomplète : {announced} fiches annoncées, {received} reçues."
            )

    def _ours(self, written: str) -> httpx.URL:
        """The next page's address, if our key may go there."""
        try:
            url = self._base.join(written)
        except httpx.InvalidURL:
            raise AnnuaireRefuses("L'adresse de la page suivante est illisible.") from None
        if (url.scheme, url.host, url.port) != (self._base.scheme, self._base.host, self._base.port):
            raise AnnuaireRefuses(f"La page suivante est ailleurs ({url.host}) : la clé n'y est pas envoyée.")
        return url

    async def _get(self, url: httpx.URL) -> Mapping[str, Any]:
        """One page; waits and asks again while the directory is overwhelmed or away."""
        pause_s, trouble = SOONEST_S, ""
        for _ in range(TRIES):
            await self._turn()
            try:
                answer = await self._client.get(url, headers=self._headers, timeout=ANSWER_WITHIN_S)
            except httpx.TransportError as error:
                trouble, wait_s = type(error).__name__, pause_s
            else:
                if answer.status_code != httpx.codes.TOO_MANY_REQUESTS and answer.status_code < 500:
                    return _bundle(answer)
                trouble, wait_s = f"HTTP {answer.status_code}", max(pause_s, _read_retry_after_s(answer))
            log.warning("annuaire_waits", trouble=trouble, seconds=wait_s)
            await asyncio.sleep(min(wait_s, LATEST_S))
            pause_s *= 2
        raise CannotStart(f"L'Annuaire Santé ne répond pas ({trouble}) : relancer plus tard, la suite reprendra là.")

    async def _turn(self) -> None:
        """Wait for our turn: calls are evenly spaced."""
        loop = asyncio.get_running_loop()
        at_s = max(loop.time(), self._next_at_s)
        self._next_at_s = at_s + self._pause_s
        await asyncio.sleep(at_s - loop.time())


def _read_retry_after_s(answer: httpx.Response) -> float:
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isascii() and said.isdigit() else 0.0


def _bundle(answer: httpx.Response) -> Mapping[str, Any]:
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise AnnuaireRefuses("L'Annuaire Santé refuse la clé : vérifier AIGUILLAGE_ANNUAIRE_KEY et ses droits.")
    if not answer.is_success:
        raise AnnuaireRefuses(f"L'Annuaire Santé refuse la recherche (HTTP {answer.status_code}).")
    try:
        bundle = json_of(answer.content)
    except ValueError:
        raise AnnuaireRefuses("La réponse de l'Annuaire Santé n'est pas du JSON.") from None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle" or bundle.get("type") != "searchset":
        raise AnnuaireRefuses("La réponse de l'Annuaire Santé n'est pas une liste (Bundle, searchset).")
    return _whole(bundle)


def _whole(bundle: dict[str, Any]) -> Mapping[str, Any]:
    """A bundle with `entry`, `link` and `total` as they should be: what is bent is not taken for none."""
    whole = {"entry": [], "link": [], "total": 0, **bundle}
    for name in ("entry", "link"):
        if not isinstance(whole[name], list) or not all(isinstance(each, dict) for each in whole[name]):
            raise AnnuaireRefuses(f"La réponse de l'Annuaire Santé est mal formée : `{name}` doit être une liste.")
    if not isinstance(whole["total"], int) or isinstance(whole["total"], bool) or whole["total"] < 0:
        raise AnnuaireRefuses("La réponse de l'Annuaire Santé est mal formée : `total` doit être un nombre.")
    if not all(text_at(each, "url") for each in whole["link"] if each.get("relation") == "next"):
        raise AnnuaireRefuses("La réponse de l'Annuaire Santé est mal formée : la page suivante n'a pas d'adresse.")
    for each in whole["entry"]:
        if not text_at(object_at(each, "resource"), "resourceType"):
            raise AnnuaireRefuses("La réponse de l'Annuaire Santé est mal formée : une fiche n'est d'aucun type.")
        if text_at(object_at(each, "resource"), "resourceType") == "OperationOutcome":
            raise AnnuaireRefuses("L'Annuaire Santé dit lui-même que sa réponse n'est pas complète.")
    return whole
