-- One row for each thing that happened with a customer or a case. Columns after `book` are the fields of TimelineEntry,
-- in their order.
CREATE TABLE {table} (
  book text NOT NULL,
  position bigint NOT NULL,
  place smallint NOT NULL,
  stream text NOT NULL,
  version integer NOT NULL,
  category text NOT NULL,
  kind text NOT NULL,
  occurred_at timestamptz NOT NULL,
  occurred_zone text NOT NULL,
  occurred_precision text NOT NULL,
  recorded_at timestamptz NOT NULL,
  customer_id uuid,
  case_id uuid,
  other_id uuid,
  channel text,
  direction text,
  unit text,
  staff text,
  term text,
  words text,
  PRIMARY KEY (book, position, place)
);

-- By which the rows of a stream are made again.
CREATE INDEX {stream} ON {table} (book, stream);

-- The two ways to a customer: by name, which a case's own events do not count for, since the case may have become
-- somebody else's; and through the case.
CREATE INDEX {named} ON {table} (book, customer_id, occurred_at, position)
  WHERE customer_id IS NOT NULL AND category <> 'case';
CREATE INDEX {case_id} ON {table} (book, case_id, occurred_at, position) WHERE case_id IS NOT NULL;
