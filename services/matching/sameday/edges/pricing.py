"""What each slot of a board costs everybody, kept while nothing on the board changes."""

from dataclasses import dataclass, replace

from services.matching.engine.model import Instance, Option, Request
from services.matching.engine.sameday.recommend import PriceList, options, price_list
from services.matching.engine.sameday.table import OfferTable
from services.matching.engine.travel import Travel
from services.matching.sameday.edges.solver import Solver

SAME_MOMENT_S = 60


@dataclass(frozen=True, slots=True)
class _Priced:
    board: Instance
    travel: str
    prices: PriceList
    offer: OfferTable


class Pricing:
    """The last prices of each CPTS. Whoever asks first after a change waits for the solver, the next do not."""

    def __init__(self, solver: Solver) -> None:
        """The solver prices."""
        self._solver = solver
        self._kept: dict[str, _Priced] = {}

    async def options(
        self, cpts_id: str, board: Instance, asked: Request, k: int, travel: Travel | None, travel_name: str
    ) -> tuple[Option, ...]:
        """The k best slots for a request, by what others on the board lose; prices stand at most `SAME_MOMENT_S`."""
        board = replace(board, requests=tuple(one for one in board.requests if one.id != asked.id))
        moment = replace(board, now_at_s=board.now_at_s // SAME_MOMENT_S)
        kept = self._kept.get(cpts_id)
        if kept is None or (kept.board, kept.travel) != (moment, travel_name):
            kept = _Priced(moment, travel_name, await self._solver(price_list, board, travel), OfferTable(board))
            self._kept[cpts_id] = kept
        return options(board, asked, k, kept.prices, travel, kept.offer)
