-- What is being built anew of views beside their live tables: by what code, since when, and together with which others.
CREATE TABLE IF NOT EXISTS views.rebuild (
  projection text PRIMARY KEY,
  version integer NOT NULL,
  -- Over all that makes the rows: only the very same code goes on with them.
  fingerprint text NOT NULL,
  asked text[] NOT NULL,
  begun_at timestamptz NOT NULL,
  -- Once it has taken the live table's place, while others that were asked for with it have not; and which version it
  -- took the place of.
  in_place_at timestamptz,
  before integer
);
GRANT SELECT ON views.rebuild TO daybook_writer;

-- How the new table of a view differed from the live one in a book.
CREATE TABLE IF NOT EXISTS views.rebuild_compared (
  projection text NOT NULL REFERENCES views.rebuild ON DELETE CASCADE,
  book text NOT NULL,
  position bigint NOT NULL,
  rows bigint NOT NULL,
  differing bigint NOT NULL,
  shown jsonb NOT NULL,
  PRIMARY KEY (projection, book)
);
GRANT SELECT ON views.rebuild_compared TO daybook_writer;
