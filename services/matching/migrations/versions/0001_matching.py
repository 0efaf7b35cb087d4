"""The schema matching"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.rls import only_in_scope, readable_in_scope

revision = "0001"
down_revision = None

# In people's words, « à valider par la CPTS ». Professions: TRE_G15 (10 médecin, 21 pharmacien, 40 chirurgien-dentiste,
# 50 sage-femme, 60 infirmier, 70 masseur-kinésithérapeute). Modes: AMB au cabinet, HH à domicile, VR téléconsultation.
COLUMNS = ("code", "label", "synonyms", "professions", "modes", "urgency", "window_hours")
MOTIVES: tuple[tuple[str, str, list[str], list[str], list[str], int, int], ...] = (
    ("fever_child", "Fièvre de l'enfant", ["température", "bébé chaud"], ["10"], ["AMB", "VR"], 1, 3),
    ("fever_adult", "Fièvre de l'adulte", ["grippe", "température", "frissons"], ["10"], ["AMB", "VR"], 2, 12),
    ("respiratory", "Toux, gêne pour respirer", ["bronchite", "asthme", "essoufflement"], ["10"], ["AMB"], 1, 3),
    ("sore_throat", "Mal de gorge", ["angine", "test rapide"], ["10", "21"], ["AMB", "VR"], 3, 24),
    ("ear_pain", "Mal d'oreille", ["otite"], ["10"], ["AMB"], 2, 12),
    ("wound", "Plaie à suturer", ["coupure", "points", "suture"], ["10"], ["AMB"], 1, 3),
    ("sprain", "Entorse", ["cheville", "traumatisme", "chute"], ["10", "70"], ["AMB"], 2, 12),
    ("cystitis", "Cystite", ["infection urinaire", "brûlures urinaires"], ["10", "21", "50"], ["AMB", "VR"], 2, 12),
    ("back_pain", "Lombalgie", ["mal de dos", "sciatique", "lumbago"], ["10", "70"], ["AMB", "VR"], 3, 24),
    ("abdominal_pain", "Douleur au ventre", ["mal au ventre", "gastro", "vomissements"], ["10"], ["AMB"], 1, 3),
    (
        "skin",
        "Éruption, bouton, piqûre",
        ["allergie", "zona", "urticaire", "tique"],
        ["10", "21"],
        ["AMB", "VR"],
        3,
        24,
    ),
    ("eye", "Œil rouge ou douloureux", ["conjonctivite"], ["10"], ["AMB", "VR"], 2, 12),
    ("dental_pain", "Douleur dentaire", ["rage de dents", "abcès dentaire"], ["40"], ["AMB"], 2, 12),
    (
        "pregnancy",
        "Grossesse : question ou douleur",
        ["contractions", "sage-femme"],
        ["50", "10"],
        ["AMB", "VR"],
        2,
        12,
    ),
    ("dressing", "Pansement", ["soin infirmier", "fils", "agrafes"], ["60"], ["AMB", "HH"], 3, 24),
    (
        "injection",
        "Injection, prise de sang",
        ["piqûre", "bilan sanguin", "vaccin"],
        ["60", "21"],
        ["AMB", "HH"],
        3,
        24,
    ),
    ("renewal", "Renouvellement d'ordonnance", ["ordonnance", "traitement"], ["10"], ["AMB", "VR"], 4, 48),
    ("certificate", "Certificat, arrêt de travail", ["arrêt", "certificat médical"], ["10"], ["AMB", "VR"], 4, 48),
    ("mental_distress", "Angoisse, mal-être", ["anxiété", "insomnie", "déprime"], ["10"], ["AMB", "VR"], 2, 12),
    ("home_visit", "Visite à domicile", ["ne peut pas se déplacer", "ehpad"], ["10"], ["HH"], 2, 12),
    ("physiotherapy", "Kinésithérapie respiratoire ou urgente", ["kiné", "bronchiolite"], ["70"], ["AMB", "HH"], 2, 12),
    ("other", "Autre demande", ["autre", "avis"], ["10"], ["AMB"], 3, 24),
)
MOTIVE_TABLE = sa.table(
    "motive",
    sa.column("code"),
    sa.column("label"),
    sa.column("synonyms", sa.ARRAY(sa.Text())),
    sa.column("professions", sa.ARRAY(sa.Text())),
    sa.column("modes", sa.ARRAY(sa.Text())),
    sa.column("urgency"),
    sa.column("window_hours"),
    sa.column("validated"),
    schema="matching",
)


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "event",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", "seq", name=op.f("pk_event")),
        schema="matching",
    )
    op.create_index(op.f("ix_event_at"), "event", ["at"], unique=False, schema="matching")
    op.create_table(
        "event_head",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", name=op.f("pk_event_head")),
        schema="matching",
    )
    op.create_table(
        "motive",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("synonyms", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("professions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("modes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("window_hours", sa.Integer(), nullable=False),
        sa.Column("validated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_motive")),
        schema="matching",
    )
    op.create_table(
        "parameters",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", name=op.f("pk_parameters")),
        schema="matching",
    )
    op.create_table(
        "request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("insee", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("professions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("modes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("age", sa.Integer(), nullable=True),
        sa.Column("party", sa.Integer(), nullable=False),
        sa.Column("on_foot", sa.Boolean(), nullable=False),
        sa.Column("wheelchair", sa.Boolean(), nullable=False),
        sa.Column("max_travel_s", sa.Integer(), nullable=False),
        sa.Column("habitual_practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_role", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("earliest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("companions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("picked", sa.Boolean(), nullable=False),
        sa.Column("cost", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("blockers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("relaxations", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("forbidden", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.Column("next_step_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("patient_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(slot_id is null) = (booking_id is null) or state = 'proposed'", name=op.f("ck_request_slot_and_booking")
        ),
        sa.CheckConstraint(
            "state not in ('held', 'confirmed', 'honoured', 'no_show') or booking_id is not null",
            name=op.f("ck_request_booked"),
        ),
        sa.CheckConstraint("urgency between 1 and 4", name=op.f("ck_request_urgency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
        schema="matching",
    )
    op.create_index(op.f("ix_request_asked_by"), "request", ["asked_by"], unique=False, schema="matching")
    op.create_index(
        "ix_request_board",
        "request",
        ["cpts_id", "state"],
        unique=False,
        schema="matching",
        postgresql_where=sa.text("archived_at is null"),
    )
    op.create_index(op.f("ix_request_booking_id"), "request", ["booking_id"], unique=False, schema="matching")
    op.create_table(
        "round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("certified", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
        schema="matching",
    )
    op.create_index(op.f("ix_round_cpts_id"), "round", ["cpts_id"], unique=False, schema="matching")
    op.create_table(
        "round_lease",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", name=op.f("pk_round_lease")),
        schema="matching",
    )
    op.create_table(
        "request_change",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["matching.request.id"], name=op.f("fk_request_change_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request_id", "version", name=op.f("pk_request_change")),
        schema="matching",
    )
    for table in ("request", "request_change", "parameters", "round_lease", "round", "event_head"):
        for statement in only_in_scope(f"matching.{table}"):
            op.execute(statement)
    for statement in readable_in_scope("matching.event"):
        op.execute(statement)
    op.bulk_insert(MOTIVE_TABLE, [dict(zip(COLUMNS, motive, strict=True), validated=False) for motive in MOTIVES])
