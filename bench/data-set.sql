-- The data, into the service's own schema. Everything follows from a row's number n, so that the requests
-- can be made without asking the database. The settings bench.* say how many rows there are.
--
-- Tenant of a row: n % 10. An id is a version 7 UUID: its time is n seconds after the start of 2025,
-- then come the table's three digits, and n again.

create function bench.moment(n bigint) returns timestamptz language sql immutable as
  $$ select timestamptz '2025-01-01 00:00:00+00' + n * interval '1 second' $$;

create function bench.id(digits text, n bigint) returns uuid language sql immutable as
  $$ select (left(ms, 8) || '-' || right(ms, 4) || '-7' || digits || '-8000-' || lpad(to_hex(n), 12, '0'))::uuid
     from lpad(to_hex(1735689600000 + n * 1000), 12, '0') ms $$;

create function bench.first_name(n bigint) returns text language sql immutable as
  $$ select (array['Ada', 'Björn', 'Chloé', 'Dmitri', 'Eun-ji', 'Fatima', 'Grace', 'Hiro', 'Ines', 'Jakub', 'Kofi', 'Lena', 'Miguel',
     'Nadia', 'Owen', 'Priya', 'Rosa', 'Søren', 'Tomás'])[n % 19 + 1] $$;

create function bench.last_name(n bigint) returns text language sql immutable as
  $$ select (array['Okafor', 'Nilsson', 'Martin', 'Petrov', 'Kim', 'Haddad', 'O''Brien', 'Tanaka', 'Silva', 'Nowak', 'Mensah', 'Weber',
     'García', 'Rossi', 'Smith', 'Patel', 'Novák'])[n / 19 % 17 + 1] $$;

insert into tenant (id, name, created_at)
select bench.id('001', n), 'Tenant ' || n, bench.moment(n) from generate_series(0, 9) n;

insert into file (tenant_id, id, content_hash, path, created_at)
select bench.id('001', n), bench.id('002', n), encode(sha256(n::text::bytea), 'hex'), 'avatars/' || n, bench.moment(n) from generate_series(0, 9) n;

insert into agent (tenant_id, id, name, created_at, modified_at)
select bench.id('001', n % 10), 'agent-' || n, 'Agent ' || n, bench.moment(n), bench.moment(n)
from generate_series(0, current_setting('bench.agents')::int - 1) n;

-- Four integration configs a tenant.
insert into integration_config (tenant_id, id, provider, name, created_at, modified_at)
select bench.id('001', n % 10), bench.id('004', n), (array['sms', 'slack', 'email', 'telegram'])[n / 10 + 1], 'Config ' || n,
  bench.moment(n), bench.moment(n)
from generate_series(0, 39) n;

-- Of ten participants of a tenant seven are people, two are groups and one is an agent; every other one has an avatar.
insert into participant
  (tenant_id, id, kind, display_name, email, related_agent_id, disabled_at, avatar_file_id, avatar_source, created_at, modified_at)
select bench.id('001', n % 10), bench.id('003', n),
  (case when n / 10 % 10 = 0 then 'AI_AGENT' when n / 10 % 10 < 3 then 'GROUP' else 'PERSON' end)::"ParticipantKind",
  bench.first_name(n) || ' ' || bench.last_name(n) || ' ' || n,
  case when n / 10 % 5 > 0 then 'p' || n || '@example.com' end,
  case when n / 10 % 10 = 0 then 'agent-' || n % current_setting('bench.agents')::int end,
  case when n / 10 % 29 = 0 then bench.moment(n + 60) end,
  case when n / 10 % 2 = 0 then bench.id('002', n % 10) end,
  case when n / 10 % 2 = 0 then 'UPLOADED'::"AvatarOrigin" end,
  bench.moment(n), bench.moment(n + 60)
from generate_series(0, current_setting('bench.participants')::int - 1) n;

