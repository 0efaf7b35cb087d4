"""The command `aiguillage`. Each body is thin: the work is in a module that is imported only when it is asked for."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from services.saying import report, say
from shared.embedded_place import CannotStart
from shared.refusals import Refusal

app = typer.Typer(
    name="aiguillage",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Les créneaux du jour et les médecins traitants d'une CPTS : appariés, expliqués, en direct.",
)
imports = typer.Typer(
    no_args_is_help=True,
    help="Importe un fichier ; chaque ligne refusée est dite avec sa colonne et ce qu'il faut changer.",
)
account = typer.Typer(no_args_is_help=True, help="Les comptes des personnes.")
seeds = typer.Typer(no_args_is_help=True, help="Met en place des praticiens et des créneaux inventés.")
app.add_typer(seeds, name="seed")
app.add_typer(imports, name="import")
app.add_typer(account, name="account")
territory = typer.Typer(no_args_is_help=True, help="Les territoires.")
app.add_typer(territory, name="cpts")

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
DataDir = Annotated[
    Path, typer.Option("--data-dir", help="Dossier des données embarquées ; sans effet avec DATABASE_URL et REDIS_URL.")
]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port où répondre.")]
Host = Annotated[str, typer.Option("--host", help="Adresse où répondre ; 0.0.0.0 pour toutes.")]
Strict = Annotated[bool, typer.Option("--strict", help="Tout ou rien : une ligne refusée, et rien n'entre.")]
File = Annotated[Path, typer.Argument(help="Le fichier, ou « - » pour l'entrée standard.", allow_dash=True)]
UP_DIR = Path("data/up")


@app.command()
def up(data_dir: DataDir = UP_DIR, port: Port = 8000, host: Host = "127.0.0.1") -> None:
    """Lance les deux services sur un seul port, avec leurs serveurs embarqués s'il n'y en a pas d'autres.

    Sans DATABASE_URL ni REDIS_URL, PostgreSQL et Valkey démarrent dans le dossier donné, migrés.

    \b
    aiguillage up
    aiguillage up --data-dir /srv/essai --port 8010
    DATABASE_URL=postgresql://… REDIS_URL=redis://… AIGUILLAGE_SECRET_KEY=… aiguillage up
    """
    from services.up import up as run

    _run(run(data_dir, host=host, port=port, say=say))


@app.command()
def serve(
    name: Annotated[str, typer.Argument(help="availability ou matching.")], port: Port = 8000, host: Host = "127.0.0.1"
) -> None:
    """Lance un seul service, sur les serveurs donnés par DATABASE_URL et REDIS_URL.

    \b
    aiguillage migrate && aiguillage serve availability --port 8001
    """
    from services.up import serve as run

    _run(run(name, host=host, port=port, say=say))


@app.command()
def migrate(data_dir: DataDir = UP_DIR) -> None:
    """Met les schémas de la base à jour, tout ou rien ; recommencer ne change rien.

    \b
    DATABASE_URL=postgresql://… REDIS_URL=redis://… aiguillage migrate
    """
    from services.starting import migrate as run

    _run(run(data_dir, say=say))


@app.command()
def doctor(data_dir: DataDir = UP_DIR) -> None:
    """Examine l'installation et dit, pour ce qui ne va pas, quoi faire. Sort avec 1 si quelque chose ne va pas.

    \b
    aiguillage doctor
    aiguillage doctor --data-dir /srv/essai
    """
    from services.doctor import consult

    sys.exit(_run(consult(data_dir)))


@app.command()
def demo(
    data_dir: DataDir = Path("data/demo"),
    port: Port = 8000,
    speed: Annotated[float, typer.Option("--speed", min=1, max=3600, help="Secondes jouées par seconde.")] = 60,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Graine des tirages : même graine, même journée.")] = 2026,
    days: Annotated[int, typer.Option("--days", min=0, help="Journées à jouer ; 0 : jusqu'à Ctrl-C.")] = 0,
    flu: Annotated[bool, typer.Option("--flu/--calm", help="Semaine de grippe, ou journée ordinaire.")] = True,
) -> None:
    """Joue des journées de deux territoires, Marseille et Lozère, avec un tableau en direct. Tout y est inventé.

    Serveurs embarqués, migrations, professionnels fictifs, comptes de démonstration : rien à préparer. Ctrl-C arrête
    tout ; relancer garde les données et joue le jour suivant.

    \b
    aiguillage demo
    aiguillage demo --speed 120 --seed 7
    aiguillage demo --data-dir /tmp/autre --port 8010
    """
    from services.demo.command import Options
    from services.demo.command import demo as run

    _run(run(Options(data_dir, port, speed, seed, days, flu), say))


@app.command()
def seed(
    data_dir: DataDir = Path("data/demo"),
    seed: Annotated[int, typer.Option("--seed", min=0, help="Graine des tirages.")] = 2026,
) -> None:
    """Charge les deux territoires et les comptes de la démonstration, sans rien jouer. Recommencer ne change rien.

    \b
    aiguillage seed --data-dir data/demo
    """
    from services.demo.seed import load

    _run(load(data_dir, seed, say))


@app.command(context_settings=PASS_ON)
def bench(context: typer.Context, name: Annotated[str, typer.Argument(help="Nom de la mesure.")] = "") -> None:
    """Lance une mesure : un tableau, --json pour l'objet JSON final, --quick pour finir en 40 s. Demande les sources.

    Sort avec 1 quand une garantie est rompue, jamais pour une lenteur. Sans nom : la liste.

    \b
    aiguillage bench booking --quick
    aiguillage bench engine --only A --json
    """
    from services import bench as benches

    if name in {"", "-h", "--help"}:
        say("\n".join([context.get_help(), "Mesures : " + ", ".join(benches.benchmarks())]))
        return
    sys.exit(benches.bench(name, context.args))


@app.command()
def sas(port: Port = 8443, host: Host = "127.0.0.1", data_dir: DataDir = UP_DIR) -> None:
    """Répond au service d'accès aux soins (FHIR) derrière un TLS mutuel. Les réglages AIGUILLAGE_SAS_… : docs/sas.md.

    \b
    aiguillage sas --host 0.0.0.0 --port 8443
    """
    from services.sas_gate import gate

    _run(gate(data_dir, host=host, port=port, say=say))


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
    from services.seeding import sas_conformance as seed

    _run(seed(data_dir, port=port, as_json=as_json, say=say))


@imports.command()
def communes(file: File, strict: Strict = False, data_dir: DataDir = UP_DIR) -> None:
    """Les communes de France : code INSEE, nom, code postal, position, population (CSV UTF-8).

    Les communes déléguées deviennent d'anciens noms, les arrondissements gardent leur ville. Recommencer ne change
    rien.

    \b
    aiguillage import communes communes.csv
    """
    _import("communes", file, strict=strict, data_dir=data_dir)


@imports.command()
def professionals(
    file: File,
    cpts: Annotated[str, typer.Option("--cpts", help="FINESS de la CPTS où les inscrire : ses communes seulement.")],
    strict: Strict = False,
    data_dir: DataDir = UP_DIR,
) -> None:
    """Les professionnels, d'après l'extraction publique du RPPS (PS_LibreAcces_Personne_activite, 56 colonnes).

    Les colonnes sont trouvées par leur titre ; une personne peut tenir plusieurs lignes. N'entrent que ceux qui
    exercent dans une commune de la CPTS.

    \b
    aiguillage import professionals PS_LibreAcces_Personne_activite.txt --cpts 130012345
    """
    _import("professionals", file, strict=strict, data_dir=data_dir, cpts=cpts)


@imports.command()
def slots(file: File, strict: Strict = False, data_dir: DataDir = UP_DIR) -> None:
    """Des créneaux. Colonnes : rpps, debut ; puis au choix fin ou duree_min et nombre, lieu, places, modes, types,
    cpts, actes, age_min, age_max, rendez_vous, rendu_min.

    Séparateur ; ou , — dates 2026-11-21T14:00 ou 21/11/2026 14:00, heure de Paris. Le détail : docs/imports.md.

    \b
    rpps;debut;duree_min;nombre
    10000000001;21/11/2026 14:00;15;3
    """
    _import("slots", file, strict=strict, data_dir=data_dir)


@imports.command()
def requests(file: File, strict: Strict = False, data_dir: DataDir = UP_DIR) -> None:
    """Des demandes, sans aucune identité. Colonnes : reference, cpts, commune, urgence, motif ; puis au choix des,
    avant, reponse_avant, profession, modes, source, age, personnes, transport, trajet_max_min, fauteuil,
    praticien_habituel.

    Une ligne qui contient un numéro de sécurité sociale est refusée, et n'est pas répétée.

    \b
    reference;cpts;commune;urgence;motif;avant
    D-1;130012345;13214;P2;fever_adult;21/11/2026 18:00
    """
    _import("requests", file, strict=strict, data_dir=data_dir)


@account.command("add")
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
    from services.accounts import add

    password = typer.prompt("Mot de passe", hide_input=True, confirmation_prompt=True)
    _run(add(data_dir, label=label, email=email, role=role, cpts=cpts, rpps=rpps, password=password, say=say))


@territory.command("add")
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
    from services.accounts import add_cpts

    _run(add_cpts(data_dir, finess=finess, name=name, size=size, communes=communes, say=say))


def _import(kind: str, file: Path, *, strict: bool, data_dir: Path, cpts: str = "") -> None:
    from services.imports.bringing import bring_in

    sys.exit(_run(bring_in(kind, file, strict=strict, data_dir=data_dir, cpts=cpts)))


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def main() -> None:
    """Run the command line; a refusal is one sentence and exit code 1."""
    try:
        app()
    except (CannotStart, Refusal) as refused:
        report(str(refused))
        sys.exit(1)


if __name__ == "__main__":
    main()
