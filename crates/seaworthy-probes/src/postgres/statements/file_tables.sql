SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       ARRAY(SELECT a.attname::text
               FROM pg_catalog.pg_attribute AS a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              ORDER BY a.attnum
              LIMIT 200) AS columns,
       ARRAY(SELECT DISTINCT a.attname::text
               FROM pg_catalog.pg_index AS i
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
              WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
              ORDER BY 1
              LIMIT 200) AS leading_columns
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p')
   AND c.relpersistence <> 't'
   AND NOT c.relispartition
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND CASE WHEN $1 = '' THEN pg_catalog.lower(c.relname) = ANY ($2)
            ELSE $1 IN (c.relname::text, n.nspname::text || '.' || c.relname::text) END
 ORDER BY 1, 2
 LIMIT 17
