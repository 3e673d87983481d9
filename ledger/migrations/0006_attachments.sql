-- Files. Their bytes lie beside the events, sealed under the data key of the subject they are about; the event that
-- attaches a file commits to the digest of its bytes. What was never attached is taken away again, so that unlike
-- events these rows may go; they never change.

-- The bytes of a file, once for each subject whose file it is. It is whole from the moment it has a fingerprint, which
-- is an HMAC of the bytes' digest under a key of the installation: a plain digest would say who has a known file.
CREATE TABLE ledger.content (
  book text NOT NULL REFERENCES ledger.book,
  content_id uuid NOT NULL,
  subject uuid NOT NULL,
  key_version integer NOT NULL,
  byte_size bigint NOT NULL CHECK (byte_size > 0),
  begun_at timestamptz NOT NULL,
  fingerprint bytea,
  digest bytea,  -- sealed as well
  PRIMARY KEY (book, content_id),
  CHECK ((fingerprint IS NULL) = (digest IS NULL))
);
CREATE UNIQUE INDEX content_once ON ledger.content (book, subject, fingerprint) WHERE fingerprint IS NOT NULL;
CREATE INDEX content_unfinished ON ledger.content (book, begun_at) WHERE fingerprint IS NULL;

CREATE TABLE ledger.content_chunk (
  book text NOT NULL,
  content_id uuid NOT NULL,
  chunk integer NOT NULL CHECK (chunk >= 0),
  sealed bytea NOT NULL CHECK (octet_length(sealed) <= 262172),  -- 256 KiB, nonce and tag
  PRIMARY KEY (book, content_id, chunk),
  FOREIGN KEY (book, content_id) REFERENCES ledger.content ON DELETE CASCADE
);
-- Ciphertext does not get any shorter, and trying takes time.
ALTER TABLE ledger.content_chunk ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- A file that was announced, and what it is to be attached to. Its name and what else is said of it lie sealed.
CREATE TABLE ledger.attachment (
  book text NOT NULL REFERENCES ledger.book,
  attachment_id uuid NOT NULL,
  stream text NOT NULL,
  subject uuid NOT NULL,
  key_version integer NOT NULL,
  announced_by text NOT NULL,
  announced_at timestamptz NOT NULL,
  sealed bytea NOT NULL CHECK (octet_length(sealed) <= 4096),
  content_id uuid,
  settled boolean NOT NULL DEFAULT false,  -- an event attaches it, so that it stays
  PRIMARY KEY (book, attachment_id),
  FOREIGN KEY (book, content_id) REFERENCES ledger.content
);
CREATE INDEX attachment_content ON ledger.attachment (book, content_id);
CREATE INDEX attachment_subject ON ledger.attachment (book, subject);
CREATE INDEX attachment_unsettled ON ledger.attachment (book, announced_at) WHERE NOT settled;

GRANT SELECT ON ledger.content, ledger.content_chunk, ledger.attachment TO daybook_writer;

