"""What time it is where: the zone of a commune and of a territory. Days and weeks there: `shared.db.clock`."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
_OVERSEAS = {
    "971": "America/Guadeloupe",
    "972": "America/Martinique",
    "973": "America/Cayenne",
    "974": "Indian/Reunion",
    "975": "America/Miquelon",
    "976": "Indian/Mayotte",
    "977": "America/St_Barthelemy",
    "978": "America/Marigot",
    "986": "Pacific/Wallis",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}


@lru_cache(maxsize=64)
def _zone(departement: str) -> ZoneInfo:
    return ZoneInfo(_OVERSEAS[departement]) if departement in _OVERSEAS else PARIS


def zone_of(insee: str | None) -> ZoneInfo:
    """The zone of a commune, by its INSEE code: that of Paris but overseas, and when the commune is unknown."""
    return _zone((insee or "")[:3])


def zone_of_all(communes: Iterable[str]) -> ZoneInfo:
    """The zone of most of these communes: a CPTS has that of its territory."""
    counted = Counter(zone_of(insee).key for insee in communes)
    return ZoneInfo(counted.most_common(1)[0][0]) if counted else PARIS
