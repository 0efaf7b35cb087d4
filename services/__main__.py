"""The command `aiguillage`. Each body is thin: the work is in a module that is imported only when it is asked for."""

import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from services.cli.engine.commands import engine
from services.cli.files import imports
from services.cli.keys import keys
from services.cli.options import DEMO_DIR, UP_DIR, DataDir, Host, Port, Seed, run
from services.cli.people import accounts, seeds, territories
from services.cli.saying import report, say
from shared.refusals import CannotStart, Refusal

app = typer.Typer(
    name="aiguillage",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Les créneaux du jour et les médecins traitants d'une CPTS : appariés, expliqués, en direct.",
)


def version(asked: bool) -> None:
    """Say which release this is, and stop."""
    if asked:
        say(f"aiguillage {metadata.version('aiguillage')}")
        raise typer.Exit


@app.callback()
def whole(
    _version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Dit la version, puis s'arrête.")
    ] = False,
) -> None:
    """Options that need no command."""


PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command()
def up(data_dir: DataDir = UP_DIR, port: Port = 8000, host: Host = "127.0.0.1") -> None:
    """Lance les deux services sur un seul port, avec leurs serveurs embarqués s'il n'y en a pas d'autres.

    Sans DATABASE_URL ni REDIS_URL, PostgreSQL et Valkey démarrent dans le dossier donné, migrés.

    \b
    aiguillage up
    aiguillage up --data-dir /srv/essai --port 8010
    DATABASE_URL=postgresql://… REDIS_URL=redis://… AIGUILLAGE_SECRET_KEY=… aiguillage up
    """
    from services.cli.up import up as work

    run(work(data_dir, host=host, port=port, say=say))


@app.command()
def serve(
    name: Annotated[str, typer.Argument(help="availability, matching ou pages.")],
    port: Port = 8000,
    host: Host = "127.0.0.1",
    rounds: Annotated[
        bool, typer.Option("--rounds/--no-rounds", help="Sans : ce matching répond, d'autres processus font les tours.")
    ] = True,
) -> None:
    """Lance un seul service, ou les pages, sur les serveurs donnés par DATABASE_URL et REDIS_URL.

    Derrière un mandataire qui n'en fait qu'une origine : voir Caddyfile et docker-compose.yml, et docs/run.md.

    \b
    aiguillage migrate && aiguillage serve availability --port 8001
    aiguillage serve matching --port 8002 --no-rounds
    """
    from services.cli.up import serve as work

    run(work(name, host=host, port=port, say=say, rounds=rounds))


@app.command()
def migrate(data_dir: DataDir = UP_DIR) -> None:
    """Met les schémas de la base à jour, tout ou rien ; recommencer ne change rien.

    \b
    DATABASE_URL=postgresql://… REDIS_URL=redis://… aiguillage migrate
    """
    from services.installation.starting import migrate as work

    run(work(data_dir, say=say))


@app.command()
def doctor(data_dir: DataDir = UP_DIR) -> None:
    """Examine l'installation et dit, pour ce qui ne va pas, quoi faire. Sort avec 1 si quelque chose ne va pas.

    \b
    aiguillage doctor
    aiguillage doctor --data-dir /srv/essai
    """
    from services.cli.doctor import consult

    sys.exit(run(consult(data_dir)))


@app.command()
def sbom() -> None:
    """Liste ce dont l'installation est faite, avec versions et licences (CycloneDX 1.6).

    \b
    aiguillage sbom > sbom.json
    """
    from services.installation.materials import write_sbom

    typer.echo(write_sbom())


@app.command()
def demo(
    data_dir: DataDir = DEMO_DIR,
    port: Port = 8000,
    speed: Annotated[float, typer.Option("--speed", min=1, max=3600, help="Secondes jouées par seconde.")] = 60,
    seed: Seed = 2026,
    days: Annotated[int, typer.Option("--days", min=0, help="Journées à jouer ; 0 : jusqu'à Ctrl-C.")] = 0,
    flu: Annotated[bool, typer.Option("--flu/--calm", help="Semaine de grippe, ou journée ordinaire.")] = True,
    picture: Annotated[Path | None, typer.Option("--picture", help="Image SVG du tableau, écrite à la fin.")] = None,
) -> None:
    """Joue des journées de deux territoires, Marseille et Lozère, avec un tableau en direct. Tout y est inventé.

    Serveurs embarqués, migrations, professionnels fictifs, comptes de démonstration : rien à préparer. Ctrl-C arrête
    tout ; relancer garde les données et joue le jour suivant.

    \b
    aiguillage demo
    aiguillage demo --speed 120 --seed 7
    aiguillage demo --data-dir /tmp/autre --port 8010
    """
    from services.cli.demo import DemoOptions
    from services.cli.demo import demo as work

    run(work(DemoOptions(data_dir, port, speed, seed, days, flu, picture), say))


@app.command(context_settings=PASS_ON)
def bench(context: typer.Context, name: Annotated[str, typer.Argument(help="Nom de la mesure.")] = "") -> None:
    """Lance une mesure : un tableau, --json pour l'objet JSON final, --quick pour finir en 40 s. Demande les sources.

    Sort avec 1 quand une garantie est rompue, jamais pour une lenteur. Sans nom : la liste.

    \b
    aiguillage bench booking --quick
    aiguillage bench engine --only A --json
    """
    from services.cli import bench as benches

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
    from services.cli.sas import gate

    run(gate(data_dir, host=host, port=port, say=say))


@app.command()
def hub(data_dir: DataDir = UP_DIR) -> None:
    """Tient la ligne du Hub Santé (AMQP, TLS mutuel). Les réglages AIGUILLAGE_HUB_… : docs/connect.md.

    \b
    aiguillage hub
    """
    from services.cli.hub import hold

    run(hold(data_dir, say=say))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Fichier à écrire ; il ne doit pas exister.")], data_dir: DataDir = UP_DIR
) -> None:
    """Écrit toute la base dans un fichier, services en marche ou non. Garder les clés ailleurs que la sauvegarde.

    \b
    aiguillage backup /srv/sauvegardes/2026-11-26.dump
    """
    from services.cli.backup import backup as work

    run(work(data_dir, file, say=say))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="Une sauvegarde faite par « aiguillage backup ».")],
    data_dir: DataDir = UP_DIR,
) -> None:
    """Remet la base comme dans une sauvegarde, tout ou rien, services arrêtés ; les écrans repartent d'un état neuf.

    \b
    aiguillage restore /srv/sauvegardes/2026-11-26.dump
    """
    from services.cli.backup import restore as work

    run(work(data_dir, file, say=say))


@app.command("new-epoch")
def new_epoch(data_dir: DataDir = UP_DIR) -> None:
    """Fait repartir tous les écrans d'un état neuf : après une restauration faite par un autre outil.

    \b
    aiguillage new-epoch
    """
    from services.cli.backup import new_epoch as work

    run(work(data_dir, say=say))


app.add_typer(imports, name="import")
app.add_typer(seeds, name="seed")
app.add_typer(keys, name="keys")
app.add_typer(accounts, name="account")
app.add_typer(territories, name="cpts")
app.add_typer(engine)


def main() -> None:
    """Run the command line; a refusal is one sentence and exit code 1."""
    try:
        app()
    except (CannotStart, Refusal) as refused:
        report(str(refused))
        sys.exit(1)


if __name__ == "__main__":
    main()
