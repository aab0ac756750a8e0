#!/bin/bash
# As the official image does it, as far as compose.yaml leans on it: an empty /var/lib/mysql is made into a database by a
# server without a port, which runs what is in /docker-entrypoint-initdb.d (.sql; .sh is sourced, or run where it may be).
set -eo pipefail
data=/var/lib/mysql socket=/var/run/mysqld/mysqld.sock
if [ "$(id -u)" = 0 ]; then
  chown -R mysql:mysql "$data"
  exec setpriv --reuid mysql --regid mysql --clear-groups "$0"
fi
known=
docker_process_sql() {
  mysql --protocol=socket --socket="$socket" --user=root ${known:+--password="$known"} --comments "$@"
}
if [ ! -d "$data/mysql" ]; then
  : "${MYSQL_ROOT_PASSWORD:?is not given}"
  mysqld --initialize-insecure --datadir="$data"
  mysqld --datadir="$data" --socket="$socket" --skip-networking --mysqlx=OFF &
  server=$!
  until docker_process_sql --execute="DO 1" 2>/dev/null; do kill -0 "$server"; sleep 0.2; done
  docker_process_sql <<SQL
ALTER USER root@localhost IDENTIFIED BY '${MYSQL_ROOT_PASSWORD}';
CREATE USER root@'%' IDENTIFIED BY '${MYSQL_ROOT_PASSWORD}';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
SQL
  known=$MYSQL_ROOT_PASSWORD
  for file in /docker-entrypoint-initdb.d/*; do
    echo "entrypoint: $file"
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) docker_process_sql <"$file" ;;
    esac
  done
  kill "$server"; wait "$server"
fi
exec mysqld --datadir="$data" --socket="$socket" --mysqlx=OFF
