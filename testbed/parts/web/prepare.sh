#!/bin/bash
# Fills the work directory: the service's binary and its configuration of nginx, certificates, the database with schema and accounts.
set -euo pipefail

as_postgres() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"; else "$@"; fi
}

# The service, built where its own workspace keeps what it built before. Cargo wants the home of
# whoever runs this; HOME is the work directory.
home=$(getent passwd "$(id -u)" | cut -d: -f6)
HOME=$home \
    cargo build --locked --quiet --jobs 2 --manifest-path "$TESTBED/service/Cargo.toml"
mkdir -p bin uploads redis run tmp/body tls
strip -o bin/shop "$TESTBED/service/target/debug/shop" || cp "$TESTBED/service/target/debug/shop" bin/shop

cp -r "$TESTBED/service/deploy/nginx/include" nginx
cp "$TESTBED/service/openapi.yaml" .

# A root and an intermediate authority, and a certificate for 90 days.
bash "$PART/certificate.sh" authorities
bash "$PART/certificate.sh" leaf 90

# The database: an owner for the schema, a role for rows, accounts.
socket=$(mktemp -d)
printf '%s' "$SECRET_DATABASE_SUPERUSER" > superuser.pw
[ "$(id -u)" != 0 ] || chown -R postgres: . "$socket"
as_postgres initdb -D pg -U postgres --auth=scram-sha-256 --pwfile=superuser.pw --encoding=UTF8 --locale=C.UTF-8 > /dev/null
rm superuser.pw
as_postgres pg_ctl -D pg -w -l initdb.log -o "-k $socket -c listen_addresses='' -c fsync=off" start > /dev/null
trap 'as_postgres pg_ctl -D pg -w -m fast stop > /dev/null; rm -rf "$socket"' EXIT
export PGHOST=$socket PGUSER=postgres PGPASSWORD=$SECRET_DATABASE_SUPERUSER
psql -q -v ON_ERROR_STOP=1 -d postgres <<SQL
CREATE ROLE shop_owner LOGIN PASSWORD '$SECRET_DATABASE_OWNER';
CREATE ROLE shop_app LOGIN PASSWORD '$SECRET_DATABASE_APP';
CREATE DATABASE shop OWNER shop_owner;
REVOKE CONNECT ON DATABASE shop FROM PUBLIC;
GRANT CONNECT ON DATABASE shop TO shop_app;
SQL
psql -q -v ON_ERROR_STOP=1 -d shop <<SQL
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO shop_app;
SQL
export DATABASE_URL="postgres://shop_owner:$SECRET_DATABASE_OWNER@localhost/shop?host=$socket"
bin/shop migrate
bin/shop create-account user@example.com user <<< "$SECRET_USER_PASSWORD"
bin/shop create-account admin@example.com admin <<< "$SECRET_ADMIN_PASSWORD"
