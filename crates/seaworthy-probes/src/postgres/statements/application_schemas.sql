WITH RECURSIVE becomes (oid) AS (
  SELECT r.oid
    FROM pg_catalog.pg_roles AS r
   WHERE r.rolname = $1
  UNION
  SELECT m.roleid
    FROM pg_catalog.pg_auth_members AS m
    JOIN becomes AS b ON b.oid = m.member
)
SELECT s.name,
       s.creates,
       s.owned,
       pg_catalog.count(*) FILTER (WHERE t.written) AS tables_written,
       pg_catalog.count(*) FILTER (WHERE t.beyond) AS tables_beyond_rows,
       pg_catalog.count(*) FILTER (WHERE t.owned) AS tables_owned,
       pg_catalog.min(t.name) FILTER (WHERE t.beyond OR t.owned) AS example
  FROM (SELECT n.oid,
               n.nspname::text AS name,
               r.oid AS role,
               EXISTS (SELECT 1 FROM becomes AS b
                        WHERE pg_catalog.has_schema_privilege(b.oid, n.oid, 'CREATE')) AS creates,
               pg_catalog.pg_has_role(r.oid, n.nspowner, 'MEMBER') AS owned
          FROM pg_catalog.pg_namespace AS n
          JOIN pg_catalog.pg_roles AS r ON r.rolname = $1
         WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
           AND n.nspname NOT LIKE 'pg\_toast%'
           AND n.nspname NOT LIKE 'pg\_temp%'
         ORDER BY n.nspname
         LIMIT 201) AS s
  LEFT JOIN LATERAL (SELECT c.relname::text AS name,
                            c.relkind IN ('r', 'p')
                              AND pg_catalog.has_table_privilege(s.role, c.oid, 'INSERT, UPDATE, DELETE') AS written,
                            EXISTS (SELECT 1 FROM becomes AS b
                                     WHERE c.relkind IN ('r', 'p')
                                       AND pg_catalog.has_table_privilege(b.oid, c.oid, 'TRUNCATE, REFERENCES, TRIGGER')) AS beyond,
                            pg_catalog.pg_has_role(s.role, c.relowner, 'MEMBER') AS owned
                       FROM pg_catalog.pg_class AS c
                      WHERE c.relnamespace = s.oid
                        AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')) AS t ON true
 GROUP BY s.name, s.creates, s.owned
 ORDER BY s.name
 LIMIT 201
