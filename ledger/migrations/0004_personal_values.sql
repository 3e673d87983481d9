-- Personal values, sealed under the data key of the subject they are about; the event holds only a commitment.
CREATE TABLE ledger.personal_value (
  book text NOT NULL,
  stream text NOT NULL,
  version integer NOT NULL,
  path text NOT NULL,
  subject uuid NOT NULL,
  key_version integer NOT NULL,
  sealed bytea NOT NULL CHECK (octet_length(sealed) <= 65664),  -- 64 KiB, salt, nonce and tag
  PRIMARY KEY (book, stream, version, path)
);
CREATE INDEX personal_value_subject ON ledger.personal_value (book, subject);

-- The data keys, wrapped by the master key, which is never in the database.
CREATE TABLE ledger.subject_key (
  book text NOT NULL REFERENCES ledger.book,
  subject uuid NOT NULL,
  key_version integer NOT NULL,
  wrapped bytea NOT NULL,
  PRIMARY KEY (book, subject, key_version)
);

GRANT SELECT ON ledger.personal_value, ledger.subject_key TO daybook_writer;

-- Keeps new data keys; where another writer was first, its key stays. Read them back before use.
CREATE FUNCTION ledger.keep_keys(p_book text, p_subject uuid[], p_wrapped bytea[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO ledger.subject_key (book, subject, key_version, wrapped)
  SELECT p_book, k.subject, 1, k.wrapped
  FROM unnest(p_subject, p_wrapped) AS k(subject, wrapped)
  ORDER BY k.subject
  ON CONFLICT DO NOTHING;
$$;
REVOKE ALL ON FUNCTION ledger.keep_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.keep_keys TO daybook_writer;
