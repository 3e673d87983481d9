-- One row a clock: a target as it runs for a case, a part of one or an obligation. Columns after `book` are the fields
-- of SlaTimer, in their order.
CREATE TABLE {table} (
  book text NOT NULL,
  stream text NOT NULL,
  part text NOT NULL,
  policy text NOT NULL,
  target text NOT NULL,
  cycle integer NOT NULL,
  instance integer NOT NULL,
  clock_id text NOT NULL,
  case_id uuid,
  obligation_id uuid,
  position bigint NOT NULL,
  version integer NOT NULL,
  title_en text NOT NULL,
  title_zh text,
  kind text NOT NULL,
  statutory boolean NOT NULL,
  statute_clause text,
  subject_kind text NOT NULL,
  policy_version integer NOT NULL,
  rule text NOT NULL,
  calendar text NOT NULL,
  calendar_version integer NOT NULL,
  zone text NOT NULL,
  zone_data text NOT NULL,
  engine integer NOT NULL,
  state text NOT NULL,
  reckoned_at timestamptz NOT NULL,
  started_at timestamptz,
  measured_from timestamptz,
  due_at timestamptz,
  due_on date,
  due_open_ended boolean NOT NULL,
  promised_at timestamptz,
  promised_on date,
  lived_at timestamptz,
  lived_on date,
  original_at timestamptz,
  ended_at timestamptz,
  stopped_at timestamptz,
  stopped_version integer,
  stopped_recorded_at timestamptz,
  stopped_by_day boolean NOT NULL,
  cancelled_at timestamptz,
  lapsed_at timestamptz,
  lapses boolean NOT NULL,
  paused boolean NOT NULL,
  pauses integer NOT NULL,
  extensions jsonb NOT NULL,
  extended integer NOT NULL,
  counted_seconds bigint NOT NULL,
  remaining_seconds bigint,
  elapsed_seconds bigint,
  next_alarm_at timestamptz,
  warned_at timestamptz,
  alarms jsonb NOT NULL,
  when_due text,
  now_verdict text,
  rests_on_late boolean NOT NULL,
  born_overdue boolean NOT NULL,
  case_kind text,
  category text,
  channel text,
  tier text,
  priority text,
  unit text,
  handler text,
  holder_unit text,
  holder_handler text,
  source_key text,
  series text,
  number bigint,
  PRIMARY KEY (book, stream, part, policy, target, cycle, instance)
);

-- The order in which clocks are due: those that are open, for what is due soon and overdue, and all of them, for what was
-- missed in a period.
CREATE INDEX {open} ON {table} (book, due_at, clock_id) WHERE ended_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX {due} ON {table} (book, due_at, clock_id) WHERE due_at IS NOT NULL;
CREATE INDEX {started} ON {table} (book, started_at, clock_id) WHERE started_at IS NOT NULL;

-- What narrows a page down, in that order.
CREATE INDEX {holder_unit} ON {table} (book, holder_unit, due_at, clock_id) WHERE due_at IS NOT NULL;
CREATE INDEX {holder_handler} ON {table} (book, holder_handler, due_at, clock_id) WHERE due_at IS NOT NULL;
CREATE INDEX {target} ON {table} (book, target, due_at, clock_id) WHERE due_at IS NOT NULL;
CREATE INDEX {tier} ON {table} (book, tier, due_at, clock_id) WHERE due_at IS NOT NULL AND tier IS NOT NULL;
-- As in case_file.sql: there are more of them than the hundred values that the server knows by default.
ALTER TABLE {table} ALTER COLUMN holder_unit SET STATISTICS 1000;
ALTER TABLE {table} ALTER COLUMN holder_handler SET STATISTICS 1000;

-- Those of a case, with the obligations for it.
CREATE INDEX {case_id} ON {table} (book, case_id) WHERE case_id IS NOT NULL;
-- Whoever has to be told next.
CREATE INDEX {alarm} ON {table} (book, next_alarm_at, clock_id) WHERE next_alarm_at IS NOT NULL;
