SELECT pg_catalog.count(*) FROM (SELECT 1 FROM pg_stat_statements(false) LIMIT 1000) AS s
