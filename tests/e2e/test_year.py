"""« Année »: a coordinator reads figures with their lists, writes the contract, freezes a dossier."""

import re

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Route, expect

from shared.auth import Role
from tests.e2e.browser import DESK, PHONE, screen
from tests.e2e.town import Town, fill


async def test_figures_show_the_list_behind_them(browser: Browser, here: Town) -> None:
    await fill(here)
    async with screen(browser, here.url, "/annee", await here.token(Role.COORDINATOR), width=DESK) as year:
        page = year.page
        row = page.get_by_role("row", name=re.compile("^Demandes servies en moins de 48 h"))
        await expect(row).to_contain_text("%")
        await row.get_by_role("button", name="Voir la liste").click()
        shown = page.get_by_role("dialog")
        await expect(shown.locator("code")).to_have_text("100 * served_within_48_h / requests")
        await expect(shown.get_by_role("columnheader", name="Commune").first).to_be_visible()
        assert (await Axe().run(page)).response["violations"] == []
        await shown.get_by_role("button", name="Fermer").click()
        await page.get_by_text("Un chiffre à vous").click()
        await page.get_by_label("Formule").fill("requests / nobody")
        await page.get_by_role("button", name="Calculer").click()
        await expect(page.locator("#own .fault")).to_contain_text("« nobody », au caractère 12, n'est pas un nom connu")
        await page.get_by_label("Formule").fill("places_opened - places_opened + 2,5")
        await page.get_by_role("button", name="Calculer").click()
        await expect(page.locator("#own-answer")).to_have_text("2,5")
        year.faults.clear()


async def test_a_contract_is_written_corrected_and_frozen(browser: Browser, here: Town) -> None:
    async with screen(browser, here.url, "/annee#contrat", await here.token(Role.COORDINATOR), width=DESK) as year:
        page = year.page
        await page.get_by_label("Signé le").fill("2026-04-15")
        await page.get_by_label("Habitants").fill("100 000")
        await page.get_by_role("button", name="Préparer le contrat").click()
        await page.get_by_role("button", name="Enregistrer le contrat").click()
        await expect(page.locator("#toasts")).to_contain_text("Contrat enregistré")
        access = page.get_by_role("region", name="Amélioration de l'accès aux soins")
        row = access.get_by_role("row", name=re.compile("^Patients en ALD sans médecin traitant"))
        await row.get_by_role("button", name="Corriger").click()
        await page.get_by_role("dialog").get_by_label("Au mieux (€)").fill("8 000")
        await page.get_by_role("button", name="Garder").click()
        await expect(access).to_contain_text(re.compile(r"les poids font 34.000 € pour 35.000 €"))
        await page.get_by_role("button", name="Enregistrer le contrat").click()
        await expect(page.locator("#faults li").first).to_contain_text("€")
        assert (await Axe().run(page)).response["violations"] == []
        # What was corrected is not lost by the refusal.
        await expect(row).to_contain_text(re.compile(r"8.000 €"))
        await page.get_by_role("button", name="Abandonner les changements").click()
        await row.get_by_role("button", name="Donner le chiffre").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Valeur").fill("98")
        await dialog.get_by_label("Source").fill("CPAM")
        await dialog.get_by_label("Chiffre du").fill("2026-10-31")
        await dialog.get_by_role("button", name="Enregistrer le chiffre").click()
        await expect(row).to_contain_text(re.compile(r"98.*CPAM.*6.000 €"))
        await expect(page.locator("#contract-lead")).to_contain_text(re.compile(r"6.000 €"))
        await page.get_by_role("tab", name="Dossiers").click()
        await expect(page.locator("#freeze [name=since]")).to_have_value("2026-04-15")
        await page.get_by_role("button", name="Figer le dossier").click()
        await expect(page.locator("#dossiers li").first).to_contain_text("Dossier n° 1")
        async with page.expect_download() as taking:
            await page.get_by_role("link", name=re.compile("Télécharger")).click()
        assert (await taking.value).suggested_filename.endswith("-1.zip")
        year.faults.clear()


async def test_on_a_slow_network_nothing_typed_is_lost(browser: Browser, here: Town) -> None:
    async with screen(browser, here.url, "/annee#contrat", await here.token(Role.COORDINATOR), width=DESK) as year:
        page = year.page
        await page.get_by_label("Signé le").fill("2026-04-15")
        await page.get_by_label("Habitants").fill("100 000")
        await page.get_by_role("button", name="Préparer le contrat").click()

        async def slow(route: Route) -> None:
            await page.wait_for_timeout(1500)
            await route.continue_()

        await page.route("**/coordination/contract", slow)
        write = page.get_by_role("button", name="Enregistrer le contrat")
        await write.dblclick()
        row = page.get_by_role("row", name=re.compile("^Patients en ALD sans médecin traitant"))
        await row.get_by_role("button", name="Corriger").click()
        await page.get_by_role("dialog").get_by_label("Indicateur").fill("ALD sans médecin")
        await page.get_by_role("button", name="Garder").click()
        await expect(page.locator("#toasts")).to_contain_text("Contrat enregistré")
        # What was corrected while the answer was on its way is there, and said not to be written.
        await expect(page.get_by_role("row", name=re.compile("^ALD sans médecin"))).to_be_visible()
        await expect(page.get_by_text("Modifié, pas encore enregistré.")).to_be_visible()
        assert not year.faults, "pressed twice, it was sent twice"
        await write.click()
        await expect(page.get_by_text("Modifié, pas encore enregistré.")).to_have_count(0)
        row = page.get_by_role("row", name=re.compile("^ALD sans médecin"))
        await row.get_by_role("button", name="Donner le chiffre").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Valeur").fill("beaucoup")
        await dialog.get_by_label("Source").fill("CPAM")
        await dialog.get_by_label("Chiffre du").fill("2026-10-31")
        await dialog.get_by_role("button", name="Enregistrer le chiffre").click()
        await expect(dialog.locator(".fault")).to_be_visible()
        await expect(dialog.get_by_label("Source")).to_have_value("CPAM")
        await dialog.get_by_label("Valeur").fill("98,5")
        await dialog.get_by_role("button", name="Enregistrer le chiffre").click()
        await expect(row).to_contain_text(re.compile("98,5.*CPAM"))
        year.faults.clear()


async def test_a_committee_reads_figures_and_nothing_else(browser: Browser, here: Town) -> None:
    await fill(here)
    async with screen(browser, here.url, "/annee", await here.token(Role.COMMITTEE), width=PHONE) as year:
        await expect(year.page.locator("#least")).to_be_visible()
        await expect(year.page.locator("#figures tr")).to_have_count(18)
        await expect(year.page.get_by_role("tab")).to_have_count(0)
        await expect(year.page.get_by_role("button", name="Voir la liste")).to_have_count(0)
        assert (await Axe().run(year.page)).response["violations"] == []
