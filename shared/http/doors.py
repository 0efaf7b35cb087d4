"""The door of every application: how much may come in, what no text may hold, which headers every answer has.

It stands before anything is parsed. Nothing that somebody sent reaches a log: a fault leaves the places in our code
where it happened, never the words of an exception, which may quote what was sent.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

import structlog
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.outside.untrusted import json_of
from shared.refusals import Refusal
from shared.running.faults import places_of
from shared.settings import Settings
from shared.wording.labels import fill, language_of, wording

log = structlog.get_logger()
PROBLEM = "application/problem+json"
LARGEST_BODY = 64_000
"""Bytes of a body, unless its route says otherwise: every form here fits many times."""
BODIES: Mapping[str, int] = {"/attachment-lists": 2_000_000, "/hub/messages": 1_000_000, "/booking/": 256_000}
"""Routes that take more, by what their path holds."""
PASSED = "aiguillage.doors"
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Of every answer that has none of its own: what is about people is kept by nobody, and no answer is a page."""
TOO_LARGE = "Ce contenu dépasse {largest} octets : envoyez-le en plusieurs fois."
FAULT = "Une faute de notre côté : rien n'a été enregistré. Réessayez ; si cela dure, dites-le à l'exploitant."


class TooLarge(Refusal):
    """Ce contenu est trop grand : envoyez-le en plusieurs fois."""

    code = "too_large"
    status = 413

    def __init__(self, largest: int) -> None:
        """`largest`: how many bytes come in."""
        super().__init__(fill(TOO_LARGE, largest=largest))


class Illegible(Refusal):
    """Ce contenu tient un caractère qu'aucun texte ne porte (nul, de contrôle, moitié de caractère) : ôtez-le."""

    code = "unreadable"
    status = 400


class IllegibleBody(Illegible):
    """Ce contenu tient un caractère qu'aucun texte ne porte (nul, de contrôle, moitié de caractère) : ôtez-le."""

    status = 422


def describe(settings: Settings) -> dict[str, Any]:
    """Where an API describes itself: in a demonstration only, and never by pages that load scripts from elsewhere."""
    return {"openapi_url": "/openapi.json" if settings.demo else None, "docs_url": None, "redoc_url": None}


def guard(app: FastAPI, *, fhir: bool = False) -> None:
    """Put the door before everything that `app` answers; one that speaks FHIR refuses in FHIR."""
    app.add_middleware(Doors, fhir=fhir)


def largest_body(path: str) -> int:
    """How many bytes a request to this path may bring."""
    return next((most for part, most in BODIES.items() if part in path), LARGEST_BODY)


class Doors:
    """Bounds the body, refuses what no text may hold, adds the headers, answers HEAD as GET."""

    def __init__(self, app: ASGIApp, *, fhir: bool = False) -> None:
        """Before `app`; of two doors behind each other, the first acts."""
        self.app, self.fhir = app, fhir

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may come in."""
        if scope["type"] != "http" or PASSED in scope:
            await self.app(scope, receive, send)
            return
        scope[PASSED] = True
        answering = _Answering(send, silent=scope["method"] == "HEAD")
        try:
            look_at_address(scope)
            body = await take_in(scope, receive)
            # HEAD is GET without the body, at every address.
            await self.app({**scope, "method": "GET"} if answering.silent else scope, body, answering.send)
        except (TooLarge, Illegible) as refused:
            await self._problem(scope, refused)(scope, receive, answering.send)

    def _problem(self, scope: Scope, refused: Refusal) -> JSONResponse:
        """The refusal, in problem+json, or as an OperationOutcome where FHIR is spoken."""
        if self.fhir or "/fhir" in scope["path"] or "/booking/" in scope["path"]:
            kind = "too-long" if isinstance(refused, TooLarge) else "structure"
            issue = {"severity": "error", "code": kind, "details": {"text": refused.detail}}
            whole = {"resourceType": "OperationOutcome", "issue": [issue]}
            return JSONResponse(whole, refused.status, media_type="application/fhir+json")
        said = wording(language_of(Request(scope).cookies)).refuse(refused)
        return problem(refused.status, refused.code, said)


class _Answering:
    """The answer on its way out, with the headers that it lacks."""

    def __init__(self, send: Send, *, silent: bool) -> None:
        self._send, self.silent = send, silent

    async def send(self, message: Message) -> None:
        """Pass on; the start gets the headers."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        elif message["type"] == "http.response.body":
            message = {**message, "body": b""} if self.silent else message
        await self._send(message)


def problem_body(status: int, code: str, detail: str, **extra: Any) -> dict[str, Any]:
    """What an answer in problem+json (RFC 9457) says."""
    body = {"type": f"urn:aiguillage:{code}", "title": HTTPStatus(status).phrase, "status": status, "code": code}
    return {**body, "detail": detail, **extra}


def problem(status: int, code: str, detail: str, **extra: Any) -> JSONResponse:
    """An answer in problem+json."""
    return JSONResponse(problem_body(status, code, detail, **extra), status_code=status, media_type=PROBLEM)


async def answer_fault(request: Request, error: Exception) -> JSONResponse:
    """Our own fault, told without a detail: the log has its places, under the route's own pattern."""
    route = str(getattr(request.scope.get("route"), "path", ""))
    log.error("fault", error=type(error).__name__, route=route, exception=places_of(error))
    answer = problem(500, "fault", wording(language_of(request.cookies)).translate(FAULT))
    answer.headers.update(HEADERS)
    return answer


def look_at_address(scope: Scope) -> None:
    """Refuse a path or a query that is no text; raises `Illegible`."""
    try:
        said = scope["path"] + unquote_to_bytes(scope.get("query_string", b"")).decode()
        said.encode()
    except UnicodeError:
        raise Illegible from None
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in said):
        raise Illegible


async def take_in(scope: Scope, receive: Receive) -> Receive:
    """Read the body, no more of it than its route takes; raises `TooLarge`, `Illegible`. What gives it out again."""
    headers, largest = Headers(scope=scope), largest_body(scope["path"])
    declared = headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared[:20]) > largest:
        raise TooLarge(largest)
    if declared == "0" and "transfer-encoding" not in headers:
        return receive
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return _again([message], receive)
        part = message.get("body", b"")
        parts.append(part)
        size, more = size + len(part), message.get("more_body", False)
        if size > largest:
            raise TooLarge(largest)
    body = b"".join(parts)
    _look_at_body(body, headers.get("content-type", ""))
    return _again([{"type": "http.request", "body": body, "more_body": False}], receive)


def _again(messages: list[Message], receive: Receive) -> Receive:
    async def next_message() -> Message:
        return messages.pop(0) if messages else await receive()

    return next_message


def _look_at_body(body: bytes, kind: str) -> None:
    """JSON that holds what no text may; what is no JSON at all is told by whoever parses it."""
    if "fhir" in kind or not ("json" in kind or kind == ""):
        return
    if b"\\u" not in body and b"\x00" not in body and body.count(b"[") + body.count(b"{") < 100:
        return
    try:
        json_of(body)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return
    except ValueError:
        raise IllegibleBody from None
