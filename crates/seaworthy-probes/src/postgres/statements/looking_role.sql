SELECT r.rolname::text AS name,
       r.rolsuper AS superuser,
       pg_catalog.pg_has_role(r.oid, 'pg_read_all_stats', 'USAGE') AS reads_all_statistics,
       pg_catalog.pg_has_role(r.oid, 'pg_read_all_settings', 'USAGE') AS reads_all_settings,
       (SELECT pg_catalog.count(*)
          FROM (SELECT 1
                  FROM pg_catalog.pg_class AS c
                 WHERE c.relkind IN ('r', 'p')
                   AND c.oid >= 16384
                   AND c.relpersistence <> 't'
                   AND pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                 LIMIT 1000) AS w) AS writable_tables
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolname = CURRENT_USER
 LIMIT 2
