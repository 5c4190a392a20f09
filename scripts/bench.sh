#!/usr/bin/env bash
# The numbers of docs/performance.md as JSON, on SQLite and on a PostgreSQL of its own; `make bench` builds
# what it needs. Arguments go to `load`: scripts/bench.sh appends --seconds 30
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/beffroi
. scripts/postgres.sh
trap postgres_stop EXIT
case "${1:-all}" in all | appends | import | search) [ -n "${BEFFROI_TEST_POSTGRES:-}" ] || postgres_start ;; esac
"${CARGO_TARGET_DIR:-$cache/target}/release/load" "${@:-all}"
