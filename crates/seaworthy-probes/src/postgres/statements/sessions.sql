SELECT a.usename::text AS role,
       COALESCE(r.rolsuper, false) AS superuser,
       a.datname::text AS database,
       pg_catalog.left(a.application_name, 64) AS application,
       CASE WHEN a.client_addr IS NULL THEN 'socket'
            WHEN a.client_addr <<= '127.0.0.0/8'::inet OR a.client_addr = '::1'::inet THEN 'loopback'
            ELSE 'network' END AS origin,
       COALESCE(s.ssl, false) AS tls,
       pg_catalog.count(*) AS sessions
  FROM pg_catalog.pg_stat_activity AS a
  LEFT JOIN pg_catalog.pg_stat_ssl AS s ON s.pid = a.pid
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
 WHERE a.backend_type IN ('client backend', 'walsender')
   AND a.pid <> pg_catalog.pg_backend_pid()
 GROUP BY 1, 2, 3, 4, 5, 6
 ORDER BY 1, 3, 4, 5, 6
 LIMIT 201
