"""Asking for a slot: the form checked, the patient's data sealed, the request on the board."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.access import KnownPatient, WhoMay, who_may
from services.matching.sameday.app.allowing import allow, refuse_undecided
from services.matching.sameday.app.intake import PointForm, RequestForm, default_deadline
from services.matching.sameday.app.parameters import CptsParameters, parameters_of
from services.matching.sameday.reads import Centre, centre_of, motive_of, nearest_commune, request_row
from services.matching.sameday.store.requests import add_request, tell
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Caller, Role
from shared.contracts import RequestState
from shared.db import database_now
from shared.db.clock import day_at
from shared.db.ids import new_id
from shared.patients.kept import KeptPatient
from shared.patients.vault import Vault
from shared.refusals import Invalid, NotAllowed
from shared.typed.points import is_astray, is_swapped
from shared.typed.zones import zone_of

ASKERS = (Role.REGULATOR, Role.PHARMACIST, Role.COORDINATOR, Role.PRACTITIONER, Role.DELEGATE, Role.MACHINE)
DESKS = frozenset({"sas", "practice", "pharmacy"})
"""Where a patient, or who calls for them, waits for the answer."""
PICK_BY_HAND = frozenset({Role.REGULATOR, Role.PHARMACIST})
RUNS_THE_BOARD = frozenset({Role.COORDINATOR, Role.MACHINE})


async def submit_request(session: AsyncSession, caller: Caller, vault: Vault, form: RequestForm) -> RequestRow:
    """Put a request on the board."""
    row = await new_request(session, caller, form)
    refuse_undecided(row)
    if form.patient is not None:
        row.patient_sealed = await patient_on(row).seal(session, caller, vault, form.patient)
    await add_request(session, row)
    await tell(session, row, "submitted")
    return row


def cpts_to_ask(caller: Caller, form: RequestForm) -> str:
    """The CPTS that a form asks, when this caller may ask it; raises `NotAllowed`."""
    caller.require(*ASKERS)
    cpts_id = form.cpts_id or caller.only_cpts()
    caller.require_cpts(cpts_id)
    return cpts_id


async def new_request(session: AsyncSession, caller: Caller, form: RequestForm) -> RequestRow:
    """The request a form means, checked, not stored."""
    cpts_id = cpts_to_ask(caller, form)
    motive = await motive_of(session, form.motive)
    if motive is None:
        raise Invalid("Ce motif n'est pas dans la liste.", field="motive", value=form.motive, rule="GET /motives")
    now = await database_now(session)
    parameters = await parameters_of(session, cpts_id)
    insee, lat, lon = await _locate(session, form)
    professions, needs = allow(motive, form, _describe(form, insee, now), binding=caller.role is not Role.MACHINE)
    by_hand = at_a_desk(caller, form)
    earliest_at, deadline_at, answer_by = _times(form, now, parameters, insee, by_hand=caller.role in PICK_BY_HAND)
    in_hand_until = now + timedelta(minutes=parameters.hold_minutes)
    return RequestRow(
        id=new_id(now),
        cpts_id=cpts_id,
        state=RequestState.OPEN,
        urgency=form.urgency,
        insee=insee,
        lat=lat,
        lon=lon,
        professions=professions,
        needs=needs,
        act=form.motive,
        modes=list(form.modes or motive.modes),
        age=form.age,
        party=form.party,
        on_foot=not form.own_transport,
        wheelchair=form.wheelchair,
        max_travel_s=60 * form.max_travel_minutes,
        habitual_practitioner_id=form.habitual_practitioner_id,
        source=form.source,
        asked_by=caller.id,
        asked_role=caller.role,
        submitted_at=now,
        changed_at=now,
        told_at=now,
        next_step_at=parameters.next_step(submitted_at=now, urgency=form.urgency, level=0),
        earliest_at=earliest_at,
        deadline_at=deadline_at,
        answer_by=answer_by,
        forbidden=[str(each) for each in form.forbidden],
        automatic=not by_hand,
        in_hand_by=caller.id if by_hand else "",
        in_hand_until=in_hand_until if by_hand else None,
    )


def _describe(form: RequestForm, insee: str, now: datetime) -> KnownPatient:
    """What decides who may see the patient; nothing of it is kept but the age."""
    day = day_at(now, zone_of(insee))
    return KnownPatient(day, insee, age=form.age, sex=form.sex or "", answers=form.answers)


async def who_may_see(session: AsyncSession, row: RequestRow, form: RequestForm) -> WhoMay:
    """Who may see the patient of a request that is not made yet, and what would decide of the others."""
    motive = await motive_of(session, form.motive)
    return who_may(motive.access if motive else (), _describe(form, row.insee, row.submitted_at))


def at_a_desk(caller: Caller, form: RequestForm) -> bool:
    """Whether a person chooses for a patient before them: then no round does, unless they put it on the board.

    Who says by when the answer is due, without choosing a slot, leaves the choice to rounds.
    """
    if form.hold is not None or form.board is not None:
        return not form.board
    if caller.role is Role.MACHINE or form.answer_by is not None:
        return False
    return caller.role in PICK_BY_HAND or form.source in DESKS


def refuse_astray(point: PointForm, commune: Centre) -> None:
    """Raise `Invalid` for a point that cannot be in its commune: everything would be too far from it."""
    where, middle = (point.lat, point.lon), (commune.lat, commune.lon)
    if is_swapped(*where, commune.insee, middle):
        raise Invalid(
            "Ce point n'est pas dans la commune : latitude et longitude semblent inversées.",
            field="point",
            value=f"lat {point.lat:g}, lon {point.lon:g}",
            rule=f"near {commune.name}",
        )
    if is_astray(*where, commune.insee, middle):
        raise Invalid(
            "Ce point est trop loin de la commune : corrigez l'un ou l'autre.",
            field="point",
            rule=f"near {commune.name}",
        )


async def without_astray_point(session: AsyncSession, form: RequestForm) -> RequestForm:
    """The form, without its point when that cannot be in its commune: for callers who cannot be asked again."""
    commune = await centre_of(session, form.insee) if form.insee and form.point else None
    if commune and form.point and is_astray(form.point.lat, form.point.lon, commune.insee, (commune.lat, commune.lon)):
        return form.model_copy(update={"point": None})
    return form


async def _locate(session: AsyncSession, form: RequestForm) -> tuple[str, float, float]:
    """The commune and the point, rounded to about 100 m: nobody needs the doorstep to match."""
    centre = await centre_of(session, form.insee) if form.insee else None
    if form.insee and centre is None:
        raise Invalid(
            "Cette commune est inconnue.", field="insee", value=form.insee, rule="an INSEE code, GET /communes"
        )
    if form.point is not None:
        if centre is None:
            commune = await nearest_commune(session, form.point.lat, form.point.lon)
            if commune is None:
                raise Invalid("Aucune commune près de ce point.", field="point", rule="in France")
            centre = Centre.of(commune)
        refuse_astray(form.point, centre)
        return centre.insee, round(form.point.lat, 3), round(form.point.lon, 3)
    assert centre is not None  # noqa: S101  the form has one or the other
    return centre.insee, centre.lat, centre.lon


def _times(
    form: RequestForm, now: datetime, parameters: CptsParameters, insee: str, *, by_hand: bool
) -> tuple[datetime, datetime, datetime]:
    """Earliest, deadline, answer by. Who picks by hand has the time of a hold before a round decides for them."""
    earliest = max(form.earliest_at or now, now)
    deadline = form.deadline_at or max(
        default_deadline(form.urgency, now, zone_of(insee)), earliest + timedelta(hours=1)
    )
    if deadline <= earliest:
        raise Invalid(
            "L'échéance doit être à venir, et après le début.",
            field="deadline_at",
            value=deadline.isoformat(),
            rule=f"after {earliest.isoformat()}",
        )
    wait = timedelta(seconds=parameters.confirm_after_s[form.urgency - 1])
    if by_hand:
        wait = max(wait, timedelta(minutes=parameters.hold_minutes))
    answer_by = min(form.answer_by or now + wait, deadline)
    return earliest, deadline, max(answer_by, now)


def patient_on(row: RequestRow) -> KeptPatient:
    """What a request keeps of its patient."""
    return KeptPatient("request", row.id, row.cpts_id, row.patient_sealed)


async def read_patient(session: AsyncSession, caller: Caller, vault: Vault, request_id: UUID) -> dict[str, Any]:
    """Decrypt what is known of the patient, for who asked, who coordinates or who receives them; leaves a trace."""
    row = await request_row(session, request_id)
    receives = caller.practitioners is not None and str(row.practitioner_id) in caller.practitioners
    if not (may_act(caller, row) or (receives and row.state != RequestState.CANCELLED)):
        raise NotAllowed(field="request_id", value=request_id, rule="asked by you, or received by you")
    return await patient_on(row).read(session, caller, vault)


def may_act(caller: Caller, row: RequestRow) -> bool:
    """Whoever asked may act on a request, and who runs the board."""
    return row.asked_by == caller.id or caller.role in RUNS_THE_BOARD


async def acting_on(session: AsyncSession, caller: Caller, request_id: UUID) -> RequestRow:
    """The request, for who may act on it; raises `NotFound`, `NotAllowed`."""
    row = await request_row(session, request_id)
    if not may_act(caller, row):
        raise NotAllowed("Cette demande a été faite par quelqu'un d'autre.", field="request_id", value=request_id)
    return row
