# A PostgreSQL of our own for one run of the tests. To be sourced: it gives two functions.
#
# postgres_start: makes a cluster in a temporary folder, starts it on a free port of 127.0.0.1 and
#   exports BEFFROI_TEST_POSTGRES. The server refuses to run as root, so root hands it to `postgres`
#   or, where nobody made that account, to `nobody`.
# postgres_stop: stops it and removes the folder. Safe to call twice, or without a start.

postgres_dir=
postgres_bin=
postgres_as=()

postgres_start() {
  local candidate port account
  for candidate in /usr/lib/postgresql/*/bin "$(dirname "$(command -v initdb || echo /nowhere/initdb)")"; do
    [ -x "$candidate/initdb" ] && [ -x "$candidate/pg_ctl" ] && postgres_bin=$candidate
  done
  if [ -z "$postgres_bin" ]; then
    echo "no initdb found: install postgresql" >&2
    return 1
  fi
  postgres_dir=$(mktemp -d "${TMPDIR:-/tmp}/beffroi-postgres.XXXXXX")
  if [ "$(id -u)" -eq 0 ]; then
    account=postgres
    id "$account" >/dev/null 2>&1 || account=nobody
    chown "$account" "$postgres_dir"
    postgres_as=(runuser -u "$account" --)
  fi
  # From a folder that the other account may enter, or initdb complains.
  (
    cd /
    "${postgres_as[@]}" "$postgres_bin/initdb" -D "$postgres_dir/data" -U postgres -A trust -E UTF8 \
      --locale=C >"$postgres_dir/initdb.log" 2>&1
  ) || { cat "$postgres_dir/initdb.log" >&2; return 1; }
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  (
    cd /
    "${postgres_as[@]}" "$postgres_bin/pg_ctl" -D "$postgres_dir/data" -s -w -t 60 -l "$postgres_dir/server.log" -o \
      "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$postgres_dir -c max_connections=300" start
  ) || { cat "$postgres_dir/server.log" >&2; return 1; }
  # Beffroi is no superuser, as in real life: the walls between tenants hold for it.
  "$(command -v psql || echo "$postgres_bin/psql")" -q -X -h 127.0.0.1 -p "$port" -U postgres -d postgres \
    -c "CREATE ROLE beffroi LOGIN CREATEDB" -c "GRANT CREATE ON DATABASE postgres TO beffroi"
  export BEFFROI_TEST_POSTGRES="postgres://beffroi@127.0.0.1:$port/postgres"
}

postgres_stop() {
  [ -n "$postgres_dir" ] || return 0
  (cd / && "${postgres_as[@]}" "$postgres_bin/pg_ctl" -D "$postgres_dir/data" -s -m immediate stop) >/dev/null 2>&1 || true
  rm -rf "$postgres_dir"
  postgres_dir=
}
