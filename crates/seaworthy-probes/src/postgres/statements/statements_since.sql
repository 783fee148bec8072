SELECT EXTRACT(EPOCH FROM i.stats_reset)::float8 AS statements_since FROM pg_stat_statements_info() AS i LIMIT 2
