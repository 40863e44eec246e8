-- CreateTable
CREATE TABLE "history_entry" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "subject_type" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "about_id" UUID,
    "operation" TEXT,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT,
    "actor_name" TEXT,
    "request_id" UUID,
    "before" JSONB,
    "after" JSONB,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "history_entry_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateIndex
CREATE INDEX "history_entry_tenant_id_about_id_id_idx" ON "history_entry"("tenant_id", "about_id", "id");

-- No foreign key to the tenant: entries are made by triggers from rows that have one, and each would lock the tenant's row.

-- Records the rows that one statement has added or removed, or one row that was changed. Its arguments: the type of the subject, the column
-- of the subject's id, the column of the id of what it is about, the columns that are left out, those that are secrets, of which only the
-- fact that there is one is recorded, and a column of JSON, whose inner nulls are kept.
--
-- Who changes is what the connection says of its transaction in "rollcall.actor", as JSON. A statement for several callers has each
-- one's under "by", by the id of the row that is added for them.
--
-- Functions in SQL would each cost more than all of this, so the expressions are written out.
CREATE FUNCTION "record_history"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  actor jsonb := coalesce(nullif(current_setting('rollcall.actor', true), ''), '{}');
  shared jsonb := actor -> 'by';
  hidden text[] := TG_ARGV[3];
  secrets text[] := TG_ARGV[4];
  json_column text := TG_ARGV[5];
  us bigint := extract(epoch FROM clock_timestamp()) * 1000000;
  -- The time in a version 7 UUID, exact to a microsecond: entries of one transaction sort by it too.
  stamp text := lpad(to_hex(us / 1000), 12, '0') || '7' || lpad(to_hex(us % 1000 * 4), 3, '0');
  was jsonb;
  becomes jsonb;
  before jsonb;
  after jsonb;
  secret text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO "history_entry" ("tenant_id", "id", "subject_type", "subject_id", "about_id",
      "operation", "actor_kind", "actor_id", "actor_name", "request_id", "after")
    SELECT (r.c ->> 'tenant_id')::uuid, (stamp || substr(gen_random_uuid()::text, 19))::uuid,
      TG_ARGV[0], r.c ->> TG_ARGV[1], (r.c ->> TG_ARGV[2])::uuid,
      r.a ->> 'operation', coalesce(r.a ->> 'kind', 'SYSTEM'), r.a ->> 'id', r.a ->> 'name', (r.a ->> 'requestId')::uuid,
      CASE WHEN jsonb_typeof(r.c -> json_column) = 'object'
        THEN jsonb_strip_nulls(r.c - hidden - secrets - json_column) || jsonb_build_object(json_column, r.c -> json_column)
        ELSE jsonb_strip_nulls(r.c - hidden - secrets) END
    FROM (SELECT x.c, CASE WHEN shared IS NULL THEN actor ELSE shared -> (x.c ->> 'id') END AS a
      FROM (SELECT to_jsonb(n) AS c FROM added n OFFSET 0) x OFFSET 0) r;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO "history_entry" ("tenant_id", "id", "subject_type", "subject_id", "about_id",
      "operation", "actor_kind", "actor_id", "actor_name", "request_id", "before")
    SELECT (r.c ->> 'tenant_id')::uuid, (stamp || substr(gen_random_uuid()::text, 19))::uuid,
      TG_ARGV[0], r.c ->> TG_ARGV[1], (r.c ->> TG_ARGV[2])::uuid,
      actor ->> 'operation', coalesce(actor ->> 'kind', 'SYSTEM'), actor ->> 'id', actor ->> 'name', (actor ->> 'requestId')::uuid,
      CASE WHEN jsonb_typeof(r.c -> json_column) = 'object'
        THEN jsonb_strip_nulls(r.c - hidden - secrets - json_column) || jsonb_build_object(json_column, r.c -> json_column)
        ELSE jsonb_strip_nulls(r.c - hidden - secrets) END
    FROM (SELECT to_jsonb(o) AS c FROM removed o OFFSET 0) r;
  ELSE
    was := to_jsonb(OLD);
    becomes := to_jsonb(NEW);
    SELECT jsonb_object_agg(c.key, c.value), jsonb_object_agg(c.key, becomes -> c.key) INTO before, after
    FROM jsonb_each(was - hidden) c WHERE c.value IS DISTINCT FROM becomes -> c.key;
    IF before IS NULL THEN RETURN NULL; END IF;
    FOREACH secret IN ARRAY secrets LOOP
      IF before ? secret THEN
        IF before ->> secret IS NOT NULL THEN before := jsonb_set(before, ARRAY[secret], '"(hidden)"'); END IF;
        IF after ->> secret IS NOT NULL THEN after := jsonb_set(after, ARRAY[secret], '"(hidden)"'); END IF;
      END IF;
    END LOOP;
    INSERT INTO "history_entry" ("tenant_id", "id", "subject_type", "subject_id", "about_id",
      "operation", "actor_kind", "actor_id", "actor_name", "request_id", "before", "after")
    VALUES ((becomes ->> 'tenant_id')::uuid, (stamp || substr(gen_random_uuid()::text, 19))::uuid,
      TG_ARGV[0], becomes ->> TG_ARGV[1], (becomes ->> TG_ARGV[2])::uuid,
      actor ->> 'operation', coalesce(actor ->> 'kind', 'SYSTEM'), actor ->> 'id', actor ->> 'name', (actor ->> 'requestId')::uuid,
      before, after);
  END IF;
  RETURN NULL;
