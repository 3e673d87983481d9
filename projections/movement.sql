-- One row each time a case changed hands. Columns after `book` are the fields of Movement, in their order.
CREATE TABLE {table} (
  book text NOT NULL,
  position bigint NOT NULL,
  place smallint NOT NULL,
  stream text NOT NULL,
  version integer NOT NULL,
  case_id uuid NOT NULL,
  kind text NOT NULL,
  occurred_at timestamptz NOT NULL,
  occurred_zone text NOT NULL,
  occurred_precision text NOT NULL,
  recorded_at timestamptz NOT NULL,
  from_unit text,
  to_unit text,
  from_handler text,
  to_handler text,
  reason text,
  PRIMARY KEY (book, position, place)
);

-- By which the rows of a stream are made again.
CREATE INDEX {stream} ON {table} (book, stream);

-- The order in which movements are paged, those of a case and those of the book.
CREATE INDEX {case_id} ON {table} (book, case_id, occurred_at, position);
CREATE INDEX {occurred} ON {table} (book, occurred_at, position);
CREATE INDEX {kind} ON {table} (book, kind, occurred_at, position);
CREATE INDEX {from_unit} ON {table} (book, from_unit, occurred_at, position) WHERE from_unit IS NOT NULL;
CREATE INDEX {to_unit} ON {table} (book, to_unit, occurred_at, position) WHERE to_unit IS NOT NULL;
