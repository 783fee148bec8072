SELECT (SELECT EXTRACT(EPOCH FROM pg_catalog.max(pg_catalog.clock_timestamp() - a.state_change))::float8
          FROM pg_catalog.pg_stat_activity AS a
         WHERE a.state LIKE 'idle in transaction%'
           AND a.pid <> pg_catalog.pg_backend_pid()) AS idle_seconds,
       (SELECT EXTRACT(EPOCH FROM pg_catalog.max(pg_catalog.clock_timestamp() - a.xact_start))::float8
          FROM pg_catalog.pg_stat_activity AS a
         WHERE (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
           AND a.state LIKE 'idle in transaction%'
           AND a.pid <> pg_catalog.pg_backend_pid()) AS idle_holding_seconds,
       (SELECT pg_catalog.max(pg_catalog.age(a.backend_xmin))::int8
          FROM pg_catalog.pg_stat_activity AS a
         WHERE a.pid <> pg_catalog.pg_backend_pid()) AS horizon_age
