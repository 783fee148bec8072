WITH files (name) AS (
  SELECT pg_catalog.current_setting('hba_file')
  UNION
  SELECT pg_catalog.to_jsonb(h) ->> 'file_name'
    FROM pg_catalog.pg_hba_file_rules AS h
)
SELECT pg_catalog.bool_and(s.modification <= pg_catalog.pg_conf_load_time()) AS loaded,
       pg_catalog.bool_or(s.change > pg_catalog.pg_conf_load_time()) AS placed_since
  FROM files AS f
 CROSS JOIN LATERAL pg_catalog.pg_stat_file(f.name) AS s
 WHERE f.name IS NOT NULL
 LIMIT 2
