-- One row an event, as it was written: who did what, to which subject, by which door, and when that was and was heard.
-- Columns after `book` are the fields of AuditEntry, in their order. No personal value is among them.
CREATE TABLE {table} (
  book text NOT NULL,
  position bigint NOT NULL,
  place smallint NOT NULL,
  stream text NOT NULL,
  version integer NOT NULL,
  category text NOT NULL,
  topic text NOT NULL,
  case_id uuid,
  customer_id uuid,
  recorded_at timestamptz NOT NULL,
  occurred_at timestamptz NOT NULL,
  occurred_zone text NOT NULL,
  occurred_precision text NOT NULL,
  source_recorded_at timestamptz,
  back_dated_seconds bigint,
  series text,
  number integer,
  actor text NOT NULL,
  actor_kind text NOT NULL,
  unit text,
  role text,
  claim text,
  on_behalf_of text,
  door text NOT NULL,
  program text NOT NULL,
  command_id uuid NOT NULL,
  correlation_id uuid NOT NULL,
  causation_id uuid,
  basis bigint,
  source_digest text,
  source_line bigint,
  departures text[] NOT NULL,
  overrides text[] NOT NULL,
  about_version integer,
  request_version integer,
  requested_by text,
  decided_by text,
  PRIMARY KEY (book, position, place)
);

-- Whom and whose.
CREATE INDEX {stream} ON {table} (book, stream, position);
CREATE INDEX {actor} ON {table} (book, actor, position);

-- The other order in which it is paged, and where in the book a time of recording lies.
-- As in case_file.sql: more people act than the hundred whom the server knows by default.
ALTER TABLE {table} ALTER COLUMN actor SET STATISTICS 1000;
CREATE INDEX {occurred} ON {table} (book, occurred_at, position);
CREATE INDEX {recorded} ON {table} (book, recorded_at, position);

-- What names a subject from another stream than its own; few events do.
CREATE INDEX {case} ON {table} (book, case_id, position) WHERE case_id IS NOT NULL AND category <> 'case';
CREATE INDEX {customer} ON {table} (book, customer_id, position)
  WHERE customer_id IS NOT NULL AND category <> 'customer';

CREATE INDEX {departed} ON {table} (book, position) WHERE departures <> '{{}}';
-- A day is what counts as back-dated unless another span is asked for. Whether a publication is an own approval shows
-- beside its proposal only; a book has few of either.
CREATE INDEX {overridden} ON {table} (book, actor, position)
  WHERE overrides <> '{{}}' OR back_dated_seconds >= 86400 OR category IN ('calendar', 'policy');

-- What administrators did, and what touches the book as a whole; of a book full of cases it is little.
CREATE INDEX {administration} ON {table} (book, position)
  WHERE role = 'administrator' OR category IN ('access', 'book', 'calendar', 'import', 'policy');
