SELECT n.nspname::text AS schema
  FROM pg_catalog.pg_extension AS e
  JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_extension'::regclass
                                AND d.refobjid = e.oid
                                AND d.classid = 'pg_catalog.pg_proc'::regclass
                                AND d.deptype = 'e'
  JOIN pg_catalog.pg_proc AS p ON p.oid = d.objid AND p.proname = 'pg_stat_statements'
  JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang AND l.lanname = 'c'
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE e.extname = 'pg_stat_statements'
   AND p.proargtypes[0] = 'pg_catalog.bool'::regtype
 LIMIT 2
