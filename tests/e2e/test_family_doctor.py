"""From a patient without a médecin traitant to a declaration: the coordinator proposes, the practitioner answers."""

from playwright.async_api import Browser, expect

from shared.auth import Role
from tests.e2e.browser import PHONE, screen
from tests.e2e.town import Town


async def test_a_proposal_reaches_its_practitioner_and_comes_back_accepted(browser: Browser, here: Town) -> None:
    tokens = [await here.token(Role.COORDINATOR), await here.token(Role.PRACTITIONER, 0)]
    async with (
        screen(browser, here.url, "/tension#mt", tokens[0]) as board,
        screen(browser, here.url, "/creneaux#moi", tokens[1], width=PHONE) as doctor,
    ):
        await doctor.page.get_by_label("Nouveaux patients que je peux prendre").fill("3")
        await doctor.page.locator("#panel-form").get_by_role("button", name="Enregistrer").click()
        await expect(doctor.page.locator("#toasts")).to_contain_text("Enregistré")
        async with here.client(Role.COORDINATOR) as client:
            body = {"insee": "48095", "age": 74, "flags": ["ald"], "source": "mairie"}
            assert (await client.post("/matching/attachments", json=body)).status_code == 201

        line = board.page.locator("#register tr")
        await expect(line).to_contain_text("Affection de longue durée")
        await board.page.get_by_role("button", name="Proposer des médecins").click()
        await expect(line).to_contain_text("Dr Ada EXEMPLE")
        proposal = board.page.locator("#proposals tr")
        await expect(proposal).to_contain_text("Proposé au médecin")
        await expect(board.page.locator("#round-words")).to_contain_text("1 proposition faite pour 1 personnes")
        await doctor.page.get_by_role("tab", name="Demandes (1)").click()
        await doctor.page.get_by_role("button", name="Accepter").click()
        await expect(line).to_contain_text("Accepté par le médecin")
        await expect(proposal).to_contain_text("Accepté par le médecin")
        await board.page.get_by_role("button", name="Le patient accepte").click()
        await board.page.get_by_role("button", name="Déclaration faite").click()
        await expect(board.page.locator("#register-words")).to_contain_text("1 déclaration faite")
        await board.page.get_by_text("Inscrire une liste (CSV)").click()
        people = b"reference;commune;age\nP-1;48095;30\nP-2;Mende;30\n"
        await board.page.get_by_label("Fichier CSV").set_input_files(
            {"name": "liste.csv", "mimeType": "text/csv", "buffer": people}
        )
        await board.page.get_by_role("button", name="Inscrire cette liste").click()
        await expect(board.page.locator("#list-words")).to_contain_text(
            "1 personnes inscrites, 0 déjà là, 1 lignes refusées"
        )
        await expect(board.page.locator("#list-rows")).to_contain_text("un code INSEE de cinq caractères")
