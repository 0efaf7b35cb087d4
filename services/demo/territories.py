"""Two territories: three arrondissements of Marseille, dense, and a dozen communes of Lozère, where distance matters.

Positions are rounded to about a kilometre and populations to two figures; FINESS numbers are out of any real range.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Town:
    """A commune: INSEE code, name, postal code, position (degrees) and inhabitants."""

    insee: str
    name: str
    postal_code: str
    lat: float
    lon: float
    inhabitants: int
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class DemoTerritory:
    """A CPTS: its size class, its communes, and how far (km) homes and practices lie from the middle of them."""

    finess: str
    name: str
    short: str
    size: int
    towns: tuple[Town, ...]
    spread_km: float

    @property
    def inhabitants(self) -> int:
        """Everybody who lives there."""
        return sum(town.inhabitants for town in self.towns)


MARSEILLE = DemoTerritory(
    finess="139999901",
    name="CPTS de démonstration, Marseille 14e, 15e, 16e",
    short="Marseille",
    size=3,
    spread_km=1.2,
    towns=(
        Town("13214", "Marseille 14e Arrondissement", "13014", 43.35, 5.39, 60_000, "13055"),
        Town("13215", "Marseille 15e Arrondissement", "13015", 43.37, 5.36, 80_000, "13055"),
        Town("13216", "Marseille 16e Arrondissement", "13016", 43.36, 5.32, 15_000, "13055"),
    ),
)
LOZERE = DemoTerritory(
    finess="489999901",
    name="CPTS de démonstration, Lozère",
    short="Lozère",
    size=1,
    spread_km=2.0,
    towns=(
        Town("48095", "Mende", "48000", 44.52, 3.50, 12_000),
        Town("48092", "Marvejols", "48100", 44.55, 3.29, 4_700),
        Town("48140", "Saint-Chély-d'Apcher", "48200", 44.80, 3.28, 4_100),
        Town("48080", "Langogne", "48300", 44.73, 3.85, 2_900),
        Town("48009", "Peyre en Aubrac", "48130", 44.72, 3.28, 2_300),
        Town("48034", "La Canourgue", "48500", 44.43, 3.22, 2_100),
        Town("48061", "Florac Trois Rivières", "48400", 44.32, 3.59, 2_100),
        Town("48039", "Chanac", "48230", 44.47, 3.34, 1_400),
        Town("48132", "Saint-Alban-sur-Limagnole", "48120", 44.78, 3.39, 1_400),
        Town("48096", "Meyrueis", "48150", 44.18, 3.43, 800),
        Town("48070", "Grandrieu", "48600", 44.78, 3.64, 700),
        Town("48198", "Villefort", "48800", 44.44, 3.93, 600),
        Town("48043", "Châteauneuf-de-Randon", "48170", 44.64, 3.68, 500),
    ),
)
TERRITORIES = (MARSEILLE, LOZERE)
