"""Who may see whom directly has conditions, as dated rows; pairs that a CPTS edited stay as they are"""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.typed.texts import plain

revision = "0014"
down_revision = "0013"

NEAR = [
    "11",
    "22",
    "2B",
    "32",
    "38",
    "45",
    "54",
    "59",
    "68",
    "69",
    "76",
    "78",
    "79",
    "81",
    "83",
    "85",
    "89",
    "972",
    "974",
    "976",
]
STRUCTURES = ["esp", "cds", "msp"]
PHYSIO: list[dict[str, object]] = [
    {"structures": STRUCTURES, "valid_from": "2023-08-01", "source": "loi du 19 mai 2023"},
    {"departements": NEAR, "valid_from": "2025-07-15", "source": "expérimentation en CPTS, 15 juillet 2025"},
]
CONDITIONS: dict[tuple[str, str], list[dict[str, object]]] = {
    ("cystitis", "21"): [
        {
            "min_age": 16, "max_age": 65, "sex": "f", "flags": ["fever_or_pregnant", "recurrent"],
            "training": "cystitis", "valid_from": "2024-06-19", "source": "pharmaciens, 19 juin 2024",
        }
    ],
    ("cystitis", "60"): [
        {
            "min_age": 16, "max_age": 65, "sex": "f", "training": "protocol", "valid_from": "2023-03-01",
            "source": "protocole national, mars 2023",
        }
    ],
    ("sore_throat", "21"): [
        {
            "min_age": 10, "flags": ["pregnant", "immunodepressed"], "valid_from": "2024-06-19",
            "source": "pharmaciens, 19 juin 2024",
        }
    ],
    ("back_pain", "70"): PHYSIO,
    ("sprain", "70"): PHYSIO,
    ("joint_pain", "70"): PHYSIO,
    ("speech", "91"): [{"valid_from": "2023-05-01", "source": "orthophonistes en CPTS, mai 2023"}],
}  # fmt: skip
"""What holds of these pairs, wherever they stood as shipped; the others stay without a condition."""
NEW = {("cystitis", "60"), ("speech", "91")}
SHIPPED = {
    "fever_child": ["10"], "fever_adult": ["10"], "respiratory": ["10"], "sore_throat": ["10", "21"],
    "ear_pain": ["10"],
    "wound": ["10"], "sprain": ["10", "70"], "cystitis": ["10", "21", "50"], "back_pain": ["10", "70"],
    "abdominal_pain": ["10"], "skin": ["10", "21"], "eye": ["10"], "dental_pain": ["40"], "pregnancy": ["50", "10"],
    "dressing": ["60"], "injection": ["60", "21"], "renewal": ["10"], "certificate": ["10"], "mental_distress": ["10"],
    "home_visit": ["10"], "physiotherapy": ["70"], "other": ["10"], "speech": ["91"],
    "cold": ["10", "21"], "baby": ["10"], "headache": ["10"], "dizziness": ["10"], "tiredness": ["10"],
    "digestion": ["10"], "joint_pain": ["10", "70"], "injury": ["10"], "burn": ["10", "60"], "nosebleed": ["10"],
    "abscess": ["10"], "chest_pain": ["10"], "contraception": ["50", "10"], "gynaecology": ["50", "10"],
    "sti": ["10", "50"], "urology": ["10"], "breastfeeding": ["50", "10"], "long_illness": ["10"], "addiction": ["10"],
    "results": ["10"], "nursing": ["60"],
}  # fmt: skip
"""The pairs as they were written by migrations: whoever has others edited them."""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    texts = postgresql.ARRAY(sa.Text())
    op.create_table(
        "direct_access",
        sa.Column("id", sa.Uuid(), nullable=False, server_default=sa.text("gen_random_uuid()")),
        sa.Column("motive", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("profession", sa.Text(), nullable=False),
        sa.Column("min_age", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("max_age", sa.Integer(), nullable=False, server_default=sa.text("130")),
        sa.Column("sex", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("flags", texts, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("training", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("structures", texts, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("departements", texts, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.CheckConstraint("sex in ('', 'f', 'm')", name=op.f("ck_direct_access_sex")),
        sa.CheckConstraint("cardinality(flags) <= 3", name=op.f("ck_direct_access_questions")),
        sa.ForeignKeyConstraint(["motive"], ["matching.motive.code"], name=op.f("fk_direct_access_motive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_direct_access")),
        schema="matching",
    )
    op.create_index(op.f("ix_direct_access_motive"), "direct_access", ["motive"], schema="matching")
    op.execute("""
        insert into matching.motive (code, label, professions, modes, urgency, window_hours, validated)
        values ('speech', 'Orthophonie', '{91}', '{AMB}', 4, 48, false)
        on conflict (code) do nothing
    """)
    word = sa.text(
        "insert into matching.motive_word (cpts_id, key, words, means) values ('', :key, :words, 'speech')"
        " on conflict do nothing"
    )
    for words in ("orthophonie", "orthophoniste", "langage", "bégaiement", "retard de langage"):
        op.execute(word.bindparams(key=plain(words), words=words))
    op.execute(
        sa.text("""
        with shipped as (
          select code as motive, profession
          from jsonb_each(cast(:shipped as jsonb)) as s (code, list), jsonb_array_elements_text(list) as profession
        ), conditions as (
          select c.* from jsonb_to_recordset(cast(:conditions as jsonb)) as c (
            motive text, profession text, min_age int, max_age int, sex text, flags text[], training text,
            structures text[], departements text[], valid_from date, source text, also boolean)
        ), pairs as (
          select m.code as motive, p.profession, p.rank::int as rank,
                 exists (select from shipped s where s.motive = m.code and s.profession = p.profession) as as_shipped
          from matching.motive m, unnest(m.professions) with ordinality as p (profession, rank)
          union all
          select c.motive, c.profession, 90, true
          from conditions c join matching.motive m on m.code = c.motive
          where c.also and not c.profession = any (m.professions)
            -- Where a CPTS had its own list, nothing is added to it.
            and m.professions = array(select s.profession from jsonb_array_elements_text(
                  cast(:shipped as jsonb) -> m.code) as s (profession))
        )
        insert into matching.direct_access
               (motive, rank, profession, min_age, max_age, sex, flags, training, structures, departements, valid_from,
                source)
        select p.motive, p.rank, p.profession, coalesce(c.min_age, 0), coalesce(c.max_age, 130), coalesce(c.sex, ''),
               coalesce(c.flags, '{}'), coalesce(c.training, ''), coalesce(c.structures, '{}'),
               coalesce(c.departements, '{}'), c.valid_from,
               coalesce(c.source, case when p.as_shipped then 'droit commun' else 'CPTS' end)
        from pairs p
        left join conditions c on p.as_shipped and c.motive = p.motive and c.profession = p.profession
    """).bindparams(shipped=json.dumps(SHIPPED), conditions=json.dumps(_conditions()))
    )
    op.drop_column("motive", "professions", schema="matching")
    needs: sa.Column[list[str]] = sa.Column("needs", texts, nullable=False, server_default=sa.text("'{}'"))
    op.add_column("request", needs, schema="matching")


def _conditions() -> list[dict[str, object]]:
    return [
        {"motive": motive, "profession": profession, "also": (motive, profession) in NEW, **row}
        for (motive, profession), rows in CONDITIONS.items()
        for row in rows
    ]
