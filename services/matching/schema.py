"""The schema `matching`, whole: the tables of every room of this service, and their migrations."""

from services.matching.doctors.store import links as _doctor_links  # noqa: F401  its table is of this history
from services.matching.doctors.store import places as _attachments  # noqa: F401  its tables are of this history
from services.matching.hub.store import cases as _hub_cases  # noqa: F401  its table is of this history
from services.matching.hub.store import mail as _hub_mail  # noqa: F401  its tables are of this history
from services.matching.motives import store as _motives  # noqa: F401  its tables are of this history
from services.matching.patients import store as _patients  # noqa: F401  its tables are of this history
from services.matching.sameday.store import history as _history  # noqa: F401  its table is of this history
from services.matching.sameday.store import notes as _notes  # noqa: F401  its table is of this history
from services.matching.sameday.store import overbooking_asks as _overbooking_asks  # noqa: F401  its tables are of this history
from services.matching.sameday.store.tables import Matching
from shared.db.migrate import SchemaHistory
from shared.wiring import role_of

HISTORY = SchemaHistory(
    schema="matching", metadata=Matching.metadata, package="services.matching", role=role_of("matching")
)
