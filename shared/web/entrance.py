"""Ways in: the root, the sign-in page, the language, and the page behind a ticket's QR code."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from shared.http import CallerDep, WiringDep
from shared.labels import LANGUAGES
from shared.web.pages import HOME, LANGUAGE_COOKIE, PageDep

routes = APIRouter(include_in_schema=False)


def own_path(path: str) -> str:
    """A path of this site, or `/`: nobody is sent elsewhere after signing in."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


@routes.get("/", name="root")
async def root(caller: CallerDep) -> Response:
    """Each role's own page."""
    return RedirectResponse(HOME.get(caller.role, "/connexion"), 303)


@routes.get("/connexion", name="login")
async def login(page: PageDep, suite: Annotated[str, Query(max_length=500)] = "/") -> Response:
    """Sign in, then go on to `suite`."""
    return page.show("login.html", title="login.title", words=("login.",), onward=own_path(suite))


@routes.get("/langue/{language}", name="language")
async def choose_language(
    language: str, wiring: WiringDep, suite: Annotated[str, Query(max_length=500)] = "/"
) -> Response:
    """Keep the reader's language for a year."""
    answer = RedirectResponse(own_path(suite), 303)
    if language in LANGUAGES:
        answer.set_cookie(
            LANGUAGE_COOKIE,
            language,
            max_age=31_536_000,
            httponly=True,
            samesite="lax",
            secure=wiring.settings.cookie_secure and not wiring.settings.demo,
        )
    return answer
