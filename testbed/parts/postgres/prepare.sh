#!/bin/bash
# Makes the cluster: roles, the service's schema by its own migrations, rows, and the traffic of a day.
set -euo pipefail

postgres=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
postgres=${postgres:-$(dirname "$(readlink -f "$(command -v postgres)")")}
echo "$postgres" > postgres.bin
mkdir -m 700 run log tls

# The repository, as far as it says which migrations there are.
mkdir repo
cp -r "$TESTBED/service/migrations" repo/

# A private authority, and a certificate of it for the server's address.
cd tls
openssl req -x509 -quiet -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem -days 3650 -sha256 \
    -subj "/CN=Shop Test Root" -addext "keyUsage=critical,keyCertSign,cRLSign"
openssl req -x509 -quiet -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.pem -days 365 -sha256 \
    -CA root.pem -CAkey root.key -subj "/CN=localhost" -addext "basicConstraints=critical,CA:FALSE" \
    -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" -addext "extendedKeyUsage=serverAuth"
rm root.key
chmod 600 server.key
cd ..
chmod 755 tls

# The socket's path must be short, and the work directory's may be long.
socket=$(mktemp -d)
trap 'rm -rf "$socket"' EXIT
"$postgres/initdb" -D pg -U postgres --auth=scram-sha-256 --pwfile=<(printf '%s' "$SECRET_SUPERUSER") \
    --encoding=UTF8 --locale=C.UTF-8 --wal-segsize=4 --no-sync > initdb.log
"$postgres/pg_ctl" -D pg -w -l prepare.pg.log -o "-k $socket -c listen_addresses= -c fsync=off -c autovacuum=off -c shared_preload_libraries=pg_stat_statements" start > /dev/null
trap '"$postgres/pg_ctl" -D pg -w -m fast stop > /dev/null; rm -rf "$socket"' EXIT
export PGHOST=$socket PGPORT=5432 PGUSER=postgres PGPASSWORD=$SECRET_SUPERUSER PGOPTIONS='-c client_min_messages=warning'
query() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }

query -d postgres <<SQL
CREATE ROLE shop_owner LOGIN PASSWORD '$SECRET_OWNER';
CREATE ROLE shop_app LOGIN PASSWORD '$SECRET_APP';
CREATE ROLE seaworthy LOGIN PASSWORD '$SECRET_LOOKS' IN ROLE pg_monitor;
CREATE DATABASE shop OWNER shop_owner;
REVOKE ALL ON DATABASE shop FROM PUBLIC;
GRANT CONNECT ON DATABASE shop TO shop_app, seaworthy;
SQL
query -d shop <<SQL
CREATE EXTENSION pgcrypto;
CREATE EXTENSION pg_stat_statements;
GRANT SELECT ON pg_catalog.pg_hba_file_rules TO seaworthy;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO seaworthy;
SET ROLE shop_owner;
CREATE TABLE _sqlx_migrations (
    version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz NOT NULL DEFAULT now(),
    success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL);
GRANT SELECT ON _sqlx_migrations TO seaworthy;
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO shop_app;
SQL
for up in "$TESTBED"/service/migrations/*.up.sql; do
    name=$(basename "$up" .up.sql)
    { echo "SET ROLE shop_owner;"; cat "$up"
      echo "INSERT INTO _sqlx_migrations VALUES ($((10#${name%%_*})), '${name#*_}', now(), true, '\\x$(sha384sum < "$up" | cut -d' ' -f1)', 1000000);"
    } | query -d shop -1
done
query -d shop -f "$PART/rows.sql"
query -d shop -c "VACUUM ANALYZE"
query -d shop -c "SELECT pg_stat_statements_reset()" > /dev/null
PGUSER=shop_app PGPASSWORD=$SECRET_APP query -d shop -f "$PART/traffic.sql" > /dev/null
