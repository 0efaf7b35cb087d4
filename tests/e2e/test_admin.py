"""Administration: letting people in and out, and finding who read what."""

import httpx
from playwright.async_api import Browser, expect

from shared.auth import Role
from tests.e2e.browser import screen
from tests.e2e.town import Town


async def test_a_new_member_is_let_in_once_and_can_be_kept_out(browser: Browser, here: Town) -> None:
    token = await here.token(Role.ADMIN)
    async with screen(browser, here.url, "/admin", token) as office:
        await office.page.get_by_text("Ajouter un membre").click()
        form = office.page.locator("#add")
        await form.get_by_label("Nom affiché").fill("Nouvelle personne fictive")
        await form.get_by_label("Adresse e-mail").fill("nouvelle@essai.test")
        await form.get_by_role("button", name="Ajouter", exact=True).click()
        said = office.page.get_by_role("dialog", name="Membre ajouté")
        await expect(said).to_contain_text("otpauth://totp/")
        await said.get_by_role("button", name="Fermer").click()
        line = office.page.get_by_role("row", name="Nouvelle personne fictive")
        await line.get_by_role("button", name="Suspendre").click()
        await expect(line.get_by_role("button", name="Rouvrir")).to_be_visible()
        await expect(office.page.locator("section", has_text="Qui a consulté quoi").last).to_contain_text("Suspension")


async def test_another_site_cannot_write_through_a_signed_in_browser(here: Town) -> None:
    cookies = {"aiguillage_session": await here.token(Role.ADMIN)}
    form = {"label": "x", "email": "x@essai.test", "role": "admin"}
    async with httpx.AsyncClient(base_url=here.url, cookies=cookies) as client:
        foreign = await client.post("/admin/members", json=form, headers={"origin": "https://elsewhere.test"})
        silent = await client.post("/admin/members", json=form)
        ours = await client.post("/admin/members", json=form, headers={"origin": here.url})
    assert (foreign.status_code, silent.status_code, ours.status_code) == (403, 403, 201)


async def test_only_who_administers_sees_the_page(here: Town) -> None:
    async with here.client(Role.COORDINATOR) as client:
        answer = await client.get("/admin")
    assert answer.status_code == 403
    assert "Votre rôle ne permet pas" in answer.text


async def test_what_is_set_is_said_with_who_set_it_and_what_stood_before(browser: Browser, here: Town) -> None:
    await here.token(Role.COORDINATOR)
    token = await here.token(Role.ADMIN)
    async with screen(browser, here.url, "/admin", token) as office:
        page = office.page
        await page.get_by_text("Modifier des paramètres").click()
        await page.get_by_label("Durée d'une réservation (min)").fill("5")
        await page.locator("#parameters").get_by_role("button", name="Enregistrer").click()
        changes = page.locator("section", has_text="Ce qui a été réglé").last
        line = changes.get_by_role("row", name="Durée d'une réservation (min)")
        await expect(line).to_contain_text("essai admin")
        assert [await line.locator("td").nth(index).inner_text() for index in (3, 4)] == ["3", "5"]
        await page.get_by_text("Donner un rôle de plus").click()
        await page.locator("#give").get_by_label("Qui").select_option(label="essai coordinator")
        await page.locator("#give").get_by_label("Rôle").select_option(label="Comité (lecture seule)")
        await page.get_by_role("button", name="Donner ce rôle").click()
        given = page.get_by_role("button", name="Retirer ce rôle Comité (lecture seule), essai coordinator")
        await expect(given).to_be_visible()
        await expect(page.locator("#link")).to_have_attribute("data-state", "live")
        await given.click()
        await expect(given).to_have_count(0)
        await expect(changes.get_by_role("row", name="Membre · Rôle")).to_have_count(2)
        await expect(page.locator("#map .leaflet-interactive")).to_have_count(6)
        await office.live()
        await page.get_by_text("Modifier les communes").click()
        await page.get_by_label("Codes INSEE").fill("48095 48013")
        await page.locator("#territory-form").get_by_role("button", name="Enregistrer").click()
        await expect(page.locator("section", has_text="communes du département sans CPTS").last).to_contain_text(
            "Barjac"
        )
        await expect(changes).to_contain_text("Territoire · Communes")
    async with here.client(Role.COORDINATOR) as client:
        territory = {"name": "x", "size": 1, "communes": ["48095"]}
        nobody = "00000000-0000-7000-8000-000000000000"
        assert (await client.post(f"/admin/members/{nobody}/roles", json={"role": "admin"})).status_code == 403
        assert (await client.delete(f"/admin/roles/{nobody}")).status_code == 403
        assert (await client.put("/availability/cpts/990000001", json=territory)).status_code == 403
    async with here.client(Role.COMMITTEE) as client:
        assert (await client.put("/matching/parameters/990000001", json={})).status_code == 403
