SELECT version::text, success, checksum::text FROM flyway_schema_history WHERE type::text NOT IN ('SCHEMA', 'BASELINE') AND version IS NOT NULL ORDER BY installed_rank LIMIT 5001
