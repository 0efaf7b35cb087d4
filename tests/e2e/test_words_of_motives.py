"""« Pour quoi ? »: what people say at a counter finds its motive, or says « appelez le 15 » before anything else."""

from playwright.async_api import Browser, Page, expect

from shared.auth import Role
from tests.builders import CPTS
from tests.e2e.browser import screen
from tests.e2e.people import describe, options
from tests.e2e.town import Town

SAID = {
    "Fièvre de l'enfant": "fievre bébé, fièvre bébé, mon bébé a de la fièvre, petit fiévreux, varicelle, enfant",
    "Fièvre de l'adulte": "fièvre, grippe, 39 de fièvre, frissons, courbatures, fiebre",
    "Toux, gêne pour respirer": (
        "tousse, toux, il tousse depuis 3 jours, asthme, crise d’asthme, bronchitte, essoufflé, respire mal"
    ),
    "Rhume, covid, nez bouché": "covid, rhume, nez qui coule, test covid, sinusite, rhume des foins",
    "Mal de gorge": "mal de gorge, angine, mal a la gorge, gorge qui gratte, extinction gorge rouge",
    "Mal d'oreille": (
        "mal à l'oreille, mal a l'oreille, mal à l’oreille, otite, mal d'oreille, oreille bouchée, mal oreil"
    ),
    "Lombalgie": "mal au dos, dos bloqué, sciatique, lumbago, mal de dos depuis hier, torticolis, lombalgie",
    "Éruption, bouton, piqûre": (
        "boutons, bouton, eczema, eczéma, urticaire, zona, piqure de guêpe, tique, plaques rouges, gale, ezcema"
    ),
    "Cystite": "pipi, brulure urinaire, brûlures urinaires, cystite, infection urinaire, mal en faisant pipi",
    "Douleur au ventre": (
        "vomit, diarrhée, diarrhee, gastro, mal au ventre, vomissements, mal à l'estomac, mal au cœur, nausees"
    ),
    "Mal de tête, migraine": "migraine, mal de tête, mal de tete, mal à la tête, maux de tête, céphalées",
    "Œil rouge ou douloureux": (
        "yeux rouges, oeil rouge, œil rouge, conjonctivite, orgelet, mal à l'oeil, conjontivite"
    ),
    "Contraception, IVG": "ivg, pilule, contraception, pilule du lendemain, stérilet, avortement",
    "Fatigue, perte de poids": "fatigue, fatiguée, épuisé, perte d'appétit, très fatigué",
    "Tension, vertiges, palpitations": "tension, vertiges, hypertension, tête qui tourne, palpitations",
    "Angoisse, mal-être": "psy, angoisse, ne dort plus, déprime, burn-out, crise d’angoisse, insomnie",
    "Plaie à suturer": "coupure, points de suture, morsure de chien, plaie, doigt coupé, coupé au doigt",
    "Entorse": "entorse, cheville, cheville tordue, foulure",
    "Douleur dentaire": "mal aux dents, rage de dents, dent cassée, abcès dentaire, mal de dent",
    "Brûlure": "brûlure, brulé, ébouillanté",
    "Renouvellement d'ordonnance": (
        "renouvellement, plus de médicaments, ordonnance, renouv, renouveler mon traitement"
    ),
    "Certificat, arrêt de travail": "arrêt de travail, certificat, certificat médical, arret maladie",
    "Douleur d'un membre ou d'une articulation": "mal au genou, épaule, tendinite, mal au pied, mal à la jambe",
    "Grossesse : question ou douleur": "enceinte, grossesse, contractions, sage-femme",
    "Pansement": "pansement, retirer les fils, agrafes",
    "Injection, prise de sang": "vaccin, prise de sang, injection",
    "Coup, chute, choc": "chute, accident de travail, contusion, bosse, tombé",
    "Règles, pertes, mycose": "règles douloureuses, mycose, gynéco",
    "Suivi d'une maladie connue": "diabète, cholestérol",
    "Digestion, constipation, hémorroïdes": "constipation, hémorroïdes, hemoroides, brûlures d'estomac",
    "Saignement de nez": "saigne du nez",
    "Visite à domicile": "visite à domicile, ehpad",
    "Kinésithérapie respiratoire ou urgente": "kiné, bronchiolite",
}
RINGS = (
    "douleur thoracique", "douleur dans la poitrine", "mal à la poitrine", "ça serre dans la poitrine",
    "douleur poitr", "bouche déviée", "il ne parle plus", "paralysé du bras", "n'arrive plus à respirer",
    "elle étouffe", "lèvres bleues", "perte de connaissance", "convulsions", "convultions", "il est inconscient",
    "saigne beaucoup", "suicide", "envie de mourir", "a avalé des médicaments", "visage gonflé", "bébé tout mou",
    "fièvre bébé 2 mois", "elle perd les eaux", "trauma crânien",
)  # fmt: skip
RINGS_NOT = (
    "mal au ventre", "douleur au poignet", "contusion", "ordonnance perdue", "respire mal la nuit",
    "fièvre bébé 12 mois", "accouchement récent", "plus de traitement", "mal au bras", "brûlure", "épilepsie",
    "saigne du nez", "corps étranger dans l'œil", "intoxication alimentaire",
)  # fmt: skip
FIND = """async (texts) => {
  const { loadMotives, findMotive, alarmOf } = await import("/static/matching/desk/motive.js");
  await loadMotives();
  return texts.map((text) => [text, findMotive(text).text, alarmOf(text) !== null]);
}"""


