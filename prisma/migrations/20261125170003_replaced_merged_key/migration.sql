-- The key with the kind takes the place of the one without.
ALTER TABLE "merged_id" DROP CONSTRAINT "merged_id_pkey", ADD CONSTRAINT "merged_id_pkey" PRIMARY KEY USING INDEX "merged_id_by_kind";
