"""What pages and scripts name is there: a script or a sheet of style that moved is found before a browser is."""

import re

from shared.contracts import ON_THE_BOARD, SEEKING
from shared.contracts.register import CLOSED
from shared.contracts.register import SEEKING as SEEKING_DOCTOR
from tests.architecture.rooms import ROOT

FOLDERS = {
    "/static/matching/": ROOT / "services" / "matching" / "web" / "static",
    "/static/coordination/": ROOT / "services" / "coordination" / "web" / "static",
    "/static/availability/": ROOT / "services" / "availability" / "web" / "static",
    "/static/": ROOT / "shared" / "web" / "static",
}
"""Where the files of each address are, the longest address first."""
NAMED = re.compile(r"""["'(](/static/[\w./-]+\.\w+)""")


def test_every_file_that_a_page_names_is_there() -> None:
    found = [
        path
        for top in ("services", "shared")
        for path in (ROOT / top).rglob("*")
        if path.suffix in (".js", ".html", ".css", ".webmanifest") and "vendor" not in path.parts
    ]
    missing = {
        (str(path.relative_to(ROOT)), address)
        for path in found
        for address in NAMED.findall(path.read_text(encoding="utf-8"))
        if not _file_of(address)
    }
    assert len(found) > len(FOLDERS)
    assert missing == set()


def _file_of(address: str) -> bool:
    start = next(start for start in FOLDERS if address.startswith(start))
    return (FOLDERS[start] / address.removeprefix(start)).is_file()


STATES = tuple(frozenset(each) for each in (ON_THE_BOARD, SEEKING, SEEKING_DOCTOR, CLOSED))


def listed_states(script: str) -> list[str]:
    """The lists of a script that spell a set of states which the server tells."""
    lists = re.findall(r"\[[^\[\]]*\]", script)
    return [each for each in lists if frozenset(re.findall(r"[\"']([a-z_]+)[\"']", each)) in STATES]


def test_the_server_says_which_states_mean_that_somebody_waits() -> None:
    assert listed_states('new Set(["open", "proposed", "escalated"])')
    assert not listed_states('["open", "proposed"].includes(request.state)')
    scripts = {
        path: path.read_text("utf-8") for folder in ("services", "shared") for path in (ROOT / folder).rglob("*.js")
    }
    assert not {path.name: found for path, text in scripts.items() if (found := listed_states(text))}
