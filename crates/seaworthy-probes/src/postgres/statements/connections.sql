SELECT pg_catalog.current_setting('max_connections')::int8 AS maximum,
       pg_catalog.current_setting('superuser_reserved_connections')::int8
         + COALESCE(pg_catalog.current_setting('reserved_connections', true)::int8, 0) AS reserved,
       (SELECT COALESCE(pg_catalog.sum(d.numbackends), 0)::int8 FROM pg_catalog.pg_stat_database AS d) AS taken
