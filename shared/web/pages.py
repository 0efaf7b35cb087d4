"""Rendering a page: the frame, the wordings in the reader's language, who is signed in, the server's time."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, StrictUndefined
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.auth import Caller, Role
from shared.db import Scope, set_scope
from shared.db.clock import PARIS, zones
from shared.db.tables import AccountRow
from shared.http import wiring_of
from shared.http.parts import find_part
from shared.wiring import Wiring
from shared.wording.labels import Wording, language_of, wording

HOME: Mapping[Role, str] = {
    Role.PRACTITIONER: "/creneaux",
    Role.DELEGATE: "/creneaux",
    Role.PHARMACIST: "/orienter",
    Role.REGULATOR: "/orienter",
    Role.COORDINATOR: "/tension",
    Role.COMMITTEE: "/comite",
    Role.ADMIN: "/admin",
}
"""The page each role works on."""
NAVIGATION: Mapping[Role, tuple[tuple[str, str], ...]] = {
    Role.PRACTITIONER: (("/creneaux", "nav.slots"),),
    Role.DELEGATE: (("/creneaux", "nav.slots"),),
    Role.PHARMACIST: (("/orienter", "nav.referral"),),
    Role.REGULATOR: (("/orienter", "nav.referral"),),
    Role.COORDINATOR: (("/tension", "nav.tension"), ("/orienter", "nav.referral"), ("/annee", "nav.year")),
    Role.COMMITTEE: (("/comite", "nav.committee"), ("/annee", "nav.year")),
    Role.ADMIN: (("/admin", "nav.admin"), ("/tension", "nav.tension"), ("/annee", "nav.year")),
}
SCRIPT_WORDS = ("common.", "time.", "live.", "session.", "codes.", "keys.", "map.", "login.")
"""Wordings that every script may need; each page adds its own."""


def environment(loader: Any) -> Environment:
    """Jinja with escaping everywhere and no silent holes."""
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@dataclass(frozen=True, slots=True)
class Looks:
    """What all pages of the site share: by service its wiring, the templates, what every script is told."""

    wirings: Mapping[str, Wiring]
    templates: Environment
    config: Mapping[str, Any]
    national_sign_in: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Renders the answer to one request."""

    request: Request
    words: Wording
    zones: Mapping[str, ZoneInfo]
    """By which clocks each territory lives: a page shows those of its own."""

    def show(
        self,
        template: str,
        *,
        title: str,
        caller: Caller | None = None,
        label: str = "",
        words: tuple[str, ...] = (),
        status: int = 200,
        **context: Any,
    ) -> HTMLResponse:
        """A page: `title` is a key; `words` are the prefixes of the wordings its scripts need."""
        looks = find_part(self.request, Looks)
        html = looks.templates.get_template(template).render(
            t=self.words.say,
            label_of=self.words.label,
            language=self.words.language,
            title=self.words.say(title),
            caller=caller,
            account_label=label,
            navigation=NAVIGATION.get(caller.role, ()) if caller else (),
            home=HOME.get(caller.role, "/") if caller else "/",
            path=self.request.url.path,
            demo=wiring_of(self.request).settings.demo,
            national_sign_in=looks.national_sign_in,
            config=self._config(caller),
            script_words=self._script_words((*SCRIPT_WORDS, *words)),
            **context,
        )
        return HTMLResponse(html, status_code=status)

    def _config(self, caller: Caller | None) -> dict[str, Any]:
        """What scripts must know: where the services answer, who is here, what time it is and how fast it runs."""
        wiring = wiring_of(self.request)
        return {
            **find_part(self.request, Looks).config,
            "language": self.words.language,
            "role": caller.role if caller else None,
            "cpts": self.choose_cpts(caller) if caller else None,
            "zone": self.zones.get(self.choose_cpts(caller) or "" if caller else "", PARIS).key,
            "allCpts": sorted(caller.cpts) if caller else [],
            "practitioners": sorted(caller.practitioners or ()) if caller else [],
            "account": caller.id if caller else None,
            "now": wiring.clock.now().isoformat(),
            "speed": wiring.clock.speed,
        }

    def choose_cpts(self, caller: Caller) -> str | None:
        """The CPTS asked for in the address (`?cpts=`) if it is theirs, else their first."""
        asked = self.request.query_params.get("cpts", "")
        return asked if asked in caller.cpts else next(iter(sorted(caller.cpts)), None)

    def _script_words(self, prefixes: tuple[str, ...]) -> dict[str, str]:
        return {key: text for key, text in self.words.texts.items() if key.startswith(prefixes)}


def plain_page(request: Request) -> Page:
    """A page that says what went wrong, whatever else does."""
    return Page(request, wording(language_of(request.cookies)), {})


async def page_of(request: Request) -> Page:
    """The page of this request."""
    async with wiring_of(request).open_session() as session:
        return Page(request, wording(language_of(request.cookies)), await zones(session))


PageDep = Annotated[Page, Depends(page_of)]


async def page_of_nobody(request: Request) -> Page:
    """A page before somebody has signed in: it asks the database nothing, and is there when that is away."""
    return plain_page(request)


PlainPageDep = Annotated[Page, Depends(page_of_nobody)]


@asynccontextmanager
async def reading(request: Request, service: str, scope: Scope) -> AsyncIterator[AsyncSession]:
    """A transaction of one service, bound to what its reader may see."""
    async with find_part(request, Looks).wirings[service].open_session() as session:
        await set_scope(session, scope)
        yield session


async def label_of_account(session: AsyncSession, caller: Caller) -> str:
    """What the signed-in person is called."""
    row = await session.get(AccountRow, UUID(caller.id))
    return row.label if row else ""


def json_block(value: Any) -> str:
    """JSON for a `<script type="application/json">` block: no character of it can end the block."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
