"""What every person shares: the root, the sign-in page, the language, the preferences and the service worker."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, RedirectResponse, Response

from shared.http import CallerDep, SessionDep, WiringDep
from shared.web.pages import HOME, PageDep, PlainPageDep, label_of_account
from shared.wording.labels import LANGUAGE_COOKIE, LANGUAGES

WORKER = Path(__file__).parent / "static" / "service-worker.js"
routes = APIRouter(include_in_schema=False)


def own_path(path: str) -> str:
    """A path of this site, or `/`: nobody is sent elsewhere after signing in.

    Browsers drop tabs and line ends, take `\\` for `/`, and two of these for another host: what holds one is not ours.
    """
    strange = any(ord(sign) <= 32 or ord(sign) == 127 or sign == "\\" for sign in path)
    if strange or not path.startswith("/") or path.startswith("//"):
        return "/"
    try:
        where = urlsplit(path)
    except ValueError:
        return "/"
    return "/" if where.scheme or where.netloc else path


@routes.get("/", name="root")
async def root(caller: CallerDep) -> Response:
    """Each role's own page."""
    return RedirectResponse(HOME.get(caller.role, "/connexion"), 303)


@routes.get("/connexion", name="login")
async def login(page: PlainPageDep, suite: Annotated[str, Query(max_length=500)] = "/") -> Response:
    """Sign in, then go on to `suite`."""
    return page.show("login.html", title="login.title", words=("login.",), onward=own_path(suite))


@routes.get("/acces", name="access")
async def access(page: PlainPageDep) -> Response:
    """Choose a password and a second factor, by a link whose secret stands in the fragment; or ask for such a link."""
    return page.show("access.html", title="access.title", words=("access.",))


@routes.get("/preferences", name="preferences")
async def preferences(page: PageDep, caller: CallerDep, session: SessionDep) -> Response:
    """What somebody is told, and how: for every role, and behind the link of each e-mail."""
    return page.show(
        "preferences.html",
        title="notices.title",
        caller=caller,
        label=await label_of_account(session, caller),
        words=("notices.", "access."),
    )


@routes.get("/service-worker.js", name="service-worker")
async def service_worker() -> Response:
    """The script that shows notices; at the root, for its reach is the folder it comes from."""
    return FileResponse(WORKER, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


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
            secure=wiring.settings.secure,
        )
    return answer
