"""A refusal is a "no" that a person can act on: a class whose docstring is what they read.

The code has its sentences in French, where they are said; `Wording.refuse` has them in the reader's language.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar


class Refusal(Exception):
    """The service refuses this request."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409

    def __init__(self, detail: str | Callable[[str], str] | None = None, **extra: Any) -> None:
        """Say more than the docstring with `detail`; `extra` fields (field, value, rule) go into the answer.

        A `detail` made of words of the catalogue is a function of the language.
        """
        self.said = detail or inspect.getdoc(type(self)) or self.code
        self.detail = self.said("fr") if callable(self.said) else self.said
        self.extra: Mapping[str, Any] = extra
        super().__init__(self.detail)


class NotFound(Refusal):
    """Rien ne porte cet identifiant ici : vérifiez-le, ou rafraîchissez la liste."""

    code = "not_found"
    status = 404


class NotSignedIn(Refusal):
    """Connectez-vous : la session manque ou a expiré. Ce qui était saisi peut être renvoyé ensuite."""

    code = "not_signed_in"
    status = 401


class NotAllowed(Refusal):
    """Votre rôle ne permet pas cette action dans cette CPTS."""

    code = "not_allowed"
    status = 403


class Invalid(Refusal):
    """Une valeur ne convient pas."""

    code = "invalid"
    status = 422


class KeyReused(Refusal):
    """Cette Idempotency-Key a déjà servi pour un autre contenu : prenez-en une nouvelle."""

    code = "idempotency_key_reused"
    status = 422


class TooManyAttempts(Refusal):
    """Trop d'essais d'ici sur ce compte : attendez une minute, davantage si vous recommencez aussitôt."""

    code = "too_many_attempts"
    status = 429


class CannotStart(Refusal):
    """A command or an embedded server cannot start; the message says why and what to do."""

    code = "cannot_start"
    status = 500
