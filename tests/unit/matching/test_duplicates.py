"""Ten thousand invented people, eight in a hundred entered twice: found, and nobody taken for another."""

import numpy as np

from services.matching.doctors.app.duplicates import KnownPerson, find_duplicates

FAMILY = [
    "Martin",
    "Bernard",
    "Thomas",
    "Petit",
    "Robert",
    "Richard",
    "Durand",
    "Dubois",
    "Moreau",
    "Laurent",
    "Simon",
    "Lefebvre",
    "Leroy",
    "Roux",
    "Bertrand",
    "Morel",
    "Fournier",
    "Girard",
    "Bonnet",
    "Dupont",
    "Lambert",
    "Fontaine",
    "Rousseau",
    "Vincent",
    "Muller",
    "Faure",
    "Mercier",
    "Blanc",
    "Guérin",
    "Boyer",
    "Garnier",
    "Chevalier",
    "Legrand",
    "Gauthier",
    "Garcia",
    "Perrin",
    "Robin",
    "Clément",
    "Morin",
    "Henry",
    "Roussel",
    "Mathieu",
    "Gautier",
    "Masson",
    "Marchand",
    "Duval",
    "Lemaire",
    "Meyer",
    "Dufour",
    "Meunier",
    "Brun",
    "Blanchard",
    "Giraud",
    "Joly",
    "Rivière",
    "Brunet",
    "Gaillard",
    "Barbier",
    "Arnaud",
    "Martinez",
    "Roche",
]
GIVEN = [
    "Marie",
    "Jeanne",
    "Françoise",
    "Monique",
    "Catherine",
    "Nathalie",
    "Isabelle",
    "Sylvie",
    "Anne",
    "Hélène",
    "Camille",
    "Léa",
    "Manon",
    "Chloé",
    "Inès",
    "Émilie",
    "Céline",
    "Jean",
    "Pierre",
    "Michel",
    "André",
    "Philippe",
    "René",
    "Louis",
    "Alain",
    "Jacques",
    "Marcel",
    "Daniel",
    "Paul",
    "Claude",
    "Henri",
    "Georges",
    "Nicolas",
    "François",
    "Thierry",
    "Éric",
    "Stéphane",
    "Julien",
    "Hugo",
    "Zoé",
    "Noémie",
]
PEOPLE, TWICE = 10_000, 800
Person = tuple[str, str, str]


def draw(rng: np.random.Generator) -> Person:
    """A name, a date of birth, a phone; one in four has a name more, one in five no phone."""
    family, given = str(rng.choice(FAMILY)), str(rng.choice(GIVEN))
    more = rng.random()
    if more < 0.25:
        family, given = (
            (f"{family} {rng.choice(FAMILY)}", given) if more < 0.12 else (family, f"{given} {rng.choice(GIVEN)}")
        )
    born = f"{rng.integers(1925, 2008)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}"
    return f"{family} {given}", born, "" if rng.random() < 0.2 else f"06{rng.integers(10_000_000, 38_999_999)}"


def mistype(rng: np.random.Generator, person: Person) -> Person:
    """The same person as another desk writes them: one slip of eight."""
    name, born, phone = person
    at = int(rng.integers(1, len(name) - 2))
    slips: list[Person] = [
        (name[:at] + name[at + 1] + name[at] + name[at + 2 :], born, phone),
        (name[:at] + "e" + name[at + 1 :], born, phone),
        (name[:at] + name[at] + name[at:], born, phone),
        (" ".join(reversed(name.split())), born, phone),
        (name.upper().replace("É", "E").replace("Ç", "C").replace(" ", "-", 1), born, phone),
        (name, f"{born[:4]}-{born[8:]}-{born[5:7]}" if int(born[8:]) <= 12 else born[:4], phone),
        (name, born, ""),
        (name, born, f"+33 {phone[1]} {phone[2:4]} {phone[4:6]} {phone[6:8]} {phone[8:]}" if phone else ""),
    ]
    return slips[int(rng.integers(len(slips)))]


def test_eight_in_a_hundred_entered_twice_are_found_and_nobody_is_taken_for_another() -> None:
    rng = np.random.default_rng(11)
    whole = [draw(rng) for _ in range(PEOPLE - TWICE)]
    again = [int(each) for each in rng.choice(len(whole), TWICE, replace=False)]
    planted = {(f"p{at}", f"d{at}") for at in again}
    entries = {f"p{at}": each for at, each in enumerate(whole)} | {f"d{at}": mistype(rng, whole[at]) for at in again}
    found = find_duplicates(KnownPerson.of(key, *each) for key, each in entries.items())
    pairs = {tuple(sorted((each.one, each.other), reverse=True)) for each in found}
    missed = planted - pairs
    assert len(missed) <= 0.02 * TWICE, [(entries[one], entries[other]) for one, other in sorted(missed)[:10]]
    sure = {tuple(sorted((each.one, each.other), reverse=True)) for each in found if each.sure}
    assert sure <= planted, [(entries[one], entries[other]) for one, other in sorted(sure - planted)[:5]]
    # Who is shown for nothing is few: somebody looks at each.
    assert len(pairs - planted) <= 0.1 * TWICE


def test_members_of_a_household_are_not_one_person() -> None:
    phone = "0612345678"
    family = [
        KnownPerson.of("a", "Martin Jeanne", "1980-02-03", phone),
        KnownPerson.of("b", "Martin Jean", "1979-05-06", phone),
        KnownPerson.of("c", "Martin Léa", "2008-02-03", phone),
        KnownPerson.of("d", "Martin Léo", "2008-02-03", phone),
    ]
    assert [each for each in find_duplicates(family) if each.sure] == []
