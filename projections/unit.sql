-- One row a unit: what it is called and where it stands, now and before. Columns after `book` are the fields of
-- UnitView, in their order.
CREATE TABLE {table} (
  book text NOT NULL,
  unit_id uuid NOT NULL,
  version integer NOT NULL,
  position bigint NOT NULL,
  name text NOT NULL,
  kind text NOT NULL,
  parent uuid,
  is_open boolean NOT NULL,
  calendar text,
  opened_at timestamptz NOT NULL,
  names jsonb NOT NULL,
  places jsonb NOT NULL,
  standings jsonb NOT NULL,
  hours jsonb NOT NULL,
  supervisions jsonb NOT NULL,
  last_occurred_at timestamptz NOT NULL,
  last_recorded_at timestamptz NOT NULL,
  PRIMARY KEY (book, unit_id)
);

CREATE INDEX {name} ON {table} (book, name);
CREATE INDEX {parent} ON {table} (book, parent) WHERE parent IS NOT NULL;
