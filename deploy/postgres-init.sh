#!/bin/sh
# Makes Kolokol's two login roles and its database on a fresh PostgreSQL.
# Run by the image postgres:18 on an empty volume, or by hand as a superuser:
#   PGHOST=... PGUSER=postgres KOLOKOL_OWNER_PASSWORD=... KOLOKOL_APP_PASSWORD=... sh deploy/postgres-init.sh
# The roles without login (worker, platform, support) are made by `manage.py migrate`.
set -eu
: "${KOLOKOL_OWNER_PASSWORD:?is missing}" "${KOLOKOL_APP_PASSWORD:?is missing}"

psql --no-psqlrc --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-${PGUSER:-postgres}}" --dbname postgres <<'SQL'
\getenv owner_password KOLOKOL_OWNER_PASSWORD
\getenv app_password KOLOKOL_APP_PASSWORD
-- so that a password does not end up in the server's log
SET log_min_error_statement = panic;
SET log_statement = none;
CREATE ROLE kolokol_owner LOGIN CREATEROLE PASSWORD :'owner_password';
-- made by the owner, because a role may set the time limits only of roles it has made
SET ROLE kolokol_owner;
CREATE ROLE kolokol_app LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS PASSWORD :'app_password';
RESET ROLE;
CREATE DATABASE kolokol OWNER kolokol_owner;
REVOKE ALL ON DATABASE kolokol FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE kolokol TO kolokol_app;
SQL
