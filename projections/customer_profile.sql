-- One row a customer. Columns after `book` are the fields of CustomerProfile, in their order.
-- A customer known only from touchpoints has a row without a kind, which no question finds.
CREATE TABLE {table} (
  book text NOT NULL,
  customer_id uuid NOT NULL,
  version integer NOT NULL,
  position bigint NOT NULL,
  kind text,
  source_key text,
  name_version integer,
  language text,
  tier text,
  tier_rule_version text,
  tiers jsonb NOT NULL,
  contacts jsonb NOT NULL,
  manager text,
  manager_since timestamptz,
  visits jsonb NOT NULL,
  merged_into uuid,
  merged_at timestamptz,
  absorbed jsonb NOT NULL,
  registered_at timestamptz,
  touchpoints integer NOT NULL,
  first_touchpoint_at timestamptz,
  last_touchpoint_at timestamptz,
  last_occurred_at timestamptz NOT NULL,
  last_recorded_at timestamptz NOT NULL,
  PRIMARY KEY (book, customer_id)
);

-- The two orders in which customers are paged; kinds and tiers are few and ride on them.
CREATE INDEX {registered} ON {table} (book, registered_at, customer_id)
  WHERE kind IS NOT NULL AND merged_into IS NULL;
CREATE INDEX {contacted} ON {table} (book, last_touchpoint_at, customer_id)
  WHERE kind IS NOT NULL AND merged_into IS NULL AND last_touchpoint_at IS NOT NULL;
CREATE INDEX {manager} ON {table} (book, manager, registered_at, customer_id) WHERE manager IS NOT NULL;

-- From a survivor to those who were merged into them.
CREATE INDEX {merged_into} ON {table} (book, merged_into) WHERE merged_into IS NOT NULL;

CREATE INDEX {source_key} ON {table} (book, source_key, registered_at, customer_id)
  WHERE source_key IS NOT NULL;
