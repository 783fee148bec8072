SELECT (SELECT pg_catalog.max(pg_catalog.age(d.datfrozenxid))::int8 FROM pg_catalog.pg_database AS d) AS frozen_age,
       (SELECT pg_catalog.max(pg_catalog.mxid_age(d.datminmxid))::int8 FROM pg_catalog.pg_database AS d) AS multixact_age,
       (SELECT pg_catalog.max(GREATEST(pg_catalog.age(s.xmin), pg_catalog.age(s.catalog_xmin)))::int8
          FROM pg_catalog.pg_replication_slots AS s) AS slot_age,
       (SELECT EXTRACT(EPOCH FROM pg_catalog.max(pg_catalog.clock_timestamp() - p.prepared))::float8
          FROM pg_catalog.pg_prepared_xacts AS p) AS prepared_seconds
