SELECT version::text, true, checksum::text FROM refinery_schema_history ORDER BY version LIMIT 5001
