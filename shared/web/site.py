"""The site: every page of one origin, their files, and what is answered to who is not signed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from shared.contracts import ON_THE_BOARD, SEEKING
from shared.contracts.register import CLOSED
from shared.contracts.register import SEEKING as SEEKING_DOCTOR
from shared.http import answer_problems, answer_refusal
from shared.http.parts import find_part, give_parts
from shared.refusals import NotSignedIn, Refusal
from shared.web.entrance import routes as entrance
from shared.web.headers import SecurityHeaders
from shared.web.pages import Looks, environment, json_block, plain_page
from shared.wiring import Wiring

HERE = Path(__file__).parent
API = {"availability": "/availability", "matching": "/matching", "coordination": "/coordination"}
"""Where the services' JSON APIs answer on the site's origin."""


@dataclass(frozen=True, slots=True)
class SitePart:
    """The pages of one service: its routes and the folder that holds `templates/` and `static/`."""

    service: str
    routes: APIRouter
    folder: Path


class Files(StaticFiles):
    """Static files that browsers keep and ask about: an unchanged one costs an empty answer."""

    def file_response(self, *args: object, **named: object) -> Response:
        """A file, with its cache policy."""
        answer = super().file_response(*args, **named)  # type: ignore[arg-type]
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def asks_for_json(request: Request) -> bool:
    """Whether a script asks: it gets a problem to show, not a page."""
    return "application/json" in request.headers.get("accept", "")


async def _not_signed_in(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101  registered for this class only
    if asks_for_json(request):
        return answer_refusal(request, refusal)
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    # The SAS sends regulators here: they sign in as they did there, without a page in between.
    by_card = find_part(request, Looks).national_sign_in and request.query_params.get("origin", "").startswith("sas")
    return RedirectResponse(f"{'/psc/' if by_card else '/connexion'}?{urlencode({'suite': target})}", 303)


async def _answer_refusal(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101  registered for this class only
    if asks_for_json(request):
        return answer_refusal(request, refusal)
    page = plain_page(request)
    return page.show("problem.html", title="problem.title", status=refusal.status, detail=page.words.refuse(refusal))


async def _missing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class only
    page = plain_page(request)
    known = {404: "problem.missing", 405: "problem.missing"}
    detail = page.words.say(known.get(error.status_code, "problem.other"))
    return page.show("problem.html", title="problem.title", status=error.status_code, detail=detail)


def site(
    wirings: Mapping[str, Wiring],
    parts: Sequence[SitePart],
    *,
    api: Mapping[str, str] = API,
    national_sign_in: bool = False,
) -> FastAPI:
    """The application that serves every page. Mount it at the root of the origin, after the services.

    `wirings`: those of the services whose pages it has; a page reads with the wiring of its own service.
    `national_sign_in`: whether Pro Santé Connect answers at `/psc/`.
    """
    wiring = next(iter(wirings.values()))
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    config = {
        "nationalSignIn": national_sign_in,
        "api": dict(api),
        "states": {
            "waiting": sorted(ON_THE_BOARD),
            "seeking": sorted(SEEKING),
            "seeking_doctor": sorted(SEEKING_DOCTOR),
            "closed_entry": sorted(CLOSED),
        },
        "tiles": wiring.settings.tile_url,
        "credit": wiring.settings.tile_credit,
    }
    loader = PrefixLoader({part.service: FileSystemLoader(part.folder / "templates") for part in parts})
    templates = environment(ChoiceLoader([FileSystemLoader(HERE / "templates"), loader]))
    templates.filters["json_block"] = lambda value: Markup(json_block(value))  # noqa: S704  escaped by it
    give_parts(app, wiring, Looks(dict(wirings), templates, config, national_sign_in=national_sign_in))
    app.include_router(entrance)
    for part in parts:
        app.include_router(part.routes)
        app.mount(f"/static/{part.service}", Files(directory=part.folder / "static"), name=f"static-{part.service}")
    app.mount("/static", Files(directory=HERE / "static"), name="static")
    answer_problems(app)
    app.add_exception_handler(Refusal, _answer_refusal)
    app.add_exception_handler(NotSignedIn, _not_signed_in)
    app.add_exception_handler(HTTPException, _missing)
    app.add_middleware(GZipMiddleware, minimum_size=500)
    https = wiring.settings.cookie_secure and not wiring.settings.demo
    app.add_middleware(SecurityHeaders, tile_url=wiring.settings.tile_url, https=https)
    return app
