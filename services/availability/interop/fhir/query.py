"""The search for slots, read from the raw query string: a value, or a refusal that says what to change."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from urllib.parse import unquote

from services.availability.interop.fhir import terms
from services.availability.interop.fhir.outcome import Malformed, Missing, NotJson, NotJsonSent, RuleBroken
from shared.db.clock import PARIS

IDENTIFIERS = "schedule.actor:Practitioner.identifier"
MOST_IDENTIFIERS = 25
MOST_SLOTS = 1000
LONGEST = timedelta(days=31)
JSON_TYPES = frozenset({"application/fhir+json", "application/json+fhir", "application/json"})
_DATE = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:T(?P<time>\d{2}:\d{2}(?::\d{2})?)(?:\.(?P<fraction>\d{1,9}))?(?P<offset>Z|[ +-]\d{2}:\d{2})?)?",
    re.ASCII,
)


class Include(StrEnum):
    """What a search may ask to have beside the slots."""

    SCHEDULE = "Slot:schedule"
    ACTOR = "Schedule:actor"
    SERVICE = "Slot:service-type-reference"
    ORGANIZATION = "HealthcareService:organization"


@dataclass(frozen=True, slots=True)
class SlotQuery:
    """A search: free slots of these professionals (`rpps`: 11 digits) that start within the window, ends included."""

    rpps: tuple[str, ...]
    from_at: datetime
    to_at: datetime
    includes: frozenset[Include] = frozenset()
    count: int = MOST_SLOTS
    raw: str = field(default="", compare=False)

    @property
    def by_cpts(self) -> bool:
        """Whether the search asks for CPTS (INT_R04), or for professionals only (INT_R01)."""
        return Include.SERVICE in self.includes


def parse_slot_query(raw: bytes) -> SlotQuery:
    """Read a query string as received; raises `Malformed`, `Missing`, `RuleBroken` or `NotJson`.

    `|` may be raw or encoded, `+` is a plus sign, an offset may be missing (Paris), unknown parameters are ignored.
    """
    pairs = _pairs(raw)
    _require_free([value for key, value in pairs if key == "status"])
    from_at, to_at = _window([value for key, value in pairs if key == "start"])
    accept_format([value for key, value in pairs if key == "_format"])
    wanted = [value for key, value in pairs if key in ("_include", "_include:iterate")]
    return SlotQuery(
        rpps=_identifiers([value for key, value in pairs if key == IDENTIFIERS]),
        from_at=from_at,
        to_at=to_at,
        includes=frozenset(Include(value) for value in wanted if value in set(Include)),
        count=_count([value for key, value in pairs if key == "_count"]),
        raw=raw.decode("latin-1"),
    )


def parse_identifier(text: str) -> tuple[str, str]:
    """A token `system|value` as a pair; the system is empty when it is not said."""
    system, bar, value = text.rpartition("|")
    if not value.strip():
        raise Malformed("Un identifiant est vide.", field="identifier", rule="system|value")
    return (system.strip() if bar else ""), value.strip()


def accept_format(formats: Iterable[str]) -> None:
    """Refuse a `_format` that is not JSON (`NotJson`)."""
    for wanted in formats:
        # An unencoded `+` of a media type may have been sent as a space.
        kind = wanted.partition(";")[0].strip().lower().replace(" ", "+")
        if kind not in {*JSON_TYPES, "json"}:
            raise NotJson(field="_format", value=wanted[:60], rule="application/fhir+json")


def accept_header(accept: str | None) -> None:
    """Refuse a client that wants no JSON (`NotJson`)."""
    kinds = {part.partition(";")[0].strip().lower() for part in (accept or "*/*").split(",")}
    if not kinds & {*JSON_TYPES, "*/*", "application/*", ""}:
        raise NotJson(field="Accept", value=(accept or "")[:60], rule="application/fhir+json")


def content_header(content_type: str | None) -> None:
    """Refuse a body that is not declared as JSON (`NotJsonSent`)."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind not in JSON_TYPES:
        raise NotJsonSent(field="Content-Type", value=kind[:60], rule="application/fhir+json")


