"""The coordinator's board: each figure a filter, a request's story and what can be done about it, the wall."""

import re
from datetime import timedelta

from playwright.async_api import Browser, Page, expect

from shared.auth import Role
from tests.builders import MORNING, show
from tests.e2e.browser import screen
from tests.e2e.town import Town, fill


async def chosen(page: Page, figure: str) -> None:
    await page.locator(f"[data-figure={figure}]").click()
    await expect(page.locator(f"[data-figure={figure}]")).to_have_attribute("aria-pressed", "true")


async def test_each_figure_is_a_filter_and_says_what_stood_before(browser: Browser, here: Town) -> None:
    await fill(here)
    token = await here.token(Role.COORDINATOR)
    async with screen(browser, here.url, "/tension", token) as board:
        page, rows = board.page, board.page.locator("#board tr")
        for figure in ("waiting", "p1", "median", "free", "served"):
            await expect(page.locator(f"[data-figure={figure}] .figure-before")).to_contain_text("il y a 7 jours")
        await chosen(page, "p1")
        await expect(rows.locator(".urgency:not(.p1)")).to_have_count(0)
        await chosen(page, "free")
        await expect(page.locator("#free tr").first).to_contain_text("Dr")
        await expect(page.locator("#board-panel")).to_be_hidden()
        await chosen(page, "served")
        await expect(page.locator("#board-panel")).to_be_visible()
        await page.get_by_role("button", name="Tout afficher").click()
        await page.get_by_role("button", name="Commune", exact=True).click()
        await expect(page.get_by_role("columnheader", name="Commune")).to_have_attribute("aria-sort", "ascending")
        await page.get_by_label("Offre").check()
        await expect(page.locator("#communes button").first).to_contain_text("place")
        await page.locator("#communes button").first.click()
        await expect(page.locator("#filter")).to_contain_text("Mende")
        await page.get_by_role("button", name="Tout afficher").click()
        await page.keyboard.press("w")
        await expect(page.locator("body")).to_have_class(re.compile("wall"))
        await expect(page.locator("#map")).to_be_hidden()
        await page.keyboard.press("Escape")
        await expect(page.locator("#map")).to_be_visible()


async def test_what_is_done_about_a_request_is_in_its_story(browser: Browser, here: Town) -> None:
    async with here.client(Role.PHARMACIST) as client:
        body = {"insee": "48039", "urgency": 2, "motive": "dental_pain", "professions": ["40"]}
        assert (await client.post("/matching/requests", json=body)).status_code == 201
    token = await here.token(Role.COORDINATOR)
    async with screen(browser, here.url, "/tension", token) as board:
        await board.page.locator("#board .open").first.click()
        story = board.page.get_by_role("dialog")
        await story.get_by_role("button", name="Élargir à 45 min").click()
        await expect(story.locator(".story")).to_contain_text("Critères élargis")
        await expect(story.get_by_role("button", name="Élargir à 60 min")).to_be_visible()
        await story.get_by_role("button", name="Fermer la demande").click()
        why = board.page.get_by_role("dialog", name="Fermer cette demande ?")
        await why.get_by_label("Pour quelle raison ?").select_option(label="Servi ailleurs")
        await why.get_by_role("button", name="Fermer la demande").click()
        await expect(board.page.locator("#board tr")).to_have_count(0)
        await expect(board.page.locator("#toasts")).to_contain_text("Demande fermée")


async def test_when_its_time_has_come_the_board_offers_to_ask_for_one_more_patient(
    browser: Browser, here: Town
) -> None:
    await here.publish(0, in_minutes=60, acts=["wound"])
    async with here.client(Role.PHARMACIST) as client:
        body = {"insee": "48095", "urgency": 1, "motive": "fever_child"}
        assert (await client.post("/matching/requests", json=body)).status_code == 201
    token = await here.token(Role.COORDINATOR)
    async with screen(browser, here.url, "/tension", token) as board:
        row = board.page.locator("#board tr")
        await expect(row).to_contain_text("1 créneau : motif non pris")
        await expect(row.get_by_role("button", name="Demander un surnuméraire")).to_have_count(0)
        await show(here.settings, MORNING + timedelta(minutes=21))
        await expect(row).to_contain_text("Demander un surnuméraire", timeout=30_000)
        await row.get_by_role("button", name="Demander un surnuméraire").click()
        await expect(board.page.locator("#toasts")).to_contain_text("Demandé à Dr Ada EXEMPLE")
        await expect(row.get_by_role("button", name="Demander un surnuméraire")).to_have_count(0)


