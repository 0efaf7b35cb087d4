"""Requests that no honest client sends, made from a service's OpenAPI: the same at every run of a seed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from numpy.random import Generator

CANARY = "CANARI-d5c1"
"""Every text sent holds it: a log that shows it quotes what somebody sent."""
NIR = "255081416802538"
LATE, EARLY = "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"
TEXTS: Sequence[str] = (
    f"{CANARY}\x00",
    f"{CANARY}\ud83d",
    f"\udc00{CANARY}",
    f"{CANARY}\x1b[31m",
    f"{CANARY}\r\nX-Injected: 1",
    f"{CANARY}\u202e\u200b\ufeff",
    f"{CANARY}e\u0301",
    f"{CANARY} {NIR}",
    f"{CANARY}' or 1=1 --",
    f"../../{CANARY}",
    f"{CANARY}{{0.__class__}}%s%n",
    CANARY * 1_000,
    "\u0661\u0662\u0663",
    "",
    " ",
)
MOMENTS: Sequence[Any] = (
    EARLY, LATE, "0000-00-00T00:00:00Z", "2026-02-30T10:00:00Z", "2026-11-24T25:61:61Z", "2026-11-24", "24:00",
    "-271821-04-20T00:00:00Z", "+275760-09-13T00:00:00Z", "1970-01-01T00:00:00Z", "2026-11-24T10:00:00",
    "2026-11-24T10:00:00+23:59", 10**18, -(10**12), 1e300, True,
)  # fmt: skip
NUMBERS: Sequence[Any] = (
    -1, 0, 2**31, 2**63, 2**64, -(2**63) - 1, 10**30, 1e308, -1e308, float("nan"), float("inf"), 0.1, "12", True, None,
)  # fmt: skip
ODD: Sequence[Any] = (None, [], {}, [[]], {"a": CANARY}, 0, "", True, [None] * 3)


def deep(levels: int) -> Any:
    """A list in a list in a list."""
    value: Any = CANARY
    for _ in range(levels):
        value = [value]
    return value


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `sent` is said when it is answered with a fault."""

    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def sent(self) -> str:
        """What was asked, shortened."""
        return f"{self.method} {self.path[:300]} {(self.body or b'')[:400]!r} {self.headers}"


