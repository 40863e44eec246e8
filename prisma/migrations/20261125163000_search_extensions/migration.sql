-- Both ship with PostgreSQL. They are trusted: a role that may create in the database may create them.
CREATE EXTENSION IF NOT EXISTS "pg_trgm";
CREATE EXTENSION IF NOT EXISTS "btree_gin";
