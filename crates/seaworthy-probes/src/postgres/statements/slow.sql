/* a slow statement by Seaworthy, to see whether the log shows it */ SELECT pg_catalog.pg_sleep($1::float8)::text
