SELECT n.nspname::text AS schema,
       c.relname::text AS table_name,
       x.relname::text AS name,
       EXISTS (SELECT 1
                 FROM pg_catalog.pg_stat_progress_create_index AS p
                WHERE p.index_relid = i.indexrelid) AS being_built
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i'
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE NOT (i.indisvalid AND i.indisready)
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
 ORDER BY 1, 2, 3
 LIMIT 201
