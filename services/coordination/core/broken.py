"""A rule that is broken: where, which, with what values; the catalogue has its sentence and what to change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as filled
from datetime import date
from decimal import Decimal
from fractions import Fraction
from numbers import Rational

NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
SIGNS = {"fr": (NARROW_SPACE, ","), "en": (",", ".")}
"""What stands between thousands and before decimals, by language."""


@dataclass(frozen=True, slots=True)
class Broken:
    """One rule that a value breaks. `field`: the path of the value (`missions.acces_soins.indicators.1.target`)."""

    field: str
    rule: str
    values: Mapping[str, object] = filled(default_factory=dict)

    @property
    def key(self) -> str:
        """The wording that says what is wrong."""
        return f"coordination.broken.{self.rule}"

    @property
    def change_key(self) -> str:
        """The wording that says what to change."""
        return f"coordination.change.{self.rule}"

    def write_values(self, language: str = "fr") -> dict[str, str]:
        """The values as a sentence of this language shows them."""
        return {name: write_value(value, language) for name, value in self.values.items()}

    def under(self, path: str) -> "Broken":
        """The same, said of a value that stands below `path`."""
        return Broken(f"{path}.{self.field}" if self.field else path, self.rule, self.values)


def under(path: str, found: Iterator[Broken]) -> Iterator[Broken]:
    """Each rule, said of a value below `path`."""
    return (each.under(path) for each in found)


def write_value(value: object, language: str = "fr") -> str:
    """A number with its thousands apart, a date by day, month and year, anything else as it is."""
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, Decimal | Rational):
        exact = Fraction(value)
        places = next((n for n in (0, 1, 2) if exact * 10**n == int(exact * 10**n)), 3)
        thousands, point = SIGNS[language]
        written = f"{Decimal(round(exact * 10**places)).scaleb(-places):,.{places}f}"
        return written.replace(",", "\0").replace(".", point).replace("\0", thousands)
    return str(value)


def euros(cents: int) -> Decimal:
    """Cents as euros, exact."""
    return Decimal(cents).scaleb(-2)
