WITH RECURSIVE becomes (oid) AS (
  SELECT r.oid
    FROM pg_catalog.pg_roles AS r
   WHERE r.rolname = $1
  UNION
  SELECT m.roleid
    FROM pg_catalog.pg_auth_members AS m
    JOIN becomes AS b ON b.oid = m.member
)
SELECT r.rolname::text AS name,
       r.rolsuper,
       r.rolcanlogin,
       r.rolcreatedb,
       r.rolcreaterole,
       r.rolreplication,
       r.rolbypassrls,
       r.rolconnlimit::int8,
       EXISTS (SELECT 1 FROM becomes AS b
                WHERE pg_catalog.has_database_privilege(b.oid, d.oid, 'CREATE')) AS creates_schemas,
       pg_catalog.pg_has_role(r.oid, d.datdba, 'MEMBER') AS owns_database
  FROM pg_catalog.pg_roles AS r
  JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
 WHERE r.rolname = $1
 LIMIT 2
