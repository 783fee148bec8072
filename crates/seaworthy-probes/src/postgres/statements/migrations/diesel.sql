SELECT version::text, true, NULL::text FROM __diesel_schema_migrations ORDER BY version LIMIT 5001
