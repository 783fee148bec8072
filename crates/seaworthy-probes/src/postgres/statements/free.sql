SELECT (SELECT pg_catalog.sum(n)::int8
          FROM (VALUES (pg_catalog.current_setting('max_connections')::int8),
                       (-pg_catalog.current_setting('superuser_reserved_connections')::int8),
                       (-COALESCE(pg_catalog.current_setting('reserved_connections', true)::int8, 0))) AS v (n))
     - (SELECT COALESCE(pg_catalog.sum(d.numbackends), 0)::int8 FROM pg_catalog.pg_stat_database AS d) AS free
