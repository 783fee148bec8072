WITH RECURSIVE held (oid) AS (
  SELECT m.roleid
    FROM pg_catalog.pg_auth_members AS m
    JOIN pg_catalog.pg_roles AS r ON r.oid = m.member
   WHERE r.rolname = $1
  UNION
  SELECT m.roleid
    FROM pg_catalog.pg_auth_members AS m
    JOIN held AS h ON h.oid = m.member
)
SELECT g.rolname::text AS role,
       g.rolsuper OR g.rolcreatedb OR g.rolcreaterole OR g.rolreplication OR g.rolbypassrls AS attributes,
       g.oid < 16384::oid AS predefined
  FROM held AS h
  JOIN pg_catalog.pg_roles AS g ON g.oid = h.oid
 ORDER BY g.rolname
 LIMIT 201
