"""`aiguillage keys …`: the keys of patients' data, and their replacement while the services run."""

import base64
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from services.cli.options import UP_DIR, DataDir, run
from services.cli.saying import say
from shared.refusals import CannotStart

keys = typer.Typer(no_args_is_help=True, help="Les clés des données des patients.")
MOST_NAMED = 5


@keys.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Son nom : une date, une année ; ni « : » ni « derived ».")],
) -> None:
    """Écrit une clé nouvelle et dit où la mettre. Rien n'est enregistré ici : la garder en lieu sûr.

    \b
    aiguillage keys new 2027
    """
    if not name or ":" in name or name == "derived" or not name.isascii():
        raise CannotStart("Ce nom ne convient pas : des lettres, chiffres et tirets, ni « : » ni « derived ».")
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    say(f'"{name}": "{key}"')
    say("1. L'ajouter en PREMIER dans AIGUILLAGE_DATA_KEYS, partout ; redémarrer : tous les services savent l'ouvrir.")
    say("2. La mettre en DERNIER, partout ; redémarrer : tous chiffrent par elle. Puis « aiguillage keys rotate ».")


@keys.command("rotate")
def rotate(data_dir: DataDir = UP_DIR) -> None:
    """Chiffre par la dernière clé ce qu'une autre avait chiffré, services en marche ; coupé, reprend où il en était.

    Sort avec 1 si une ancienne clé sert encore.

    \b
    aiguillage keys rotate
    """
    if not run(rotate_all(data_dir, say=say)):
        raise typer.Exit(1)


async def rotate_all(data_dir: Path, *, say: Callable[[str], None]) -> bool:
    """Rotate the keys of an installation; whether the older ones are of no more use."""
    from services.installation.rotation import rotate as work
    from services.installation.starting import install

    done = True
    async with install(data_dir, join=True, migrate=False) as here:
        async for each in work(here.settings):
            done = done and each.done
            place = f"{each.place.table}.{each.place.column}"
            say(f"{place} : {each.resealed} chiffrés à nouveau{_trouble(sorted(each.lost), each.left)}")
    say("Les anciennes clés peuvent être retirées." if done else "Une ancienne clé sert encore : ne rien retirer.")
    return done


def _trouble(lost: list[str], left: int) -> str:
    named = ", ".join(lost[:MOST_NAMED]) + (" …" if len(lost) > MOST_NAMED else "")
    said = [f"{len(lost)} qu'aucune clé n'ouvre ({named})"] if lost else []
    return "".join(f" ; {each}" for each in [*said, *([f"{left} à reprendre : relancer"] if left else [])])
