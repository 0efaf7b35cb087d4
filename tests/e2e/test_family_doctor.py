"""From a patient without a médecin traitant to a declaration: the coordinator proposes, the practitioner answers."""

from playwright.async_api import Browser, Page, expect

from shared.auth import Role
from tests.e2e.browser import PHONE, screen
from tests.e2e.town import Town


async def enter(page: Page, name: str, *, age: str = "", reference: str = "", flag: str = "") -> None:
    """Enter somebody of Mende in the register, on the screen."""
    await page.get_by_role("button", name="Inscrire une personne").click()
    form = page.get_by_role("dialog", name="Inscrire une personne")
    await form.get_by_label("Où habite la personne ?").fill("men")
    await form.get_by_role("option", name="Mende").click()
    await form.get_by_label("Âge").fill(age)
    await form.get_by_label("Nom", exact=True).fill(name)
    await form.get_by_label("Téléphone").fill("06 00 00 00 00")
    await form.get_by_label("Référence").fill(reference)
    if flag:
        await form.get_by_label(flag).check()
    await form.get_by_role("button", name="Inscrire", exact=True).click()
    await expect(form).to_be_hidden()


async def test_a_proposal_reaches_its_practitioner_and_comes_back_accepted(browser: Browser, here: Town) -> None:
    tokens = [await here.token(Role.COORDINATOR), await here.token(Role.PRACTITIONER, 0)]
    async with (
        screen(browser, here.url, "/tension#mt", tokens[0]) as board,
        screen(browser, here.url, "/creneaux#moi", tokens[1], width=PHONE) as doctor,
    ):
        await doctor.page.get_by_label("Nouveaux patients que je peux prendre").fill("3")
        await doctor.page.locator("#panel-form").get_by_role("button", name="Enregistrer").click()
        await expect(doctor.page.locator("#toasts")).to_contain_text("Enregistré")
        await enter(board.page, "Fictive Essai", age="74", reference="M-17", flag="Affection de longue durée")
        line = board.page.locator("#register tr")
        await expect(line).to_contain_text("F. E., 74 ans · M-17")
        await expect(line).to_contain_text("Affection de longue durée")
        await board.page.get_by_role("button", name="Proposer des médecins").click()
        proposal = board.page.locator("#proposals tr")
        await expect(board.page.locator("#rounds-title")).to_have_text("Aperçu : rien n'est encore proposé")
        await expect(proposal).to_contain_text("F. E., 74 ans · M-17")
        await expect(proposal).to_contain_text("rang 1 sur 1 · 0 jour d'attente")
        await expect(line).to_contain_text("Attend")
        await board.page.get_by_role("button", name="Faire 1 proposition").click()
        await expect(line).to_contain_text("médecin pas encore prévenu")
        await board.page.get_by_role("button", name="Annuler ce tour").click()
        await expect(line).not_to_contain_text("Dr Ada EXEMPLE")
        await board.page.get_by_role("button", name="Proposer des médecins").click()
        await board.page.get_by_role("button", name="Faire 1 proposition").click()
        await expect(line).to_contain_text("Dr Ada EXEMPLE")
        await expect(board.page.locator("#round-words")).to_contain_text("1 proposition faite pour 1 personnes")
        await expect(doctor.page.get_by_role("tab", name="Demandes (1)")).to_have_count(0)
        await board.page.get_by_role("button", name="Prévenir maintenant").click()
        await doctor.page.get_by_role("tab", name="Demandes (1)").click()
        await doctor.page.get_by_role("button", name="Accepter").click()
        await expect(line).to_contain_text("Accepté par le médecin")
        await expect(proposal).to_contain_text("Accepté par le médecin")
        accepted = doctor.page.locator("#accepted li")
        await expect(accepted).to_contain_text("son accord lui est demandé")
        await board.page.get_by_role("button", name="Le patient accepte").click()
        await accepted.get_by_role("button", name="Voir le patient").click()
        await expect(doctor.page.get_by_role("dialog")).to_contain_text("Fictive Essai")
        await doctor.page.get_by_role("dialog").get_by_role("button", name="Fermer").click()
        await accepted.get_by_role("button", name="Déclaration faite").click()
        await expect(accepted).to_have_count(0)
        await expect(board.page.locator("#register-words")).to_contain_text("1 déclaration faite")
        await expect(line).to_have_count(0)
        await board.page.get_by_text("Inscrire une liste (CSV)").click()
        people = b"reference;commune;age\nP-1;48095;30\nP-2;Mende;30\n"
        await board.page.get_by_label("Fichier CSV").set_input_files(
            {"name": "liste.csv", "mimeType": "text/csv", "buffer": people}
        )
        await board.page.get_by_role("button", name="Inscrire cette liste").click()
        await expect(board.page.locator("#list-words")).to_contain_text(
            "1 personne inscrite, 0 déjà là, 1 ligne refusée."
        )
        await expect(board.page.locator("#list-rows")).to_contain_text("un code INSEE de cinq caractères")


async def test_somebody_who_calls_is_found_refused_for_and_taken_off(browser: Browser, here: Town) -> None:
    async with here.client(Role.PRACTITIONER, 0) as doctor:
        path = f"/availability/practitioners/{here.practitioners[0]}/panel"
        assert (await doctor.put(path, json={"places": 1, "criteria": {}})).status_code == 204
    async with here.client(Role.COORDINATOR) as client:
        for number in range(130):
            body = {"insee": "48095", "age": 30, "reference": f"L-{number:03}"}
            assert (await client.post("/matching/attachments", json=body)).status_code == 201
        body = {"insee": "48095", "age": 90, "patient": {"name": "Martin Fictive", "phone": "0600000000"}}
        assert (await client.post("/matching/attachments", json=body)).status_code == 201
        assert (await client.post("/matching/attachment-rounds", json={})).status_code == 201
    async with screen(browser, here.url, "/tension#mt", await here.token(Role.COORDINATOR)) as board:
        page, line = board.page, board.page.locator("#register tr")
        await expect(page.locator("#register-count")).to_have_text("100 sur 131")
        await expect(page.locator("#proposals-count")).to_have_text("100 sur 131")
        await expect(page.locator("#proposals tr").first).to_contain_text("M. F., 90 ans")
        await page.locator("#register-more").click()
        await expect(line).to_have_count(131)
        await page.get_by_label("Chercher").fill("martin")
        await expect(line).to_have_count(1)
        await line.get_by_role("button", name="M. F., 90 ans").click()
        opened = page.get_by_role("dialog", name="M. F., 90 ans")
        await expect(opened).to_contain_text("rang 1 sur 1")
        await expect(opened).to_contain_text("Inscrite")
        await opened.get_by_role("button", name="Le patient refuse").click()
        await page.get_by_label("Pourquoi ?").select_option("préfère un autre médecin")
        await page.get_by_role("button", name="Noter le refus").click()
        await expect(line).to_contain_text("Refusé par le patient, attend")
        await line.get_by_role("button", name="M. F., 90 ans").click()
        await page.get_by_role("button", name="Retirer du registre").click()
        await page.get_by_label("Pourquoi ?").select_option("a trouvé ailleurs")
        await page.get_by_role("button", name="Retirer", exact=True).click()
        await expect(line).to_have_count(0)
        await page.get_by_label("Closes").check()
        await expect(line).to_contain_text("Retiré")
