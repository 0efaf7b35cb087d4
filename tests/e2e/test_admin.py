"""Administration: letting people in and out, and finding who read what."""

import re
from datetime import UTC, datetime
from html import unescape

import httpx
import pyotp
from playwright.async_api import Browser, expect

from shared.auth import Role
from tests.builders import CPTS
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
        await expect(said).to_contain_text("/acces#")
        link = await said.locator("code").inner_text()
        await said.get_by_role("button", name="Fermer").click()
        line = office.page.get_by_role("row", name="Nouvelle personne fictive")
        await line.get_by_role("button", name="Suspendre").click()
        await expect(line.get_by_role("button", name="Rouvrir")).to_be_visible()
        await expect(office.page.locator("section", has_text="Qui a consulté quoi").last).to_contain_text("Suspension")
        await line.get_by_role("button", name="Rouvrir").click()
        await expect(line.get_by_role("button", name="Suspendre")).to_be_visible()
    async with screen(browser, here.url, link.removeprefix(here.url), live=False) as own:
        await expect(own.page.get_by_role("img", name="Code à photographier")).to_be_visible()
        await own.page.get_by_text("Je ne peux pas photographier").click()
        totp = pyotp.TOTP(await own.page.locator("#secret").inner_text())
        await own.page.get_by_label("Nouveau mot de passe").fill("trop court")
        await own.page.get_by_label("Code à six chiffres").fill(totp.at(datetime.now(UTC)))  # noqa: TID251  a phone's
        await own.page.get_by_role("button", name="Enregistrer mon accès").click()
        await expect(own.page.locator(".fault")).to_contain_text("12 signes")
        await own.page.get_by_label("Nouveau mot de passe").fill("quatre mots sans lien")
        await own.page.get_by_role("button", name="Enregistrer mon accès").click()
        await expect(own.page.locator("#codes li")).to_have_count(10)
        assert "#" not in own.page.url


async def test_another_site_cannot_write_through_a_signed_in_browser(here: Town) -> None:
    cookies = {"aiguillage_session": await here.token(Role.ADMIN)}
    form = {"label": "x", "email": "x@essai.test", "role": "admin"}
    async with httpx.AsyncClient(base_url=here.url, cookies=cookies, timeout=30) as client:
        foreign = await client.post("/admin/members", json=form, headers={"origin": "https://elsewhere.test"})
        silent = await client.post("/admin/members", json=form)
        ours = await client.post("/admin/members", json=form, headers={"origin": here.url})
    assert (foreign.status_code, silent.status_code, ours.status_code) == (403, 403, 201)


async def test_every_list_of_the_page_leaves_as_a_file_with_the_search_that_was_made(here: Town) -> None:
    async with here.client(Role.ADMIN) as client:
        said = (await client.get("/admin", params={"objet": "personne"})).text
        links = {unescape(each) for each in re.findall(r'href="(/[^"]*/exports/[^"]*)"', said)}
        found = {link: await client.get(link) for link in links}
        audit = next(link for link in links if "/audit.csv" in link)
        assert len(found[audit].text.splitlines()) == 1
    assert {link: answer.status_code for link, answer in found.items() if answer.status_code != 200} == {}
    assert {link.split("/exports/")[1].split(".")[0] for link in links} == {
        "members", "territory", "parameters", "words", "audit", "feeds",
    }  # fmt: skip
    async with here.client(Role.COORDINATOR) as client:
        for path in ("exports/territory.csv", "exports/feeds.csv", "communes", "agendas"):
            answer = await client.get(f"/availability/administration/{path}", params={"cpts": CPTS})
            assert answer.status_code == 403, path


async def test_only_who_administers_sees_the_page(here: Town) -> None:
    async with here.client(Role.COORDINATOR) as client:
        answer = await client.get("/admin")
    assert answer.status_code == 403
    assert "Votre rôle ne permet pas" in answer.text


