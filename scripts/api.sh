#!/usr/bin/env bash
# Asks a running demonstration whether docs/openapi.json is true: thousands of requests that the description
# allows, and as many that it does not, made up by schemathesis. What it checks is in api/schemathesis.toml;
# who asks and about what, in api/house.py.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
cache=${XDG_CACHE_HOME:-$HOME/.cache}/beffroi
target=${CARGO_TARGET_DIR:-$cache/target}
venv=$cache/api-venv

wanted=$(sha256sum scripts/api/requirements.txt | cut -d ' ' -f 1)
if [ "$(cat "$venv/.installed-for" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement scripts/api/requirements.txt
  echo "$wanted" > "$venv/.installed-for"
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/beffroi-api.XXXXXX")
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

BEFFROI_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export BEFFROI_PORT
"$target/debug/beffroi" demo --listen "127.0.0.1:$BEFFROI_PORT" --media 127.0.0.1:0 --data "$folder/data" \
  >"$folder/said" 2>"$folder/log" &
server=$!
until grep -q 'Ctrl+C stops' "$folder/said"; do
  kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
  sleep 0.1
done
read -r BEFFROI_ADMINISTRATOR BEFFROI_PASSWORD _ < <(grep '(administration)' "$folder/said")
export BEFFROI_ADMINISTRATOR BEFFROI_PASSWORD
# Its people may be operators of other bodies.
"$target/debug/beffroi" tenant operator demo.localhost --set on --data "$folder/data" >/dev/null

verdict=0
# What it writes beside its answers goes with the folder.
export PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=$root/scripts/api/house.py
cd "$folder"
"$venv/bin/schemathesis" --config-file "$root/scripts/api/schemathesis.toml" run "$root/docs/openapi.json" \
  --url "http://127.0.0.1:$BEFFROI_PORT" "$@" || verdict=$?
if grep -E 'ERROR|panicked' "$folder/log"; then
  echo "the server's log has errors" >&2
  verdict=1
fi
exit $verdict
