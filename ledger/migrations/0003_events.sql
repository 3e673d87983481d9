-- The events, each in its whole envelope. data and metadata are stored exactly as written.
-- No foreign key to the book: the append function has the book's head locked, and a check a row makes an append a third longer.
CREATE TABLE ledger.event (
  book text NOT NULL,
  position bigint NOT NULL,
  stream text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  topic text NOT NULL,
  recorded_at timestamptz NOT NULL,
  occurred_at timestamptz NOT NULL,
  occurred_zone text NOT NULL,
  occurred_precision text NOT NULL CHECK (occurred_precision IN ('instant', 'day')),
  source_recorded_at timestamptz,
  register_series text,
  register_number integer,
  data bytea NOT NULL CHECK (octet_length(data) <= 57344),
  metadata bytea NOT NULL CHECK (octet_length(metadata) <= 4096),
  PRIMARY KEY (book, position),
  UNIQUE (book, stream, version)
);

-- Looked up by number; proves that no number is given twice.
CREATE UNIQUE INDEX event_register ON ledger.event (book, register_series, register_number)
  WHERE register_series IS NOT NULL;

-- What a command led to, so that asking again gives the same answer. `position` is the book's after the command.
CREATE TABLE ledger.outcome (
  book text NOT NULL,
  command_id uuid NOT NULL,
  digest bytea NOT NULL,
  position bigint NOT NULL,
  events integer NOT NULL,
  PRIMARY KEY (book, command_id)
);

-- An extra beside the missing grants: a superuser's slip is refused as well.
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'LB009';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.book
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.event
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.outcome
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

GRANT SELECT ON ledger.event, ledger.outcome TO daybook_writer;
GRANT SELECT ON ledger.event TO daybook_projector;

-- For people with psql: the same events with readable data. Programs read ledger.event.
CREATE VIEW ledger.readable AS
  SELECT book, position, stream, version, topic, recorded_at, occurred_at, occurred_zone, occurred_precision,
         source_recorded_at,
         register_series || '-' || lpad(register_number::text, greatest(6, length(register_number::text)), '0') AS register,
         convert_from(data, 'UTF8')::jsonb AS data, convert_from(metadata, 'UTF8')::jsonb AS metadata
  FROM ledger.event;
GRANT SELECT ON ledger.readable TO daybook_writer;
