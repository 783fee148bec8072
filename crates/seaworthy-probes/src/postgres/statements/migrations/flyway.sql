SELECT COALESCE(version::text, script::text), success, checksum::text FROM flyway_schema_history WHERE type::text IS DISTINCT FROM 'SCHEMA' ORDER BY installed_rank LIMIT 5001
