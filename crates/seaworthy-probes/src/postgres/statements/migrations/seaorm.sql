SELECT version::text, true, NULL::text FROM seaql_migrations ORDER BY version LIMIT 5001
