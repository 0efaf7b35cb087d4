"""When a slot that nobody took goes back to its practitioner, on a lived day."""

from dataclasses import dataclass, replace

import numpy as np

from services.matching.lab.pairs import NEVER, Pairs

FLOOR_S = 300
MARGIN_S = 60
LOOK_AGAIN_S = 60


@dataclass(frozen=True, slots=True)
class Closing:
    """An empty slot goes back `notice_s` before it starts; with `kept`, not while someone who waits could take it.

    Without a notice it never goes back. One published later than that stays until it starts.
    """

    notice_s: int = 0
    kept: bool = False

    @property
    def name(self) -> str:
        """How a table calls it."""
        if not self.notice_s:
            return "jamais"
        return f"{self.notice_s // 60} min" + (" (gardé si attendu)" if self.kept else "")


def closes_at_s(pairs: Pairs, closing: Closing) -> list[tuple[int, int]]:
    """When each slot that goes back does, with its column."""
    if not closing.notice_s:
        return []
    at_s = pairs.starts_at_s - closing.notice_s
    return [(int(at_s[column]), int(column)) for column in np.flatnonzero(at_s > pairs.published_at_s)]


def limit_decisions(pairs: Pairs, closing: Closing) -> Pairs:
    """The pairs with the last instant at which each can be decided: a policy knows when slots go back."""
    columns = [column for _, column in closes_at_s(pairs, closing)]
    until = pairs.until_at_s.copy()
    last = pairs.starts_at_s[columns] - (FLOOR_S if closing.kept else closing.notice_s) - MARGIN_S
    until[:, columns] = np.where(until[:, columns] == NEVER, NEVER, np.minimum(until[:, columns], last))
    return replace(pairs, until_at_s=until)