async def test_what_people_say_finds_its_motive_and_what_is_grave_rings(browser: Browser, here: Town) -> None:
    wanted = {text.strip(): label for label, texts in SAID.items() for text in texts.split(",")}
    token = await here.token(Role.PHARMACIST)
    async with screen(browser, here.url, "/orienter", token) as pharmacy:
        found = await pharmacy.page.evaluate(FIND, [*wanted, *RINGS, *RINGS_NOT])
    missed = {text: label for text, label, _ in found if text in wanted and label != wanted[text]}
    assert not missed
    rang = {text for text, _, rings in found if rings}
    assert [text for text in RINGS if text not in rang] == []
    assert rang - set(RINGS) == set()


async def read_patient(here: Town) -> dict[str, str]:
    """Who comes, as the coordinator reads it of the only request."""
    async with here.client(Role.COORDINATOR) as client:
        [request] = (await client.get("/matching/requests", params={"cpts": CPTS})).json()
        assert request["act"] == "other"
        patient: dict[str, str] = (await client.get(f"/matching/requests/{request['id']}/patient")).json()
    return patient


async def type_motive(page: Page, text: str) -> None:
    await page.get_by_label("Pour quoi ?").focus()
    await page.get_by_label("Pour quoi ?").fill("")
    await page.keyboard.type(text)


async def test_the_15_comes_first_then_other_words_than_ours_reach_the_practitioner(
    browser: Browser, here: Town
) -> None:
    await here.publish(0, in_minutes=60, count=2)
    token = await here.token(Role.PHARMACIST)
    async with screen(browser, here.url, "/orienter", token) as pharmacy:
        page = pharmacy.page
        alarm, call = page.locator("#alarm"), page.get_by_role("link", name="Appeler le 15")
        proposed = page.locator("#motive-list [role=option]")
        await describe(page, motive="renouv")
        await options(page, 2)
        await type_motive(page, "douleur dans la poitrine")
        await expect(alarm).to_contain_text("Appelez le 15 d'abord.")
        await expect(call).to_have_attribute("href", "tel:15")
        await expect(page.locator("#options li")).to_have_count(0)
        await expect(proposed).to_have_count(0)
        await page.keyboard.press("Enter")
        await expect(alarm).to_be_visible()
        await page.get_by_role("button", name="Le 15 a été appelé : continuer").click()
        await page.get_by_role("option", name="Douleur dans la poitrine").click()
        await options(page, 2)
        # What was found for other words does not stay under these; no word of ours says them.
        await type_motive(page, "xylophone égaré")
        await expect(page.locator("#options li")).to_have_count(0)
        await expect(proposed).to_have_text(["xylophone égaréautre motif, dit avec vos mots"])
        await page.keyboard.press("Enter")
        await options(page, 2)
        await page.keyboard.press("1")
        await page.get_by_role("button", name="Confirmer").press("Enter")
        await expect(page.get_by_role("dialog", name="Rendez-vous confirmé")).to_be_visible()
    assert (await read_patient(here))["motive"] == "xylophone égaré"
