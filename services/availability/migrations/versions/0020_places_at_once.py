"""What becomes of places, and all that follows, by one call of two statements: the second sees what the first met"""

from alembic import op

# ruff: noqa: S608  constant texts, joined
revision = "0020"
down_revision = "0019"

# The instant as the streams have it: seconds, their parts if there are any, and Z.
JOINED_AT = """
coalesce(to_char(m.joined_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
         || case when extract(microseconds from m.joined_at)::bigint % 1000000 = 0 then ''
                 else to_char(m.joined_at at time zone 'UTC', '.US') end || 'Z', the_guest_since)
"""
# What was told, `back` from the end of its stream; the streams stay ours until the end.
APPENDED = """\
  ), heads as (
    insert into availability.event_head as h (cpts_id, seq)
    select cpts_id, count(*) from told group by cpts_id order by cpts_id
    on conflict (cpts_id) do update set seq = h.seq + excluded.seq
    returning h.cpts_id, h.seq
  ), appended as (
    insert into availability.event (cpts_id, seq, at, body)
    select cpts_id, heads.seq - back, at, body from told join heads using (cpts_id)
  )
"""
FUNCTION = f"""
create function availability.write_places(
  the_made jsonb, the_moved jsonb, the_slots jsonb, the_history jsonb, the_accesses jsonb, the_news jsonb,
  the_events jsonb, the_served jsonb, the_served_event jsonb, the_guest_since text, the_now timestamptz,
  the_only boolean
) returns jsonb language plpgsql volatile as $$
#variable_conflict use_column
declare
  whole boolean;
  missing jsonb;
  the_cpts text := current_setting('aiguillage.cpts', true);
  the_practitioners text := current_setting('aiguillage.practitioners', true);
begin
  with made as (
    select * from jsonb_to_recordset(the_made) as b (
      id uuid, cpts_id text, slot_id uuid, request_id text, state text, held_by text, held_until timestamptz,
      overbooked boolean, own_patient boolean, regulated_at timestamptz, urgency smallint, reason text, sealed text)
  ), settled as (
    update availability.booking b
       set state = m.after, held_until = null, reason = coalesce(m.reason, b.reason),
           patient_sealed = coalesce(decode(m.sealed, 'hex'), b.patient_sealed)
    from jsonb_to_recordset(the_moved) as m (id uuid, before text, after text, reason text, sealed text)
    where b.id = m.id and b.state = m.before
    returning b.id
  ), booked as (
    insert into availability.booking
           (id, cpts_id, slot_id, request_id, state, held_by, held_until, overbooked, own_patient, regulated_at,
            urgency, reason, patient_sealed)
    select id, cpts_id, slot_id, request_id, state, held_by, held_until, overbooked, own_patient, regulated_at,
           urgency, reason, decode(sealed, 'hex')
    from made where (select count(*) from settled) >= 0  -- a hold that lapsed ends before its request has another
    returning id
  ), counted as (
    update availability.slot s set taken = n.taken, overbooked = n.overbooked, version = s.version + 1
    from jsonb_to_recordset(the_slots) as n (id uuid, version int, taken int, overbooked int)
    where s.id = n.id and s.version = n.version
    returning s.id
  ), remembered as (
    insert into availability.booking_change (cpts_id, booking_id, at, state, by, role)
    select cpts_id, booking_id, the_now, state, by, role
    from jsonb_to_recordset(the_history) as h (cpts_id text, booking_id uuid, state text, by text, role text)
  ), traced as (
    insert into common.access_log (cpts_id, at, account, role, action, object_kind, object_id)
    select cpts_id, the_now, account, role, 'write', 'booking', object_id
    from jsonb_to_recordset(the_accesses) as a (cpts_id text, account text, role text, object_id text)
  ), noticed as (
    insert into common.notice
           (cpts_id, account_id, kind, thread, subject, urgency, starts_at, until, at, due_at, state, reason)
    select n.cpts_id, a.id, n.kind, n.thread, n.subject, n.urgency, n.starts_at, n.until, common.now(), common.now(),
           case when a.id::text = n.by then 'suppressed' else 'waiting' end,
           case when a.id::text = n.by then 'own_act' else '' end
    from jsonb_to_recordset(the_news) as n (
      practitioner_id uuid, kind text, cpts_id text, thread text, subject text, by text, urgency smallint,
      starts_at timestamptz, until timestamptz)
    join common.account a on a.disabled_at is null and exists (
      select from common.role_grant g
      where g.account_id = a.id and g.role in ('practitioner', 'delegate') and g.practitioner_id = n.practitioner_id)
  ), told as (
    select * from jsonb_to_recordset(the_events) as e (cpts_id text, back int, at timestamptz, body jsonb)
{APPENDED}
  -- The slots first: whoever had them before us has committed by then, and their turn at the streams is over.
  select (select count(*) from counted) = jsonb_array_length(the_slots)
     and (select count(*) from settled) = jsonb_array_length(the_moved)
     and (select count(*) from booked) = jsonb_array_length(the_made)
  into whole;
  if not whole then
    raise exception using errcode = 'division_by_zero', message = 'somebody was quicker';
  end if;
  if jsonb_array_length(the_served) = 0 then
    return '[]';
  end if;

  -- The streams are ours: what is read from here on is final. It reaches every CPTS that sees the slot.
  perform set_config('aiguillage.cpts', '*', true), set_config('aiguillage.practitioners', '*', true);
  with added as (
    select cpts_id, practitioner_id, today, sum(by) as by, sum(week) as week, sum(on_top) as on_top,
           sum(unknown) as unknown
    from jsonb_to_recordset(the_served) as c (
      cpts_id text, practitioner_id uuid, today date, by int, week int, on_top int, unknown int)
    group by 1, 2, 3
  ), known as (
    update availability.ledger l
       set served_4_weeks = l.served_4_weeks + a.by, served_this_week = l.served_this_week + a.week,
           on_top_this_week = l.on_top_this_week + a.on_top, unknown_this_week = l.unknown_this_week + a.unknown
    from added a
    where l.cpts_id = a.cpts_id and l.practitioner_id = a.practitioner_id and l.counted_on = a.today
    returning l.cpts_id, l.practitioner_id, l.served_4_weeks, l.served_this_week, l.on_top_this_week,
              l.unknown_this_week, a.by <> 0 or a.week <> 0 or a.on_top <> 0 or a.unknown <> 0 as differs
  ), told as (
    select l.cpts_id, row_number() over (partition by l.cpts_id order by p.id desc) - 1 as back, the_now as at,
           the_served_event || jsonb_build_object('id', p.id::text, 'value', jsonb_build_object(
             'id', p.id::text, 'profession', p.profession, 'specialty', p.specialty,
             'paused', coalesce(w.paused, false), 'week_cap', w.week_cap, 'on_top_limit', w.on_top_limit,
             'joined_at', {JOINED_AT}, 'qualifications', coalesce(w.qualifications, '{{}}'),
             'served_4_weeks', l.served_4_weeks, 'served_this_week', l.served_this_week,
             'on_top_this_week', l.on_top_this_week, 'unknown_this_week', l.unknown_this_week)) as body
    from known l
    join availability.practitioner p on p.id = l.practitioner_id
    left join availability.membership m on m.practitioner_id = p.id and m.cpts_id = l.cpts_id
    left join availability.practice w on w.practitioner_id = p.id
    where l.differs
      and (m.cpts_id is not null
           or exists (select from availability.slot s
                      where s.practitioner_id = p.id and s.audience @> array[l.cpts_id] and s.cpts_id <> l.cpts_id))
{APPENDED}
  select coalesce(jsonb_agg(jsonb_build_object('cpts_id', a.cpts_id, 'practitioner_id', a.practitioner_id)), '[]')
  from added a
  where not exists (select from known l where l.cpts_id = a.cpts_id and l.practitioner_id = a.practitioner_id)
  into missing;
  if the_only and missing <> '[]' then
    raise exception 'a ledger is to be counted first';
  end if;
  perform set_config('aiguillage.cpts', coalesce(the_cpts, ''), true),
          set_config('aiguillage.practitioners', coalesce(the_practitioners, ''), true);
  return missing;
end
$$
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(FUNCTION)
