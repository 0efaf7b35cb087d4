"""How every benchmark reports: the machine, a table, the guarantees kept or broken, and JSON on demand."""

import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

PACKAGES = ("numpy", "ortools", "asyncpg", "fastapi", "uvicorn", "websockets")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].split(":", 1)[1].strip() if lines else ""
    return {
        "cpu": model or platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        **{package: version(package) for package in PACKAGES},
    }


def progress(doing: str) -> None:
    """Tell, beside the figures, what a long benchmark is doing."""
    Console(stderr=True, log_path=False).log(f"[dim]{doing}[/]")


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, by the nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


@dataclass
class Report:
    """Rows to print and to export; a broken guarantee makes the command fail, a slow figure never does."""

    title: str
    columns: Sequence[str]
    rows: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def add(self, **cells: Any) -> None:
        """One row."""
        self.rows.append(cells)

    def row(self, *cells: Any) -> None:
        """One row, cell by cell in the order of the columns."""
        self.add(**dict(zip(self.columns, cells, strict=True)))

    def guarantee(self, what: str, *, kept: bool) -> None:
        """Note whether something that must hold did hold."""
        self.figures.setdefault("guarantees", {})[what] = kept
        if not kept:
            self.broken.append(what)

    def finish(self, *, as_json: bool) -> int:
        """Print everything; the exit code is 1 when a guarantee is broken."""
        console = Console(width=None if sys.stdout.isatty() else 140)
        table = Table(title=self.title, title_justify="left")
        for column in self.columns:
            table.add_column(column, justify="left" if column == self.columns[0] else "right")
        for row in self.rows:
            table.add_row(*(_cell(row.get(column)) for column in self.columns))
        console.print(table)
        for what, kept in self.figures.get("guarantees", {}).items():
            console.print(f"[{'green' if kept else 'bold red'}]{'kept  ' if kept else 'BROKEN'}[/] {what}")
        console.print(f"[dim]{', '.join(f'{key} {value}' for key, value in machine().items())}[/]")
        if as_json:
            body = {"bench": self.title, "machine": machine(), "rows": self.rows, **self.figures}
            print(json.dumps(body, ensure_ascii=False))
        return 1 if self.broken else 0


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    return str(value)
