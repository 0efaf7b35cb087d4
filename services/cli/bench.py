"""`aiguillage bench NAME`: hands over to `tests.bench.NAME.main(argv) -> int`, which only a checkout has."""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from shared.refusals import CannotStart

ROOT = Path(__file__).parents[2]


def benchmarks(root: Path = ROOT) -> list[str]:
    """The benchmarks of a checkout, by name. CannotStart when there is no checkout around us."""
    folder = root / "tests" / "bench"
    if not folder.is_dir():
        raise CannotStart(
            "Les mesures vivent avec les sources : cloner le dépôt, puis « make bench ARGS='NOM --quick' »."
        )
    candidates = [*folder.glob("*.py"), *folder.glob("*/__init__.py")]
    found = {path.parent.name if path.name == "__init__.py" else path.stem: path for path in candidates}
    return sorted(name for name, path in found.items() if "def main(" in path.read_text())


def bench(name: str, arguments: Sequence[str], root: Path = ROOT) -> int:
    """Run one benchmark; its exit code is 1 when a guarantee is broken. CannotStart when it cannot be found or run."""
    if name not in benchmarks(root):
        raise CannotStart(f"Aucune mesure ne s'appelle « {name} » : {', '.join(benchmarks(root))}.")
    sys.path.insert(0, str(root))
    try:
        code: int = import_module(f"tests.bench.{name}").main(list(arguments))
    except ModuleNotFoundError as missing:
        if missing.name and missing.name.partition(".")[0] in {"services", "shared", "tests"}:
            raise
        raise CannotStart(f"Il manque {missing.name}, dont cette mesure a besoin : « make .venv/.bench ».") from None
    return code
