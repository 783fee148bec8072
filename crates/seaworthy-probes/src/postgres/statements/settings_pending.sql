SELECT s.name::text
  FROM pg_catalog.pg_settings AS s
 WHERE s.pending_restart
 ORDER BY s.name
 LIMIT 201
