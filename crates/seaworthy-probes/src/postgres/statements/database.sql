SELECT d.datname::text AS name,
       d.datistemplate AS template,
       pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding,
       d.datconnlimit::int8 AS connection_limit,
       (SELECT pg_catalog.count(*)
          FROM (SELECT 1
                  FROM pg_catalog.pg_class AS c
                  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                 WHERE c.relkind IN ('r', 'p')
                   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                   AND n.nspname NOT LIKE 'pg\_toast%'
                   AND n.nspname NOT LIKE 'pg\_temp%'
                   AND NOT EXISTS (SELECT 1
                                     FROM pg_catalog.pg_depend AS e
                                    WHERE e.classid = 'pg_catalog.pg_class'::regclass
                                      AND e.objid = c.oid
                                      AND e.deptype = 'e')
                 LIMIT 100000) AS t) AS tables
  FROM pg_catalog.pg_database AS d
 WHERE d.datname = pg_catalog.current_database()
 LIMIT 2
