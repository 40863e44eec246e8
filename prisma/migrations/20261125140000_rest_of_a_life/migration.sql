-- Columns without a value, or with one that is the same for every row, are added without rewriting the table.
ALTER TABLE "conversation"
  ADD COLUMN "description" TEXT,
  ADD COLUMN "attributes" JSONB;
ALTER TABLE "channel" ADD COLUMN "modified_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp();

-- Each change makes it later, also one of the same millisecond or of a transaction that began earlier: clients compare it to learn whether
-- somebody was faster.
CREATE OR REPLACE FUNCTION "set_modified_at"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."modified_at" := greatest(now(), OLD."modified_at" + interval '1 millisecond');
  RETURN NEW;
END $$;
-- Messages are counted in the same row, which is no change of the channel.
CREATE TRIGGER "channel_modified" BEFORE UPDATE OF "priority", "label", "disabled", "address" ON "channel"
  FOR EACH ROW EXECUTE FUNCTION "set_modified_at"();
