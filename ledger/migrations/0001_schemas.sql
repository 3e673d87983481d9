-- The two schemas, and the two roles that work in them. Migrations run as the owner of both schemas.
-- The roles get no password here: over a trusted socket they need none, elsewhere ALTER ROLE gives them one.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'daybook_writer') THEN
    CREATE ROLE daybook_writer LOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'daybook_projector') THEN
    CREATE ROLE daybook_projector LOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;  -- another database of this cluster is being migrated at the same moment
END $$;

CREATE SCHEMA views;

GRANT USAGE ON SCHEMA ledger TO daybook_writer, daybook_projector;
GRANT SELECT ON ledger.migration TO daybook_writer, daybook_projector;
GRANT USAGE, CREATE ON SCHEMA views TO daybook_projector;
GRANT USAGE ON SCHEMA views TO daybook_writer;