-- Keeps what is said of a file; where it was said before, that stays. Read it back before use.
CREATE FUNCTION ledger.announce_attachment(
  p_book text, p_attachment uuid, p_stream text, p_subject uuid, p_key_version integer, p_by text, p_at timestamptz,
  p_sealed bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO ledger.attachment (book, attachment_id, stream, subject, key_version, announced_by, announced_at, sealed)
  VALUES (p_book, p_attachment, p_stream, p_subject, p_key_version, p_by, p_at, p_sealed)
  ON CONFLICT DO NOTHING;
$$;

-- Begins a content, empty; beginning it twice does nothing.
CREATE FUNCTION ledger.begin_content(
  p_book text, p_content uuid, p_subject uuid, p_key_version integer, p_size bigint, p_at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO ledger.content (book, content_id, subject, key_version, byte_size, begun_at)
  VALUES (p_book, p_content, p_subject, p_key_version, p_size, p_at)
  ON CONFLICT DO NOTHING;
$$;

-- Keeps a chunk of a content that is not whole yet; the first under a number stays. Whether there was such a content.
CREATE FUNCTION ledger.keep_chunk(p_book text, p_content uuid, p_chunk integer, p_sealed bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM ledger.content c
  WHERE c.book = p_book AND c.content_id = p_content AND c.fingerprint IS NULL
  FOR KEY SHARE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO ledger.content_chunk (book, content_id, chunk, sealed) VALUES (p_book, p_content, p_chunk, p_sealed)
  ON CONFLICT DO NOTHING;
  RETURN true;
END $$;

-- Makes a content whole, and its attachment's; gives back the content that the attachment has from now on. That is
-- another one when the attachment had one already, or when the subject has the same bytes already: then this one goes.
-- NULL when the attachment or some of the bytes are not there.
CREATE FUNCTION ledger.finish_content(
  p_book text, p_attachment uuid, p_content uuid, p_chunks integer, p_fingerprint bytea, p_digest bytea) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  has uuid;
  of_whom uuid;
  kept uuid;
BEGIN
  SELECT a.content_id, a.subject INTO has, of_whom FROM ledger.attachment a
  WHERE a.book = p_book AND a.attachment_id = p_attachment
  FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF has IS NOT NULL THEN
    DELETE FROM ledger.content c
    WHERE c.book = p_book AND c.content_id = p_content AND c.fingerprint IS NULL AND p_content <> has;
    RETURN has;
  END IF;
  PERFORM FROM ledger.content c
  WHERE c.book = p_book AND c.content_id = p_content AND c.subject = of_whom AND c.fingerprint IS NULL
  FOR UPDATE;
  IF NOT FOUND OR p_chunks <> (SELECT count(*) FROM ledger.content_chunk k
                               WHERE k.book = p_book AND k.content_id = p_content AND k.chunk < p_chunks) THEN
    RETURN NULL;
  END IF;
  -- Two that finish the same bytes at once: the second one waits for the first in the unique index, and finds it then.
  FOR attempt IN 1..2 LOOP
    SELECT c.content_id INTO kept FROM ledger.content c
    WHERE c.book = p_book AND c.subject = of_whom AND c.fingerprint = p_fingerprint
    FOR KEY SHARE;
    IF FOUND THEN
      DELETE FROM ledger.content c WHERE c.book = p_book AND c.content_id = p_content;
      EXIT;
    END IF;
    BEGIN
      UPDATE ledger.content c SET fingerprint = p_fingerprint, digest = p_digest
      WHERE c.book = p_book AND c.content_id = p_content;
      kept := p_content;
      EXIT;
    EXCEPTION WHEN unique_violation THEN
      kept := NULL;
    END;
  END LOOP;
  UPDATE ledger.attachment a SET content_id = kept WHERE a.book = p_book AND a.attachment_id = p_attachment;
  RETURN kept;
END $$;

-- Takes a content away that is not whole.
CREATE FUNCTION ledger.drop_unfinished(p_book text, p_content uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM ledger.content WHERE book = p_book AND content_id = p_content AND fingerprint IS NULL;
$$;

-- Takes all away that were begun before a time and never finished. How many there were.
CREATE FUNCTION ledger.drop_all_unfinished(p_book text, p_before timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH gone AS (
    DELETE FROM ledger.content WHERE book = p_book AND begun_at < p_before AND fingerprint IS NULL RETURNING 1)
  SELECT count(*) FROM gone;
$$;

-- Marks attachments that an event speaks of.
CREATE FUNCTION ledger.settle_attachments(p_book text, p_attachments uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE ledger.attachment SET settled = true
  WHERE book = p_book AND attachment_id = ANY (p_attachments) AND NOT settled;
$$;

-- Takes attachments away of which no event speaks, with their bytes, unless another attachment has the same.
CREATE FUNCTION ledger.drop_attachments(p_book text, p_attachments uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  had uuid[];
  one uuid;
BEGIN
  WITH gone AS (
    DELETE FROM ledger.attachment a
    WHERE a.book = p_book AND a.attachment_id = ANY (p_attachments) AND NOT a.settled
    RETURNING a.content_id)
  SELECT array_agg(DISTINCT g.content_id) INTO had FROM gone g WHERE g.content_id IS NOT NULL;
  FOREACH one IN ARRAY coalesce(had, '{}') LOOP
    BEGIN
      DELETE FROM ledger.content c
      WHERE c.book = p_book AND c.content_id = one
        AND NOT EXISTS (SELECT FROM ledger.attachment a WHERE a.book = p_book AND a.content_id = one);
    EXCEPTION WHEN foreign_key_violation THEN
      NULL;  -- another attachment came to have the same bytes at this moment
    END;
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION ledger.announce_attachment, ledger.begin_content, ledger.keep_chunk, ledger.finish_content,
  ledger.drop_unfinished, ledger.drop_all_unfinished, ledger.settle_attachments, ledger.drop_attachments FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.announce_attachment, ledger.begin_content, ledger.keep_chunk, ledger.finish_content,
  ledger.drop_unfinished, ledger.drop_all_unfinished, ledger.settle_attachments, ledger.drop_attachments
  TO daybook_writer;
