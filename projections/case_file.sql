-- One row a case: where it stands now. Columns after `book` are the fields of CaseFile, in their order.
CREATE TABLE {table} (
  book text NOT NULL,
  case_id uuid NOT NULL,
  version integer NOT NULL,
  position bigint NOT NULL,
  kind text NOT NULL,
  status text NOT NULL,
  series text,
  number integer,
  customer_id uuid,
  channel text NOT NULL,
  touchpoint_id uuid,
  source_key text,
  received_by text,
  words_version integer,
  category text,
  subcategory text,
  symptom text,
  taxonomy text,
  priority text,
  impact text,
  urgency text,
  unit text,
  handler text,
  received_at timestamptz NOT NULL,
  received_precision text NOT NULL,
  registered_at timestamptz,
  dispatched_at timestamptz,
  first_response_at timestamptz,
  work_started_at timestamptz,
  resolved_at timestamptz,
  resolved_by text,
  outcome text,
  resolution_code text,
  redress_minor_units bigint,
  redress_currency text,
  closed_at timestamptz,
  closing_code text,
  open_pauses jsonb NOT NULL,
  dispatches integer NOT NULL,
  returns integer NOT NULL,
  transfers integer NOT NULL,
  unit_changes integer NOT NULL,
  assignments integer NOT NULL,
  reopens integer NOT NULL,
  responses integer NOT NULL,
  pauses integer NOT NULL,
  departures text[] NOT NULL,
  attributes jsonb NOT NULL,
  acknowledged_at timestamptz,
  customer_replied_at timestamptz,
  proposal text,
  feedback_at timestamptz,
  follow_up_at timestamptz,
  follow_up_result text,
  escalation_level smallint,
  escalated_at timestamptz,
  escalation_acknowledged_at timestamptz,
  withdrawn_at timestamptz,
  pause_requested_by text,
  accepted_at timestamptz,
  refused_at timestamptz,
  decided_at timestamptz,
  notified_at timestamptz,
  review_requested_at timestamptz,
  referred_to text,
  merged_into uuid,
  absorbed uuid[] NOT NULL,
  links jsonb NOT NULL,
  open_parts text[] NOT NULL,
  stated_dues jsonb NOT NULL,
  last_occurred_at timestamptz NOT NULL,
  last_recorded_at timestamptz NOT NULL,
  PRIMARY KEY (book, case_id)
);

-- The three orders in which cases are paged.
CREATE INDEX {received} ON {table} (book, received_at, case_id);
CREATE UNIQUE INDEX {number} ON {table} (book, series, number) WHERE series IS NOT NULL;
CREATE INDEX {activity} ON {table} (book, last_occurred_at, case_id);

-- What narrows a page down to few. Kinds, channels and priorities have few values, but some of them are rare: without
-- an index of its own, a page of a rare channel read the whole book, and took ten times as long in one ten times as long
-- (docs/performance.md).
CREATE INDEX {status} ON {table} (book, status, received_at, case_id);
CREATE INDEX {kind} ON {table} (book, kind, received_at, case_id);
CREATE INDEX {channel} ON {table} (book, channel, received_at, case_id);
CREATE INDEX {priority} ON {table} (book, priority, received_at, case_id) WHERE priority IS NOT NULL;
CREATE INDEX {unit} ON {table} (book, unit, received_at, case_id) WHERE unit IS NOT NULL;
CREATE INDEX {handler} ON {table} (book, handler, received_at, case_id) WHERE handler IS NOT NULL;
CREATE INDEX {customer} ON {table} (book, customer_id, received_at, case_id) WHERE customer_id IS NOT NULL;
CREATE INDEX {category} ON {table} (book, category, received_at, case_id) WHERE category IS NOT NULL;

-- By default the server knows a hundred values of a column by how often they are there, and takes any other for one of
-- the rest. Of 910 000 cases it took a handler of ten for one of two thousand, walked the order for them, and took 160 ms
-- for what the index of handlers has in 0.06 (2026-11-22). A company has more than a hundred handlers.
ALTER TABLE {table} ALTER COLUMN unit SET STATISTICS 1000;
ALTER TABLE {table} ALTER COLUMN handler SET STATISTICS 1000;
ALTER TABLE {table} ALTER COLUMN category SET STATISTICS 1000;

CREATE INDEX {source_key} ON {table} (book, source_key, received_at, case_id) WHERE source_key IS NOT NULL;
