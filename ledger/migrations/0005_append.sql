-- The only road to a new event: a batch of commands, under the lock of the book's head.
--
-- Commands are numbered from 1 in the order of p_command. Unless p_together, they touch disjoint streams, and one that
-- is stale (`refused`) or already carried out (`repeated`) is left out while the others go in. With p_together they may
-- share streams, and go in all or none: when `refused` or `repeated` is not null, nothing was written.
-- e_*: one row a stream, the version it is expected to have. v_*: the events, in order. s_*: their sealed values.
--
-- Gives back the position before the batch, the commands left out, the time at which each command was recorded, and
-- for every event with a series (in order, of the commands that went in) the series with its year and the number.
--
-- force_generic_plan: the planner prefers custom plans for arrays, and planning anew cost more than the work.
-- No NOTIFY in here: it holds a cluster-wide lock until the commit is flushed, which defeats group commit.
CREATE FUNCTION ledger.append(
  p_book text, p_now timestamptz, p_together boolean,
  p_command uuid[], p_digest bytea[], p_events integer[], p_said_at timestamptz[],
  e_command integer[], e_stream text[], e_version integer[],
  v_command integer[], v_stream text[], v_version integer[], v_topic text[], v_occurred_at timestamptz[],
  v_zone text[], v_precision text[], v_source_recorded_at timestamptz[], v_series text[],
  v_data bytea[], v_metadata bytea[],
  s_command integer[], s_stream text[], s_version integer[], s_path text[], s_subject uuid[],
  s_key_version integer[], s_sealed bytea[],
  OUT base bigint, OUT refused integer[], OUT repeated integer[], OUT recorded_at timestamptz[],
  OUT given_series text[], OUT given_numbers integer[])
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
  last timestamptz;
  kind text;
  book_zone text;
  clock timestamptz;
  bad integer[];
  added bigint;
  all_series text[];
  all_numbers integer[];
