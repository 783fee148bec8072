WITH RECURSIVE powerful (oid) AS (
  SELECT r.oid
    FROM pg_catalog.pg_roles AS r
   WHERE r.rolsuper
  UNION
  SELECT m.member
    FROM pg_catalog.pg_auth_members AS m
    JOIN powerful AS p ON p.oid = m.roleid
), superusers AS (
  SELECT r.oid, r.rolname::text AS name, r.rolsuper AS itself
    FROM pg_catalog.pg_roles AS r
    JOIN powerful AS p ON p.oid = r.oid
   WHERE r.rolcanlogin
   ORDER BY r.rolname
   LIMIT 201
), held (superuser, role) AS (
  SELECT s.oid, m.roleid
    FROM superusers AS s
    JOIN pg_catalog.pg_auth_members AS m ON m.member = s.oid
  UNION
  SELECT h.superuser, m.roleid
    FROM held AS h
    JOIN pg_catalog.pg_auth_members AS m ON m.member = h.role
)
SELECT s.name,
       ARRAY(SELECT g.rolname::text
               FROM held AS h
               JOIN pg_catalog.pg_roles AS g ON g.oid = h.role
              WHERE h.superuser = s.oid
              ORDER BY g.rolname) AS member_of,
       s.itself,
       s.name IN ('rdsadmin', 'cloudsqladmin', 'azuresu')
         AND EXISTS (SELECT 1 FROM pg_catalog.pg_roles AS r
                      WHERE r.rolname IN ('rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin')) AS of_provider
  FROM superusers AS s
 ORDER BY s.name
 LIMIT 201
