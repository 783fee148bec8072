SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       c.relkind = 'r'
         AND NOT c.relrowsecurity
         AND NOT c.relhassubclass
         AND NOT c.relhasrules
         AND c.relchecks = 0
         AND NOT EXISTS (SELECT 1
                           FROM pg_catalog.pg_index AS i
                          WHERE i.indrelid = c.oid AND (i.indpred IS NOT NULL OR i.indexprs IS NOT NULL))
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_statistic_ext AS s WHERE s.stxrelid = c.oid)
         AND NOT EXISTS (SELECT 1
                           FROM pg_catalog.pg_attribute AS a
                          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                            AND a.atttypid >= 16384::oid) AS plain,
       ARRAY(SELECT a.attname::text
               FROM pg_catalog.pg_attribute AS a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              ORDER BY a.attname
              LIMIT 100) AS columns
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relname = ANY ($1)
   AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
 ORDER BY 1, 2
 LIMIT 17
