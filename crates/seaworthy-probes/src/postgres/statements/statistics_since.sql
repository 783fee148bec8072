SELECT (SELECT EXTRACT(EPOCH FROM d.stats_reset)::float8
          FROM pg_catalog.pg_stat_database AS d
         WHERE d.datname = pg_catalog.current_database()) AS tables_since
