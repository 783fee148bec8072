WITH life AS (
  SELECT pg_catalog.current_setting('server_version_num')::int8 AS version,
         (SELECT d.stats_reset IS NULL FROM pg_catalog.pg_stat_database AS d
           WHERE d.datname = pg_catalog.current_database())
         AND (SELECT b.stats_reset < pg_catalog.to_timestamp((k.system_identifier >> 32)::float8) + '01:00:00'::interval
                FROM pg_catalog.pg_stat_bgwriter AS b, pg_catalog.pg_control_system() AS k) AS counted_from_birth
), counted AS (
  SELECT n.nspname::text AS schema,
         c.relname::text AS name,
         c.oid,
         c.relpages::int8 AS pages,
         pg_catalog.pg_stat_get_live_tuples(c.oid) AS live,
         pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead,
         CASE WHEN c.reltuples > 0 OR c.relpages > 0 OR (c.reltuples = 0 AND l.version >= 140000)
              THEN c.reltuples::int8 END AS estimated,
         l.counted_from_birth,
         pg_catalog.age(c.relfrozenxid)::int8 AS frozen_age,
         c.reloptions
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   CROSS JOIN life AS l
   WHERE c.relkind IN ('r', 'm')
     AND c.relpersistence <> 't'
     AND n.nspname NOT IN ('pg_catalog', 'information_schema')
     AND n.nspname NOT LIKE 'pg\_toast%'
), estimated AS (
  SELECT t.*,
         CASE WHEN t.estimated IS NOT NULL OR t.live > 0 THEN GREATEST(t.estimated, t.live)
              WHEN t.counted_from_birth THEN 0 END AS rows
    FROM counted AS t
)
SELECT t.schema,
       t.name,
       t.rows,
       t.pages,
       t.live,
       t.dead,
       pg_catalog.pg_stat_get_mod_since_analyze(t.oid) AS changed,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()
         - GREATEST(pg_catalog.pg_stat_get_last_analyze_time(t.oid),
                    pg_catalog.pg_stat_get_last_autoanalyze_time(t.oid)))::float8 AS analysed_seconds,
       t.frozen_age,
       pg_catalog.pg_stat_get_numscans(t.oid) AS sequential_scans,
       pg_catalog.pg_stat_get_tuples_returned(t.oid) AS sequential_rows,
       (SELECT pg_catalog.sum(pg_catalog.pg_stat_get_numscans(i.indexrelid))::int8
          FROM pg_catalog.pg_index AS i
         WHERE i.indrelid = t.oid) AS index_scans,
       EXISTS (SELECT 1
                 FROM pg_catalog.unnest(t.reloptions) AS u (o)
                WHERE pg_catalog.lower(u.o) ~ '^autovacuum_enabled=(false|off|no|0|f|n|fa|fal|fals|of)$') AS autovacuum_off
  FROM estimated AS t
 WHERE t.rows IS NULL
    OR t.rows >= 1000
 ORDER BY t.rows DESC NULLS FIRST, t.schema, t.name
 LIMIT 1001
