"""`aiguillage import`: reads a file, shows how far it is, writes what is good and reports what is not."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from services.files.outcome import BatchOutcome, FileWriter
from services.files.table import BadRow
from services.imports.writing import writer_for
from services.installation.starting import install
from shared.embedded.place import CannotStart

BATCH = 500
SHOWN_ROWS = 200


class NothingKept(Exception):
    """Leaves a transaction without keeping what it did."""


@dataclass(slots=True)
class ImportTally:
    """What an import did so far."""

    added: int = 0
    changed: int = 0
    same: int = 0
    bad: list[BadRow] = field(default_factory=list)

    def count(self, outcome: BatchOutcome) -> None:
        """Add what one batch did."""
        self.added += outcome.added
        self.changed += outcome.changed
        self.same += outcome.same
        self.bad.extend(outcome.bad)


async def bring_in(kind: str, file: Path, *, strict: bool, data_dir: Path, cpts: str = "") -> int:
    """Import a file; 1 when a row was refused. With `strict`, one refused row and nothing is kept."""
    console = Console()
    async with install(data_dir, join=True) as here, writer_for(kind, here.settings, cpts=cpts) as writer:
        with open_lines(file, console) as lines:
            tally = await bring_lines(writer, lines, strict=strict)
    show(console, tally, kept=not (strict and tally.bad))
    return 1 if tally.bad else 0


async def bring_lines(writer: FileWriter, lines: Iterable[bytes], *, strict: bool) -> ImportTally:
    """Write what is good of `lines`, in batches; with `strict`, all of it or nothing."""
    return await (_all_or_nothing if strict else _in_batches)(writer, lines)


async def _in_batches(writer: FileWriter, lines: Iterable[bytes]) -> ImportTally:
    tally = ImportTally()
    for rows in batches(writer.read(lines), tally.bad):
        async with writer.transaction() as session:
            tally.count(await writer.write(session, rows))
    return tally


async def _all_or_nothing(writer: FileWriter, lines: Iterable[bytes]) -> ImportTally:
    tally = ImportTally()
    try:
        async with writer.transaction() as session:
            for rows in batches(writer.read(lines), tally.bad):
                tally.count(await writer.write(session, rows))
            _keep_nothing_if(tally.bad)
    except NothingKept:
        tally.added = tally.changed = 0
    return tally


def _keep_nothing_if(bad: list[BadRow]) -> None:
    if bad:
        raise NothingKept


def batches(rows: Iterable[Any], bad: list[BadRow]) -> Iterator[list[Any]]:
    """The good rows by batches; the others go to `bad`."""
    batch: list[Any] = []
    for row in rows:
        if isinstance(row, BadRow):
            bad.append(row)
            continue
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


@contextmanager
def open_lines(file: Path, console: Console) -> Iterator[Iterable[bytes]]:
    """The lines of a file, or of the standard input for « - », with a bar that shows how far the reading is."""
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    if not file.is_file():
        raise CannotStart(f"Aucun fichier à cet endroit : {file}")
    with (
        Progress(console=console, transient=True) as progress,
        progress.open(file, "rb", description=file.name) as lines,
    ):
        yield lines


def show(console: Console, tally: ImportTally, *, kept: bool) -> None:
    """Print the refused rows and the count."""
    if tally.bad:
        table = Table("ligne", "colonne", "valeur", "à changer", title="Lignes refusées", title_justify="left")
        for bad in sorted(tally.bad, key=lambda each: each.line)[:SHOWN_ROWS]:
            table.add_row(str(bad.line), escape(bad.column), escape(bad.value), escape(bad.change))
        console.print(table)
        if len(tally.bad) > SHOWN_ROWS:
            console.print(f"… et {len(tally.bad) - SHOWN_ROWS} autres.")
    console.print(
        f"{tally.added} ajoutés, {tally.changed} modifiés, {tally.same} inchangés, "
        f"{len({bad.line for bad in tally.bad})} lignes refusées."
    )
    if not kept:
        console.print("Rien n'a été gardé (--strict).")