async def test_who_looked_at_a_patient_is_found_by_the_object_and_by_the_account(browser: Browser, here: Town) -> None:
    patient = {"name": "Nom-Fictif", "phone": "0600000000"}
    body = {"insee": "48095", "urgency": 4, "motive": "dental_pain", "professions": ["40"], "patient": patient}
    async with here.client(Role.PHARMACIST) as pharmacy:
        asked = (await pharmacy.post("/matching/requests", json=body)).json()["id"]
        assert (await pharmacy.get(f"/matching/requests/{asked}/patient")).json()["name"] == "Nom-Fictif"
    async with here.client(Role.COORDINATOR) as board:
        assert (await board.get(f"/matching/requests/{asked}/patient")).status_code == 200
    token = await here.token(Role.ADMIN)
    async with screen(browser, here.url, "/admin", token) as office:
        audit = office.page.get_by_role("search")
        rows = office.page.locator("section[aria-labelledby=audit-title] tbody tr")
        await audit.get_by_label("Identifiant de l'objet").fill(asked)
        await audit.get_by_role("button", name="Chercher").click()
        await expect(rows.filter(has_text="Lecture")).to_have_count(2)
        await expect(rows.filter(has_text=asked)).to_have_count(await rows.count())
        await audit.get_by_label("Compte").fill("coordinator")
        await audit.get_by_role("button", name="Chercher").click()
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("essai coordinator")
        await expect(office.page.locator("main")).not_to_contain_text("Nom-Fictif")
        await office.live()


async def test_what_is_set_is_said_with_who_set_it_and_what_stood_before(browser: Browser, here: Town) -> None:
    await here.token(Role.COORDINATOR)
    token = await here.token(Role.ADMIN)
    async with screen(browser, here.url, "/admin", token) as office:
        page = office.page
        await page.get_by_text("Modifier des paramètres").click()
        form = page.locator("#parameters")
        await form.get_by_label("Durée d'une réservation (min)").fill("50")
        await form.get_by_label("Partage de la charge").fill("-1")
        await form.get_by_role("button", name="Enregistrer").click()
        await expect(form.locator(".fault")).to_have_text(["au plus 30", "au moins 0"])
        await expect(page.locator("#toasts")).to_contain_text("Durée d'une réservation (min) (au plus 30)")
        await form.get_by_label("Durée d'une réservation (min)").fill("5")
        await form.get_by_label("Partage de la charge").fill("0")
        await form.get_by_role("group", name="Élargir le trajet").get_by_label("P1").fill("15")
        await form.get_by_label("Demander un surnuméraire").uncheck()
        await form.get_by_role("button", name="Enregistrer").click()
        changes = page.locator("section", has_text="Ce qui a été réglé").last
        line = changes.get_by_role("row", name="Durée d'une réservation (min)")
        await expect(line).to_contain_text("essai admin")
        assert [await line.locator("td").nth(index).inner_text() for index in (3, 4)] == ["3", "5"]
        weights = changes.get_by_role("row", name="Poids du calcul").locator("td")
        await expect(weights.nth(4)).to_have_text("Partage de la charge (s de trajet) : 0")
        steps = changes.get_by_role("row", name="Étapes automatiques").locator("td")
        await expect(steps.nth(4)).to_have_text(
            "Élargir le trajet (15, 30, 120, 240 min), Rappeler le patient (40, 120, 480, 960 min)"
        )
        await page.get_by_text("Modifier les tours médecin traitant").click()
        rounds = page.locator("#rounds")
        await rounds.get_by_role("button", name="Monter Grossesse").click()
        await rounds.get_by_role("button", name="Retirer Autres").click()
        await rounds.get_by_label("Ajouter une situation").select_option(label="80 ans et plus")
        await rounds.get_by_role("button", name="Ajouter", exact=True).click()
        await rounds.get_by_label("Délai de réponse (jours)").fill("20")
        await rounds.get_by_role("button", name="Enregistrer").click()
        await expect(changes.get_by_role("row", name="Qui passe d'abord").locator("td").nth(4)).to_have_text(
            "Grossesse, Affection de longue durée, 70 ans et plus, C2S ou AME, Handicap, 80 ans et plus"
        )
        await page.get_by_text("Donner un rôle de plus").click()
        await page.locator("#give").get_by_label("Qui").select_option(label="essai coordinator")
        await page.locator("#give").get_by_label("Rôle").select_option(label="Comité (lecture seule)")
        await page.get_by_role("button", name="Donner ce rôle").click()
        given = page.get_by_role("button", name="Retirer ce rôle Comité (lecture seule), essai coordinator")
        await expect(given).to_be_visible()
        await expect(page.locator("#link")).to_have_attribute("data-state", "live")
        await given.click()
        await page.get_by_role("dialog").get_by_role("button", name="Retirer ce rôle").click()
        await expect(given).to_have_count(0)
        await page.locator("#toasts").get_by_role("button", name="Annuler").click()
        await expect(given).to_be_visible()
        await expect(page.locator("#link")).to_have_attribute("data-state", "live")
        await given.click()
        await page.get_by_role("dialog").get_by_role("button", name="Retirer ce rôle").click()
        await expect(given).to_have_count(0)
        await page.reload()
        await expect(changes.get_by_role("row", name="Membre · Rôle · essai coordinator")).to_have_count(4)
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
