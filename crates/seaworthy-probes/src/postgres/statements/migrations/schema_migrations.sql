SELECT version::text, true, NULL::text FROM schema_migrations ORDER BY version LIMIT 5001