def query_pairs(raw: bytes) -> list[tuple[str, str]]:
    """The decoded parameters of a query string, in order; raises `Malformed`."""
    return _pairs(raw)


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        parts = [part.partition("=") for part in raw.decode("ascii").split("&") if part]
        # `+` stays itself: offsets such as +02:00 come unencoded.
        pairs = [(unquote(key, errors="strict"), unquote(value, errors="strict")) for key, _, value in parts]
    except UnicodeDecodeError:
        raise Malformed("L'adresse contient des octets illisibles.", field="query", rule="UTF-8") from None
    if any("\x00" in text for pair in pairs for text in pair):
        raise Malformed("L'adresse contient un caractère nul.", field="query", rule="no NUL")
    return pairs


def _require_free(values: list[str]) -> None:
    if not values:
        raise Missing("Le paramètre `status` manque.", field="status", rule="free")
    if len(values) > 1:
        raise Malformed("Le paramètre `status` est répété.", field="status", rule="1..1")
    if parse_identifier(values[0] or "|")[1] != "free":
        raise RuleBroken("Seuls les créneaux libres sont publiés.", field="status", value=values[0][:40], rule="free")


def _window(values: list[str]) -> tuple[datetime, datetime]:
    bounds: dict[str, datetime] = {}
    for value in values:
        prefix = value[:2]
        if prefix not in ("ge", "le"):
            raise Malformed("Préfixe de date inconnu.", field="start", value=value[:40], rule="ge or le")
        if prefix in bounds:
            raise Malformed("Une borne est répétée.", field="start", value=value[:40], rule="one ge and one le")
        bounds[prefix] = _date(value[2:], end=prefix == "le")
    for prefix in ("ge", "le"):
        if prefix not in bounds:
            raise Missing(f"La borne `start={prefix}…` manque.", field="start", rule="one ge and one le")
    if bounds["le"] < bounds["ge"]:
        raise RuleBroken("La fin précède le début.", field="start", rule="ge <= le")
    if bounds["le"] - bounds["ge"] > LONGEST:
        raise RuleBroken("La période est trop longue.", field="start", rule=f"at most {LONGEST.days} days")
    return bounds["ge"], bounds["le"]


def _date(text: str, *, end: bool) -> datetime:
    """A date or an instant; a bare date is its first or its last instant, and no offset means Paris."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise Malformed("Date illisible.", field="start", value=text[:40], rule="YYYY-MM-DDThh:mm:ss.sss+hh:mm")
    try:
        moment = datetime.fromisoformat(found["date"])
        if found["time"] is None:
            moment = datetime.combine(moment, time.max if end else time.min)
        else:
            moment = datetime.combine(moment, time.fromisoformat(found["time"]))
            moment += timedelta(microseconds=int((found["fraction"] or "0")[:6].ljust(6, "0")))
        return _with_offset(moment, found["offset"]).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed("Cette date n'existe pas.", field="start", value=text[:40], rule="a real date") from None


def _with_offset(moment: datetime, offset: str | None) -> datetime:
    if offset is None:
        return moment.replace(tzinfo=PARIS)
    return datetime.fromisoformat(moment.isoformat() + offset.replace(" ", "+"))


def _identifiers(values: list[str]) -> tuple[str, ...]:
    if not values:
        raise Missing(f"Le paramètre `{IDENTIFIERS}` manque.", field=IDENTIFIERS, rule="1 to 25 identifiers")
    if len(values) > 1:
        raise Malformed("Séparez les identifiants par des virgules.", field=IDENTIFIERS, rule="1..1")
    tokens = values[0].split(",")
    if len(tokens) > MOST_IDENTIFIERS:
        raise RuleBroken(
            "Trop de professionnels en une recherche.", field=IDENTIFIERS, value=len(tokens), rule="at most 25"
        )
    return tuple(dict.fromkeys(_rpps(token) for token in tokens))


def _rpps(token: str) -> str:
    system, value = parse_identifier(token)
    if system not in ("", terms.NATIONAL_ID):
        raise RuleBroken("Système d'identifiant inconnu.", field=IDENTIFIERS, value=system[:60], rule=terms.NATIONAL_ID)
    if not re.fullmatch(r"8?\d{11}", value, re.ASCII):
        raise Malformed(
            "Identifiant illisible.", field=IDENTIFIERS, value=value[:40], rule="8 and the RPPS (11 digits)"
        )
    return value[-11:]


def _count(values: list[str]) -> int:
    if not values:
        return MOST_SLOTS
    if not re.fullmatch(r"\d{1,6}", values[-1], re.ASCII):
        raise Malformed("Nombre illisible.", field="_count", value=values[-1][:40], rule="a whole number")
    return min(int(values[-1]), MOST_SLOTS)
