-- One row a case or import, with its register number once it has one. Columns after `book` are the fields of
-- RegisterEntry, in their order.
CREATE TABLE {table} (
  book text NOT NULL,
  subject_id uuid NOT NULL,
  stream text NOT NULL,
  position bigint NOT NULL,
  kind text NOT NULL,
  series text,
  number integer,
  received_at timestamptz NOT NULL,
  received_zone text NOT NULL,
  received_precision text NOT NULL,
  received_recorded_at timestamptz NOT NULL,
  received_source_recorded_at timestamptz,
  delay_seconds bigint NOT NULL,
  registered_at timestamptz,
  registered_precision text,
  registered_recorded_at timestamptz,
  registered_by text,
  unit text,
  early_steps jsonb NOT NULL,
  PRIMARY KEY (book, subject_id)
);

-- The order of the register, in which a gap shows.
CREATE UNIQUE INDEX {number} ON {table} (book, series, number) WHERE series IS NOT NULL;

-- What was handled before it was registered; rare, so that the index is small.
CREATE INDEX {early} ON {table} (book, received_at, subject_id) WHERE early_steps <> '[]'::jsonb;

-- Receipts by how long it took until somebody wrote them down.
CREATE INDEX {delay} ON {table} (book, delay_seconds, subject_id) WHERE kind = 'case';
