#!/usr/bin/env bash
# Installs what a step needs and the machine lacks: scripts/needs.sh build|web|test
#
# With apt (as root, or through sudo without a password) it installs; elsewhere it names what is
# missing and stops. What is there already is left alone.
set -euo pipefail

missing=()
want() { # want COMMAND PACKAGE: remember PACKAGE when COMMAND is not found
  command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}

case "${1:-}" in
  build) want cc build-essential ;;
  web) ;;
  test)
    want cc build-essential
    want python3 python3
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    command -v chromium >/dev/null 2>&1 || want google-chrome chromium
    # initdb is not on the PATH of Debian's packages.
    command -v initdb >/dev/null 2>&1 || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null \
      || missing+=(postgresql)
    ;;
  *)
    echo "scripts/needs.sh build|web|test: '${1:-}' is none of these" >&2
    exit 2
    ;;
esac

for tool in cargo:https://rustup.rs node:https://nodejs.org npm:https://nodejs.org; do
  if ! command -v "${tool%%:*}" >/dev/null 2>&1; then
    echo "${tool%%:*} is missing and is not installed for you: see ${tool#*:}" >&2
    exit 1
  fi
done

[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    echo "missing: ${missing[*]}; install them as root, for instance: apt-get install ${missing[*]}" >&2
    exit 1
  fi
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "missing: ${missing[*]} (Debian's names); install them with this machine's package manager" >&2
  exit 1
fi
echo "installing ${missing[*]}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
# With what the packages recommend: a browser without its usual fonts is not the one that people have.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
