#!/usr/bin/env bash
# Every check of the project, in the order in which they fail fastest. `make test` and .ci/run call it.
#
# A step that fails does not hide the next ones: all run, the summary says which failed and how long
# each took, and the exit code says whether any did. Steps may be named: scripts/test.sh rust web
set -uo pipefail
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/beffroi
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
export CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v google-chrome || echo /usr/bin/chromium)}
export PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
. scripts/postgres.sh

names=() verdicts=() seconds=()
wanted=" $* "

step() { # step NAME COMMAND...: run it, time it, remember how it went
  local name=$1 begun=$SECONDS verdict=passed
  shift
  if [ "$wanted" != "  " ] && [[ $wanted != *" $name "* ]]; then return; fi
  echo
  echo "== $name"
  "$@" || verdict=FAILED
  names+=("$name") verdicts+=("$verdict") seconds+=($((SECONDS - begun)))
}

needs() {
  scripts/needs.sh test || return 1
  command -v cargo-nextest >/dev/null 2>&1 || cargo install --locked --quiet cargo-nextest || return 1
  mail_server || return 1
  scripts/web.sh --install-only
}
# The mail server that tests send to: aiosmtpd (Apache-2.0), in a Python of its own.
mail_server() {
  local python=$cache/mail-venv
  "$python/bin/python" -c 'import aiosmtpd' 2>/dev/null && return
  python3 -m venv "$python" && "$python/bin/pip" install --quiet 'aiosmtpd==1.4.6'
}
build_web() { npm --prefix web run --silent build; }
house() { cargo xtask all; }
lint() { cargo clippy --workspace --all-targets --locked -- -D warnings; }
rust() {
  # The tests of it/ start the program itself.
  cargo build --locked --package beffroi || return 1
  postgres_start || return 1
  cargo nextest run --workspace --locked --no-fail-fast
  local verdict=$?
  postgres_stop
  return $verdict
}
api() { cargo build --locked --package beffroi && scripts/api.sh; }
has_script() { node -e "process.exit(require('./web/package.json').scripts?.['$1'] ? 0 : 1)"; }
web() {
  local script failed=0
  for script in lint check test; do
    npm --prefix web run --silent "$script" || failed=1
  done
  return $failed
}
journeys() {
  has_script e2e || { echo "web/package.json has no script e2e"; return 1; }
  cargo build --locked --package beffroi || return 1
  # In French with a mouse; then those of identity in English, without one.
  local failed=0
  npm --prefix web run --silent e2e || failed=1
  npm --prefix web run --silent e2e:english || failed=1
  return $failed
}
fuzzing() { fuzz/run.sh same; }

trap postgres_stop EXIT
trap 'exit 130' INT TERM

step needs needs
step web-build build_web
step format cargo fmt --all --check
step house house
step web web
step lint lint
step rust rust
step api api
step journeys journeys
step fuzz fuzzing

echo
failed=0
for at in "${!names[@]}"; do
  printf '%-10s %-7s %5d s\n' "${names[$at]}" "${verdicts[$at]}" "${seconds[$at]}"
  [ "${verdicts[$at]}" = passed ] || failed=1
done
printf '%-10s %-7s %5d s\n' all "$([ $failed = 0 ] && echo passed || echo FAILED)" "$SECONDS"
exit $failed
