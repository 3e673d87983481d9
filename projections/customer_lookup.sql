-- One row a registered customer who can be found by anything. Columns after `book` are the fields of CustomerLookup, in
-- their order. `numbers` are those of the blind index: of the name and its parts, of ways to reach them, of their key.
CREATE TABLE {table} (
  book text NOT NULL,
  stream text NOT NULL,
  customer_id uuid NOT NULL,
  position bigint NOT NULL,
  numbers bigint[] NOT NULL,
  PRIMARY KEY (book, stream)
);

-- By one of them, or by several at once. The book does not lead: its name is part of what each number is made of.
CREATE INDEX {numbers} ON {table} USING gin (numbers);
