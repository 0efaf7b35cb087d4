"""What the lists of a territory hold as files: its communes, whom a round served, who is asked for one more."""

from collections import Counter

from sqlmodel import col, select

from services.matching.doctors.reads import figures, round_row
from services.matching.exports import review
from services.matching.exports.lists import ListAsk, Table, say_reason
from services.matching.motives.reads import labels
from services.matching.sameday.api.requests import list_requests
from services.matching.sameday.store.overbooking_asks import OverbookingAskRow, view_of_ask
from services.matching.sameday.view import ask_view
from shared.auth import Role
from shared.contracts import ON_THE_BOARD
from shared.db import database_now
from shared.http.export import Cell
from shared.live.seen import narrow

LATEST = 1000


async def communes(ask: ListAsk) -> Table:
    """What the map shows: requests, places free and requests that nobody serves, by commune."""
    names, places = await ask.communes(), ask.territory.items("places")
    values = ask.territory.items("slots")
    demand, unserved, offer = Counter[str](), Counter[str](), Counter[str]()
    for each in await list_requests(ask.caller, ask.session, ask.cpts, []):
        demand[each.insee] += 1
        unserved[each.insee] += each.state in ON_THE_BOARD
    for slot in ask.territory.slots(int((await database_now(ask.session)).timestamp())):
        offer[places[values[slot.id]["place_id"]]["insee"]] += slot.places
    rows: list[list[Cell]] = [
        [insee, names.get(insee, insee), demand[insee], offer[insee], unserved[insee]]
        for insee in sorted(demand.keys() | offer.keys())
    ]
    return [ask.header("insee", "commune", "demand", "offer", "unserved"), *rows]


async def equity(ask: ListAsk) -> Table:
    """Whom one round served, by class and by commune."""
    round_, names = figures(await round_row(ask.session, ask.about())), await ask.communes()
    ask.caller.require_cpts(round_.cpts_id)
    rows: list[list[Cell]] = []
    for kind, lines in (("of_class", round_.equity_by_class), ("of_commune", round_.equity_by_commune)):
        for each in lines:
            of = names.get(each.of, each.of) if kind == "of_commune" else ask.words.label("attachment_class", each.of)
            mean: Cell = each.mean_travel_s // 60 if each.proposed else ""
            counts = [_hide_count(ask, each.asked), _hide_count(ask, each.proposed)]
            told = mean if all(isinstance(count, int) for count in counts) else ""
            rows.append([ask.words.say(f"export.{kind}"), of, *counts, told])
    return [ask.header("what", "of", "asked", "proposed", "mean_travel_min"), *rows]


def _hide_count(ask: ListAsk, count: int) -> Cell:
    """A count, unless it could be somebody and the committee reads it."""
    few = ask.caller.role is Role.COMMITTEE and 0 < count < review.LEAST
    return ask.words.say("export.few", least=review.LEAST) if few else count


async def asks(ask: ListAsk) -> Table:
    """Practitioners asked for one more patient, as the reader may see it."""
    found = select(OverbookingAskRow).where(OverbookingAskRow.cpts_id == ask.cpts)
    rows = (await ask.session.exec(found.order_by(col(OverbookingAskRow.asked_at).desc()).limit(LATEST))).all()
    seen = [each for row in rows if (each := narrow(ask.caller, ask_view, view_of_ask(row)))]
    communes_ = await ask.communes()
    acts = await labels(ask.session)
    names = await ask.names()
    return ask.table(
        (
            "asked_at",
            "urgency",
            "commune",
            "motive",
            "practitioner",
            "state",
            "answer_by",
        ),
        (
            [
                each.asked_at,
                f"P{each.urgency}",
                communes_.get(each.insee, each.insee),
                acts.get(each.act, each.act),
                names.get(each.practitioner_id, ""),
                ask.words.label("ask_state", each.state),
                each.answer_by,
            ]
            for each in seen
        ),
    )


async def period(ask: ListAsk) -> Table:
    """What became of a period's requests, the last seven days when none is said; counts only."""
    until = ask.until or await database_now(ask.session)
    since = ask.since or until - review.WEEK
    least = review.LEAST if ask.caller.role is Role.COMMITTEE else 0
    found = await review.review(ask.session, ask.cpts, since, until, review.shift_compared(since, until), least)
    names, acts = await ask.communes(), await labels(ask.session)

    def name_of(kind: str, of: str) -> str:
        known = {"commune": names, "motive": acts}.get(kind)
        if known is not None:
            return known.get(of, of)
        if kind == "hour":
            return f"{int(of)} h"
        if kind == "closed":
            return say_reason(ask.words, of)
        return ask.words.label("source", of) if kind == "source" else of

    said = review.lines(found, name_of, ask.words.say("export.few", least=review.LEAST))
    rows = [[ask.words.say(f"export.review.{what}"), *rest] for what, *rest in said]
    return [ask.header("what", "of", *review.COLUMNS), *rows]
