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
