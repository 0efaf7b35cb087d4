"""Which professions a request may go to, by the matrix of direct access; a refusal names the condition and who may."""

from collections.abc import Iterable
from functools import partial

from services.matching.sameday.access import NEEDS, Closed, KnownPatient, WhoMay, who_may
from services.matching.sameday.app.intake import RequestForm
from services.matching.sameday.reads import Motive
from services.matching.sameday.store.tables import RequestRow
from shared.refusals import Invalid, Refusal
from shared.wording.labels import wording

UNDECIDED = f"{NEEDS}?"
"""What nobody is: a profession that may see the patient or not, until a question is answered."""


class NotDirect(Refusal):
    """Cette profession ne voit pas ce patient directement."""

    code = "not_direct"
    status = 422


def allow(motive: Motive, form: RequestForm, known: KnownPatient, *, binding: bool) -> tuple[list[str], list[str]]:
    """The professions of a request, and what is needed of who has them; raises `NotDirect`.

    A profession that somebody chose is held to its rows, when `binding`; one without a row is theirs to choose.
    """
    may = who_may(motive.access, known)
    if form.professions:
        ruled = {row.profession for row in motive.access} if binding else set()
        _refuse_closed(may, ruled.intersection(form.professions))
        tokens = [each for each in may.tokens if each.partition(NEEDS)[0] in ruled]
        tokens += [f"{each}{UNDECIDED}" for each in form.professions if each in may.undecided & ruled]
        return list(form.professions), _needs(tokens, form.professions)
    if not may.tokens and not may.undecided:
        _refuse_closed(may, {each.profession for each in may.closed})
    tokens = [*may.tokens] if may.tokens else [f"{each}{UNDECIDED}" for each in sorted(may.undecided)]
    professions = list(dict.fromkeys(each.partition(NEEDS)[0] for each in tokens))
    return professions, _needs(tokens, professions)


def _needs(tokens: Iterable[str], professions: Iterable[str]) -> list[str]:
    """The tokens with a condition, of professions that are not open without one."""
    plain = {each for each in tokens if NEEDS not in each}
    wanted = set(professions) - plain
    return [each for each in tokens if NEEDS in each and each.partition(NEEDS)[0] in wanted]


def _refuse_closed(may: WhoMay, chosen: set[str]) -> None:
    closed = next((each for each in may.closed if each.profession in chosen), None)
    if closed is not None:
        raise NotDirect(
            partial(in_words, closed),
            field="professions",
            value=closed.profession,
            rule=closed.condition,
            instead=closed.instead,
        )


def refuse_undecided(row: RequestRow) -> None:
    """Nobody is sent on a condition that was not asked: raises `Invalid`."""
    undecided = [each.removesuffix(UNDECIDED) for each in row.needs if each.endswith(UNDECIDED)]
    if len(undecided) == len(row.professions):
        raise Invalid("Répondez d'abord aux questions qui décident.", field="answers", rule="GET /motives: access")


def in_words(closed: Closed, language: str = "fr") -> str:
    """Why a profession may not see this patient, and who may."""
    say, row = wording(language), closed.row
    flag = say.say(f"referral.access.what.{closed.flag}") if closed.flag else ""
    why = say.say(f"referral.access.{closed.condition}", min=row.min_age, max=row.max_age, flag=flag)
    who = say.label("profession", closed.profession)
    instead = say.say("referral.access.instead", who=say.label("profession", closed.instead)) if closed.instead else ""
    return f"{who} : {why} {instead}".strip()
