"""What pages and scripts name is there: a script or a sheet of style that moved is found before a browser is."""

import re

from tests.architecture.rooms import ROOT

FOLDERS = {
    "/static/matching/": ROOT / "services" / "matching" / "web" / "static",
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
