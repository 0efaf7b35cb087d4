"""The coordinator's board works for them: what is theirs first, the smallest change in one button, and their clicks."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from shared.auth import Role
from tests.builders import CPTS, MORNING, show
from tests.e2e.browser import PHONE, screen
from tests.e2e.town import Town

PATIENT = {"name": "Modèle Désirée", "phone": "04 66 00 00 00"}


async def asked(here: Town, *bodies: dict[str, Any]) -> list[str]:
    """Requests of a pharmacy, by their ids."""
    ids = []
    async with here.client(Role.PHARMACIST) as client:
        for body in bodies:
            answer = await client.post(
                "/matching/requests", json={"insee": "48095", "motive": "fever_child", "board": True, **body}
            )
            assert answer.status_code == 201, answer.text
            ids.append(answer.json()["id"])
    return ids


class Hand:
    """Somebody's hand: it clicks, and counts."""

    def __init__(self) -> None:
        self.clicks = 0

    async def click(self, where: Locator) -> None:
        self.clicks += 1
        await where.click()

    async def choose(self, where: Locator, label: str) -> None:
        """A list unfolds at the first click, and closes at the second."""
        self.clicks += 2
        await where.select_option(label=label)


def dentist(**more: Any) -> dict[str, Any]:
    return {"urgency": 3, "motive": "dental_pain", "professions": ["40"], **more}


async def test_a_p1_is_on_top_within_seconds_however_long_a_mouse_rests_on_the_board(
    browser: Browser, here: Town
) -> None:
    await asked(here, *[dentist(urgency=n) for n in (4, 3, 2)])
    async with screen(browser, here.url, "/tension", await here.token(Role.COORDINATOR)) as board:
        rows = board.page.locator("#board tr")
        await expect(rows).to_have_count(3)
        await rows.nth(1).hover()
        await asked(here, dentist(urgency=1), dentist(urgency=4), dentist(urgency=4))
        await expect(board.page.locator("#fresh")).to_contain_text(re.compile(r"\d nouvelles?, dont 1 P1"))
        await expect(rows).to_have_count(6)
        await expect(rows.first.locator(".urgency")).to_have_text("P1")
        await expect(board.page.locator("#fresh")).to_be_hidden()
        await rows.first.locator(".open").focus()
        await asked(here, dentist(urgency=1, deadline_at=(MORNING + timedelta(minutes=50)).isoformat()))
        await board.page.locator("#fresh button").click()
        await expect(rows).to_have_count(7)
        await expect(rows.first.locator(".age")).to_have_text(re.compile(r"^(49|50) min$"))


async def test_what_is_for_a_person_to_do_says_so_first_and_what_next_is_never_empty(
    browser: Browser, here: Town
) -> None:
    await here.publish(4, in_minutes=120, count=3)
    (urgent,) = await asked(here, dentist(urgency=1))
    await asked(here, dentist(urgency=3))
    async with screen(browser, here.url, "/tension", await here.token(Role.COORDINATOR)) as board:
        first = board.page.locator("#board tr").first
        await expect(first).to_have_attribute("data-group", "yours")
        await expect(first.locator(".state.yours")).to_have_text("À affecter")
        await expect(first).to_contain_text("aucun chirurgien-dentiste libre avant 12:00 ; 3 places libres : infirmier")
        await expect(board.page.locator("#board tr").nth(1)).to_have_attribute("data-group", "going")
        await expect(board.page.locator("[data-figure=yours] .figure-value")).to_have_text("1")
        await expect(board.page).to_have_title(re.compile(r"^\(1 · 1 P1\)"))
        for minutes, words in ((21, "Surnuméraire à demander"), (41, "À rappeler")):
            await show(here.settings, MORNING + timedelta(minutes=minutes))
            await expect(first.locator(".state.yours")).to_have_text(words, timeout=30_000)
            await expect(first.locator(".next .two-lines")).to_have_text(re.compile("^À vous : "))
        await first.locator(".open").click()
        story = board.page.locator("#story .story")
        for told in ("Recherche élargie · +15 min", "personne ne l'est encore", "plus rien ne se fera seul"):
            await expect(story).to_contain_text(told)
        await expect(story.get_by_text("Recherche élargie")).to_have_count(1)
        await show(here.settings, MORNING + timedelta(hours=5))
        lost = board.page.locator(f"#board tr[data-key='{urgent}']")
        await expect(lost).to_have_attribute("data-group", "lost", timeout=30_000)
        await expect(lost.locator(".state.lost")).to_have_text("Sans solution")


