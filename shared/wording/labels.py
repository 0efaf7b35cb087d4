"""Every word a person reads: one catalogue per language (`shared/wording`), one key per wording.

A key is a path (`referral.place.label`). `{name}` is replaced by a value; a wording that depends on a count has the
forms `one` and `other`. Codes of the domain have theirs under `codes` (`codes.blocker.distance`).
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from shared.refusals import Refusal

LANGUAGES = ("fr", "en")
LANGUAGE_COOKIE = "aiguillage_language"


def language_of(cookies: Mapping[str, str]) -> str:
    """The language the reader chose, French by default."""
    chosen = cookies.get(LANGUAGE_COOKIE, "fr")
    return chosen if chosen in LANGUAGES else "fr"


@dataclass(frozen=True, slots=True)
class Wording:
    """The wordings of one language by key."""

    language: str
    texts: Mapping[str, str]

    def say(self, key: str, **values: Any) -> str:
        """A wording with its values; `n` chooses between its forms. Raises `KeyError` for a key nobody wrote."""
        text = self.texts.get(key)
        if text is None:
            text = self.texts[f"{key}.{self._form(values['n'])}"]
        return text.format_map(values) if values else text

    def label(self, kind: str, code: str) -> str:
        """The words for a code of the domain; the code itself when it is not ours (a motive imported since)."""
        return self.texts.get(f"codes.{kind}.{code}", code)

    def refuse(self, refused: Refusal) -> str:
        """What a refusal says."""
        return refused.said(self.language) if callable(refused.said) else self.translate(refused.said)

    def translate(self, french: str) -> str:
        """A sentence that the code has in French (`refusals.en.toml`); itself when nobody wrote another."""
        return french if self.language == "fr" else _refusals(self.language).get(french, french)

    def rule(self, kind: str, values: Mapping[str, Any]) -> str:
        """The rule that a value breaks, by pydantic's name of it (`less_than_equal`) and its values (`{"le": 4}`)."""
        said = {f"rule.{kind}", f"rule.{kind}.other"} & self.texts.keys()
        expected = str(values.get("expected", "")).replace(" or ", f" {self.texts['rule.or']} ")
        count = values.get("min_length", values.get("max_length", 0))
        return self.say(f"rule.{kind}" if said else "rule.other", **{**values, "expected": expected, "n": count})

    def field(self, path: str) -> str:
        """What the screen calls a field of a form (`patient.name`, `classes.0.min_age`); else its path."""
        named = [part for part in path.split(".") if not part.isdigit()]
        keys = [f"{kind}.{named[-1]}" for kind in ("field", "codes.parameter")] if named else []
        return next((self.texts[key] for key in keys if key in self.texts), path)

    def _form(self, count: float) -> str:
        """French says "0 créneau", English "0 slots"."""
        single = abs(count) < 2 if self.language == "fr" else count == 1
        return "one" if single else "other"


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def fill(french: str, **values: Any) -> Callable[[str], str]:
    """A sentence of the code with its values, in whatever language it is asked for: what a refusal is made of."""
    return lambda language: wording(language).translate(french).format_map(values)


@cache
def _refusals(language: str) -> Mapping[str, str]:
    return tomllib.loads(files("shared.wording").joinpath(f"refusals.{language}.toml").read_text(encoding="utf-8"))


@cache
def wording(language: str = "fr") -> Wording:
    """The catalogue of a language."""
    text = files("shared.wording").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return Wording(language, dict(_flat(tomllib.loads(text))))
