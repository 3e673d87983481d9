-- How far each view has come in each book, and why it came no further. Moved in the transaction that writes the view.
-- `anew` is the cursor of a table that is being built beside the live one.
CREATE TABLE IF NOT EXISTS views.cursor (
  book text NOT NULL,
  projection text NOT NULL,
  version integer NOT NULL,
  anew boolean NOT NULL,
  position bigint NOT NULL,
  begun_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  stopped_position bigint,
  stopped_topic text,
  stopped_cause text,
  stopped_since timestamptz,
  PRIMARY KEY (book, projection, version, anew)
);
GRANT SELECT ON views.cursor TO daybook_writer;

-- Which version of each view is asked under its name, as an SQL view over that version's table.
CREATE TABLE IF NOT EXISTS views.live (
  projection text PRIMARY KEY,
  version integer NOT NULL,
  since timestamptz NOT NULL
);
GRANT SELECT ON views.live TO daybook_writer;
