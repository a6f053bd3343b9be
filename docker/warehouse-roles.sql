-- The role that backfills work with in docker-compose.yml: never a superuser. The password is for this machine only.
-- What it may read and where it may create tables is granted by you; `backfill plan` prints each grant that is missing.
CREATE ROLE backfill_worker LOGIN PASSWORD 'backfill_worker';