-- Two channels a participant: a telephone number, and one of the three others.
insert into channel
  (tenant_id, id, participant_id, integration_config_id, provider, address, identity_key, address_valid, priority, label, disabled)
select tenant_id, bench.id('005', c), bench.id('003', n), bench.id('004', config), provider, address,
  case provider when 'sms' then address when 'email' then lower(address) end, true, c % 2, label, c % 17 = 0
from generate_series(0, current_setting('bench.participants')::int * 2 - 1) c
cross join lateral (select c / 2 as n) participant
cross join lateral (select bench.id('001', n % 10) as tenant_id, case when c % 2 = 0 then n % 10 else (n / 10 % 3 + 1) * 10 + n % 10 end as config) way
cross join lateral (select (array['sms', 'slack', 'email', 'telegram'])[config / 10 + 1] as provider) kind
cross join lateral (select
  case provider when 'sms' then '+1555' || lpad(n::text, 8, '0') when 'slack' then 'U' || lpad(n::text, 10, '0')
    when 'email' then 'Channel.' || n || '@example.com' else n::text end as address,
  case when c % 2 = 0 then 'mobile' when n / 10 % 2 = 0 then 'work' end as label) written;

-- Every participant is a contact of one agent, every agent has fifty.
insert into binding (tenant_id, id, participant_id, agent_id, created_at, modified_at)
select bench.id('001', n % 10), bench.id('006', n), bench.id('003', n), 'agent-' || n % current_setting('bench.agents')::int,
  bench.moment(n), bench.moment(n)
from generate_series(0, current_setting('bench.participants')::int - 1) n;

insert into external_user
  (tenant_id, id, first_name, last_name, email, phone_number, fk_id, source, metadata, created_at, modified_at)
select bench.id('001', n % 10), bench.id('009', n), bench.first_name(n + 7), bench.last_name(n * 3), 'User.' || n || '@mail.example',
  '+4477' || lpad(n::text, 8, '0'), 'fk-' || n, 'import', jsonb_build_object('row', n, 'tier', n % 3), bench.moment(n), bench.moment(n)
from generate_series(0, current_setting('bench.participants')::int - 1) n;

-- Of eight conversations of a tenant one is closed.
insert into conversation (tenant_id, id, name, agent_id, closed_at, created_at, modified_at)
select bench.id('001', n % 10), bench.id('007', n), case when n / 10 % 3 > 0 then 'Conversation ' || n end,
  'agent-' || n % current_setting('bench.agents')::int, case when n / 10 % 8 = 0 then bench.moment(n + 600) end,
  bench.moment(n), bench.moment(n)
from generate_series(0, current_setting('bench.participants')::int - 1) n;

-- Two participants and an external user take part in each; some users in one conversation, some in several, some in none.
insert into conversation_member
  (tenant_id, id, conversation_id, type, participant_id, user_id, contact_id, status, contact_key, created_at, modified_at)
select bench.id('001', n % 10), bench.id('008', n * 3 + k), bench.id('007', n), kind, coalesce(user_id, contact_id)::text, user_id, contact_id,
  (case when k = 1 and n / 10 % 9 = 0 then 'INVITED' else 'ACTIVE' end)::"MemberStatus",
  case when k = 2 and n / 10 % 2 = 0 then 'emailaddress'::"IdentifierKey" end, bench.moment(n), bench.moment(n)
from generate_series(0, current_setting('bench.participants')::int - 1) n
cross join generate_series(0, 2) k
cross join lateral (select current_setting('bench.participants')::int / 10 as rows, n / 10 as m) tenant
cross join lateral (select
  (case when k = 2 then 'CONTACT' else 'USER' end)::"MemberType" as kind,
  case when k < 2 then bench.id('003', (m::bigint * 37 + k * 3331) % rows * 10 + n % 10) end as user_id,
  case when k = 2 then bench.id('009', (m / (m % 3 + 1))::bigint * 7919 % rows * 10 + n % 10) end as contact_id) who;
