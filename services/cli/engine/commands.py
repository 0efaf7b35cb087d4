"""`aiguillage solve`, `judge`, `simulate` and `whatif`: the engine, away from any server."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from services.cli.options import UP_DIR, DataDir, Seed, run
from shared.refusals import CannotStart

engine = typer.Typer()
Instance = Annotated[Path, typer.Argument(help="Une instance, en JSON versionné.", exists=True, dir_okay=False)]
Days = Annotated[int, typer.Option("--days", min=1, help="Combien de journées tirées.")]
Picture = Annotated[Path | None, typer.Option("--plot", help="Image PNG à écrire.")]


@engine.command()
def solve(
    file: Instance,
    out: Annotated[Path | None, typer.Option("--out", help="Où écrire le plan, en JSON.")] = None,
    reasons: Annotated[bool, typer.Option("--reasons", help="Ce qui servirait chacun, vérifié en résolvant.")] = False,
) -> None:
    """Résout une instance et montre le plan : qui va où, à quel coût, qui reste et ce qui l'en empêche.

    \b
    aiguillage solve instance.json --out plan.json
    aiguillage solve instance.json --reasons
    """
    from services.cli.engine.solving import solve_file

    sys.exit(solve_file(file, out, reasons))


@engine.command()
def judge(
    instance: Instance, plan: Annotated[Path, typer.Argument(help="Un plan.", exists=True, dir_okay=False)]
) -> None:
    """Vérifie un plan d'après les règles, sans le solveur. Sort avec 1 si une règle est rompue.

    \b
    aiguillage judge instance.json plan.json
    """
    from services.cli.engine.solving import judge_files

    sys.exit(judge_files(instance, plan))


@engine.command()
def simulate(
    days: Days = 5,
    seed: Seed = 0,
    load: Annotated[float, typer.Option("--load", min=0.05, max=5, help="Demandes par créneau.")] = 1.0,
    policy: Annotated[list[str] | None, typer.Option("--policy", help="Politique à comparer ; répétable.")] = None,
    mishaps: Annotated[bool, typer.Option("--mishaps", help="Refus, annulations, absences, retraits.")] = False,
    give_back_moments: Annotated[
        bool, typer.Option("--give-back", help="Compare plutôt quand un créneau libre revient à son praticien.")
    ] = False,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processus en parallèle.")] = 1,
    plot: Picture = None,
) -> None:
    """Vit des journées tirées sous plusieurs politiques et compare : servis par classe, délai, trajet, équité.

    \b
    aiguillage simulate --days 10 --load 1.25 --plot journees.png
    aiguillage simulate --mishaps --workers 2
    aiguillage simulate --give-back --days 10
    """
    from services.matching.lab.terminal.command import COMPARED, give_back
    from services.matching.lab.terminal.command import simulate as live

    if give_back_moments:
        give_back(days=days, seed=seed, load=load)
        return
    _check_policies(*policy or ())
    with _in_a_sentence(plot):
        live(
            days=days, seed=seed, load=load, policies=policy or COMPARED, mishaps=mishaps, plot_to=plot, workers=workers
        )


@engine.command()
def whatif(
    without: Annotated[list[str] | None, typer.Option("--without", help="Praticien à retirer ; répétable.")] = None,
    more_slots: Annotated[int, typer.Option("--more-slots", min=0, help="Créneaux en plus par médecin.")] = 0,
    demand: Annotated[float, typer.Option("--demand", min=0.1, max=5, help="Demande multipliée ; grippe : 1.4.")] = 1,
    farther: Annotated[int, typer.Option("--farther", min=0, max=240, help="Minutes de trajet acceptées en plus.")] = 0,
    policy: Annotated[str, typer.Option("--policy", help="Une autre politique.")] = "",
    day: Annotated[Path | None, typer.Option("--day", help="Journée enregistrée ; sinon, tirées.", exists=True)] = None,
    history: Annotated[
        Path | None, typer.Option("--history", help="Dossier de journées passées, pour anticiper.", exists=True)
    ] = None,
    days: Days = 5,
    seed: Seed = 0,
    load: Annotated[float, typer.Option("--load", min=0.05, max=5, help="Demandes par créneau.")] = 0.75,
    plot: Picture = None,
) -> None:
    """Et si ? Les mêmes journées telles quelles, puis changées : la différence, par classe, délai, trajet, équité.

    \b
    aiguillage whatif --demand 1.4
    aiguillage whatif --without gp-003 --more-slots 1 --plot et-si.png
    """
    from services.matching.engine.ahead.policies import DEFAULT_POLICY, policy_named
    from services.matching.lab.changes import Supposition
    from services.matching.lab.terminal.command import whatif as live

    _check_policies(policy or DEFAULT_POLICY)
    if day is not None and history is None and policy_named(policy or DEFAULT_POLICY).scenarios:
        raise CannotStart("Anticiper sur une journée enregistrée demande des journées passées : --history DOSSIER.")
    change = Supposition(tuple(without or ()), more_slots, demand, policy or DEFAULT_POLICY, farther_s=60 * farther)
    with _in_a_sentence(plot, day or history):
        live(change, day=day, history=history, days=days, seed=seed, load=load, plot_to=plot)


@engine.command()
def capture(
    cpts: Annotated[str, typer.Option("--cpts", help="FINESS de la CPTS.")],
    out: Annotated[Path, typer.Option("--out", help="Dossier où écrire.", file_okay=False)],
    days: Annotated[int, typer.Option("--days", min=0, max=56, help="Journées passées à écrire aussi.")] = 0,
    data_dir: DataDir = UP_DIR,
) -> None:
    """Écrit le dernier tour d'une CPTS, et des journées passées, sans personne dedans : pour solve, judge et whatif.

    Ni nom, ni adresse, ni âge exact : identifiants remplacés, positions au centre de la commune, âges par 5 ans.

    \b
    aiguillage capture --cpts 130012345 --out tour
    aiguillage judge tour/instance.json tour/plan.json
    aiguillage capture --cpts 130012345 --out tour --days 20
    aiguillage whatif --day tour/day-2026-11-20.json --history tour --policy consensus
    """
    from services.cli.engine.capturing import capture as work
    from services.cli.saying import say

    run(work(data_dir, cpts=cpts, out=out, days=days, say=say))


@contextmanager
def _in_a_sentence(plot: Path | None, read: Path | None = None) -> Iterator[None]:
    """Turn what is wrong with a file or a name into one sentence with its remedy."""
    from services.cli.engine.solving import FileNotUnderstood, nobody_called, not_written, unreadable
    from services.matching.engine.files import UnreadableFile
    from services.matching.lab.changes import PractitionerUnknown
    from services.matching.lab.days.day import NotADay
    from shared.wording.labels import wording

    try:
        yield
    except UnreadableFile as error:
        raise unreadable(error) from error
    except NotADay as error:
        raise FileNotUnderstood(wording().say("file.not_a_day", path=read)) from error
    except PractitionerUnknown as error:
        raise nobody_called(error) from error
    except (OSError, ValueError) as error:
        if plot is None:
            raise
        raise not_written(plot, error) from error


def _check_policies(*names: str) -> None:
    from services.matching.engine.ahead.policies import POLICIES
    from shared.wording.labels import wording

    for name in names:
        if name not in POLICIES:
            raise CannotStart(wording().say("file.unknown_policy", name=name, names=", ".join(POLICIES)))
