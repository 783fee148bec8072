SELECT version::text, NOT dirty, NULL::text FROM schema_migrations ORDER BY version LIMIT 5001
