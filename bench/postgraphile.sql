-- What PostGraphile needs beside the service's tables: the operations that are no plain reading of a table.
-- The tables themselves, and their indexes, are as the service has them.

create schema postgraphile;

-- An agent's contacts, in the service's order.
create function postgraphile.contacts(tenant uuid, agent text) returns setof public.participant
language sql stable rows 50 as $$
  select p.* from public.binding b join public.participant p on p.tenant_id = b.tenant_id and p.id = b.participant_id
  where b.tenant_id = tenant and b.agent_id = agent order by p.display_name, p.id
$$;

-- The external user with an e-mail address in any case, by the service's index on its digest.
create function postgraphile.search_external_user(tenant uuid, email text) returns public.external_user
language sql stable as $$
  select u.* from public.external_user u
  where u.tenant_id = tenant and md5(lower(u.email)) = md5(lower($2)) and lower(u.email) = lower($2)
$$;

-- Those with a part in their texts, in the order of names: by the service's table of texts and its indexes. What is sought is folded already.
create function postgraphile.search_participants(tenant uuid, query text) returns setof public.participant
language sql stable as $$
  select p.* from public.participant_search s join public.participant p on p.tenant_id = s.tenant_id and p.id = s.id
  where s.tenant_id = tenant and s.texts like '%' || query || '%' order by s.name_key collate "C", s.name collate "C", s.id
$$;
create function postgraphile.search_external_users(tenant uuid, query text) returns setof public.external_user
language sql stable as $$
  select u.* from public.external_user_search s join public.external_user u on u.tenant_id = s.tenant_id and u.id = s.id
  where s.tenant_id = tenant and s.texts like '%' || query || '%' order by s.name_key collate "C", s.name collate "C", s.id
$$;

-- A version 7 UUID, as the service makes them: new rows lie together in the index.
create function postgraphile.uuid_v7() returns uuid language sql volatile parallel safe as $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
$$;

create type postgraphile.ensured as (
  created boolean, id uuid, participant_id text, type public."MemberType", status public."MemberStatus", created_at timestamptz);

-- Adds a participant to an open conversation, or finds that they are in it.
create function postgraphile.ensure_conversation_participant(tenant uuid, conversation uuid, participant uuid)
returns postgraphile.ensured language plpgsql volatile as $$
declare
  result postgraphile.ensured;
  closed boolean;
begin
  select false, m.id, m.participant_id, m.type, m.status, m.created_at into result from public.conversation_member m
  where m.tenant_id = tenant and m.conversation_id = conversation and m.type = 'USER' and m.participant_id = participant::text;
  if found then return result; end if;

  select c.closed_at is not null into closed from public.conversation c where c.tenant_id = tenant and c.id = conversation for share;
  if not found then raise exception 'There is no such conversation.'; end if;
  if closed then raise exception 'The conversation is closed.'; end if;

  insert into public.conversation_member (tenant_id, id, conversation_id, type, participant_id, user_id)
  values (tenant, postgraphile.uuid_v7(), conversation, 'USER', participant::text, participant)
  on conflict (tenant_id, conversation_id, type, participant_id) where deleted_at is null do nothing
  returning true, conversation_member.id, conversation_member.participant_id, conversation_member.type, conversation_member.status,
    conversation_member.created_at into result;
  if found then return result; end if;

  select false, m.id, m.participant_id, m.type, m.status, m.created_at into result from public.conversation_member m
  where m.tenant_id = tenant and m.conversation_id = conversation and m.type = 'USER' and m.participant_id = participant::text;
  return result;
end $$;
