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
    "keys" UUID[],
    "occurred_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "history_entry_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateIndex
CREATE INDEX "history_entry_tenant_id_about_id_id_idx" ON "history_entry"("tenant_id", "about_id", "id");

-- No foreign key to the tenant: entries are made by triggers from rows that have one, and each would lock the tenant's row.

-- By which keys an erasure finds entries about somebody who is gone.
CREATE INDEX "history_entry_keys_idx" ON "history_entry" USING gin ("keys") WITH (gin_pending_list_limit = 512) WHERE "keys" IS NOT NULL;

-- Digests, with the tenant's id, of what a row identifies a person by. The texts are those of src/erasure/digests.ts. Only entries of rows that
-- were removed, or of which such a value was changed, have them: a person who is still there is found by their row, and to add a row costs nothing more.
CREATE FUNCTION "history_keys"("given" jsonb) RETURNS UUID[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_agg(DISTINCT md5((given ->> 'tenant_id') || ' ' || v.text)::uuid)
  FROM (VALUES
    ('identity ' || lower(given ->> 'email')),
    ('identity ' || coalesce(given ->> 'phone_key', regexp_replace(given ->> 'phone_number', '^\+549([0-9]{10})$', '+54\1'))),
    ('fkid ' || (given ->> 'fk_id')),
    (CASE given ->> 'identifier_key'
      WHEN 'fkid' THEN 'fkid ' || (given ->> 'identifier_value')
      WHEN 'phonenumber' THEN 'identity ' || regexp_replace(given ->> 'identifier_value', '^\+549([0-9]{10})$', '+54\1')
      WHEN 'emailaddress' THEN 'identity ' || lower(given ->> 'identifier_value') END),
    ('identity ' || (given ->> 'identity_key')),
    -- An unknown sender's row does not have the provider.
    ('address ' || coalesce(given ->> 'provider', '') || ' ' || coalesce(given ->> 'address_key', given ->> 'identity_key', given ->> 'address')),
    ('id ' || coalesce(given ->> 'external_user_id', given ->> 'approved_participant_id',
      CASE WHEN given ->> 'type' IN ('CONTACT', 'USER') THEN given ->> 'participant_id' END))
  ) v (text) WHERE v.text IS NOT NULL
$$;

-- Records the rows that one statement has added or removed, or one row that was changed. Its arguments: the type of the subject, the column
-- of the subject's id, the column of the id of what it is about, the columns that are left out, those that are secrets, of which only the
-- fact that there is one is recorded, a column of JSON, whose inner nulls are kept, a column that says which rows are not recorded, and a name
-- for the time at which a row was added, where that is recorded as a change of the subject.
--
-- Who changes is what the connection says of its transaction in "rollcall.actor", as JSON. A statement for several callers has each
-- one's under "by", by the id of the row that is added for them.
--
-- Functions in SQL would each cost more than all of this, so the expressions are written out.
CREATE FUNCTION "record_history"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  actor jsonb := coalesce(nullif(current_setting('rollcall.actor', true), ''), '{}');
  shared jsonb;
  hidden text[] := TG_ARGV[3];
  us bigint := date_part('epoch', clock_timestamp()) * 1000000;
  -- The time in a version 7 UUID, exact to a microsecond: entries of one transaction sort by it too.
  stamp bytea := int8send(us / 1000 << 16 | 28672 | us % 1000 * 4);
  was jsonb;
  becomes jsonb;
  before jsonb;
  after jsonb;
  secret text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    shared := actor -> 'by';
    INSERT INTO "history_entry" ("tenant_id", "id", "subject_type", "subject_id", "about_id",
      "operation", "actor_kind", "actor_id", "actor_name", "request_id", "before", "after")
    SELECT r.tenant_id, encode(overlay(uuid_send(gen_random_uuid()) placing stamp from 1), 'hex')::uuid,
      TG_ARGV[0], r.c ->> TG_ARGV[1], (r.c ->> TG_ARGV[2])::uuid,
      r.a ->> 'operation', coalesce(r.a ->> 'kind', 'SYSTEM'), r.a ->> 'id', r.a ->> 'name', (r.a ->> 'requestId')::uuid,
      CASE WHEN TG_ARGV[7] <> '' THEN jsonb '{}' END,
      CASE WHEN TG_ARGV[7] <> '' THEN jsonb_build_object(TG_ARGV[7], r.c -> 'created_at')
        WHEN TG_ARGV[5] <> '' AND jsonb_typeof(r.c -> TG_ARGV[5]) = 'object'
        THEN jsonb_strip_nulls(r.c - hidden - TG_ARGV[5]) || jsonb_build_object(TG_ARGV[5], r.c -> TG_ARGV[5])
        ELSE jsonb_strip_nulls(r.c - hidden) END
    FROM (SELECT x.tenant_id, x.c, CASE WHEN shared IS NULL THEN actor ELSE shared -> (x.c ->> 'id') END AS a
      FROM (SELECT n.tenant_id, to_jsonb(n) AS c FROM added n OFFSET 0) x OFFSET 0) r
    WHERE TG_ARGV[6] = '' OR NOT (r.c ->> TG_ARGV[6])::boolean;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO "history_entry" ("tenant_id", "id", "subject_type", "subject_id", "about_id",
      "operation", "actor_kind", "actor_id", "actor_name", "request_id", "keys", "before")
    SELECT r.tenant_id, encode(overlay(uuid_send(gen_random_uuid()) placing stamp from 1), 'hex')::uuid,
      TG_ARGV[0], r.c ->> TG_ARGV[1], (r.c ->> TG_ARGV[2])::uuid,
      actor ->> 'operation', coalesce(actor ->> 'kind', 'SYSTEM'), actor ->> 'id', actor ->> 'name', (actor ->> 'requestId')::uuid,
      history_keys(r.c),
      CASE WHEN TG_ARGV[5] <> '' AND jsonb_typeof(r.c -> TG_ARGV[5]) = 'object'
        THEN jsonb_strip_nulls(r.c - hidden - TG_ARGV[5]) || jsonb_build_object(TG_ARGV[5], r.c -> TG_ARGV[5])
        ELSE jsonb_strip_nulls(r.c - hidden) END
    FROM (SELECT o.tenant_id, to_jsonb(o) AS c FROM removed o OFFSET 0) r
    WHERE TG_ARGV[6] = '' OR NOT (r.c ->> TG_ARGV[6])::boolean;
  ELSE
    was := to_jsonb(OLD);
    becomes := to_jsonb(NEW);
    IF TG_ARGV[6] <> '' AND (was ->> TG_ARGV[6])::boolean AND (becomes ->> TG_ARGV[6])::boolean THEN RETURN NULL; END IF;
    SELECT jsonb_object_agg(c.key, c.value), jsonb_object_agg(c.key, becomes -> c.key) INTO before, after
    FROM jsonb_each(was - hidden) c WHERE c.value IS DISTINCT FROM becomes -> c.key;
    IF before IS NULL THEN RETURN NULL; END IF;
    IF TG_ARGV[4] <> '{}' THEN
      FOREACH secret IN ARRAY TG_ARGV[4]::text[] LOOP
        IF before ? secret THEN
          IF before ->> secret IS NOT NULL THEN before := jsonb_set(before, ARRAY[secret], '"(hidden)"'); END IF;
          IF after ->> secret IS NOT NULL THEN after := jsonb_set(after, ARRAY[secret], '"(hidden)"'); END IF;
        END IF;
      END LOOP;
    END IF;
    INSERT INTO "history_entry" ("tenant_id", "id", "subject_type", "subject_id", "about_id",
      "operation", "actor_kind", "actor_id", "actor_name", "request_id", "keys", "before", "after")
    VALUES (NEW.tenant_id, encode(overlay(uuid_send(gen_random_uuid()) placing stamp from 1), 'hex')::uuid,
      TG_ARGV[0], becomes ->> TG_ARGV[1], (becomes ->> TG_ARGV[2])::uuid,
      actor ->> 'operation', coalesce(actor ->> 'kind', 'SYSTEM'), actor ->> 'id', actor ->> 'name', (actor ->> 'requestId')::uuid,
      CASE WHEN before ?| '{email,phone_number,fk_id,identifier_value,address,external_user_id,participant_id,approved_participant_id}'
        THEN history_keys(was) || history_keys(becomes) END,
      before, after);
  END IF;
  RETURN NULL;
END $$;

-- Has the changes of a table recorded from now on. `changeable` are the columns whose changes are recorded, where others change often and
-- mean nothing; null for all. A table that only says that something was begun is recorded when it is added to, with `as_change` as a change of
-- its subject: the time under that name. Rows of which `unless` is true are not recorded.
--
-- A migration calls it for one table only. CREATE TRIGGER locks its table against writers until the transaction ends, so with several tables
-- those who write to them in another order would wait for each other.
CREATE FUNCTION "keep_history"(
  of text, subject text, subject_id text, about_id text, hidden text[] DEFAULT '{}', secrets text[] DEFAULT '{}',
  changeable text[] DEFAULT NULL, only_added boolean DEFAULT false, json_column text DEFAULT '', unless text DEFAULT '', as_change text DEFAULT ''
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  never text[] := hidden || '{tenant_id,created_at,modified_at}'::text[];
  arguments text := format('(%L, %L, %L, %L, %L, %L, %L, %L)', subject, subject_id, about_id, never || secrets, '{}', json_column, unless, as_change);
BEGIN
  EXECUTE format('CREATE TRIGGER "history_added" AFTER INSERT ON %I REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION "record_history" %s', of, arguments);
  IF only_added THEN RETURN; END IF;
  EXECUTE format('CREATE TRIGGER "history_removed" AFTER DELETE ON %I REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION "record_history" %s', of, arguments);
  EXECUTE format('CREATE TRIGGER "history_changed" AFTER UPDATE %s ON %I
    FOR EACH ROW WHEN (%s) EXECUTE FUNCTION "record_history" (%L, %L, %L, %L, %L, %L, %L, %L)',
    'OF ' || (SELECT string_agg(format('%I', c), ', ') FROM unnest(changeable) c), of,
    coalesce((SELECT string_agg(format('OLD.%I IS DISTINCT FROM NEW.%I', c, c), ' OR ') FROM unnest(changeable) c), 'OLD.* IS DISTINCT FROM NEW.*'),
    subject, subject_id, about_id, never, secrets, json_column, unless, as_change);
END $$;
