SELECT version::text, success, pg_catalog.encode(checksum, 'hex') AS checksum FROM _sqlx_migrations ORDER BY version LIMIT 5001
