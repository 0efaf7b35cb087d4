"""A month of a practitioner: who the regulation sent, as the board says, and what is paid of it."""

from datetime import timedelta
from typing import Any

from shared.auth import Role
from tests.builders import CPTS, MORNING, Service, Territory, a_slot


async def test_what_the_regulation_sent_is_counted_and_never_more_than_a_week_pays(
    service: Service, territory: Territory
) -> None:
    me = territory.practitioners[0]
    doctor, board = await service.person(Role.PRACTITIONER, me), await service.machine()
    regulator, pharmacist = await service.person(Role.REGULATOR), await service.person(Role.PHARMACIST)
    slot = await a_slot(board, territory, capacity=50)
    sent = {"regulated_at": MORNING.isoformat()}

    async def seen(by: Any, name: str, **more: Any) -> None:
        held = await by.post(f"/slots/{slot['id']}/bookings", json={"request_id": name, **more})
        assert held.status_code == 201, held.text
        assert (await by.post(f"/bookings/{held.json()['id']}/confirmation", json={})).status_code == 200

    for number in range(21):
        await seen(board, f"sas {number}", **sent)
    await seen(board, "own", own_patient=True, **sent)
    await seen(board, "pharmacy")
    # Who books directly says nothing of it: a regulator has just sent them, a pharmacist is no regulator.
    await seen(regulator, "direct")
    await seen(pharmacist, "claims", **sent)
    found = (await doctor.get(f"/practitioners/{me}/acts", params={"cpts": CPTS})).json()
    kinds = [(each["kind"], each["reason"]) for each in found["acts"]]
    assert (found["paid_this_week"], found["weekly_limit"], found["cents"]) == (20, 20, 20 * 1500)
    assert kinds.count(("snp", "over_the_limit")) == 2
    assert kinds.count(("mrt", "own_patient")) == 1
    assert kinds.count(("none", "not_sent")) == 2
    next_month = (MORNING + timedelta(days=30)).date().isoformat()
    later = await doctor.get(f"/practitioners/{me}/acts", params={"cpts": CPTS, "month": next_month})
    assert (later.json()["acts"], later.json()["paid_this_week"]) == ([], 20)
    other = await service.person(Role.PRACTITIONER, territory.practitioners[1])
    assert (await other.get(f"/practitioners/{me}/acts", params={"cpts": CPTS})).status_code == 403
    file = await doctor.get("/exports/acts.csv", params={"cpts": CPTS, "practitioner_id": str(me)})
    assert file.text.count("MRT") == 1
