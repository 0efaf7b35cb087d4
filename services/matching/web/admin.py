"""Administration: who has which role, whose communes, which parameters, who read what. Every change is logged."""

from datetime import datetime
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.matching.doctors.app.parameters import attachment_settings
from services.matching.engine.ahead.policies import RUNNABLE
from services.matching.exports.administration import say_value
from services.matching.sameday.app.parameters import CptsParameters, parameters_of
from services.matching.web import parameter_forms as forms
from services.people.audit import accesses, former_members, labels_of, members
from services.people.changes import changes_of
from shared.auth import OWN_SLOTS_ONLY, Role
from shared.db.clock import PARIS
from shared.http import CallerDep, SessionDep
from shared.outside.asked import LINE
from shared.web.pages import PageDep, label_of_account, reading

SHOWN = 200
GIVEN = tuple(sorted((role for role in Role if role is not Role.MACHINE), key=OWN_SLOTS_ONLY.__contains__))
"""Those that need a practitioner come last: the first of the list is what a form starts with."""
routes = APIRouter(include_in_schema=False)
Filter = Annotated[str, Query(max_length=100), LINE]


@routes.get("/admin")
async def admin(
    request: Request, page: PageDep, caller: CallerDep, session: SessionDep, compte: Filter = "", objet: Filter = ""
) -> Response:
    """The administration of one CPTS."""
    caller.require(Role.ADMIN)
    cpts_id = page.choose_cpts(caller) or ""
    async with reading(request, "matching", caller.scope) as matching:
        parameters = await parameters_of(matching, cpts_id)
        rounds = await attachment_settings(matching, cpts_id)
    changes = await changes_of(session, cpts_id, limit=SHOWN)
    return page.show(
        "matching/admin.html",
        title="admin.title",
        caller=caller,
        label=await label_of_account(session, caller),
        words=("admin.", "login."),
        roles=GIVEN,
        members=await members(session, cpts_id),
        former=await former_members(session, cpts_id),
        parameters=forms.show_parameters(parameters),
        numbers=list(forms.numbers(parameters, CptsParameters())),
        answers=forms.answers(parameters),
        steps=forms.steps(parameters),
        weights=forms.weights(parameters),
        of_rounds=forms.of_attachments(rounds),
        classes=forms.classes(rounds),
        said=partial(say_value, page.words),
        accesses=await accesses(session, cpts_id, compte, objet),
        changes=changes,
        who=await labels_of(session, {part for each in changes for part in (each.account, each.object_id)}),
        moment=partial(_moment, page.zones.get(cpts_id, PARIS)),
        cpts=cpts_id,
        policies=RUNNABLE,
        now=parameters,
        compte=compte,
        objet=objet,
    )


def _moment(zone: ZoneInfo, at: datetime | None) -> str:
    """When, by the clocks of the territory; empty when there is none."""
    return at.astimezone(zone).strftime("%d/%m/%Y %H:%M") if at else ""
