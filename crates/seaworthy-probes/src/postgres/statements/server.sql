SELECT pg_catalog.current_setting('server_version') AS version,
       pg_catalog.current_setting('server_version_num')::int8 AS version_number,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       EXTRACT(EPOCH FROM pg_catalog.pg_postmaster_start_time())::float8 AS started_at,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp())::float8 AS clock,
       pg_catalog.pg_backend_pid()::int8 AS process
