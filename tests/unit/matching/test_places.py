"""Communes by what people type: spelled, shortened and addressed as one does on the phone."""

import pytest

from services.matching.sameday.edges.places import CommuneChoice, CommuneIndex, plain

KNOWN: tuple[tuple[str, str, list[str], list[str]], ...] = (
    ("94038", "L'Haÿ-les-Roses", ["94240"], []),
    ("93070", "Saint-Ouen-sur-Seine", ["93400"], ["Saint-Ouen"]),
    ("91228", "Évry-Courcouronnes", ["91000", "91080"], ["Évry"]),
    ("48095", "Mende", ["48000"], []),
    ("13201", "Marseille 1er Arrondissement", ["13001"], []),
    ("13214", "Marseille 14e Arrondissement", ["13014"], []),
    ("69383", "Lyon 3e Arrondissement", ["69003"], []),
    ("14654", "Saint-Pierre-en-Auge", ["14170"], ["L'Oudon"]),
    ("97411", "Saint-Denis", ["97400", "97490"], []),
    ("93066", "Saint-Denis", ["93200"], []),
    ("2B033", "Bastia", ["20200", "20600"], []),
    ("27701", "Le Vaudreuil", ["27100"], []),
    ("35360", "Mesnil-Roc'h", ["35720"], []),
    ("62041", "Arras", ["62000"], []),
    ("92077", "Ville-d'Avray", ["92410"], []),
    ("29103", "Île-de-Batz", ["29253"], []),
    ("02691", "Oeuilly", ["02160"], []),
)


@pytest.fixture(scope="module")
def index() -> CommuneIndex:
    found = CommuneIndex()
    for insee, name, codes, _ in KNOWN:
        found._communes[insee] = CommuneChoice(
            insee=insee, name=name, departement=insee[:2], postal_codes=codes, lat=0, lon=0, population=1
        )
    names = [(plain(name), insee, "") for insee, name, _, _ in KNOWN]
    former = [(plain(each), insee, each) for insee, _, _, old in KNOWN for each in old]
    written = [(code, insee, "") for insee, _, postal, _ in KNOWN for code in [*postal, insee.lower()]]
    found._keys = sorted(names + former + written)
    return found


@pytest.mark.parametrize(
    ("typed", "insee"),
    [
        ("lhay", "94038"), ("hay les roses", "94038"), ("L’HAŸ", "94038"), ("l'hay-les-roses", "94038"),
        ("st ouen", "93070"), ("St-Ouen s/ Seine", "93070"), ("saintouen", "93070"), ("evry", "91228"),
        ("vaudreuil", "27701"), ("le vaudreuil", "27701"), ("mesnil roch", "35360"), ("Mesnil-Roc’h", "35360"),
        ("MENDE CEDEX", "48095"), ("MENDE CEDEX 9", "48095"), ("48005 MENDE CEDEX", "48095"), ("Mende 48000", "48095"),
        ("Mende (48)", "48095"), ("Mende, France", "48095"), ("48 000", "48095"), ("\u200bＭｅｎｄｅ", "48095"),
        ("Marseille 01", "13201"), ("Marseille 1er", "13201"), ("marseille 1ère", "13201"),
        ("13001 Marseille", "13201"),
        ("13 001", "13201"), ("marseille 14ème", "13214"), ("marseille 14 arr", "13214"), ("Lyon 3", "69383"),
        ("lyon 03", "69383"), ("lyon 3eme arrondissement", "69383"), ("l'oudon", "14654"), ("oudon", "14654"),
        ("2b033", "2B033"), ("20600", "2B033"), ("bastia 20", "2B033"), ("arr", "62041"), ("ville d", "92077"),
        ("ile de batz", "29103"), ("œuilly", "02691"), ("Œuilly", "02691"), ("st denis (974)", "97411"),
        ("97490 Saint-Denis", "97411"), ("st-denis 93200", "93066"), ("saint denis 974", "97411"),
        ("٤٨٠٠٠", "48095"),
    ],
)  # fmt: skip
def test_a_commune_is_found_as_people_write_it(index: CommuneIndex, typed: str, insee: str) -> None:
    assert index.search(typed)[0].insee == insee


def test_the_very_name_comes_before_what_only_begins_so(index: CommuneIndex) -> None:
    assert [each.insee for each in index.search("marseille 1")] == ["13201", "13214"]


@pytest.mark.parametrize("typed", ["", "cedex", "12 rue de l'Essai 48000", "12 rue de l'Essai Mende", "Mende 13001"])
def test_what_is_no_commune_is_left_to_the_addresses(index: CommuneIndex, typed: str) -> None:
    assert index.search(typed) == []
