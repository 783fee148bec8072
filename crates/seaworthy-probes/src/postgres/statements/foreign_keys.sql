SELECT k.name, k.schema, k.table_name, k.columns, k.rows, k.partly
  FROM (SELECT f.conname::text AS name,
               n.nspname::text AS schema,
               c.relname::text AS table_name,
               ARRAY(SELECT a.attname::text
                       FROM pg_catalog.unnest(f.conkey) WITH ORDINALITY AS u (number, position)
                       JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = u.number
                      ORDER BY u.position) AS columns,
               CASE WHEN c.reltuples > 0 OR c.relpages > 0 OR pg_catalog.pg_stat_get_live_tuples(c.oid) > 0
                      OR (c.reltuples = 0 AND pg_catalog.current_setting('server_version_num')::int8 >= 140000)
                    THEN GREATEST(c.reltuples::int8, pg_catalog.pg_stat_get_live_tuples(c.oid)) END AS rows,
               COALESCE(l.whole, false) AS indexed,
               COALESCE(l.partly, false) AS partly
          FROM pg_catalog.pg_constraint AS f
          JOIN pg_catalog.pg_class AS c ON c.oid = f.conrelid AND c.relkind = 'r'
          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
          LEFT JOIN LATERAL (
               SELECT pg_catalog.bool_or(i.indpred IS NULL OR (
                        pg_catalog.cardinality(f.conkey) = 1
                        AND i.indpred::text LIKE '{NULLTEST :arg {VAR :varno 1 :varattno ' || f.conkey[1] || ' %'
                        AND i.indpred::text LIKE '%:nulltesttype 1 %')) AS whole,
                      pg_catalog.bool_or(i.indpred IS NOT NULL) AS partly
                 FROM pg_catalog.pg_index AS i
                 JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
                 JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
                WHERE i.indrelid = c.oid
                  AND i.indisvalid
                  AND m.amname IN ('btree', 'hash')
                  AND i.indnkeyatts >= pg_catalog.cardinality(f.conkey)
                  AND (i.indkey::int2[])[0:pg_catalog.cardinality(f.conkey) - 1] @> f.conkey) AS l ON true
         WHERE f.contype = 'f') AS k
 WHERE NOT k.indexed
 ORDER BY k.rows DESC NULLS FIRST, k.schema, k.table_name, k.name
 LIMIT 1001
