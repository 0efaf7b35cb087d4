"""What a form chooses from: motives by people's words, and the words that say « appelez le 15 »."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.motives.reads import Alarm, NamedMotive, alarms, labels, motives, sayings
from services.matching.motives.store import EVERYONE, AlarmWordRow, MotiveWordRow, Saying, forget_saying, set_saying
from services.people.changes import record_change
from shared.auth import Caller, Role
from shared.http import CallerDep, SessionDep
from shared.outside.asked import LINE, CptsId
from shared.refusals import Invalid
from shared.typed.texts import plain

routes = APIRouter(tags=["motives"])
Kind = Literal["motive", "alarm"]
Words = Annotated[str, Field(min_length=2, max_length=80), LINE]
ROWS: dict[Kind, type[Saying]] = {"motive": MotiveWordRow, "alarm": AlarmWordRow}


class WordsForm(BaseModel):
    """Some words and what they mean here: the code of a motive, or what to do before and while calling the 15.

    Empty, these words say nothing here, whatever they say elsewhere.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    cpts_id: CptsId
    kind: Kind
    words: Words
    means: Annotated[str, Field(max_length=300), LINE]


class WordsView(BaseModel):
    """Words as they are in force; `ours`: this CPTS said so."""

    kind: Kind
    key: str
    words: str
    means: str
    ours: bool


@routes.get("/motives")
async def list_motives(caller: CallerDep, session: SessionDep, cpts: CptsId | None = None) -> list[NamedMotive]:
    """The reasons to ask for care, with their default class and the words of a CPTS for them."""
    if cpts is not None:
        caller.require_cpts(cpts)
    return await motives(session, cpts or EVERYONE)


@routes.get("/alarms")
async def list_alarms(caller: CallerDep, session: SessionDep, cpts: CptsId) -> list[Alarm]:
    """The words before which one calls the 15, by what to do meanwhile."""
    caller.require_cpts(cpts)
    return await alarms(session, cpts)


@routes.get("/words")
async def list_words(caller: CallerDep, session: SessionDep, cpts: CptsId) -> list[WordsView]:
    """All words in force in a CPTS, those that say nothing here too."""
    _require_setter(caller, cpts)
    kinds: tuple[Kind, Kind] = "motive", "alarm"
    return [_view(kind, row, cpts) for kind in kinds for row in await sayings(session, ROWS[kind], cpts)]


@routes.put("/words")
async def set_words(form: WordsForm, caller: CallerDep, session: SessionDep) -> WordsView:
    """Say what some words mean in a CPTS."""
    _require_setter(caller, form.cpts_id)
    key = plain(form.words)
    if not key:
        raise Invalid("Écrivez un mot.", field="words", rule="letters or digits")
    if form.kind == "motive" and form.means and form.means not in await labels(session):
        raise Invalid("Ce motif n'est pas dans la liste.", field="means", rule="GET /motives")
    row = ROWS[form.kind](cpts_id=form.cpts_id, key=key, words=form.words, means=form.means)
    before = await _read_meaning(session, form.cpts_id, form.kind, key)
    said = _view(form.kind, row, form.cpts_id)
    await set_saying(session, row)
    await _record(session, caller, form.cpts_id, said, before)
    return said


@routes.delete("/words", status_code=204)
async def forget_words(
    caller: CallerDep, session: SessionDep, cpts: CptsId, kind: Kind, key: Annotated[str, Query(max_length=80), LINE]
) -> None:
    """Go back to what everyone means by some words."""
    _require_setter(caller, cpts)
    before = await _read_meaning(session, cpts, kind, key)
    if before is None:
        return
    await forget_saying(session, ROWS[kind], cpts, key)
    after = await _read_meaning(session, cpts, kind, key)
    await _record(session, caller, cpts, after or before.model_copy(update={"means": ""}), before)


def _require_setter(caller: Caller, cpts_id: str) -> None:
    caller.require(Role.ADMIN, Role.COORDINATOR)
    caller.require_cpts(cpts_id)


def _view(kind: Kind, row: Saying, cpts_id: str) -> WordsView:
    return WordsView(kind=kind, key=row.key, words=row.words, means=row.means, ours=row.cpts_id == cpts_id)


async def _read_meaning(session: AsyncSession, cpts_id: str, kind: Kind, key: str) -> WordsView | None:
    ours = await session.get(ROWS[kind], (cpts_id, key), populate_existing=True)
    row = ours or await session.get(ROWS[kind], (EVERYONE, key))
    return None if row is None else _view(kind, row, cpts_id)


async def _record(
    session: AsyncSession, caller: Caller, cpts_id: str, said: WordsView, before: WordsView | None
) -> None:
    """What was changed, in the words of the screen."""
    named = await labels(session) if said.kind == "motive" else {}
    await record_change(
        session,
        caller,
        cpts_id=cpts_id,
        what=f"{said.kind}_words",
        object_id=said.key,
        before={said.words: named.get(before.means, before.means) if before else None},
        after={said.words: named.get(said.means, said.means)},
    )
