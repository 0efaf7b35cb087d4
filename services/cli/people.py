"""`aiguillage account …`, `cpts …` and `seed …`: who is there."""

from typing import Annotated

import typer

from services.cli.options import DEMO_DIR, UP_DIR, DataDir, Port, Seed, run
from services.cli.saying import say

accounts = typer.Typer(no_args_is_help=True, help="Les comptes des personnes.")
territories = typer.Typer(no_args_is_help=True, help="Les territoires.")
seeds = typer.Typer(help="Met en place des personnes et des créneaux inventés.")


@accounts.command("add")
def account_add(
    label: Annotated[str, typer.Argument(help="Ce qui se lit à l'écran, comme « Secrétariat du pôle ».")],
    email: Annotated[str, typer.Option(help="L'adresse qui identifie la personne.")],
    role: Annotated[str, typer.Option(help="practitioner, delegate, pharmacist, regulator, coordinator ou admin.")],
    cpts: Annotated[str, typer.Option(help="FINESS de la CPTS.")],
    rpps: Annotated[str, typer.Option(help="Le praticien, pour lui-même ou son délégataire.")] = "",
    data_dir: DataDir = UP_DIR,
) -> None:
    """Crée un compte : le mot de passe est demandé, l'adresse du second facteur (TOTP) est affichée une fois.

    \b
    aiguillage account add "Coordination" --email coordination@cpts.example --role coordinator --cpts 130012345
    """
    from services.cli.accounts import add

    password = typer.prompt("Mot de passe", hide_input=True, confirmation_prompt=True)
    run(add(data_dir, label=label, email=email, role=role, cpts=cpts, rpps=rpps, password=password, say=say))


@territories.command("add")
def cpts_add(
    finess: Annotated[str, typer.Argument(help="FINESS de la CPTS, 9 caractères.")],
    name: Annotated[str, typer.Option(help="Son nom.")],
    size: Annotated[int, typer.Option(help="Sa taille, de 1 (moins de 40 000 habitants) à 4.")],
    communes: Annotated[str, typer.Option(help="Codes INSEE, séparés par des virgules.")],
    data_dir: DataDir = UP_DIR,
) -> None:
    """Crée une CPTS, ou change son nom, sa taille, ses communes.

    \b
    aiguillage cpts add 130012345 --name "CPTS d'exemple" --size 3 --communes 13214,13215,13216
    """
    from services.cli.accounts import add_cpts

    run(add_cpts(data_dir, finess=finess, name=name, size=size, communes=communes, say=say))


@seeds.callback(invoke_without_command=True)
def seed(context: typer.Context, data_dir: DataDir = DEMO_DIR, seed: Seed = 2026) -> None:
    """Charge les deux territoires et les comptes de la démonstration, sans rien jouer. Recommencer ne change rien.

    \b
    aiguillage seed --data-dir data/demo
    """
    if context.invoked_subcommand is not None:
        return
    from services.demo.seed import load

    run(load(data_dir, seed, say))


@seeds.command("sas-conformance")
def sas_conformance(
    as_json: Annotated[bool, typer.Option("--json", help="Un objet JSON, pour un programme.")] = False,
    port: Port = 8000,
    data_dir: DataDir = UP_DIR,
) -> None:
    """Les praticiens inventés que demande l'outil d'homologation du SAS, avec des créneaux libres jusqu'à après-demain.

    \b
    aiguillage seed sas-conformance --json
    """
    from services.cli.seeding import sas_conformance as load

    run(load(data_dir, port=port, as_json=as_json, say=say))
