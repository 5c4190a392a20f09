#!/usr/bin/env bash
# Installs the web client's packages when package-lock.json changed, then builds web/dist.
set -euo pipefail
cd "$(dirname "$0")/../web"

stamp=node_modules/.installed-for
lock=$(sha256sum package-lock.json | cut -d ' ' -f 1)
if [ "$(cat "$stamp" 2>/dev/null)" != "$lock" ]; then
  npm ci --no-audit --no-fund
  echo "$lock" > "$stamp"
fi
[ "${1:-}" = "--install-only" ] || npm run --silent build
