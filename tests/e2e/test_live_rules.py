"""The browser follows a stream by the same rules as our services (`tests/unit/shared/test_replica.py`)."""

from typing import Any

import pytest
from playwright.async_api import Browser

from shared.web.pages import json_block
from tests.e2e.browser import screen
from tests.e2e.town import Town
from tests.unit.shared.test_replica import batch, event

TAKE = """async (messages) => {
  const { Follower } = await import("/static/live.js");
  const replica = new Follower("availability", "c", { onChange: () => {}, onStatus: () => {} });
  Object.assign(replica, { epoch: "e", seq: 4, ready: true });
  const taken = messages.map((message) => replica.take(message));
  return { taken, seq: replica.seq, ready: replica.ready, slots: Object.keys(replica.state.slots ?? {}) };
}"""
NEXT = {"taken": [True], "ready": True}
CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "continues": ([batch(4, event(5, "a", {}), event(6, "b", {}))], {**NEXT, "seq": 6, "slots": ["a", "b"]}),
    "removes": ([batch(4, event(5, "a", {}), event(6, "a", None))], {**NEXT, "seq": 6, "slots": []}),
    "overlaps": ([batch(3, event(4, "old", {}), event(5, "a", {}))], {**NEXT, "seq": 5, "slots": ["a"]}),
    "hides": ([batch(4, seq=9)], {**NEXT, "seq": 9, "slots": []}),
    "misses": ([batch(6, event(7, "a", {}))], {"taken": [False], "ready": False, "seq": 4, "slots": []}),
    "other history": (
        [batch(4, event(5, "a", {}), epoch="x")],
        {"taken": [False], "ready": False, "seq": 4, "slots": []},
    ),
    "reset": ([{"reset": "history"}], {"taken": [False], "ready": False, "seq": 4, "slots": []}),
}


async def test_the_browser_follows_by_the_rules_of_the_protocol(browser: Browser, here: Town) -> None:
    async with screen(browser, here.url, "/connexion") as shown:
        found = {name: await shown.page.evaluate(TAKE, messages) for name, (messages, _) in CASES.items()}
    assert found == {name: expected for name, (_, expected) in CASES.items()}


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--", "a & b"])
def test_values_handed_to_scripts_cannot_end_their_block(text: str) -> None:
    assert not set("<>&") & set(json_block({"name": text}))
