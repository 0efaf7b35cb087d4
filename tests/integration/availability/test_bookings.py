"""Holding, confirming, and what becomes of a place."""

from tests.builders import Service, Territory, a_hold, a_slot


async def test_a_place_is_held_confirmed_and_honoured(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    slot = await a_slot(matching, territory)
    held = await a_hold(matching, slot)
    assert held["state"] == "held"
    confirmed = await matching.post(f"/bookings/{held['id']}/confirmation", json={})
    assert confirmed.json()["state"] == "confirmed"
    honoured = await matching.post(f"/bookings/{held['id']}/honoured")
    assert honoured.json()["state"] == "honoured"
    now = (await matching.get(f"/slots/{slot['id']}")).json()
    assert (now["taken"], now["held"], now["bookings"][0]["state"]) == (1, 0, "honoured")
