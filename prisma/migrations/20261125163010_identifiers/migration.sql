-- CreateTable
CREATE TABLE "external_user_identifier" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "external_user_id" UUID NOT NULL,
    "identifier_key" "IdentifierKey" NOT NULL,
    "identifier_value" TEXT NOT NULL,
    "compare_key" TEXT NOT NULL,
    "is_primary" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),

    CONSTRAINT "external_user_identifier_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateIndex
CREATE INDEX "external_user_identifier_tenant_id_external_user_id_id_idx" ON "external_user_identifier"("tenant_id", "external_user_id", "id");

-- AddForeignKey
ALTER TABLE "external_user_identifier" ADD CONSTRAINT "external_user_identifier_tenant_id_external_user_id_fkey" FOREIGN KEY ("tenant_id", "external_user_id") REFERENCES "external_user"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema language cannot say.

-- One user of a tenant has an identifier. An e-mail address may be too long for an index.
CREATE UNIQUE INDEX "external_user_identifier_key" ON "external_user_identifier" ("tenant_id", "identifier_key", md5("compare_key"));

-- A version 7 UUID, for rows that triggers make.
CREATE FUNCTION "new_id"() RETURNS UUID LANGUAGE sql VOLATILE AS $$
  SELECT (lpad(to_hex(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
    || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid
$$;

-- The primary identifiers of these users, as their columns have them.
CREATE FUNCTION "primary_identifiers"("tenant" UUID, "ids" UUID[])
  RETURNS TABLE ("user_id" UUID, "its_key" "IdentifierKey", "its_value" TEXT, "compared" TEXT, "since" TIMESTAMPTZ) LANGUAGE sql STABLE AS $$
  SELECT u.id, v.its_key, v.its_value, v.compared, u.created_at
  FROM external_user u CROSS JOIN LATERAL (VALUES
    ('emailaddress'::"IdentifierKey", u.email, lower(u.email)),
    ('phonenumber'::"IdentifierKey", u.phone_number, coalesce(u.phone_key, u.phone_number)),
    ('fkid'::"IdentifierKey", u.fk_id, u.fk_id)
  ) v (its_key, its_value, compared)
  WHERE u.tenant_id = primary_identifiers.tenant AND u.id = ANY (primary_identifiers.ids) AND v.its_value IS NOT NULL
  ORDER BY v.its_key, v.compared
$$;

-- For the pass over stored rows: what is there already stays.
CREATE FUNCTION "fill_identifiers"("tenant" UUID, "ids" UUID[]) RETURNS VOID LANGUAGE sql AS $$
  INSERT INTO external_user_identifier (tenant_id, id, external_user_id, identifier_key, identifier_value, compare_key, is_primary, created_at)
  SELECT fill_identifiers.tenant, new_id(), p.user_id, p.its_key, p.its_value, p.compared, true, p.since
  FROM primary_identifiers(fill_identifiers.tenant, fill_identifiers.ids) p
  ON CONFLICT DO NOTHING
$$;

-- A new user's identifiers. One that another user has beside its primary one is an error of uniqueness.
CREATE FUNCTION "identifiers_inserted"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  each RECORD;
BEGIN
  FOR each IN SELECT tenant_id, array_agg(id) AS ids FROM inserted GROUP BY tenant_id LOOP
    INSERT INTO external_user_identifier (tenant_id, id, external_user_id, identifier_key, identifier_value, compare_key, is_primary, created_at)
    SELECT each.tenant_id, new_id(), p.user_id, p.its_key, p.its_value, p.compared, true, p.since
    FROM primary_identifiers(each.tenant_id, each.ids) p;
  END LOOP;
  RETURN NULL;
END $$;

-- Makes a user's primary identifier of a kind what its column says. The one before is replaced, unless it was made another one first.
CREATE FUNCTION "set_primary_identifier"("tenant" UUID, "user_id" UUID, "its_key" "IdentifierKey", "its_value" TEXT, "compared" TEXT)
  RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM external_user_identifier i WHERE i.tenant_id = tenant AND i.external_user_id = user_id AND i.identifier_key = its_key
    AND i.is_primary AND i.compare_key IS DISTINCT FROM compared;
  IF its_value IS NULL THEN
    RETURN;
  END IF;
  UPDATE external_user_identifier i SET is_primary = true, identifier_value = its_value
  WHERE i.tenant_id = tenant AND i.external_user_id = user_id AND i.identifier_key = its_key AND i.compare_key = compared;
  IF NOT FOUND THEN
    INSERT INTO external_user_identifier (tenant_id, id, external_user_id, identifier_key, identifier_value, compare_key, is_primary)
    VALUES (tenant, new_id(), user_id, its_key, its_value, compared, true);
  END IF;
END $$;

CREATE FUNCTION "identifiers_updated"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.email IS DISTINCT FROM NEW.email THEN
    PERFORM set_primary_identifier(NEW.tenant_id, NEW.id, 'emailaddress', NEW.email, lower(NEW.email));
  END IF;
  IF (OLD.phone_number, OLD.phone_key) IS DISTINCT FROM (NEW.phone_number, NEW.phone_key) THEN
    PERFORM set_primary_identifier(NEW.tenant_id, NEW.id, 'phonenumber', NEW.phone_number, coalesce(NEW.phone_key, NEW.phone_number));
  END IF;
  IF OLD.fk_id IS DISTINCT FROM NEW.fk_id THEN
    PERFORM set_primary_identifier(NEW.tenant_id, NEW.id, 'fkid', NEW.fk_id, NEW.fk_id);
  END IF;
  RETURN NULL;
END $$;

-- Triggers run in the order of their names: identifiers come before what users are found by.
CREATE TRIGGER "external_user_identifiers_insert" AFTER INSERT ON "external_user" REFERENCING NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION "identifiers_inserted"();
CREATE TRIGGER "external_user_identifiers_update" AFTER UPDATE ON "external_user" FOR EACH ROW
  WHEN ((OLD."email", OLD."phone_number", OLD."phone_key", OLD."fk_id")
    IS DISTINCT FROM (NEW."email", NEW."phone_number", NEW."phone_key", NEW."fk_id"))
  EXECUTE FUNCTION "identifiers_updated"();

-- Users are found by their other identifiers, too.
CREATE OR REPLACE FUNCTION "refresh_external_user_search"("tenant" UUID, "ids" UUID[]) RETURNS VOID LANGUAGE sql AS $$
  INSERT INTO external_user_search AS s (tenant_id, id, name, name_key, texts)
  SELECT u.tenant_id, u.id, u.name, name_key(u.name),
    E'\n' || search_text(u.name) || CASE WHEN u.first_name IS NULL THEN '' ELSE search_text(u.last_name) END
      || search_text(u.email) || search_text(substr(u.phone_number, 2)) || search_text(substr(u.phone_key, 2)) || search_text(u.fk_id)
      || coalesce((
        SELECT string_agg(CASE WHEN i.identifier_key = 'phonenumber'
          THEN search_text(substr(i.identifier_value, 2)) || search_text(nullif(substr(i.compare_key, 2), substr(i.identifier_value, 2)))
          ELSE search_text(i.identifier_value) END, '' ORDER BY i.id)
        FROM external_user_identifier i WHERE i.tenant_id = u.tenant_id AND i.external_user_id = u.id AND NOT i.is_primary
      ), '')
  FROM (
    SELECT r.*, coalesce(nullif(concat_ws(' ', r.first_name, r.last_name), ''), r.email, r.phone_number, r.fk_id, '') AS name
    FROM external_user r WHERE r.tenant_id = refresh_external_user_search.tenant AND r.id = ANY (refresh_external_user_search.ids)
  ) u
  ORDER BY u.id
  ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, texts = excluded.texts
  WHERE (s.name, s.texts) IS DISTINCT FROM (excluded.name, excluded.texts)
$$;

CREATE FUNCTION "search_identifiers"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM refresh_external_user_search(OLD.tenant_id, ARRAY[OLD.external_user_id]);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM refresh_external_user_search(NEW.tenant_id, ARRAY[NEW.external_user_id]);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "external_user_identifier_insert" AFTER INSERT ON "external_user_identifier" FOR EACH ROW
  WHEN (NOT NEW."is_primary") EXECUTE FUNCTION "search_identifiers"();
CREATE TRIGGER "external_user_identifier_update" AFTER UPDATE ON "external_user_identifier" FOR EACH ROW
  WHEN (NOT OLD."is_primary" OR NOT NEW."is_primary") EXECUTE FUNCTION "search_identifiers"();
CREATE TRIGGER "external_user_identifier_delete" AFTER DELETE ON "external_user_identifier" FOR EACH ROW
  WHEN (NOT OLD."is_primary") EXECUTE FUNCTION "search_identifiers"();
