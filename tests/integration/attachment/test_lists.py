"""A list of people sent from the page: what is good goes in once, what is not is said line by line."""

from shared.auth import Role
from tests.builders import CPTS
from tests.integration.attachment.conftest import Register, a_round

LIST = """reference;commune;age;criteres;depuis;foyer;domicile
P-1;48095;74;ald;01/03/2026;;oui
P-2;48095;;;;P-1;
P-3;99999;40;;;;
P-4;48095;200;;;;
P-5;48095;30;inconnu;;;
P-6;48095;1 84 12 76 451 089 46;;;;
P-7;48095;20;;;P-99;
P-1;48095;20;;;;
"""


async def test_a_list_goes_in_once_and_says_what_to_change(register: Register) -> None:
    board, pharmacy = await register.person(Role.COORDINATOR), await register.person(Role.PHARMACIST)
    where = {"cpts": CPTS}
    report = (await board.post("/attachment-lists", params=where, content=LIST.encode())).json()
    assert (report["added"], report["same"]) == (2, 0)
    assert [(each["line"], each["column"]) for each in report["refused"]] == [
        (4, "insee"), (5, "age"), (6, "flags"), (7, "age"), (8, "foyer"), (9, "reference"),
    ]  # fmt: skip
    assert "451 089" not in str(report)
    again = (await board.post("/attachment-lists", params=where, content=LIST.encode())).json()
    assert (again["added"], again["same"]) == (0, 2)
    assert (await pharmacy.post("/attachment-lists", params=where, content=b"x")).status_code == 403
    assert (await board.post("/attachment-lists", params=where, content=b"x" * 2_000_001)).status_code == 413

    await register.declare(0, 2, home_visits=True)
    round_ = await a_round(board)
    assert round_["kept"] == 2
    exported = await board.get("/exports/proposals.csv", params={**where, "of": round_["id"]})
    lines = exported.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Priorité;Commune;Proposé à")
    assert lines[1].endswith(";Proposé au médecin")
    assert len(lines) == 3
    equity = await board.get("/exports/equity.csv", params={**where, "of": round_["id"]})
    assert ";Mende;2;2;" in equity.text
    committee = await register.person(Role.COMMITTEE)
    assert (await committee.get("/exports/proposals.csv", params={**where, "of": round_["id"]})).status_code == 403
