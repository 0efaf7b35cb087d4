"""`aiguillage import …`: files that people have."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.cli.options import UP_DIR, DataDir, run

imports = typer.Typer(
    no_args_is_help=True,
    help="Importe un fichier ; chaque ligne refusée est dite avec sa colonne et ce qu'il faut changer.",
)
Strict = Annotated[bool, typer.Option("--strict", help="Tout ou rien : une ligne refusée, et rien n'entre.")]
File = Annotated[Path, typer.Argument(help="Le fichier, ou « - » pour l'entrée standard.", allow_dash=True)]


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
def shapes(file: File, strict: Strict = False, data_dir: DataDir = UP_DIR) -> None:
    """Les contours des communes, pour la carte (GeoJSON : Polygon ou MultiPolygon, code INSEE dans « code »).

    Ils sont simplifiés à une centaine de mètres. Sans eux, la carte découpe le territoire autour des centres.

    \b
    aiguillage import shapes communes-48-lozere.geojson
    """
    _import("shapes", file, strict=strict, data_dir=data_dir)


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
def annuaire(
    cpts: Annotated[str, typer.Option("--cpts", help="FINESS de la CPTS où les inscrire : ses communes seulement.")],
    communes: Annotated[
        str, typer.Option("--communes", help="Seulement ces codes INSEE, séparés par des virgules.")
    ] = "",
    department: Annotated[str, typer.Option("--department", help="Seulement les communes de ce département.")] = "",
    full: Annotated[
        bool, typer.Option("--full", help="Tout relire, même si le dernier chargement est récent.")
    ] = False,
    data_dir: DataDir = UP_DIR,
) -> None:
    """Les professionnels, par l'interface de l'Annuaire Santé (FHIR v2). La clé : AIGUILLAGE_ANNUAIRE_KEY.

    La première fois tout est lu ; ensuite ce qui a changé, si la dernière lecture a moins de 30 jours. Interrompu, il
    reprend. Qui n'exerce plus quelque part y est fermé, jamais effacé ; ses créneaux à venir restent, et sont dits.

    \b
    AIGUILLAGE_ANNUAIRE_KEY=… aiguillage import annuaire --cpts 130012345
    aiguillage import annuaire --cpts 130012345 --communes 13214,13215
    """
    from services.imports.annuaire_load import LoadScope, bring_annuaire

    scope = LoadScope(cpts, tuple(filter(None, communes.split(","))), department)
    sys.exit(run(bring_annuaire(scope, full=full, data_dir=data_dir)))


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


@imports.command()
def attachments(
    file: File,
    cpts: Annotated[str, typer.Option("--cpts", help="FINESS de la CPTS dont c'est le registre.")],
    strict: Strict = False,
    data_dir: DataDir = UP_DIR,
) -> None:
    """Des personnes sans médecin traitant, sans aucune identité. Colonnes : reference, commune ; puis au choix age,
    criteres (ald, grossesse, c2s, handicap), domicile, depuis, foyer, trajet_max_min, source.

    « foyer » est la référence d'une ligne plus haut : le même médecin pour tous. Recommencer ne change rien.

    \b
    reference;commune;age;criteres;depuis
    P-1;13214;74;ald;01/03/2026
    """
    _import("attachments", file, strict=strict, data_dir=data_dir, cpts=cpts)


def _import(kind: str, file: Path, *, strict: bool, data_dir: Path, cpts: str = "") -> None:
    from services.imports.bringing import bring_in

    sys.exit(run(bring_in(kind, file, strict=strict, data_dir=data_dir, cpts=cpts)))