BEGIN
  SELECT h.position, h.recorded_at INTO base, last FROM ledger.head h WHERE h.book = p_book FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown book %', p_book USING ERRCODE = 'LB001';
  END IF;
  SELECT b.time, b.zone INTO kind, book_zone FROM ledger.book b WHERE b.book = p_book;

  IF kind = 'live' THEN
    clock := clock_timestamp();
    IF clock < last - interval '10 minutes' THEN
      RAISE EXCEPTION 'the database clock (%) is more than 10 minutes behind the last record (%)', clock, last
        USING ERRCODE = 'LB002';
    END IF;
    IF abs(extract(epoch FROM statement_timestamp() - p_now)) > 60 THEN
      RAISE EXCEPTION 'the clocks of database (%) and application (%) disagree', statement_timestamp(), p_now
        USING ERRCODE = 'LB003';
    END IF;
    recorded_at := array_fill(greatest(clock, last), ARRAY[cardinality(p_command)]);
  END IF;

  -- Leans on the primary key of outcome. OFFSET 0 has each command looked up by itself: a plan made while the table was
  -- small joined all of the book's outcomes to the batch, and lived as long as its connection.
  SELECT array_agg(c.place::integer) INTO repeated
  FROM unnest(p_command) WITH ORDINALITY AS c(id, place)
  WHERE EXISTS (SELECT FROM ledger.outcome o WHERE o.book = p_book AND o.command_id = c.id OFFSET 0);

  -- Leans on event (book, stream, version).
  SELECT array_agg(DISTINCT e.command) INTO refused
  FROM unnest(e_command, e_stream, e_version) AS e(command, stream, version)
  WHERE e.command <> ALL (coalesce(repeated, '{}'))
    AND e.version <> coalesce((SELECT max(x.version) FROM ledger.event x
                               WHERE x.book = p_book AND x.stream = e.stream), 0);
  bad := coalesce(refused || repeated, refused, repeated);
  IF p_together AND bad IS NOT NULL THEN
    RETURN;
  END IF;

  IF kind = 'simulated' THEN  -- what is left out does not lift the time of what follows it
    SELECT array_agg(t.lifted ORDER BY t.place) INTO recorded_at
    FROM (SELECT c.place, greatest(last, max(c.said_at) FILTER (WHERE bad IS NULL OR c.place <> ALL (bad))
                                           OVER (ORDER BY c.place)) AS lifted
          FROM unnest(p_said_at) WITH ORDINALITY AS c(said_at, place)) t;
  END IF;

  IF EXISTS (
    SELECT FROM (
      SELECT v.stream, v.version - row_number() OVER (PARTITION BY v.stream ORDER BY v.place) AS before
      FROM unnest(v_stream, v_version) WITH ORDINALITY AS v(stream, version, place)) n
    LEFT JOIN unnest(e_stream, e_version) AS e(stream, version) ON e.stream = n.stream
    WHERE n.before IS DISTINCT FROM e.version) THEN
    RAISE EXCEPTION 'the versions of a batch for book % do not follow one another', p_book USING ERRCODE = 'LB004';
  END IF;

  IF EXISTS (SELECT FROM unnest(v_series) AS w(series) WHERE w.series IS NOT NULL) THEN
    WITH wanted AS (
      SELECT v.place, v.series || extract(year FROM recorded_at[v.command] AT TIME ZONE book_zone)::integer AS full_series
      FROM unnest(v_command, v_series) WITH ORDINALITY AS v(command, series, place)
      WHERE v.series IS NOT NULL AND v.command <> ALL (coalesce(bad, '{}'))),
    counted AS (
      SELECT w.place, w.full_series, row_number() OVER (PARTITION BY w.full_series ORDER BY w.place) AS nth,
             count(*) OVER (PARTITION BY w.full_series) AS total
      FROM wanted w),
    given AS (
      INSERT INTO ledger.register AS r (book, series, last)
      SELECT p_book, c.full_series, max(c.total) FROM counted c GROUP BY c.full_series ORDER BY c.full_series
      ON CONFLICT (book, series) DO UPDATE SET last = r.last + excluded.last
      RETURNING r.series, r.last)
    SELECT array_agg(c.full_series ORDER BY v.place), array_agg((g.last - c.total + c.nth)::integer ORDER BY v.place),
           array_agg(c.full_series ORDER BY v.place) FILTER (WHERE c.place IS NOT NULL),
           array_agg((g.last - c.total + c.nth)::integer ORDER BY v.place) FILTER (WHERE c.place IS NOT NULL)
    INTO all_series, all_numbers, given_series, given_numbers
    FROM generate_subscripts(v_series, 1) AS v(place)
    LEFT JOIN counted c ON c.place = v.place
    LEFT JOIN given g ON g.series = c.full_series;
  END IF;

  -- Unnested in the select list, arrays go row by row into the table; in FROM, each would be laid out in full first.
  IF bad IS NULL THEN
    INSERT INTO ledger.event (book, position, stream, version, topic, recorded_at, occurred_at, occurred_zone,
                              occurred_precision, source_recorded_at, register_series, register_number, data, metadata)
    SELECT p_book, base + v.place, v.stream, v.version, v.topic, recorded_at[v.command],
           v.occurred_at, v.zone, v.precision, v.source_recorded_at, v.full_series, v.number, v.data, v.metadata
    FROM (
      SELECT generate_subscripts(v_command, 1) AS place, unnest(v_command) AS command, unnest(v_stream) AS stream,
             unnest(v_version) AS version, unnest(v_topic) AS topic, unnest(v_occurred_at) AS occurred_at,
             unnest(v_zone) AS zone, unnest(v_precision) AS precision,
             unnest(v_source_recorded_at) AS source_recorded_at, unnest(all_series) AS full_series,
             unnest(all_numbers) AS number, unnest(v_data) AS data, unnest(v_metadata) AS metadata) v;
  ELSE
    INSERT INTO ledger.event (book, position, stream, version, topic, recorded_at, occurred_at, occurred_zone,
                              occurred_precision, source_recorded_at, register_series, register_number, data, metadata)
    SELECT p_book, base + row_number() OVER (ORDER BY v.place), v.stream, v.version, v.topic, recorded_at[v.command],
           v.occurred_at, v.zone, v.precision, v.source_recorded_at, v.full_series, v.number, v.data, v.metadata
    FROM (
      SELECT generate_subscripts(v_command, 1) AS place, unnest(v_command) AS command, unnest(v_stream) AS stream,
             unnest(v_version) AS version, unnest(v_topic) AS topic, unnest(v_occurred_at) AS occurred_at,
             unnest(v_zone) AS zone, unnest(v_precision) AS precision,
             unnest(v_source_recorded_at) AS source_recorded_at, unnest(all_series) AS full_series,
             unnest(all_numbers) AS number, unnest(v_data) AS data, unnest(v_metadata) AS metadata) v
    WHERE v.command <> ALL (bad);
  END IF;
  GET DIAGNOSTICS added = ROW_COUNT;

  IF cardinality(s_command) > 0 THEN
    INSERT INTO ledger.personal_value (book, stream, version, path, subject, key_version, sealed)
    SELECT p_book, s.stream, s.version, s.path, s.subject, s.key_version, s.sealed
    FROM unnest(s_command, s_stream, s_version, s_path, s_subject, s_key_version, s_sealed)
         AS s(command, stream, version, path, subject, key_version, sealed)
    WHERE bad IS NULL OR s.command <> ALL (bad);
  END IF;

  INSERT INTO ledger.outcome (book, command_id, digest, position, events)
  SELECT p_book, c.id, c.digest, base + sum(c.events) OVER (ORDER BY c.place), c.events
  FROM unnest(p_command, p_digest, p_events) WITH ORDINALITY AS c(id, digest, events, place)
  WHERE bad IS NULL OR c.place <> ALL (bad);

  IF added > 0 THEN
    UPDATE ledger.head h SET position = base + added, recorded_at = (
        SELECT max(t.at) FROM unnest(append.recorded_at) WITH ORDINALITY AS t(at, place)
        WHERE bad IS NULL OR t.place <> ALL (bad))
    WHERE h.book = p_book;
  END IF;
END $$;
REVOKE ALL ON FUNCTION ledger.append FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.append TO daybook_writer;

-- Opens a book, empty; its genesis is appended in the same transaction. Raises 23505 when it is there already.
CREATE FUNCTION ledger.open_book(p_book text, p_time text, p_zone text, p_from timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO ledger.book (book, time, zone) VALUES (p_book, p_time, p_zone);
  INSERT INTO ledger.head (book, position, recorded_at) VALUES (p_book, 0, p_from);
END $$;
REVOKE ALL ON FUNCTION ledger.open_book FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.open_book TO daybook_writer;