class Hostile:
    """Draws requests for the operations of one OpenAPI; `ids` are real ones, so that some get past the first door."""

    def __init__(
        self, openapi: Mapping[str, Any], ids: Sequence[str], cpts: str, draw: Generator, *, wild: float = 1.0
    ) -> None:
        """`draw` decides everything; `wild`: how wild, 0 for requests as the schema has them."""
        self._openapi, self._ids, self._cpts, self._draw, self._wild = openapi, ids, cpts, draw, wild
        self.operations = [
            (method, path, operation)
            for path, methods in openapi["paths"].items()
            for method, operation in methods.items()
            if method in ("get", "post", "put", "patch", "delete") and not path.startswith("/session")
        ]

    def requests(self, count: int) -> Iterator[Asked]:
        """As many requests, each operation in turn."""
        for number in range(count):
            yield self._request(*self.operations[number % len(self.operations)])

    def _any(self, values: Sequence[Any]) -> Any:
        return values[int(self._draw.integers(len(values)))]

    def _chance(self, share: float) -> bool:
        return float(self._draw.random()) < share

    def _request(self, method: str, path: str, operation: Mapping[str, Any]) -> Asked:
        query: list[tuple[str, str]] = []
        headers: dict[str, str] = {}
        for parameter in operation.get("parameters", ()):
            value = self._value(parameter["schema"], parameter["name"], wild=0.35 * self._wild)
            if parameter["in"] == "path":
                text = quote(_text(value).encode("utf-8", "surrogatepass"), safe="") or "-"
                path = path.replace(f"{{{parameter['name']}}}", text)
            elif parameter["in"] == "query":
                each = value if isinstance(value, list) else [value]
                query += [(parameter["name"], _text(one)) for one in each[:50]]
        if query:
            path += "?" + urlencode([(name, text.encode("utf-8", "surrogatepass")) for name, text in query])
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        content = None
        if body:
            content = self._content(self._value(body["schema"], "body", wild=0.12 * self._wild))
            headers["content-type"] = "application/json"
        elif method != "get" and self._chance(0.5 * self._wild):
            content = self._content(self._any(ODD))
            headers["content-type"] = self._any(("application/json", "text/csv", "application/x-www-form-urlencoded"))
        if method == "post" and self._chance(0.3 * self._wild):
            headers["idempotency-key"] = self._any(("k" * 300, f"{CANARY}-{self._draw.integers(10**9)}", "é"))
        return Asked(method.upper(), path, content, headers)

    def _content(self, value: Any) -> bytes:
        whole = json.dumps(value).encode()
        if not self._chance(0.1 * self._wild):
            return whole
        return bytes(
            self._any(
                (
                    whole[: len(whole) // 2],
                    whole + whole,
                    whole.replace(b'"', b"'"),
                    b"\xff\xfe" + whole,
                    b"[" * 20_000,
                    json.dumps(deep(150)).encode(),
                    json.dumps({f"{CANARY}{n}": n for n in range(3_000)}).encode(),
                    b'{"a":' + b"9" * 6_000 + b"}",
                    b" " * 300_000,
                    b"",
                )
            )
        )

    def _value(self, schema: Mapping[str, Any], name: str, *, wild: float, depth: int = 0) -> Any:
        """A value of the schema, or, as often as `wild`, one that is wrong in the ways of its kind."""
        schema = self._resolved(schema)
        if self._chance(wild / 4):
            return self._any(ODD)
        if "enum" in schema or "const" in schema:
            fitting = schema.get("enum") or [schema["const"]]
            return self._any(TEXTS) if self._chance(wild) else self._any(fitting)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if kind == "object":
            return self._object(schema, wild=wild, depth=depth)
        if kind == "array":
            return self._array(schema, name, wild=wild, depth=depth)
        if kind in ("integer", "number"):
            low = schema.get("minimum", 0)
            return self._any(NUMBERS) if self._chance(wild) else low
        if kind == "boolean":
            return self._any(ODD) if self._chance(wild) else self._chance(0.5)
        return self._string(schema, name, wild=wild)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema or "anyOf" in schema:
            if "$ref" in schema:
                schema = self._openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            else:
                schema = self._any(schema["anyOf"])
        return schema

    def _object(self, schema: Mapping[str, Any], *, wild: float, depth: int) -> Any:
        needed = schema.get("required", ())
        found = {
            name: self._value(each, name, wild=wild, depth=depth + 1)
            for name, each in schema.get("properties", {}).items()
            if name in needed or self._chance(0.5)
        }
        if self._chance(wild / 2):
            found[self._any(TEXTS)] = self._any(ODD)
        return found

    def _array(self, schema: Mapping[str, Any], name: str, *, wild: float, depth: int) -> Any:
        if self._chance(wild / 2):
            return self._any((deep(300), [0] * 3_000, [CANARY] * 600, "x", {}))
        inner = schema.get("items", {})
        least = max(1, int(schema.get("minItems", 0)))
        items = schema.get("prefixItems")
        kinds = items or [inner] * least
        return [self._value(each, name, wild=wild, depth=depth + 1) for each in kinds]

    def _string(self, schema: Mapping[str, Any], name: str, *, wild: float) -> Any:
        form = schema.get("format", "")
        if form in ("date-time", "date", "time"):
            good = {"date-time": "2026-11-24T10:00:00Z", "date": "2026-11-24", "time": "09:00"}[form]
            return self._any((*MOMENTS, *TEXTS)) if self._chance(2 * wild) else good
        if self._chance(wild):
            return self._any((*TEXTS, *NUMBERS))
        if form == "uuid" or (name.endswith("_id") and "cpts" not in name):
            return self._any((*self._ids, str(UUID(int=7))))
        if "cpts" in name or "finess" in name:
            return self._cpts
        if "insee" in name or "commune" in name:
            return "48095"
        return f"{CANARY}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
