"""A captured round or day runs in the engine, and nobody is in it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from services.cli.engine.capturing import capture_from
from services.cli.engine.solving import judge_files, solve_file
from services.matching.engine.files import loads
from services.matching.engine.model import Instance, Plan, Point
from services.matching.engine.sameday.judge import faults
from services.matching.lab.changes import Supposition
from services.matching.lab.days.stored import read_days, write_day
from services.matching.lab.terminal.command import whatif
from shared.auth import Role
from tests.builders import CPTS, MORNING, show
from tests.integration.matching.test_looking_ahead import a_round, asked
from tests.towns import COMMUNES, Town, until

CENTRES = {Point(lat, lon) for _, _, lat, lon, _, _ in COMMUNES}
DAY_S = 86_400


async def test_the_last_round_is_written_without_anybody_and_runs(town: Town, tmp_path: Path) -> None:
    slot = await town.slot(0, hours=5)
    await town.slot(1, hours=6)
    person = await town.person(Role.REGULATOR)
    habitual = str(town.territory.practitioners[0])
    point = {"lat": 44.5123, "lon": 3.5123}
    more = {"age": 83, "point": point, "habitual_practitioner_id": habitual}
    one = await asked(person, urgency=4, motive="renewal", **more)
    await until(person.client, one, "proposed")
    said: list[str] = []
    await capture_from(town.settings, cpts=CPTS, out=tmp_path, days=0, say=said.append)
    text = (tmp_path / "instance.json").read_text()
    instance = loads(text, Instance)
    assert not [name for name in (one, slot["id"], habitual, CPTS, "44.512") if name in text]
    (request,) = instance.requests
    assert (request.id, request.age, request.point) == ("request-0001", 80, Point(44.5, 3.5))
    assert request.habitual in {each.id for each in instance.practitioners}
    assert {each.point for each in instance.slots} <= CENTRES
    plan = loads((tmp_path / "plan.json").read_text(), Plan)
    assert [each.request for each in plan.assignments] == ["request-0001"]
    assert not list(faults(instance, plan))
    assert solve_file(tmp_path / "instance.json", tmp_path / "again.json") == 0
    assert judge_files(tmp_path / "instance.json", tmp_path / "again.json") == 0
    assert len(said) == 1


async def test_a_past_day_is_written_and_lived_again_under_any_policy(town: Town, tmp_path: Path) -> None:
    person = await town.person(Role.REGULATOR)
    for hours in (1, 2, 3):
        await town.slot(0, hours=hours)
    await asked(person, urgency=4, motive="renewal", age=83)
    await a_round(person)
    await show(town.settings, MORNING + timedelta(days=1))
    await capture_from(town.settings, cpts=CPTS, out=tmp_path, days=3, say=lambda _: None)
    (day,) = read_days(tmp_path)
    assert (day.name, len(day.slots), len(day.requests)) == ("2026-11-24", 3, 2)
    assert ({one.point for one in day.requests}, day.requests[0].age) == ({Point(44.5, 3.5)}, 80)
    assert min(day.published_at_s) >= int(MORNING.timestamp())
    file = tmp_path / f"day-{day.name}.json"
    before, after = whatif(Supposition(policy="fcfs_early"), day=file)
    assert (before.unserved, after.unserved) == (50.0, 50.0)
    # The days before it, as `capture --days` leaves them in the same folder: look-ahead learns from those alone.
    yesterday = replace(
        day,
        name="2026-11-23",
        opens_at_s=day.opens_at_s - DAY_S,
        closes_at_s=day.closes_at_s - DAY_S,
        requests=tuple(replace(one, submitted_at_s=one.submitted_at_s - DAY_S) for one in day.requests),
        published_at_s=tuple(at - DAY_S for at in day.published_at_s),
    )
    write_day(tmp_path / "day-2026-11-23.json", yesterday)
    _, ahead = whatif(Supposition(policy="consensus"), day=file, history=tmp_path)
    assert ahead.policy == "consensus"
    assert ahead.unserved == 50.0
