WITH RECURSIVE becomes (oid) AS (
  SELECT r.oid
    FROM pg_catalog.pg_roles AS r
   WHERE r.rolname = $1
  UNION
  SELECT m.roleid
    FROM pg_catalog.pg_auth_members AS m
    JOIN becomes AS b ON b.oid = m.member
    JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid
   WHERE g.rolname NOT IN ('pg_monitor', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables',
                           'pg_use_reserved_connections', 'pg_signal_autovacuum_worker')
)
SELECT f.name
  FROM (SELECT 'function ' || p.proname::text AS name
          FROM pg_catalog.pg_proc AS p
         WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
           AND p.proacl IS NOT NULL
           AND p.proname NOT LIKE 'pg\_stat%'
           AND p.proname NOT LIKE 'pg\_hba%'
           AND NOT pg_catalog.has_function_privilege('public', p.oid, 'EXECUTE')
           AND EXISTS (SELECT 1 FROM pg_catalog.aclexplode(p.proacl) AS a
                         JOIN becomes AS b ON b.oid = a.grantee
                        WHERE a.privilege_type = 'EXECUTE')
         UNION
        SELECT 'function ' || p.proname::text || ', its own' AS name
          FROM pg_catalog.pg_proc AS p
          JOIN becomes AS b ON b.oid = p.proowner
          JOIN pg_catalog.pg_roles AS o ON o.oid = b.oid AND NOT o.rolsuper
         UNION
        SELECT 'tablespace ' || t.spcname::text AS name
          FROM pg_catalog.pg_tablespace AS t
         WHERE t.spcname NOT IN ('pg_default', 'pg_global')
           AND EXISTS (SELECT 1 FROM becomes AS b
                        WHERE pg_catalog.has_tablespace_privilege(b.oid, t.oid, 'CREATE'))) AS f
 ORDER BY f.name
 LIMIT 201
