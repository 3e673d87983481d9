-- One row a member of staff. Columns after `book` are the fields of StaffView, in their order.
CREATE TABLE {table} (
  book text NOT NULL,
  staff_id uuid NOT NULL,
  version integer NOT NULL,
  position bigint NOT NULL,
  name text NOT NULL,
  unit text,
  post text,
  is_here boolean NOT NULL,
  grade text,
  grade_rules_version text,
  postings jsonb NOT NULL,
  presences jsonb NOT NULL,
  certificates jsonb NOT NULL,
  grades jsonb NOT NULL,
  trainings jsonb NOT NULL,
  registered_at timestamptz NOT NULL,
  last_occurred_at timestamptz NOT NULL,
  last_recorded_at timestamptz NOT NULL,
  PRIMARY KEY (book, staff_id)
);

-- The two orders in which staff are paged, and what narrows a page down to few.
CREATE INDEX {name} ON {table} (book, name, staff_id);
CREATE INDEX {registered} ON {table} (book, registered_at, staff_id);
CREATE INDEX {unit} ON {table} (book, unit, name, staff_id) WHERE unit IS NOT NULL;