async def test_a_waiting_p1_is_assigned_in_three_clicks_to_the_slot_that_the_engine_found(
    browser: Browser, here: Town
) -> None:
    (urgent,) = await asked(here, {"urgency": 1})
    await here.publish(1, in_minutes=6 * 60)
    async with screen(browser, here.url, "/tension", await here.token(Role.COORDINATOR)) as board:
        hand, row = Hand(), board.page.locator("#board tr").first
        await expect(row).to_contain_text("Proposer 15:00, Dr Basile FICTIF")
        await hand.click(row.locator(".open"))
        drawer = board.page.locator("#story")
        await expect(drawer.locator("button.primary")).to_have_count(1)
        await hand.click(drawer.get_by_role("button", name="Proposer 15:00, Dr Basile FICTIF (après l'échéance)"))
        await hand.click(drawer.get_by_role("button", name="Confirmer 15:00, Dr Basile FICTIF"))
        await expect(drawer.locator(".story")).to_contain_text("Rendez-vous confirmé")
        assert hand.clicks <= 3
    async with here.client(Role.COORDINATOR) as client:
        assert (await client.get(f"/matching/requests/{urgent}")).json()["state"] == "confirmed"


async def test_a_free_place_is_given_by_hand_to_who_is_chosen(browser: Browser, here: Town) -> None:
    (wanted,) = await asked(here, dentist(urgency=2))
    await here.publish(4, in_minutes=120)
    async with screen(browser, here.url, "/tension", await here.token(Role.COORDINATOR)) as board:
        hand = Hand()
        await hand.click(board.page.locator("[data-figure=free]"))
        await hand.click(board.page.locator("#free").get_by_role("button", name="Donner à…"))
        choice = board.page.get_by_role("dialog", name=re.compile("^Donner 11:00, Elsa MODELE"))
        await expect(choice).to_contain_text("ne convient pas à ce qui est demandé")
        await hand.click(choice.get_by_role("button", name="Réserver"))
        await hand.click(board.page.locator("#story").get_by_role("button", name="Confirmer 11:00, Elsa MODELE"))
        await expect(board.page.locator("#story .story")).to_contain_text("Rendez-vous confirmé")
    async with here.client(Role.COORDINATOR) as client:
        assert (await client.get(f"/matching/requests/{wanted}")).json()["state"] == "confirmed"


async def test_forty_two_rows_are_closed_in_six_clicks_with_a_reason_that_was_chosen_and_come_back(
    browser: Browser, here: Town
) -> None:
    await asked(here, *[dentist(urgency=n % 4 + 1) for n in range(42)])
    async with screen(browser, here.url, "/tension", await here.token(Role.COORDINATOR)) as board:
        rows, hand = board.page.locator("#board tr"), Hand()
        await expect(rows).to_have_count(42)
        await hand.click(board.page.get_by_role("button", name="Fermer plusieurs…"))
        await hand.click(board.page.get_by_label("Tout choisir"))
        await hand.click(board.page.get_by_role("button", name="Fermer 42 demandes…"))
        why = board.page.get_by_role("dialog", name="Fermer ces 42 demandes ?")
        await expect(why.get_by_label("Pour quelle raison ?")).to_have_value("")
        await hand.choose(why.get_by_label("Pour quelle raison ?"), "Sans solution")
        await hand.click(why.get_by_role("button", name="Fermer les 42 demandes"))
        await expect(rows).to_have_count(0)
        assert hand.clicks <= 6
        await board.page.locator("#toasts").get_by_role("button", name="Annuler").click()
        await expect(rows).to_have_count(42)


async def test_yesterdays_request_is_found_in_three_clicks_by_its_initials_too(browser: Browser, here: Town) -> None:
    await show(here.settings, MORNING - timedelta(days=1))
    (gone, _) = await asked(here, dentist(patient=PATIENT, age=6), dentist(insee="48013"))
    async with here.client(Role.COORDINATOR) as client:
        body = {"request_ids": [gone], "reason": "unreachable"}
        assert (await client.post("/matching/requests/closures", json=body)).is_success
    await show(here.settings, MORNING)
    async with screen(browser, here.url, "/tension", await here.token(Role.COORDINATOR)) as board:
        hand, found = Hand(), board.page.locator("#found tr")
        await hand.click(board.page.get_by_role("tab", name="Retrouver"))
        await expect(found).to_have_count(2)
        await hand.click(found.nth(1).locator(".open"))
        await expect(board.page.locator("#story .story")).to_contain_text("Demande fermée · Patient injoignable")
        assert hand.clicks <= 3
        await board.page.get_by_role("button", name="Revenir au tableau").click()
        await board.page.get_by_role("textbox", name="Initiales", exact=True).fill("md")
        await board.page.get_by_role("button", name="Chercher").click()
        await expect(found).to_have_count(1)
        await expect(found).to_contain_text("M. D., 6 ans")