async def test_the_committee_reads_counts_on_a_page_of_its_own_and_changes_nothing(
    browser: Browser, here: Town
) -> None:
    await fill(here)
    async with here.client(Role.PHARMACIST) as client:
        for _ in range(5):
            sprain = {"insee": "48095", "urgency": 3, "motive": "sprain"}
            assert (await client.post("/matching/requests", json=sprain)).status_code == 201
    token = await here.token(Role.COMMITTEE)
    async with screen(browser, here.url, "/comite", token) as page_of:
        found = page_of.page.locator("#review-parts")
        mende = found.get_by_role("row", name=re.compile("^Mende"))
        await expect(mende.locator("td").first).to_have_text("7")
        await expect(found.get_by_role("row", name=re.compile("^Chanac")).locator("td").first).to_have_text("< 5")
        await expect(page_of.page.locator("#review-least")).to_contain_text("Moins de 5 personnes")
        await expect(page_of.page.locator("body")).not_to_contain_text("Pharmacie de l'Essai")
    async with here.client(Role.COORDINATOR) as client:
        asked = (await client.get("/matching/requests", params={"cpts": "990000001"})).json()[0]["id"]
    async with here.client(Role.COMMITTEE) as client:
        assert (await client.get("/tension")).status_code == 403
        assert (await client.get("/matching/requests", params={"cpts": "990000001"})).json() == []
        state = (await client.get("/matching/live/snapshot", params={"cpts": "990000001"})).json()["state"]
        assert not any(state.values())
        for name in ("board", "fairness", "free", "communes", "register", "story"):
            at = f"/matching/exports/{name}.csv?cpts=990000001&of={asked}"
            assert (await client.get(at)).status_code == 403, name
        told = (await client.get("/matching/exports/review.csv", params={"cpts": "990000001"})).text
        assert "moins de 5" in told
        assert "Pharmacie" not in told.replace("Pharmacie;", "")
        for path, body in (
            (f"/matching/requests/{asked}/relaxation", {"max_travel_minutes": 60}),
            (f"/matching/requests/{asked}/closure", {"reason": "other"}),
            (f"/matching/requests/{asked}/overbooking-asks", {}),
            ("/matching/attachment-rounds", {}),
        ):
            assert (await client.post(path, json=body)).status_code == 403, path


async def test_the_evening_is_compared_with_the_same_day_a_week_before(browser: Browser, here: Town) -> None:
    for week, count in ((1, 2), (0, 3)):
        await show(here.settings, MORNING - timedelta(weeks=week))
        async with here.client(Role.PHARMACIST) as client:
            for _ in range(count):
                body = {"insee": "48095", "urgency": 3, "motive": "sprain"}
                assert (await client.post("/matching/requests", json=body)).status_code == 201
    async with screen(browser, here.url, "/tension#bilan", await here.token(Role.COORDINATOR)) as board:
        lead = board.page.locator("#review-lead .review-figure").first
        await expect(lead).to_have_text("3 Demandes (2 les mêmes jours avant)")
        await board.page.get_by_label("4 semaines").check()
        await expect(lead).to_have_text("5 Demandes (0 les mêmes jours avant)")


async def test_the_map_shows_the_territory_and_a_table_beside_it_sorts(browser: Browser, here: Town) -> None:
    await fill(here)
    async with screen(browser, here.url, "/tension", await here.token(Role.COORDINATOR)) as board:
        page = board.page
        areas = page.locator("#map path.leaflet-interactive:not([role=button])")
        await expect(areas).to_have_count(6)
        await expect(page.locator("#map .mark-caption").first).to_contain_text("Mende")
        await expect(page.locator("#map-legend .legend-step").first).to_contain_text("0")
        first = page.locator("#communes tr").first
        await page.locator("[data-commune-sort=commune]").click()
        await expect(first).to_contain_text("Badaroux")
        await page.locator("[data-commune-sort=offer]").click()
        await expect(first).to_contain_text("Mende")


async def test_a_printed_board_says_what_it_is_of_whom_and_when_without_buttons(browser: Browser, here: Town) -> None:
    await fill(here)
    async with screen(browser, here.url, "/tension", await here.token(Role.COORDINATOR)) as board:
        page = board.page
        await expect(page.locator("#board tr").first).to_be_visible()
        await page.emulate_media(media="print")
        await page.evaluate("dispatchEvent(new Event('beforeprint'))")
        await expect(page.locator("#print-head")).to_have_text(
            re.compile(r"^Tension · Aiguillage · CPTS de l'Essai · mardi 24 novembre 9:\d\d$")
        )
        for hidden in ("#choose", "#wall", ".export", "#tabs", "#map"):
            await expect(page.locator(hidden).first).to_be_hidden()
        await expect(page.locator("#board .open").first).to_be_visible()
