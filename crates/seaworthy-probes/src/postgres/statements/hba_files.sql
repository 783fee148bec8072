WITH files (name) AS (
  SELECT pg_catalog.current_setting('hba_file')
  UNION
  SELECT pg_catalog.to_jsonb(h) ->> 'file_name'
    FROM pg_catalog.pg_hba_file_rules AS h
)
SELECT f.name,
       EXTRACT(EPOCH FROM pg_catalog.pg_conf_load_time())::float8 AS loaded_at
  FROM files AS f
 WHERE f.name IS NOT NULL
 ORDER BY f.name
 LIMIT 65
