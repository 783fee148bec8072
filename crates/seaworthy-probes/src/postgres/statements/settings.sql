SELECT s.name::text, s.reset_val::text AS value, s.unit::text, s.source::text, s.boot_val::text, s.pending_restart
  FROM pg_catalog.pg_settings AS s
 WHERE s.name = ANY ($1)
 LIMIT 201
