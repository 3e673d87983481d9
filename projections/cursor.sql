-- How far each view has come in each book, and why it came no further. Moved in the transaction that writes the view.
CREATE TABLE views.cursor (
  book text NOT NULL,
  projection text NOT NULL,
  version integer NOT NULL,
  position bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  stopped_position bigint,
  stopped_topic text,
  stopped_cause text,
  PRIMARY KEY (book, projection, version)
);
GRANT SELECT ON views.cursor TO daybook_writer;
