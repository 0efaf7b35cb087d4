"""A practitioner is told that a patient is proposed to them, until somebody has answered."""

from shared.auth import Role
from tests.integration.attachment.conftest import Register, a_round, entered, posted
from tests.notices import told


async def test_a_proposal_is_told_to_the_practitioner_and_is_settled_by_any_answer(register: Register) -> None:
    coordinator, pharmacist = [await register.person(role) for role in (Role.COORDINATOR, Role.PHARMACIST)]
    doctor = await register.town.person(Role.PRACTITIONER, register.town.territory.practitioners[0])
    await register.declare(0, 2)
    kept, left = [(await entered(pharmacist))["id"] for _ in range(2)]
    await a_round(coordinator)
    assert await told(register.town.settings, doctor.account) == ["attachment_proposed"] * 2
    assert (await posted(pharmacist, left, "withdrawal", reason="other")).status_code == 200
    assert (await posted(doctor.client, kept, "acceptance")).status_code == 200
    assert (await told(register.town.settings, doctor.account))[2:] == ["settled"] * 2