END $$;

-- Has the changes of a table recorded from now on. `changeable` are the columns whose changes are recorded, where others change often and
-- mean nothing; null for all. A table that only says that something was begun is recorded when it is added to.
CREATE FUNCTION "keep_history"(
  of text, subject text, subject_id text, about_id text, hidden text[] DEFAULT '{}', secrets text[] DEFAULT '{}',
  changeable text[] DEFAULT NULL, only_added boolean DEFAULT false, json_column text DEFAULT ''
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  arguments text := format('(%L, %L, %L, %L, %L, %L)', subject, subject_id, about_id,
    hidden || '{tenant_id,created_at,modified_at}'::text[], secrets, json_column);
BEGIN
  EXECUTE format('CREATE TRIGGER "history_added" AFTER INSERT ON %I REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION "record_history" %s', of, arguments);
  IF only_added THEN RETURN; END IF;
  EXECUTE format('CREATE TRIGGER "history_removed" AFTER DELETE ON %I REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION "record_history" %s', of, arguments);
  EXECUTE format('CREATE TRIGGER "history_changed" AFTER UPDATE %s ON %I
    FOR EACH ROW WHEN (%s) EXECUTE FUNCTION "record_history" %s',
    'OF ' || (SELECT string_agg(format('%I', c), ', ') FROM unnest(changeable) c), of,
    coalesce((SELECT string_agg(format('OLD.%I IS DISTINCT FROM NEW.%I', c, c), ' OR ') FROM unnest(changeable) c), 'OLD.* IS DISTINCT FROM NEW.*'), arguments);
END $$;

SELECT "keep_history"('agent', 'Agent', 'id', '');
SELECT "keep_history"('participant', 'Participant', 'id', 'id', '{id,name_key}');
SELECT "keep_history"('channel', 'Channel', 'id', 'participant_id', '{id,identity_key,address_key,address_valid,last_message_at,message_count}', '{}',
  '{participant_id,integration_config_id,provider,address,priority,label,disabled}');
SELECT "keep_history"('binding', 'Binding', 'id', 'participant_id', '{id}');
SELECT "keep_history"('integration_config', 'IntegrationConfig', 'id', 'id', '{id}', '{token_ciphertext}');
SELECT "keep_history"('conversation', 'Conversation', 'id', 'id', '{id}', json_column => 'attributes');
SELECT "keep_history"('conversation_member', 'ConversationParticipant', 'id', 'conversation_id', '{id,user_id,contact_id,agent_id}');
SELECT "keep_history"('external_user', 'ExternalUser', 'id', 'id', '{id,phone_key}', json_column => 'metadata');
SELECT "keep_history"('credential_key', 'CredentialKey', 'id', 'id', '{id,secret_hash}');
SELECT "keep_history"('webhook_key', 'CredentialKey', 'id', 'id', '{id,secret_hash}', '{signing_secret_ciphertext}');
SELECT "keep_history"('unknown_sender', 'UnknownSender', 'id', 'id',
  '{id,identity_key,address_key,message_count,first_message_at,last_message_at,dropped_message_count,processed_by}', '{}',
  '{address,agent_id,status,note,processed_at,approval_mode,approved_participant_id}');
SELECT "keep_history"('avatar_sync_batch', 'AvatarSyncBatch', 'id', 'id', '{id,started_at,finished_at}', only_added => true);
SELECT "keep_history"('oauth_state', 'IntegrationConfig', 'integration_config_id', 'integration_config_id',
  '{state_hash,integration_config_id,viewer_kind,viewer_id}', '{verifier_ciphertext}', only_added => true);
-- Of a job only that somebody had it begun anew. Workers change the rest all the time.
CREATE TRIGGER "history_retried" AFTER UPDATE OF "generation" ON "avatar_sync_job"
  FOR EACH ROW WHEN (OLD."state" = 'FAILED' AND NEW."state" = 'QUEUED') EXECUTE FUNCTION "record_history"(
    'AvatarSyncFailure', 'id', 'participant_id', '{tenant_id,id,participant_id,integration_config_id,address,kind,generation,attempts,accounted,again_config_id,again_address,queued_at,run_at,worker_id,lease_until,finished_at}', '{}', '');
