SELECT r.rolname::text AS name,
       r.rolsuper,
       r.rolcanlogin,
       r.rolcreatedb,
       r.rolcreaterole,
       r.rolreplication,
       r.rolbypassrls,
       r.rolconnlimit::int8,
       pg_catalog.has_database_privilege(r.oid, d.oid, 'CREATE') AS creates_schemas,
       pg_catalog.pg_has_role(r.oid, d.datdba, 'USAGE') AS owns_database
  FROM pg_catalog.pg_roles AS r
  JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
 WHERE r.rolname = $1
 LIMIT 2
