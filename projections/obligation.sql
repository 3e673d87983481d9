-- One row an obligation: what somebody owes by when. Columns after `book` are the fields of ObligationView, in their
-- order.
CREATE TABLE {table} (
  book text NOT NULL,
  obligation_id uuid NOT NULL,
  version integer NOT NULL,
  position bigint NOT NULL,
  kind text NOT NULL,
  status text NOT NULL,
  title text NOT NULL,
  case_id uuid,
  unit text,
  owner text,
  due_at timestamptz,
  due_precision text,
  due_by timestamptz,
  opened_at timestamptz NOT NULL,
  met_at timestamptz,
  met_by text,
  evidence text,
  words_version integer,
  verified_at timestamptz,
  verified_by text,
  effective boolean,
  cancelled_at timestamptz,
  cancel_reason text,
  reassignments integer NOT NULL,
  reopens integer NOT NULL,
  escalation_level integer,
  last_occurred_at timestamptz NOT NULL,
  last_recorded_at timestamptz NOT NULL,
  PRIMARY KEY (book, obligation_id)
);

-- The two orders in which obligations are paged.
CREATE INDEX {due} ON {table} (book, due_by, obligation_id) WHERE due_by IS NOT NULL;
CREATE INDEX {opened} ON {table} (book, opened_at, obligation_id);

-- What narrows a page down to few, in the order in which they are due.
CREATE INDEX {status} ON {table} (book, status, due_by, obligation_id);
CREATE INDEX {unit} ON {table} (book, unit, due_by, obligation_id) WHERE unit IS NOT NULL;
CREATE INDEX {owner} ON {table} (book, owner, due_by, obligation_id) WHERE owner IS NOT NULL;
-- As in case_file.sql: there are more units and owners than the hundred values that the server knows by default.
ALTER TABLE {table} ALTER COLUMN unit SET STATISTICS 1000;
ALTER TABLE {table} ALTER COLUMN owner SET STATISTICS 1000;
CREATE INDEX {case_id} ON {table} (book, case_id, opened_at, obligation_id) WHERE case_id IS NOT NULL;
