-- A book: a partition of the ledger with its own gapless positions. Written once, when it is opened.
CREATE TABLE ledger.book (
  book text PRIMARY KEY CHECK (book ~ '^[a-z][a-z0-9-]{0,39}$'),
  time text NOT NULL CHECK (time IN ('live', 'simulated')),
  zone text NOT NULL
);

-- Where the book stands. The lock on this row is the order of the book; it is updated in place (HOT).
CREATE TABLE ledger.head (
  book text PRIMARY KEY REFERENCES ledger.book,
  position bigint NOT NULL,
  recorded_at timestamptz NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- The last number given in a series of a book and a year, such as C2026.
CREATE TABLE ledger.register (
  book text NOT NULL REFERENCES ledger.book,
  series text NOT NULL,
  last integer NOT NULL,
  PRIMARY KEY (book, series)
);

GRANT SELECT ON ledger.book, ledger.head, ledger.register TO daybook_writer, daybook_projector;
