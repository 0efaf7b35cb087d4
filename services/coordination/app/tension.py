"""The level of tension of a territory now, by the rules of its CPTS."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from services.coordination.core.tension import LOOKS_BACK, TensionLevel, TensionRules, read_rules, weigh
from services.coordination.reads import WrittenPaper, papers, read_since
from shared.db.clock import Clock, zone_at

TENSION = "tension"


@cache
def read_shipped_rules() -> Mapping[str, Any]:
    """The rules that every installation starts from."""
    return tomllib.loads(files("services.coordination").joinpath("tension.toml").read_text(encoding="utf-8"))


def rules_of(written: Mapping[str, WrittenPaper]) -> TensionRules:
    """The rules in force in a CPTS: its own once somebody wrote them."""
    paper = written.get(TENSION)
    return read_rules(paper.body if paper else read_shipped_rules())[0]


async def level_now(session: AsyncSession, cpts_id: str, clock: Clock) -> tuple[TensionLevel, TensionRules]:
    """The level of a territory at this instant, and the rules it was weighed by."""
    now = clock.now().astimezone(await zone_at(session, cpts_id))
    rules = rules_of(await papers(session, cpts_id))
    return weigh(await read_since(session, cpts_id, now - LOOKS_BACK), rules, now), rules
