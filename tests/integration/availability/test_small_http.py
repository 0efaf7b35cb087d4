"""HTTP's small print: HEAD, If-None-Match, an offset whose plus is a space."""

from tests.builders import CPTS
from tests.integration.availability.test_agendas import Practice, practice  # noqa: F401  the fixture


async def test_an_agenda_answers_head_and_every_way_to_say_that_it_is_known(practice: Practice) -> None:  # noqa: F811
    url = (await practice.client.post(f"{practice.path}/address")).json()["url"]
    path = url.split("/availability", 1)[1]
    async with practice.service.anyone() as anyone:
        got, head = await anyone.get(path), await anyone.head(path)
        assert (head.status_code, head.headers["etag"], head.content) == (200, got.headers["etag"], b"")
        etag = got.headers["etag"]
        for said in (etag, f"W/{etag}", f'"x", {etag}', f'W/"x",W/{etag}', "*"):
            known = await anyone.get(path, headers={"if-none-match": said})
            assert (known.status_code, known.content) == (304, b""), said
        for said in ('"x"', 'W/"x", "y"', ""):
            assert (await anyone.get(path, headers={"if-none-match": said})).status_code == 200


async def test_an_offset_may_come_with_its_plus_unencoded(practice: Practice) -> None:  # noqa: F811
    for query in (
        "from=2026-11-24T00:00:00+01:00&to=2026-11-25T00:00:00+01:00",
        "from=2026-11-24T00:00:00%2B01:00&to=2026-11-25T00:00:00-01:00",
        "from=2026-11-24T00:00:00Z&to=2026-11-25T00:00:00Z",
    ):
        assert (await practice.client.get(f"/slots?cpts={CPTS}&{query}")).status_code == 200, query
