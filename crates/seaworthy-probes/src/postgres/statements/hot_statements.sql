WITH seen AS MATERIALIZED (
  SELECT s.queryid,
         pg_catalog.sum(s.calls)::float8 AS calls,
         pg_catalog.sum(s.total_exec_time)::float8 AS ms,
         pg_catalog.sum(s.rows)::float8 AS rows,
         pg_catalog.sum(s.shared_blks_hit + s.shared_blks_read)::float8 AS blocks,
         pg_catalog.min(pg_catalog.left(s.query, 4000)) AS words
    FROM pg_stat_statements(true) AS s
   WHERE s.queryid IS NOT NULL
     AND s.query ~* '^([\s(]|/\*([^*]|\*[^/])*\*/|--[^\n]*\n)*(select|with|insert|update|delete|merge|values|table)\M'
     AND s.userid <> COALESCE((SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = $1), 0::oid)
     AND s.dbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
   GROUP BY s.queryid
), ranked AS (
  SELECT s.*,
         pg_catalog.sum(s.ms) OVER () AS all_ms,
         pg_catalog.sum(s.ms) OVER (ORDER BY s.ms DESC, s.queryid ROWS UNBOUNDED PRECEDING) AS upto_ms
    FROM seen AS s
), hot AS MATERIALIZED (
  SELECT r.*, pg_catalog.regexp_split_to_array(pg_catalog.lower(r.words), '[^[:alnum:]_$]+') AS tokens
    FROM ranked AS r
   WHERE r.upto_ms - r.ms < 0.95::float8 * r.all_ms
   ORDER BY r.ms DESC
   LIMIT 51
), large AS MATERIALIZED (
  SELECT c.oid, n.nspname::text || '.' || c.relname::text AS name
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind = 'r'
     AND n.nspname NOT IN ('pg_catalog', 'information_schema')
     AND GREATEST(c.reltuples::int8, pg_catalog.pg_stat_get_live_tuples(c.oid)) > 10000
   ORDER BY c.relpages DESC
   LIMIT 200
), named AS (
  SELECT l.name, l.oid AS relation FROM large AS l
  UNION
  SELECT l.name, h.inhparent
    FROM large AS l
    JOIN pg_catalog.pg_inherits AS h ON h.inhrelid = l.oid
  UNION
  SELECT l.name, w.ev_class
    FROM large AS l
    JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::regclass::oid AND d.refobjid = l.oid
                                  AND d.classid = 'pg_catalog.pg_rewrite'::regclass::oid
    JOIN pg_catalog.pg_rewrite AS w ON w.oid = d.objid AND w.ev_class <> l.oid
), words AS MATERIALIZED (
  SELECT DISTINCT m.name, pg_catalog.lower(c.relname::text) AS word
    FROM named AS m
    JOIN pg_catalog.pg_class AS c ON c.oid = m.relation
)
SELECT h.queryid::text AS id,
       h.calls::int8 AS calls,
       h.ms AS total_ms,
       (h.ms / NULLIF(h.all_ms, 0::float8))::float8 AS share,
       (h.rows / NULLIF(h.calls, 0::float8))::float8 AS rows_per_call,
       (h.blocks / NULLIF(h.calls, 0::float8))::float8 AS blocks_per_call,
       'where' = ANY (h.tokens) AS filtered,
       h.words ~* '\m(count|sum|avg|min|max|exists|every|array_agg|string_agg|jsonb?_agg|jsonb?_object_agg)\s*\('
         OR 'distinct' = ANY (h.tokens) OR 'group' = ANY (h.tokens) AS aggregated,
       ARRAY(SELECT DISTINCT w.name
               FROM words AS w
              WHERE w.word = ANY (h.tokens)
                 OR (w.word ~ '[^[:alnum:]_$]' AND pg_catalog.strpos(pg_catalog.lower(h.words), w.word) > 0)
              ORDER BY 1
              LIMIT 50) AS large_tables,
       EXISTS (SELECT 1
                 FROM pg_catalog.unnest(h.tokens) AS u (token)
                 JOIN pg_catalog.pg_class AS c ON c.relname = pg_catalog.left(u.token, 63)::name
                WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')) AS names_tables
  FROM hot AS h
 ORDER BY h.ms DESC
 LIMIT 51
