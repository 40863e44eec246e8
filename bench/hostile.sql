-- What a hostile client would write into its tenants before it attacks, beside data-set.sql: long texts, many rows, long lists.

-- Tenant 9: as many participants as the whole data set has.
insert into participant (tenant_id, id, kind, display_name, created_at, modified_at)
select bench.id('001', 9), bench.id('003', 10000000 + n), 'PERSON', 'Filler ' || n, bench.moment(n), bench.moment(n)
from generate_series(1, 90000) n;

-- Tenant 8: the longest e-mail addresses.
update participant set email = repeat('x', 3980) || '@' || right(id::text, 12) where tenant_id = bench.id('001', 8);

-- Tenant 8: the longest address on every channel.
update channel set address = repeat('y', 3980) || right(id::text, 12), identity_key = null where tenant_id = bench.id('001', 8);

-- Tenant 8: 20 channels with the longest address for each of the first 100 people by name.
insert into channel (tenant_id, id, participant_id, integration_config_id, provider, address, address_valid, modified_at)
select c.tenant_id, bench.id('005', 60000000 + (row_number() over ())::int), c.participant_id, c.integration_config_id, c.provider,
  repeat('z', 3960) || n || right(c.id::text, 12), c.address_valid, c.modified_at
from (
  select distinct on (c.participant_id) c.* from channel c
  join (select id from participant where tenant_id = bench.id('001', 8) order by name_key, id limit 100) p on p.id = c.participant_id
  where c.tenant_id = bench.id('001', 8)
) c cross join generate_series(1, 20) n;

-- Tenant 0: two closed conversations with as many participants as may be listed, the second with people.
insert into conversation (tenant_id, id, name, closed_at, created_at, modified_at)
select bench.id('001', 0), bench.id('007', 20000000 + n), 'Large', bench.moment(n + 1), bench.moment(n), bench.moment(n)
from generate_series(0, 1) n;
insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, created_at, modified_at)
select bench.id('001', 0), bench.id('008', 20000000 + n), bench.id('007', 20000000), 'FLOW', 'flow-' || n, bench.moment(n), bench.moment(n)
from generate_series(1, 10000) n;
insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, user_id, created_at, modified_at)
select tenant_id, bench.id('008', 30000000 + row_number() over ()), bench.id('007', 20000001), 'USER', id::text, id, created_at, created_at
from participant p where tenant_id = bench.id('001', 0) order by p.id limit 10000;

-- Tenant 7: a closed conversation of contacts with 16 KB of metadata each.
insert into conversation (tenant_id, id, name, closed_at, created_at, modified_at)
values (bench.id('001', 7), bench.id('007', 20000007), 'Large', bench.moment(2), bench.moment(1), bench.moment(1));
update external_user set metadata = jsonb_build_object('x', repeat('x', 15900)) where tenant_id = bench.id('001', 7);
insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, contact_id, created_at, modified_at)
select tenant_id, bench.id('008', 40000000 + row_number() over ()), bench.id('007', 20000007), 'CONTACT', id::text, id, created_at, created_at
from external_user u where tenant_id = bench.id('001', 7) order by u.id limit 10000;

-- Tenant 7: the newest 100 conversations with 20 of these contacts each, more than a page reads with them.
insert into conversation (tenant_id, id, name, closed_at, created_at, modified_at)
select bench.id('001', 7), bench.id('007', 21000000 + n), 'Many', bench.moment(2), bench.moment(1), bench.moment(1) from generate_series(0, 99) n;
insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, contact_id, created_at, modified_at)
select tenant_id, bench.id('008', 50000000 + n), bench.id('007', 21000000 + n % 100), 'CONTACT', id::text, id, created_at, created_at
from (select u.*, row_number() over (order by u.id)::int as n from external_user u where tenant_id = bench.id('001', 7) order by u.id limit 2000) u;
update conversation set attributes = jsonb_build_object('x', repeat('x', 15900)) where tenant_id = bench.id('001', 7) and id = bench.id('007', 20000007);

-- Tenant 6: every one of ten people is bound to all of the tenant's agents; one e-mail address leads to 1,000 people.
insert into binding (tenant_id, id, participant_id, agent_id, created_at, modified_at)
select p.tenant_id, bench.id('006', 20000000 + row_number() over ()), p.id, a.id, p.created_at, p.created_at
from (select * from participant where tenant_id = bench.id('001', 6) order by id limit 10) p join agent a on a.tenant_id = p.tenant_id
on conflict do nothing;
update participant set email = 'same@example.com'
where tenant_id = bench.id('001', 6) and id in (select id from participant where tenant_id = bench.id('001', 6) order by id limit 1000);
analyze;
