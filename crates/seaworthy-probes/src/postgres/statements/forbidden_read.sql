SELECT pg_catalog.count(*) FROM (SELECT 1 FROM pg_catalog.pg_authid LIMIT 0) AS nothing