async def in_sight(page: Page, selector: str) -> bool:
    """Whether what is in the middle of an element is that element: nothing covers it."""
    return bool(
        await page.evaluate(
            """(selector) => {
              const { left, top, width, height } = document.querySelector(selector).getBoundingClientRect();
              return document.elementFromPoint(left + width / 2, top + height / 2)?.closest(selector) !== null;
            }""",
            selector,
        )
    )


async def test_what_the_drawer_says_is_seen_and_it_stays_closed_once_closed(browser: Browser, here: Town) -> None:
    await asked(here, dentist())
    async with screen(browser, here.url, "/tension", await here.token(Role.COORDINATOR), width=PHONE) as board:
        page, drawer = board.page, board.page.locator("#story")
        await page.locator("#board .open").click()
        await drawer.get_by_role("button", name="Je m'en occupe").click()
        await expect(page.locator(".toast")).to_have_text("Vous vous en occupez.")
        assert await in_sight(page, ".toast")
        await expect(drawer.locator(".story")).to_contain_text("Prise en charge")
        await expect(drawer.locator(".story")).not_to_contain_text("Confirmé")
        held: list[Callable[[], Awaitable[None]]] = []

        async def slow(route: Any) -> None:
            held.append(route.continue_)

        await page.route(re.compile(r"/matching/requests/[0-9a-f-]+$"), slow)
        await drawer.get_by_role("button", name="Je ne m'en occupe plus").click()
        await expect(page.locator("#board .by")).to_have_text("")
        await page.keyboard.press("Escape")
        await expect(drawer).to_be_hidden()
        for release in held:
            await release()
        await page.unroute_all(behavior="wait")
        await page.wait_for_load_state("networkidle")
        await expect(drawer).to_be_hidden()


async def test_one_more_patient_is_asked_of_whom_one_chooses_and_followed_to_the_answer(
    browser: Browser, here: Town
) -> None:
    await here.publish(0, in_minutes=60, acts=["wound"])
    await here.publish(1, in_minutes=60, acts=["wound"])
    await asked(here, {"urgency": 2})
    async with screen(browser, here.url, "/tension", await here.token(Role.COORDINATOR)) as board:
        await board.page.locator("#board .open").click()
        drawer = board.page.locator("#story")
        await drawer.get_by_text("Demander un surnuméraire").click()
        await expect(drawer.locator("[data-part=extra] input")).to_have_count(2)
        await expect(drawer.locator("[data-part=extra] input:checked")).to_have_count(0)
        await drawer.get_by_label(re.compile("^Dr Basile FICTIF")).check()
        await drawer.get_by_role("button", name="Demander", exact=True).click()
        await expect(drawer.locator(".asks")).to_contain_text("Demandé Dr Basile FICTIF")
        async with here.client(Role.COORDINATOR) as client:
            state = (await client.get("/matching/live/snapshot", params={"cpts": CPTS})).json()["state"]
            (ask,) = state["overbooking_asks"].values()
        async with here.client(Role.PRACTITIONER, 1) as doctor:
            no = await doctor.post(f"/matching/overbooking-asks/{ask['id']}/refusal", json={"reason": "full"})
            assert no.is_success, no.text
        await expect(drawer.locator(".asks")).to_contain_text("Refusé Dr Basile FICTIF")
        await expect(drawer.locator(".story")).to_contain_text("Surnuméraire refusé · Dr Basile FICTIF")


async def test_calls_and_notes_are_kept_with_the_request(browser: Browser, here: Town) -> None:
    await asked(here, dentist(patient=PATIENT))
    async with screen(browser, here.url, "/tension", await here.token(Role.COORDINATOR)) as board:
        await board.page.locator("#board .open").click()
        drawer = board.page.locator("#story")
        await drawer.get_by_role("button", name="Appelé").first.click()
        await expect(drawer.locator(".story")).to_contain_text("Appel passé · qui a fait la demande")
        await drawer.get_by_role("button", name="Voir son numéro").click()
        record = board.page.get_by_role("dialog", name="Douleur dentaire", exact=True)
        await expect(record).to_contain_text("04 66 00 00 00")
        await record.get_by_role("button", name="Fermer").click()
        await drawer.get_by_text("Notes (0)").click()
        await drawer.get_by_label("Note pour qui suit").fill("rappeler après 15 h")
        await drawer.get_by_role("button", name="Ajouter").click()
        await drawer.get_by_text("Notes (1)").click()
        await expect(drawer).to_contain_text("rappeler après 15 h")
